/**
 * Loads what a first look at the form does not need: the core (WebAssembly), and the rest of the page's scripts.
 * Everything is found from where this file lies, so the folder may be put anywhere.
 * @module
 */

const FOLDER = new URL('../wasm/', import.meta.url)

const loads = { core: null, rest: null }

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
function once(name, load) {
  loads[name] ??= load().catch((cause) => {
    loads[name] = null
    throw new CoreMissing(cause)
  })
  return loads[name]
}

/**
 * Loads the core. It is compiled while it comes.
 * @returns {Promise<{Conversation: Function, Reading: Function, Search: Function, recipes: () => string}>}
 */
export function loadCore() {
  return once('core', async () => {
    const [glue, response] = await Promise.all([import(new URL('ehlo.js', FOLDER).href), fetch(new URL('ehlo_bg.wasm', FOLDER))])
    if (!response.ok) throw new Error(`${response.url}: ${response.status}`)
    await glue.default({ module_or_path: response })
    // A call that the browser has made itself, for a message or a timer, breaks off without a word to anybody.
    addEventListener('error', ({ error }) => {
      if (error instanceof WebAssembly.RuntimeError && error.stack?.includes('ehlo_bg.wasm')) glue.fail(String(error))
    })
    return glue
  })
}

/** Loads the scripts that `rest.js` names. */
export function loadRest() {
  return once('rest', () => import('./rest.js'))
}

/** Loads all that a conversation can need. Should it fail, whoever asks for it in earnest is told. */
export function loadAhead() {
  Promise.all([loadCore(), loadRest()]).catch(() => {})
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
