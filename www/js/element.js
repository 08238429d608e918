/**
 * The element `<smtp-conversation>`: attributes and properties in, composed events and promises out. API.md describes it.
 * @module
 */

import { App } from './app.js'
import { CoreMissing, loadCore } from './core.js'
import { h, styles } from './dom.js'
import { loadAhead, loadRest } from './load.js'
import { USUAL, addresses } from './settings.js'

/** @import { Advice, Entry, ExportFormat, LineEnd, MailHosts, Meaning, Result, RunOptions, View } from './types.d.ts' */
/** @import { Action, Talk } from './types.d.ts' */

const TEXTS = ['relay', 'host', 'port', 'security', 'from', 'hello', 'preset', 'practice', 'until', 'subject', 'theme']
const FLAGS = ['locked', 'compact']
const SETTINGS = new Set(['host', 'port', 'security', 'from', 'hello', 'until', 'subject'])

/**
 * The whole tool as an element. Nothing connects before a person, or a script, says so.
 *
 * Each attribute is also a property of the same name; a property that is set to `null` takes its attribute away.
 *
 * @tagname smtp-conversation
 * @slot - What is shown until the element works.
 *
 * @attr {string} relay - Address of the relay, such as `wss://relay.example/relay`; `none`: this page has none and can only practice. The relay beside the script unless given.
 * @attr {string} host - Host name or IP address of the mail server.
 * @attr {string | number} port - TCP port, 25 unless given.
 * @attr {Security} security - How the connection is secured; as is usual on the port unless given.
 * @attr {string} from - Sender address; empty is the null sender `<>`.
 * @attr {string | string[]} to - Recipients, with commas in between.
 * @attr {string} hello - The name to say after EHLO; suggested when the connection stands unless given.
 * @attr {'mailbox' | 'list' | 'scanner' | 'greet' | 'rcpt'} preset - Purpose of the test; it fills in settings that suit it.
 * @attr {'accepts-all' | 'unknown-user' | 'relaying-denied' | 'greylisting' | 'slow' | 'grumpy' | 'helo-only' | 'drops-line'} practice - Practice inside the page, with a server of this kind.
 * @attr {Until} until - The last step before QUIT, `dot` unless given.
 * @attr {string} subject - Subject of the message.
 * @attr {'light' | 'dark'} theme - As the system's unless given.
 * @attr {boolean} locked - The mail server cannot be changed, for documentation of one server.
 * @attr {boolean} compact - Leaves out the example and other explanations of a first visit.
 *
 * @fires {CustomEvent<{view: View}>} ehlo-change - The view has changed.
 * @fires {CustomEvent<{entry: Entry}>} ehlo-entry - An entry of the transcript is complete and will not change.
 * @fires {CustomEvent<{result: Result}>} ehlo-end - The connection has ended; the result is the same as from `run()`.
 *
 * @cssprop --ehlo-height - Height of a conversation.
 * @cssprop --ehlo-bg - Background.
 * @cssprop --ehlo-raised - Background of what is raised from it.
 * @cssprop --ehlo-fg - Text.
 * @cssprop --ehlo-muted - Text that matters less.
 * @cssprop --ehlo-rule - Lines between things.
 * @cssprop --ehlo-edge - Edges of controls.
 * @cssprop --ehlo-accent - Buttons, links, and focus.
 * @cssprop --ehlo-on-accent - Text on the accent.
 * @cssprop --ehlo-sent - What is sent.
 * @cssprop --ehlo-received - What is received.
 * @cssprop --ehlo-font - Font family.
 * @cssprop --ehlo-mono - Font family of what is sent and received.
 * @cssprop --ehlo-radius - Corners.
 *
 * @csspart app - All of it.
 * @csspart setup - The form and what is beside it.
 * @csspart form - The form.
 * @csspart connect - The button that connects.
 * @csspart practice - The button that starts to practice.
 * @csspart bar - The bar above a conversation.
 * @csspart transcript - The transcript.
 * @csspart line - One line of it.
 * @csspart sent - A line that was sent.
 * @csspart received - A line that was received.
 * @csspart event - What the network did.
 * @csspart composer - Where the next line is written.
 * @csspart input - The field for it.
 * @csspart send - The button that sends it.
 * @csspart meaning - The explanations.
 * @csspart tls - The TLS session among them.
 * @csspart proof - What the relay could read.
 * @csspart end - How it went.
 */
