/**
 * Where the relay is, and what it offers.
 * @module
 */

import { catalog } from './catalog.js'

/**
 * What a relay says about itself; see `About` in `core/src/tunnel/mod.rs`.
 * @typedef {{version: string, profile: string, ports: number[], hosts: boolean, targets: string[], token: boolean, admitted: boolean, page_hash: string | null}} About
 */

const SCRIPT_FOLDER = new URL('../', import.meta.url)
const PATIENCE = 10_000

/** The relay beside the page's files: `ws:` or `wss:` as they came by http or https. */
export function relayBeside() {
  return asSocket(new URL('relay', SCRIPT_FOLDER))
}

/**
 * A relay's address as a WebSocket wants it. What a person writes may lack the scheme or the path, or have http for ws.
 * @param {string} text
 * @throws {import('./settings.js').Problem} it is not an address
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

/** @param {URL} url */
function asSocket(url) {
  const socket = new URL(url)
  socket.protocol = /^(https|wss):$/.test(url.protocol) ? 'wss:' : 'ws:'
  return socket.href
}

/**
 * What the relay says about itself to who has this token, or none. Never rejects.
 * @param {string} url
 * @param {string} [token]
 * @returns {Promise<About | null>} `null` where there is no relay to ask
 */
export function aboutRelay(url, token) {
  return new Promise((resolve) => {
    /** @type {WebSocket | undefined} */
    let socket
    /** @param {About | null} about */
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
    const opened = socket
    opened.addEventListener('open', () => opened.send(JSON.stringify({ type: 'about', ...(token && { token }) })))
    opened.addEventListener('close', () => finish(null))
    opened.addEventListener('message', ({ data }) => finish(readAbout(data)))
  })
}

/**
 * @param {string} data
 * @returns {About | null}
 */
function readAbout(data) {
  try {
    const about = JSON.parse(data)
    return about.type === 'about' && Array.isArray(about.ports) && Array.isArray(about.targets) ? about : null
  } catch {
    return null
  }
}
