/**
 * The element `<smtp-conversation>`: attributes and properties in, composed events and promises out. API.md describes it.
 * @module
 */

import { App } from './app.js'
import { CoreMissing, loadCore, loadRest } from './core.js'
import { h, styles } from './dom.js'
import { USUAL, addresses } from './settings.js'

const TEXTS = ['relay', 'host', 'port', 'security', 'from', 'hello', 'preset', 'practice', 'until', 'subject', 'theme']
const FLAGS = ['locked', 'compact']
const SETTINGS = new Set(['host', 'port', 'security', 'from', 'hello', 'until', 'subject'])

/** The whole tool as an element. */
export class SmtpConversation extends HTMLElement {
  static observedAttributes = [...TEXTS, ...FLAGS, 'to']
  #app = null
  #ready = null

  connectedCallback() {
    if (this.#app) return
    this.#takeEarlyProperties()
    const root = this.attachShadow({ mode: 'open' })
    const { sheets, arrived } = styles('element')
    this.#app = new App(this)
    for (const name of ['change', 'entry', 'end']) this.#app.addEventListener(name, (event) => this.#emit(`ehlo-${name}`, event.detail))
    // What the page has put inside stays until the styles are there: never an unstyled moment.
    const slot = h('slot')
    root.append(...sheets, slot)
    this.#ready = arrived.then(() => {
      slot.remove()
      root.append(this.#app.node)
    })
    this.#app.shown = this.#ready
    for (const name of SmtpConversation.observedAttributes) if (this.hasAttribute(name)) this.#attribute(name)
  }