export class SmtpConversation extends HTMLElement {
  static observedAttributes = [...TEXTS, ...FLAGS, 'to']
  /** @type {App | null} */
  #app = null
  /** @type {Promise<void> | null} */
  #ready = null

  connectedCallback() {
    if (this.#app) return
    this.#takeEarlyProperties()
    const root = this.attachShadow({ mode: 'open' })
    const { sheets, arrived } = styles('element')
    const app = new App(this)
    this.#app = app
    for (const name of ['change', 'entry', 'end']) {
      app.addEventListener(name, (event) => event instanceof CustomEvent && this.#emit(`ehlo-${name}`, event.detail))
    }
    // What the page has put inside stays until the styles are there: never an unstyled moment.
    const slot = h('slot')
    root.append(...sheets, slot)
    this.#ready = arrived.then(() => {
      slot.remove()
      root.append(app.node)
    })
    app.shown = this.#ready
    for (const name of SmtpConversation.observedAttributes) if (this.hasAttribute(name)) this.#attribute(app, name)
  }

  // Properties that a page has set before this script came would hide the real ones.
  #takeEarlyProperties() {
    for (const name of SmtpConversation.observedAttributes) {
      if (!Object.hasOwn(this, name)) continue
      const value = Reflect.get(this, name)
      Reflect.deleteProperty(this, name)
      Reflect.set(this, name, value)
    }
  }

  disconnectedCallback() {
    // A move within the page disconnects as well, and must not end a conversation.
    queueMicrotask(() => !this.isConnected && this.hangup())
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} after
   */
  attributeChangedCallback(name, before, after) {
    if (this.#app && before !== after) this.#attribute(this.#app, name)
  }

  /**
   * @param {App} app
   * @param {string} name
   */
  #attribute(app, name) {
    const value = this.getAttribute(name)
    if (name === 'locked') app.form.locked = value !== null
    else if (value === null) return
    else if (name === 'to') app.settings = { to: addresses(value).join('\n') }
    else if (name === 'practice') app.settings = { mode: 'practice', practice: value || 'accepts-all' }
    else if (name === 'preset') app.form.choosePreset(value)
    else if (SETTINGS.has(name)) app.settings = { [name]: value, ...(name === 'host' && { mode: 'server', target: '' }), ...(name === 'port' && USUAL[value] && !this.hasAttribute('security') && { security: USUAL[value] }) }
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  get #talk() {
    if (!this.#app) throw new DOMException('The element is not on a page yet.', 'InvalidStateError')
    return this.#app
  }

  /**
   * Resolves with the element when it can be used: styles and core are loaded.
   * @type {Promise<this>}
   * @readonly
   */
  get ready() {
    return this.#becomeReady()
  }

  async #becomeReady() {
    loadAhead()
    await loadCore()
    await loadRest()
    await this.#ready
    return this
  }

  /**
   * What is on the screen, as plain data; `null` before the first conversation.
   * @type {View | null}
   * @readonly
   */
  get view() {
    const { conversation } = this.#talk
    return conversation && structuredClone(conversation.view)
  }

  /**
   * The transcript, ready to show.
   * @returns {Entry[]}
   */
  entries() {
    return structuredClone(this.#talk.conversation?.entries ?? [])
  }

  /**
   * Connects with what the form shows. Resolves when the attempt has begun; rejects with a TypeError.
   * @returns {Promise<void>}
   */
  async connect() {
    try {
      await this.#talk.connect()
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.field ? `${problem.field}: ${problem.message}` : problem.message)
    }
  }

  /** @param {Action} action */
  #act(action) {
    this.#step((conversation) => conversation.act(action))
  }

  /** @param {(conversation: Talk) => void} step */
  #step(step) {
    const { conversation } = this.#talk
    if (!conversation) throw new DOMException('There is no conversation.', 'InvalidStateError')
    try {
      step(conversation)
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.message)
    }
  }

  /**
   * Sends a line, as if typed. In the message turn it is a line of the message, and `.` ends it.
   * @param {string} line
   * @param {LineEnd} [end] how the line ends, `crlf` unless given
   * @returns {void}
   */
  send(line, end) {
    this.#act({ do: 'send', line: String(line), ...(end && { end }) })
  }

  /**
   * Takes the suggested step as it is.
   * @returns {void}
   */
  next() {
    this.#act({ do: 'next' })
  }

  /**
   * Takes all steps that remain, and pauses where something unexpected comes.
   * @returns {void}
   */
  runRest() {
    this.#act({ do: 'run' })
  }

  /**
   * Stops running.
   * @returns {void}
   */
  pause() {
    this.#act({ do: 'pause' })
  }

  /**
   * Sends the message, in the message turn. Dots are doubled, and the final dot is added.
   * @param {string | Uint8Array} message text (a line feed goes out as CR LF), or bytes as they are
   * @returns {void}
   */
  sendMessage(message) {
    if (message instanceof Uint8Array) this.#step((conversation) => conversation.sendMessageBytes?.(message))
    else this.#act({ do: 'message', text: String(message) })
  }

  /**
   * Closes the connection without QUIT.
   * @returns {void}
   */
  hangup() {
    this.#app?.conversation?.act({ do: 'hangup' })
  }

  /**
   * What is worth knowing about a line before it is sent.
   * @param {string} text
   * @returns {Advice[]}
   */
  lint(text) {
    return this.#talk.conversation?.lint(text) ?? []
  }

  /**
   * What a reply means; `null` where there is no such reply.
   * @param {number} reply the number in an entry
   * @returns {Promise<Meaning | null>}
   */
  async explain(reply) {
    return this.#talk.conversation?.meaning(reply) ?? null
  }

  /**
   * The conversation as text.
   * @param {ExportFormat} [format] `talk` unless given
   * @returns {Promise<string>}
   */
  async exportAs(format = 'talk') {
    if (!['talk', 'markdown', 'json'].includes(format)) throw new TypeError('format: must be talk, markdown or json')
    return this.#talk.conversation?.exportAs(format) ?? ''
  }

  /**
   * Opens a saved conversation to be read; rejects with a TypeError where the text is not one.
   * @param {string} talk
   * @returns {Promise<void>}
   */
  async open(talk) {
    try {
      await this.#talk.open(String(talk))
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.line ? `line ${problem.line}: ${problem.message}` : problem.message)
    }
  }

  /**
   * Finds the mail hosts of a domain, through the relay.
   * @param {string} domain
   * @returns {Promise<MailHosts>}
   */
  async lookup(domain) {
    try {
      return await this.#talk.lookup(String(domain))
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.message)
    }
  }

  /**
   * Holds a whole conversation, as the function `run()` does, and shows it; what is not given is taken from the attributes.
   * @param {RunOptions} [options]
   * @returns {Promise<Result>}
   */
  async run(options = {}) {
    const app = this.#talk
    const { makeConversation, readOptions, toEnd } = await loadRest()
    const { setup, around } = readOptions({ ...this.#given(options), ...options })
    const conversation = await makeConversation(setup, around)
    options.signal?.throwIfAborted()
    await app.begin(conversation, setup.practice ? `Practice: ${setup.practice}` : (setup.target ?? `${setup.host}:${setup.port ?? 25}`), false)
    return toEnd(conversation, options)
  }

  /** @param {RunOptions} options */
  #given({ host, target, practice }) {
    /** @type {Record<string, unknown>} */
    const options = {}
    const named = host ?? target ?? practice
    for (const name of ['relay', 'from', 'hello', 'until', ...(named === undefined ? this.hasAttribute('practice') ? ['practice'] : ['host', 'security'] : [])]) {
      if (this.getAttribute(name)) options[name] = this.getAttribute(name)
    }
    const calls = !practice && !this.hasAttribute('practice')
    const [port, security, to, subject] = ['port', 'security', 'to', 'subject'].map((name) => this.getAttribute(name))
    if (port !== null && calls) options.port = Number(port)
    if (security && calls) options.security = security
    if (to !== null) options.to = addresses(to)
    if (subject !== null) options.message = { subject }
    return options
  }
}

for (const name of [...TEXTS, 'to']) {
  Object.defineProperty(SmtpConversation.prototype, name, {
    configurable: true, enumerable: true,
    /** @this {SmtpConversation} */
    get() {
      return this.getAttribute(name) ?? ''
    },
    /**
     * @this {SmtpConversation}
     * @param {unknown} value
     */
    set(value) {
      if (value === null || value === undefined) this.removeAttribute(name)
      else this.setAttribute(name, Array.isArray(value) ? value.join(', ') : String(value))
    },
  })
}
for (const name of FLAGS) {
  Object.defineProperty(SmtpConversation.prototype, name, {
    configurable: true, enumerable: true,
    /** @this {SmtpConversation} */
    get() {
      return this.hasAttribute(name)
    },
    /**
     * @this {SmtpConversation}
     * @param {unknown} value
     */
    set(value) {
      this.toggleAttribute(name, Boolean(value))
    },
  })
}

export { CoreMissing }
