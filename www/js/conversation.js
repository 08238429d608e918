/**
 * One conversation over one connection, as the page has it: the core's, and the view kept up to date by what the core says has changed.
 * Knows no DOM; the element and `run()` both stand on it.
 * @module
 */

import { fail, faults, readProblem } from './core.js'

/** @import { Setup } from './settings.js' */
/** @import { Action, Core, CoreConversation, Entry, ExportFormat, Result, Talk, View } from './types.d.ts' */

/** Milliseconds that a change may take without the next one having to wait. */
const CHEAP = 12

/** The clock that `view.waiting.since` is told in: whole milliseconds. */
export const now = () => Math.floor(performance.now())

/**
 * A live conversation. Dispatches `change` (the view is new) and `fault` (the core failed; `detail` is the error).
 * @implements {Talk}
 */
export class Conversation extends EventTarget {
  /** @type {CoreConversation} */
  #core
  /** @type {unknown} */
  #fault = null
  #due = 0
  #cost = 0
  /** @param {Event} event */
  #onfault = (event) => event instanceof CustomEvent && this.#fail(event.detail)
  #telling = false
  #stale = false
  /** What {@link meaning} gave last, which stays the same object while nothing else is to be said. */
  #told = 'null'
  #meaning = null

  /** What the page shows now. */
  view = /** @type {View} */ ({})
  /**
   * The transcript's entries, ready to show.
   * @type {Entry[]}
   */
  entries = []
  /** Whether another connection is asking the server for what it agrees to, because the handshake failed. */
  probing = false
  /** Whether entries are still to come that the core has already. */
  behind = false
  /** Milliseconds since 1970 at which it began. */
  started = Date.now()
  /** False: it can be driven. A saved one, `SavedConversation`, says true. */
  saved = false

  /**
   * @param {Core} core
   * @param {Setup} setup without what only the browser knows
   * @param {{relay?: string, messageBytes?: Uint8Array | null}} around
   * @throws {import('./settings.js').Problem} what is wrong with the setup
   */
  constructor(core, setup, { relay, messageBytes } = {}) {
    super()
    this.relay = setup.practice ? null : relay
    this.sameOrigin = Boolean(this.relay) && new URL(this.relay ?? '').host === new URL(import.meta.url).host
    const whole = forCore({ ...setup, same_origin: this.sameOrigin })
    try {
      this.#core = new core.Conversation(whole, messageBytes ?? undefined, this.relay ?? '', () => this.#changed())
      this.#refresh()
    } catch (thrown) {
      if (!(thrown instanceof WebAssembly.RuntimeError)) throw readProblem(thrown)
      fail(thrown)
      throw thrown
    }
  }