  // Properties that a page has set before this script came would hide the real ones.
  #takeEarlyProperties() {
    for (const name of SmtpConversation.observedAttributes) {
      if (!Object.hasOwn(this, name)) continue
      const value = this[name]
      delete this[name]
      this[name] = value
    }
  }

  disconnectedCallback() {
    // A move within the page disconnects as well, and must not end a conversation.
    queueMicrotask(() => !this.isConnected && this.hangup())
  }

  attributeChangedCallback(name, before, after) {
    if (this.#app && before !== after) this.#attribute(name)
  }

  #attribute(name) {
    const value = this.getAttribute(name)
    if (name === 'locked') this.#app.form.locked = value !== null
    else if (value === null) return
    else if (name === 'to') this.#app.settings = { to: addresses(value).join('\n') }
    else if (name === 'practice') this.#app.settings = { mode: 'practice', practice: value || 'accepts-all' }
    else if (name === 'preset') this.#app.form.choosePreset(value)
    else if (SETTINGS.has(name)) this.#app.settings = { [name]: value, ...(name === 'host' && { mode: 'server', target: '' }), ...(name === 'port' && USUAL[value] && !this.hasAttribute('security') && { security: USUAL[value] }) }
  }

  #emit(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }))
  }

  get #talk() {
    if (!this.#app) throw new DOMException('The element is not on a page yet.', 'InvalidStateError')
    return this.#app
  }

  /** Resolves when the element can be used: styles and core are loaded. */
  get ready() {
    return Promise.all([this.#ready, loadCore(), loadRest()]).then(() => this)
  }

  /** What the page shows now, as plain data; `null` before the first conversation. */
  get view() {
    const { conversation } = this.#talk
    return conversation && structuredClone(conversation.view)
  }

  /** The transcript's entries, as plain data. */
  entries() {
    return structuredClone(this.#talk.conversation?.entries ?? [])
  }

  /** Connects with the settings that the form shows. Resolves when the attempt has begun; rejects with a TypeError. */
  async connect() {
    try {
      await this.#talk.connect()
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.field ? `${problem.field}: ${problem.message}` : problem.message)
    }
  }

  #act(action) {
    this.#step((conversation) => conversation.act(action))
  }

  #step(step) {
    const { conversation } = this.#talk
    if (!conversation) throw new DOMException('There is no conversation.', 'InvalidStateError')
    try {
      step(conversation)
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.message)
    }
  }

  /** Sends a line, as if typed; in the message turn, a line of the message. `end`: `crlf` (unless given), `lf`, `cr` or `none`. */
  send(line, end) {
    this.#act({ do: 'send', line: String(line), ...(end && { end }) })
  }

  /** Takes the proposed step as it is. */
  next() {
    this.#act({ do: 'next' })
  }

  /** Takes all steps that remain, and pauses where something unexpected comes. */
  runRest() {
    this.#act({ do: 'run' })
  }

  pause() {
    this.#act({ do: 'pause' })
  }

  /** Sends the message in the message turn: text (a line feed goes out as CR LF), or bytes as they are. */
  sendMessage(message) {
    if (message instanceof Uint8Array) this.#step((conversation) => conversation.sendMessageBytes(message))
    else this.#act({ do: 'message', text: String(message) })
  }

  /** Ends the connection without another word. */
  hangup() {
    this.#app?.conversation?.act({ do: 'hangup' })
  }

  /** What is worth knowing about a line before it is sent. */
  lint(text) {
    return this.#talk.conversation?.lint(text) ?? []
  }

  /** What a reply means; `null` where there is no such reply. */
  async explain(reply) {
    return this.#talk.conversation?.meaning(reply) ?? null
  }

  /** The conversation as text: `talk`, `markdown` or `json`. */
  async exportAs(format = 'talk') {
    if (!['talk', 'markdown', 'json'].includes(format)) throw new TypeError('format: must be talk, markdown or json')
    return this.#talk.conversation?.exportAs(format) ?? ''
  }

  /** Opens a saved conversation; rejects with a TypeError where the text is none. */
  async open(talk) {
    try {
      await this.#talk.open(String(talk))
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.line ? `line ${problem.line}: ${problem.message}` : problem.message)
    }
  }

  /** Finds the mail hosts of a domain, through the relay. */
  async lookup(domain) {
    try {
      return await this.#talk.lookup(String(domain))
    } catch (problem) {
      throw problem instanceof Error ? problem : new TypeError(problem.message)
    }
  }

  /** As the function {@link run}, and shown in the element; what is not given is taken from the attributes. */
  async run(options = {}) {
    const app = this.#talk
    const { makeConversation, readOptions, toEnd } = await loadRest()
    const { setup, around } = readOptions({ ...this.#given(options), ...options })
    const conversation = await makeConversation(setup, around)
    options.signal?.throwIfAborted()
    await app.begin(conversation, setup.practice ? `Practice: ${setup.practice}` : (setup.target ?? `${setup.host}:${setup.port ?? 25}`), false)
    return toEnd(conversation, options)
  }

  #given({ host, target, practice }) {
    const options = {}
    const named = host ?? target ?? practice
    for (const name of ['relay', 'from', 'hello', 'until', ...(named === undefined ? this.hasAttribute('practice') ? ['practice'] : ['host', 'security'] : [])]) {
      if (this.getAttribute(name)) options[name] = this.getAttribute(name)
    }
    const calls = !practice && !this.hasAttribute('practice')
    if (this.hasAttribute('port') && calls) options.port = Number(this.getAttribute('port'))
    if (this.security && calls) options.security = this.security
    if (this.hasAttribute('to')) options.to = addresses(this.getAttribute('to'))
    if (this.hasAttribute('subject')) options.message = { subject: this.getAttribute('subject') }
    return options
  }
}

for (const name of [...TEXTS, 'to']) {
  Object.defineProperty(SmtpConversation.prototype, name, {
    configurable: true, enumerable: true,
    get() {
      return this.getAttribute(name) ?? ''
    },
    set(value) {
      if (value === null || value === undefined) this.removeAttribute(name)
      else this.setAttribute(name, Array.isArray(value) ? value.join(', ') : value)
    },
  })
}
for (const name of FLAGS) {
  Object.defineProperty(SmtpConversation.prototype, name, {
    configurable: true, enumerable: true,
    get() {
      return this.hasAttribute(name)
    },
    set(value) {
      this.toggleAttribute(name, Boolean(value))
    },
  })
}

export { CoreMissing }
