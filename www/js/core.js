/**
 * Loads the SMTP core (WebAssembly) once, and turns its JSON into plain data.
 * Everything is found from where this file lies, so the folder may be put anywhere.
 * @module
 */

const GLUE = new URL('../wasm/ehlo.js', import.meta.url)
const BINARY = new URL('../wasm/ehlo_bg.wasm', import.meta.url)

let loading = null

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
    `If it happens again, check that ${BINARY.pathname} is there beside the other files and can be fetched.`,
  ]
}

/**
 * Loads the core; later calls give the same promise, and a failed load is tried afresh.
 * @returns {Promise<{Session: Function, Lookup: Function, Practice: Function, Reading: Function, catalog: object, explainCode: Function, explainKeyword: Function}>}
 */
export function loadCore() {
  loading ??= load().catch((cause) => {
    loading = null
    throw new CoreMissing(cause)
  })
  return loading
}

async function load() {
  const glue = await import(GLUE.href)
  await glue.default({ module_or_path: BINARY })
  return {
    Session: glue.Session,
    Lookup: glue.Lookup,
    Practice: glue.Practice,
    Reading: glue.Reading,
    catalog: JSON.parse(glue.catalog()),
    explainCode: (code, enhanced, step) => JSON.parse(glue.explain_code(code, enhanced, step)),
    explainKeyword: (name, params) => JSON.parse(glue.explain_keyword(name, params)),
  }
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
