/**
 * Look-ups of a domain's mail hosts through the relay.
 * @module
 */

import { catalog } from './catalog.js'
import { loadCore, readProblem } from './core.js'
import { Driver, RelayTransport } from './driver.js'
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
  const { Lookup } = await loadCore()
  signal?.throwIfAborted()
  const name = bareHost(domain, 'domain')
  let machine
  try {
    machine = new Lookup(Math.floor(performance.now()), name, token || undefined)
  } catch (thrown) {
    throw readProblem(thrown)
  }
  return new Promise((resolve, reject) => {
    const driver = new Driver(machine, {
      onchange: () => {
        const result = JSON.parse(machine.result())
        if (result) {
          resolve(result)
          queueMicrotask(() => driver.stop())
        }
      },
      onfault: reject,
    })
    signal?.addEventListener('abort', () => {
      driver.stop()
      reject(signal.reason)
    })
    driver.start(new RelayTransport(relay, catalog.subprotocol))
  })
}
