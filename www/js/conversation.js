/**
 * One conversation over one connection: the core's session, its driver, and the view made afresh whenever it changes.
 * Knows no DOM; the element and `run()` both stand on it.
 * @module
 */

import { catalog } from './catalog.js'
import { readProblem } from './core.js'
import { Driver, PracticeTransport, RelayTransport, now } from './driver.js'

/** The connection that a practice server remembers others by (greylisting needs a second visit). */
const practiceServers = new Map()

/** Milliseconds that a change may take without the next one having to wait. */
const CHEAP = 12

/** A live conversation. Dispatches `change` (the view is new) and `fault` (the core failed; `detail` is the error). */
export class Conversation extends EventTarget {
  #practice = null
  #session
  #driver
  #view
  #entries = []
  #fault = null
  #due = 0
  #cost = 0
  #core
  #probe = null
  #probed = false

  /** Milliseconds since 1970 at which it began. */
  started = Date.now()
  /** False: it can be driven. A saved one, `SavedConversation`, says true. */
  saved = false

  /**
   * @param {object} core what `loadCore` gave
   * @param {object} setup the core's setup, without what only the browser knows
   * @param {{relay?: string, messageBytes?: Uint8Array | null}} around
   * @throws {{field?: string, message: string}} what is wrong with the setup
   */
  constructor(core, setup, { relay, messageBytes } = {}) {
    super()
    this.#core = core
    this.practice = setup.practice ?? null
    this.relay = this.practice ? null : relay
    const offset = -new Date(this.started).getTimezoneOffset()
    this.sameOrigin = Boolean(this.relay) && new URL(this.relay).host === new URL(import.meta.url).host
    const whole = { ...setup, started: this.started, offset, seed: seed(), same_origin: this.sameOrigin }
    try {
      if (this.practice) this.#practice = practising(core, this.practice)
      this.#session = new core.Session(now(), JSON.stringify(whole), messageBytes ?? undefined)
    } catch (thrown) {
      throw thrown instanceof WebAssembly.RuntimeError ? thrown : readProblem(thrown)
    }
    this.setup = setup
    this.#driver = new Driver(this.#session, { onchange: () => this.#changed(), onfault: (error) => this.#fail(error) }, core.Tls)
    this.#refresh()
  }

