/**
 * Loads the core (WebAssembly): the conversation at once, and the other modules when they are first wanted.
 * Everything is found from where this file lies, so the folder may be put anywhere.
 * @module
 */

import { Parts, guarded } from './parts.js'

const FOLDER = new URL('../wasm/', import.meta.url)

const loads = { ehlo: null, reading: null, practice: null, tls: null }

/** The core did not load; `advice` says what to do. */
export class CoreMissing extends Error {
  constructor(cause) {
    super('The part of Ehlo that speaks SMTP (WebAssembly) did not load.', { cause })
    this.name = 'CoreMissing'
    this.advice = adviceFor(cause)
  }
}

function adviceFor(cause) {
  const text = String(cause?.message ?? cause)
  if (typeof WebAssembly === 'undefined') return ['This browser has WebAssembly switched off. Allow it for this site, or use another browser.']
  if (/wasm-unsafe-eval|unsafe-eval|Content.Security.Policy|CompileError.*blocked/i.test(text)) {
    return ["The page's Content-Security-Policy must have 'wasm-unsafe-eval' in script-src."]
  }
  return [
    'Reload the page; the connection may have broken while it loaded.',
    `If it happens again, check that the files in ${FOLDER.pathname} are there and can be fetched.`,
  ]
}

// Later calls give the same promise; a load that failed is tried afresh.
function once(name, use) {
  loads[name] ??= load(name).then(use).catch((cause) => {
    loads[name] = null
    throw new CoreMissing(cause)
  })
  return loads[name]
}

async function load(name) {
  const glue = await import(new URL(`${name}.js`, FOLDER).href)
  const exports = await glue.default({ module_or_path: new URL(`${name}_bg.wasm`, FOLDER) })
  const files = Object.entries(glue.parts ?? {}).map(([part, file]) => [part, new URL(file, FOLDER)])
  return { glue, parts: new Parts(exports, Object.fromEntries(files)) }
}

/**
 * Loads what every conversation needs.
 * @returns {Promise<{Session: Function, parts: Parts, catalog: object}>}
 */
export function loadCore() {
  return once('ehlo', async ({ glue, parts }) => ({ Session: guarded(glue.Session, parts), parts, catalog: JSON.parse(await parts.whole(glue.catalog)) }))
}

/**
 * Loads the reader of saved conversations.
 * @returns {Promise<{Reading: Function}>}
 */
export function loadReading() {
  return once('reading', ({ glue }) => glue)
}

let Practice = null

/** A practice server, once {@link loadPractice} has been waited for. */
export function practiceServer(name) {
  return new Practice(name)
}

/**
 * Loads the practice server and the search for mail hosts.
 * @returns {Promise<{Practice: Function, Lookup: Function}>}
 */
export function loadPractice() {
  return once('practice', ({ glue, parts }) => {
    Practice = glue.Practice
    return { Practice, Lookup: guarded(glue.Lookup, parts) }
  })
}

/**
 * Loads what speaks TLS, when a handshake is near, and what the conversation has to say of it.
 * @returns {Promise<{Tls: Function}>}
 */
export async function loadTls() {
  const secure = loadCore().then(({ parts }) => parts.fetch('secure'))
  const [tls] = await Promise.all([once('tls', ({ glue, parts }) => ({ Tls: guarded(glue.Tls, parts) })), secure])
  return tls
}

/** Loads ahead what a handshake needs. Should it fail, the handshake says so. */
export function prepareTls() {
  loadTls().catch(() => {})
}

/** Loads ahead what is seldom needed, for somebody who has asked for more than the usual. */
export async function prepareAll() {
  const { parts } = await loadCore()
  await parts.fetch()
}

/** A file of well-known authorities, by its number. */
export async function anchorFile(number) {
  const response = await fetch(new URL(`anchors/${String(number).padStart(2, '0')}.bin`, FOLDER))
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}

/** What the core throws is JSON text, `{"field","message"}` or `{"line","message"}`; anything else is passed on as a message. */
export function readProblem(thrown) {
  const text = typeof thrown === 'string' ? thrown : String(thrown?.message ?? thrown)
  try {
    const problem = JSON.parse(text)
    if (problem && typeof problem.message === 'string') return problem
  } catch {
    // not JSON: fall through
  }
  return { message: text }
}
