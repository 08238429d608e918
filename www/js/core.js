/**
 * Loads the core (WebAssembly): the conversation at once, and the practice server with the search for mail hosts when they are first wanted.
 * Everything is found from where this file lies, so the folder may be put anywhere.
 * @module
 */

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
  await glue.default({ module_or_path: new URL(`${name}_bg.wasm`, FOLDER) })
  return glue
}

/**
 * Loads what every conversation needs.
 * @returns {Promise<{Session: Function, catalog: object}>}
 */
export function loadCore() {
  return once('ehlo', ({ Session, catalog }) => ({ Session, catalog: JSON.parse(catalog()) }))
}

/**
 * Loads the reader of saved conversations.
 * @returns {Promise<{Reading: Function}>}
 */
export function loadReading() {
  return once('reading', (glue) => glue)
}

/** The practice server's class, once it has been loaded; until then `null`. */
export let Practice = null

/**
 * Loads the practice server and the search for mail hosts.
 * @returns {Promise<{Practice: Function, Lookup: Function}>}
 */
export function loadPractice() {
  return once('practice', (glue) => {
    Practice = glue.Practice
    return glue
  })
}

/**
 * Loads the part that speaks TLS, when a handshake is near.
 * @returns {Promise<{Tls: Function}>}
 */
export function loadTls() {
  return once('tls', (glue) => glue)
}

/** Loads ahead what a handshake needs. Should it fail, the handshake says so. */
export function prepareTls() {
  loadTls().catch(() => {})
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
