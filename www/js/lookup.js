/**
 * Look-ups of a domain's mail hosts through the relay.
 * @module
 */

import { loadCore, readProblem } from './core.js'
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
  let search = null
  try {
    return await new Promise((resolve, reject) => {
      const look = () => {
        const result = search && JSON.parse(search.result())
        if (result) resolve(result)
      }
      signal?.addEventListener('abort', () => reject(signal.reason))
      search = new Search(name, token || undefined, relay, look, (sentence) => reject(new Error(sentence)))
      look()
    })
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : readProblem(thrown)
  } finally {
    search?.free()
  }
}
