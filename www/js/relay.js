/**
 * Where the relay is, and what it offers.
 * @module
 */

import { catalog } from './catalog.js'

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
export function aboutRelay(url, token) {
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
