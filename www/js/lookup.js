/**
 * Look-ups of a domain's mail hosts through the relay.
 * @module
 */

import { faults, loadCore, readProblem } from './core.js'
import { bareHost } from './settings.js'

/**
 * Finds the hosts that take mail for a domain.
 *
 * @param {string} domain
 * @param {{relay: string, token?: string, signal?: AbortSignal}} around
 * @returns {Promise<{verdict: string, sentence: string, advice: string[], hosts: {host: string, preference: number, addresses: string[]}[], entries: object[]}>}
 * @throws {{field: string, message: string}} it is no domain
 */
export async function lookupHosts(domain, { relay, token, signal } = {}) {
  const { Search } = await loadCore()
  signal?.throwIfAborted()
  const name = bareHost(domain, 'domain')
  const over = new AbortController()
  let search = null
  try {
    return await new Promise((resolve, reject) => {
      const look = () => {
        const result = search && JSON.parse(search.result())
        if (result) resolve(result)
      }
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: over.signal })
      faults.addEventListener('fault', ({ detail }) => reject(detail), { signal: over.signal })
      search = new Search(name, token || undefined, relay, look)
      look()
    })
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : readProblem(thrown)
  } finally {
    over.abort()
    search?.free()
  }
}