  /** Connects. Once. */
  start() {
    const transport = this.practice
      ? new PracticeTransport(this.#practice)
      : new RelayTransport(this.relay, catalog.subprotocol)
    this.#driver.start(transport)
  }

  /** What the page shows now; see `core/src/session/view.rs`. */
  get view() {
    return this.#view
  }

  /** The transcript's entries, ready to show. */
  get entries() {
    return this.#entries
  }

  /** The error that ended the core itself, which never ought to happen; else `null`. */
  get fault() {
    return this.#fault
  }

  get over() {
    return this.#view.turn === 'over' || this.#fault !== null
  }

  /** Whether another connection is asking the server for what it agrees to, because the handshake failed. */
  get probing() {
    return this.#probe !== null
  }

  // No words of this conversation go there, and nothing to sign in with.
  #startProbe() {
    const { tls_client: key, sign_in: login, message, ...setup } = this.setup
    const security = setup.security === 'tls' ? 'tls' : 'starttls'
    const options = { ...setup, security, sign_in: null, attended: false, until: 'starttls', probe: true }
    const probe = new Conversation(this.#core, options, { relay: this.relay })
    this.#probe = probe
    const done = () => {
      if (this.#probe !== probe || !probe.over) return
      this.#probe = null
      const legacy = probe.view.tls?.failure?.legacy
      if (legacy) this.#driver.feed((session, t) => session.probed(t, JSON.stringify(legacy)))
      this.#changed()
    }
    probe.addEventListener('change', done)
    probe.addEventListener('fault', done)
    probe.start()
  }

  // At once while that is cheap; a server that floods gets a part of the time, and the person the rest.
  #changed() {
    if (this.#due) return
    if (this.#cost < CHEAP) this.#catchUp()
    else this.#due = setTimeout(() => this.#catchUp(), this.#cost * 4)
  }

  #catchUp() {
    const began = performance.now()
    this.#due = 0
    if (this.#fault) return
    try {
      this.#refresh()
    } catch (error) {
      return this.#fail(error)
    }
    this.dispatchEvent(new Event('change'))
    this.#cost = performance.now() - began
  }

  // The core is broken: nothing more can come of this conversation.
  #fail(error) {
    if (this.#fault) return
    this.#fault = error
    this.#driver.stop()
    console.error(error)
    this.dispatchEvent(new CustomEvent('fault', { detail: error }))
  }

  #refresh() {
    const settledBefore = this.#view?.settled ?? 0
    const [view, entries] = [this.#session.view(), this.#session.entries(settledBefore)]
    this.#view = JSON.parse(view)
    this.#entries.length = settledBefore
    this.#entries.push(...JSON.parse(entries))
    const { tls } = this.#view
    if (tls?.failure?.wants_probe && !tls.failure.legacy && this.relay && !this.setup.probe && !this.#probed) {
      this.#probed = true
      this.#startProbe()
    }
  }

  /**
   * Takes a step. A step after the end, or after a fault, does nothing.
   * @throws {{field?: string, message: string}} the page asked for something that makes no sense
   */
  act(action) {
    if (action.do === 'hangup') this.#probe?.act(action)
    this.#step((session, t) => session.act(t, JSON.stringify(action)))
  }

  /** Sends a message byte for byte, in the message turn; only its dots are doubled, and the final dot is added. */
  sendMessageBytes(bytes) {
    this.#step((session, t) => session.send_message_bytes(t, bytes))
  }

  #step(step) {
    if (this.over) return
    let problem = null
    this.#driver.feed((session, t) => {
      try {
        step(session, t)
      } catch (thrown) {
        if (thrown instanceof WebAssembly.RuntimeError) throw thrown
        problem = readProblem(thrown)
      }
    })
    if (this.#due) {
      clearTimeout(this.#due)
      this.#catchUp()
    }
    if (problem) throw problem
  }

  /** The current time on the clock that `view.waiting.since` is told in. */
  now() {
    return now()
  }

  #ask(question, otherwise) {
    if (this.#fault) return otherwise
    try {
      return question(this.#session)
    } catch (error) {
      this.#fail(error)
      return otherwise
    }
  }

  /** What a reply means; `null` where there is no such reply. */
  meaning(reply) {
    return this.#ask((session) => JSON.parse(session.meaning(reply)), null)
  }

  /** What is worth knowing about `text` before it is sent. */
  lint(text) {
    return this.#ask((session) => JSON.parse(session.lint(text)), [])
  }

  complete(text) {
    return this.#ask((session) => JSON.parse(session.complete(text)), [])
  }

  /** Whether `text` must be kept out of history and storage; when in doubt it must. */
  isSecret(text) {
    return this.#ask((session) => session.is_secret(text), true)
  }

  /** The conversation as text: `talk`, `markdown` or `json`. */
  exportAs(format) {
    return this.#ask((session) => session.export(format), '')
  }

  result() {
    return this.#ask((session) => withProtection(JSON.parse(session.result()), this.#view), null)
  }
}

/** What scripts get besides: the session's protection, TLS, and how signing in went. */
export function withProtection(result, { tls, protection, sign_in: signIn }) {
  const { state, mechanism, proved, error, cancelled, withheld } = signIn
  return { ...result, tls, protection, sign_in: { state, mechanism, proved, error, cancelled, withheld } }
}

function practising({ Practice }, name) {
  const before = practiceServers.get(name)
  let server
  try {
    server = before ? before.next() : new Practice(name)
  } catch (thrown) {
    throw JSON.stringify({ field: 'practice', message: readProblem(thrown).message })
  }
  practiceServers.set(name, server)
  return server
}

function seed() {
  const numbers = crypto.getRandomValues(new Uint32Array(4))
  return Array.from(numbers, (n) => n.toString(36)).join('')
}
