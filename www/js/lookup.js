/**
 * Look-ups of a domain's mail hosts through the relay.
 * @module
 */

import { faults, loadCore, readProblem } from './core.js'
import { relayAddress } from './relay.js'
import { bareHost } from './settings.js'

/** @import { Core, MailHosts } from './types.d.ts' */

/**
 * Finds the hosts that take mail for a domain.
 *
 * @param {string} domain
 * @param {{relay?: string, token?: string, signal?: AbortSignal}} [around] the relay's address, where the script came from unless given
 * @returns {Promise<MailHosts>}
 * @throws {import('./settings.js').Problem} it is not a domain, or the relay has no address
 */
export async function lookupHosts(domain, { relay = '', token, signal } = {}) {
  const { Search } = await loadCore()
  signal?.throwIfAborted()
  const name = bareHost(domain, 'domain')
  const address = relayAddress(relay)
  const over = new AbortController()
  let search = /** @type {InstanceType<Core['Search']> | null} */ (null)
  try {
    return await new Promise((resolve, reject) => {
      const look = () => {
        const result = search && JSON.parse(search.result())
        if (result) resolve(result)
      }
      signal?.addEventListener('abort', () => reject(signal.reason), { signal: over.signal })
      faults.addEventListener('fault', (event) => event instanceof CustomEvent && reject(event.detail), { signal: over.signal })
      search = new Search(name, token || undefined, address, look)
      look()
    })
  } catch (thrown) {
    throw thrown instanceof Error ? thrown : readProblem(thrown)
  } finally {
    over.abort()
    search?.free()
  }
}