  /** Connects. Once. */
  start() {
    faults.addEventListener('fault', this.#onfault)
    this.#ask((core) => core.start(), undefined)
  }

  /** The error that ended the core itself, which never ought to happen; else `null`. */
  get fault() {
    return this.#fault
  }

  /** Whether nothing more will be told. */
  get ended() {
    return this.view.turn === 'over' && !this.probing && !this.behind
  }

  get over() {
    return this.view.turn === 'over' || this.#fault !== null
  }

  // At once while that is cheap; a server that floods gets a part of the time, and the person the rest.
  #changed() {
    if (this.#telling) this.#stale = true
    else if (this.#cost < CHEAP) this.#catchUp()
    else this.#due ||= setTimeout(() => this.#catchUp(), this.#cost * 4)
  }

  // Whoever is told may take a step, which changes more: that is told when all have been told of this.
  #catchUp() {
    clearTimeout(this.#due)
    this.#due = 0
    this.#telling = true
    const began = performance.now()
    do {
      this.#stale = false
      if (this.#ask(() => this.#refresh() ?? true, false)) this.dispatchEvent(new Event('change'))
    } while (this.#stale)
    this.#cost = performance.now() - began
    this.#telling = false
    if (this.behind) this.#due ||= setTimeout(() => this.#catchUp(), this.#cost * 2)
  }

  #refresh() {
    const { view, from, entries, more } = JSON.parse(this.#core.changes())
    Object.assign(this.view, view)
    this.entries.length = from
    for (const entry of entries) this.entries.push(entry)
    this.behind = more
    this.probing = this.#core.probing
    if (this.ended) faults.removeEventListener('fault', this.#onfault)
  }

  /** @param {unknown} error */
  #broken(error) {
    this.#fail(error)
    fail(error)
  }

  /**
   * The core is broken: nothing more can come of this conversation.
   * @param {unknown} error
   */
  #fail(error) {
    if (this.#fault) return
    this.#fault = error
    console.error(error)
    // Not from within the call that has failed.
    setTimeout(() => this.#letGo())
    this.dispatchEvent(new CustomEvent('fault', { detail: error }))
  }

  #letGo() {
    try {
      this.#core.stop()
    } catch {
      // It is too broken even for that; the connection ends with the page.
    }
  }

  /**
   * Takes a step. A step after the end, or after a fault, does nothing.
   * @param {Action} action
   * @throws {import('./settings.js').Problem} the page asked for something that makes no sense
   */
  act(action) {
    this.#step((core) => core.act(forCore(action)))
  }

  /**
   * Sends a message byte for byte, in the message turn; only its dots are doubled, and the final dot is added.
   * @param {Uint8Array} bytes
   */
  sendMessageBytes(bytes) {
    this.#step((core) => core.send_message(bytes))
  }

  /** @param {(core: CoreConversation) => void} step */
  #step(step) {
    if (this.#fault || (this.over && !this.probing)) return
    try {
      step(this.#core)
    } catch (thrown) {
      if (!(thrown instanceof WebAssembly.RuntimeError)) throw readProblem(thrown)
      this.#broken(thrown)
    }
    if (this.#due) this.#catchUp()
  }

  /** The current time on the clock that `view.waiting.since` is told in. */
  now() {
    return now()
  }

  /**
   * @template Told
   * @param {(core: CoreConversation) => Told} question
   * @param {Told} otherwise
   */
  #ask(question, otherwise) {
    if (this.#fault) return otherwise
    try {
      return question(this.#core)
    } catch (error) {
      this.#broken(error)
      return otherwise
    }
  }

  /**
   * What a reply means; `null` where there is no such reply.
   * @param {number} reply
   */
  meaning(reply) {
    const text = this.#ask((core) => core.meaning(reply), 'null')
    if (text !== this.#told) [this.#told, this.#meaning] = [text, JSON.parse(text)]
    return this.#meaning
  }

  /**
   * What is worth knowing about `text` before it is sent.
   * @param {string} text
   */
  lint(text) {
    return this.#ask((core) => JSON.parse(core.lint(text)), [])
  }

  /** @param {string} text */
  complete(text) {
    return this.#ask((core) => JSON.parse(core.complete(text)), [])
  }

  /**
   * Whether `text` must be kept out of history and storage; when in doubt it must.
   * @param {string} text
   */
  isSecret(text) {
    return this.#ask((core) => core.is_secret(text), true)
  }

  /**
   * The conversation as text.
   * @param {ExportFormat} format
   */
  exportAs(format) {
    return this.#ask((core) => core.export(format), '')
  }

  result() {
    return this.#ask((core) => withProtection(JSON.parse(core.result()), this.view), null)
  }
}

/**
 * What scripts get besides: the session's protection, TLS, and how signing in went.
 * @param {Omit<Result, 'tls' | 'protection' | 'sign_in'>} result
 * @param {View} view
 * @returns {Result}
 */
export function withProtection(result, { tls, protection, sign_in: signIn }) {
  const { state, mechanism, proved, error, cancelled, withheld } = signIn
  return { ...result, tls, protection, sign_in: { state, mechanism, proved, error, cancelled, withheld } }
}

/**
 * JSON for the core, whose texts are UTF-8: half of a surrogate pair becomes U+FFFD, as in all that a browser encodes.
 * @param {unknown} value
 */
export function forCore(value) {
  return JSON.stringify(value, (_, one) => (typeof one === 'string' ? one.replace(/\p{Surrogate}/gu, '\ufffd') : one))
}
