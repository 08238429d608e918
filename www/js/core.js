/**
 * Loads the core (WebAssembly), and tells when it has failed.
 * Everything is found from where this file lies, so the folder may be put anywhere.
 * @module
 */

/** @import { Problem } from './settings.js' */
/** @import { Core } from './types.d.ts' */

const FOLDER = new URL('../wasm/', import.meta.url)

/** @type {Promise<Core> | null} */
let coming = null
/** How often the core has failed: what is loaded after a fault has another address, and so is another core. */
let faulted = 0
/** @param {string} name */
const address = (name) => new URL(faulted ? `${name}?${faulted}` : name, FOLDER).href

/** Dispatches `fault` when the core has failed, which never ought to happen: `detail` is the error. All that it has made is broken then. */
export const faults = new EventTarget()

/** The core did not load; `advice` says what to do. */
export class CoreMissing extends Error {
  /** @param {unknown} cause */
  constructor(cause) {
    super('The part of Ehlo that speaks SMTP (WebAssembly) did not load.', { cause })
    this.name = 'CoreMissing'
    this.advice = adviceFor(cause)
  }
}

/** @param {any} cause */
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

/**
 * Loads the core. It is compiled while it comes. Later calls give the same promise; a load that failed is tried afresh.
 * @returns {Promise<Core>}
 */
export function loadCore() {
  coming ??= load().catch((cause) => {
    coming = null
    throw new CoreMissing(cause)
  })
  return coming
}

async function load() {
  const mine = faulted
  const module = fetch(address('ehlo_bg.wasm'))
  // It is waited for below; until then a failure is nobody's.
  module.catch(() => {})
  const core = await import(address('ehlo.js'))
  const response = await module
  if (!response.ok) throw new Error(`${response.url}: ${response.status}`)
  await core.default({ module_or_path: response })
  core.on_fault((/** @type {string} */ sentence) => mine === faulted && fail(new Error(sentence)))
  return core
}

/**
 * Tells everybody that the core has failed; the next conversation gets another one.
 * @param {unknown} error
 */
export function fail(error) {
  faulted += 1
  coming = null
  faults.dispatchEvent(new CustomEvent('fault', { detail: error }))
}

// A call that the browser has made itself, for a message or a timer, breaks off without a word to anybody.
addEventListener('error', ({ error }) => {
  if (error instanceof WebAssembly.RuntimeError && error.stack?.includes(`${address('ehlo_bg.wasm')}:`)) fail(error)
})

/**
 * What the core throws is JSON text, `{"field","message"}` or `{"line","message"}`; anything else is passed on as a message.
 * @param {any} thrown
 * @returns {Problem}
 */
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
