/**
 * Where the relay is, what it offers, and look-ups of a domain's mail hosts through it.
 * @module
 */

import { loadCore, loadPractice, readProblem } from './core.js'
import { Driver, RelayTransport } from './driver.js'
import { bareHost } from './settings.js'

const SCRIPT_FOLDER = new URL('../', import.meta.url)
const PATIENCE = 10_000

/** The relay beside the page's files: `ws:` or `wss:` as they came by http or https. */
export function relayBeside() {
  return asSocket(new URL('relay', SCRIPT_FOLDER))
}

/**
 * A relay's address as a WebSocket wants it. What a person writes may lack the scheme or the path, or have http for ws.
 * @throws {{field: string, message: string}} it is no address
 */
export function relayAddress(text) {
  const written = text.trim()
  if (!written) return relayBeside()
  const secure = location.protocol === 'https:'
  try {
    const url = new URL(/^[a-z]+:\/\//i.test(written) ? written : `${secure ? 'wss' : 'ws'}://${written}`)
    if (url.pathname === '/') url.pathname = '/relay'
    if (!/^(wss?|https?):$/.test(url.protocol)) throw new Error('scheme')
    url.hash = ''
    return asSocket(url)
  } catch {
    throw { field: 'relay', message: 'The relay’s address looks like ws://localhost:8025/relay or wss://relay.example.com/relay.' }
  }
}

function asSocket(url) {
  const socket = new URL(url)
  socket.protocol = /^(https|wss):$/.test(url.protocol) ? 'wss:' : 'ws:'
  return socket.href
}

/** What the relay says of itself to who has this token, or none; `null` where there is no relay to ask. Never rejects. */
export async function aboutRelay(url, token) {
  const { catalog } = await loadCore()
  return new Promise((resolve) => {
    let socket
    const finish = (about) => {
      clearTimeout(timer)
      resolve(about)
      socket?.close()
    }
    const timer = setTimeout(() => finish(null), PATIENCE)
    try {
      socket = new WebSocket(url, catalog.subprotocol)
    } catch {
      finish(null)
      return
    }
    socket.addEventListener('open', () => socket.send(JSON.stringify({ type: 'about', ...(token && { token }) })))
    socket.addEventListener('close', () => finish(null))
    socket.addEventListener('message', ({ data }) => finish(readAbout(data)))
  })
}

function readAbout(data) {
  try {
    const about = JSON.parse(data)
    return about.type === 'about' && Array.isArray(about.ports) && Array.isArray(about.targets) ? about : null
  } catch {
    return null
  }
}

/**
 * Finds the hosts that take mail for a domain.
 *
 * @param {string} domain
 * @param {{relay: string, token?: string, signal?: AbortSignal}} around
 * @returns {Promise<{verdict: string, sentence: string, advice: string[], hosts: {host: string, preference: number, addresses: string[]}[], entries: object[]}>}
 * @throws {{field: string, message: string}} it is no domain
 */
export async function lookupHosts(domain, { relay, token, signal } = {}) {
  const [core, { Lookup }] = await Promise.all([loadCore(), loadPractice()])
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
    driver.start(new RelayTransport(relay, core.catalog.subprotocol))
  })
}
