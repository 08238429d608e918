/**
 * One conversation over one connection: the core's session, its driver, and the view made afresh whenever it changes.
 * Knows no DOM; the element and `run()` both stand on it.
 * @module
 */

import { Practice, prepareTls, readProblem } from './core.js'
import { Driver, PracticeTransport, RelayTransport, now } from './driver.js'
import { learn } from './explain.js'

/** The connection that a practice server remembers others by (greylisting needs a second visit). */
const practiceServers = new Map()

/** Milliseconds that a change may take without the next one having to wait. */
const CHEAP = 12

/** A live conversation. Dispatches `change` (the view is new) and `fault` (the core failed; `detail` is the error). */
export class Conversation extends EventTarget {
  #subprotocol
  #practice = null
  #session
  #driver
  #view
  #entries = []
  #fault = null
  #due = 0
  #cost = 0
  #learning = null
  #core
  #probe = null
  #probed = false

  /** Milliseconds since 1970 at which it began. */
  started = Date.now()
  /** False: it can be driven. A saved one, {@link SavedConversation}, says true. */
  saved = false

  /**
   * @param {object} core what `loadCore` gave; for a practice server, `loadPractice` must have been waited for too
   * @param {object} setup the core's setup, without what only the browser knows
   * @param {{relay?: string, messageBytes?: Uint8Array | null}} around
   * @throws {{field?: string, message: string}} what is wrong with the setup
   */
  constructor(core, setup, { relay, messageBytes } = {}) {
    super()
    this.#core = core
    this.#subprotocol = core.catalog.subprotocol
    this.practice = setup.practice ?? null
    this.relay = this.practice ? null : relay
    const offset = -new Date(this.started).getTimezoneOffset()
    this.sameOrigin = Boolean(this.relay) && new URL(this.relay).host === new URL(import.meta.url).host
    const whole = { ...setup, started: this.started, offset, seed: seed(), same_origin: this.sameOrigin }
    try {
      if (this.practice) this.#practice = practiceServer(this.practice)
      this.#session = new core.Session(now(), JSON.stringify(whole), messageBytes ?? undefined)
    } catch (thrown) {
      throw readProblem(thrown)
    }
    this.setup = setup
    if (setup.security && setup.security !== 'none') prepareTls()
    this.#driver = new Driver(this.#session, {
      onchange: () => this.#changed(),
      onfault: (error) => {
        this.#fault = error
        console.error(error)
        this.dispatchEvent(new CustomEvent('fault', { detail: error }))
      },
    })
    this.#refresh()
  }

  /** Connects. Once. */
  start() {
    const transport = this.practice
      ? new PracticeTransport(this.#practice)
      : new RelayTransport(this.relay, this.#subprotocol)
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
    const probe = new Conversation(this.#core, { ...setup, security, sign_in: null, attended: false, until: 'starttls', probe: true }, { relay: this.relay })
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
    this.#refresh()
    this.dispatchEvent(new Event('change'))
    this.#cost = performance.now() - began
  }

  #refresh() {
    const settledBefore = this.#view?.settled ?? 0
    this.#view = JSON.parse(this.#session.view())
    this.#entries.length = settledBefore
    this.#entries.push(...JSON.parse(this.#session.entries(settledBefore)))
    const { tls, proposal } = this.#view
    if (proposal?.text.startsWith('STARTTLS')) prepareTls()
    if (tls?.failure?.wants_probe && !tls.failure.legacy && this.relay && !this.setup.probe && !this.#probed) {
      this.#probed = true
      this.#startProbe()
    }
    if (this.#session.wants_phrases()) this.#learning ??= learn(this.#session).then((learnt) => learnt && !this.#fault && this.#changed())
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
    } catch (thrown) {
      console.warn('ehlo:', thrown)
      return otherwise
    }
  }

  /** What is known of a reply, to be explained by `explain.js`; `null` where there is no such reply. */
  outline(reply) {
    return this.#ask((session) => JSON.parse(session.outline(reply)), null)
  }

  /** Resolves when all has come that findings are told by, as far as it can be had. */
  async whole() {
    await this.#learning
  }

  /** What is worth knowing about `text` before it is sent. */
  lint(text) {
    if (/^\s*startt/i.test(text)) prepareTls()
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

/** A saved conversation, to be read; the same questions, and no step. */
export class SavedConversation extends EventTarget {
  #reading
  saved = true
  over = true
  probing = false
  relay = null
  sameOrigin = false
  fault = null
  started = null

  /**
   * @param {{Reading: Function}} reader what `loadReading` gave
   * @param {string} talk the text of a `.talk` file
   * @param {string} [name] what to call it
   * @throws {{line?: number, message: string}} it is not a talk
   */
  constructor({ Reading }, talk, name = '') {
    super()
    try {
      this.#reading = new Reading(talk)
    } catch (thrown) {
      throw readProblem(thrown)
    }
    this.name = name
    this.talk = talk
    this.view = JSON.parse(this.#reading.view())
    this.entries = JSON.parse(this.#reading.entries(0))
  }

  now() {
    return now()
  }

  outline(reply) {
    return JSON.parse(this.#reading.outline(reply))
  }

  async whole() {
    if (await learn(this.#reading)) this.view = JSON.parse(this.#reading.view())
  }

  exportAs(format) {
    return this.#reading.export(format)
  }

  result() {
    return withProtection(JSON.parse(this.#reading.result()), this.view)
  }

  act() {}
  lint() {
    return []
  }
  complete() {
    return []
  }
  isSecret() {
    return true
  }
}

function withProtection(result, { tls, protection, sign_in: signIn }) {
  const { state, mechanism, proved, error, cancelled, withheld } = signIn
  return { ...result, tls, protection, sign_in: { state, mechanism, proved, error, cancelled, withheld } }
}

function practiceServer(name) {
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
