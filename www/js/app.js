/**
 * The tool inside the element: the form, or the desk with a conversation.
 * It decides what is on the screen; what is said on the wire is the core's.
 * @module
 */

import { Conversation } from './conversation.js'
import { loadCore } from './core.js'
import { fill, focusedIn, h } from './dom.js'
import { acceptDrops } from './files.js'
import { SetupForm } from './form.js'
import { loadAhead, loadRest } from './load.js'
import { aboutRelay, relayAddress } from './relay.js'
import { DEFAULTS, planChange, signInOf, toSetup } from './settings.js'
import { Store } from './storage.js'
import { Welcome } from './welcome.js'

/** @import { Desk } from './desk.js' */
/** @import { Problem, Settings, Setup } from './settings.js' */
/** @import { MailHosts, Talk } from './types.d.ts' */

/** Milliseconds that nobody notices. */
const PATIENCE = 400

/** The tool. Dispatches `change`, `entry` and `end` for the element to pass on. */
export class App extends EventTarget {
  /** @type {Talk | null} */
  conversation = null
  /**
   * The desk of conversations, once there was one.
   * @type {Desk | null}
   */
  desk = null
  /** Resolves when the tool is on the page. */
  shown = Promise.resolve()
  #element
  #store
  /** How many entries have been told of. */
  #told = 0
  #ended = false
  /**
   * What the relay was asked last.
   * @type {string | null}
   */
  #asked = null
  /** @type {Promise<Desk> | null} */
  #desk = null
  /** @type {Promise<Talk> | null} */
  #calling = null

  /** @param {HTMLElement} element the element that this is inside of */
  constructor(element) {
    super()
    this.#element = element
    this.#store = new Store(element.id)
    this.form = new SetupForm({
      onconnect: () => this.connect().catch(() => {}),
      onlookup: () => this.#lookup(),
      onrelay: () => this.#askRelay(),
      onchange: (field) => this.#changed(field),
    })
    this.form.target.addEventListener('focusin', () => this.#askRelay())
    this.form.token.addEventListener('change', () => this.#askRelay())
    this.welcome = new Welcome({ onpractice: () => this.practise(), onopen: (file) => this.#openFile(file), onlast: () => this.#openLast() })
    this.apply = h('button', { type: 'button', class: 'primary', onclick: () => this.#apply() }, 'Use these settings from here on')
    this.back = h('p', { class: 'back', hidden: true }, h('button', { type: 'button', onclick: () => this.view('talk') }, 'Back to the conversation'), this.apply)
    this.failure = h('div', { class: 'failure', role: 'alert', hidden: true })
    this.setup = h('div', { class: 'setup', part: 'setup' }, this.back, this.failure, this.welcome.try, this.form.node, this.welcome.node)
    this.loading = h('p', { class: 'loading', role: 'status', hidden: true }, 'Loading Ehlo…')
    this.live = h('div', { class: 'unseen', role: 'status' })
    this.node = h('div', { class: 'app', part: 'app', 'data-view': 'setup' }, this.loading, this.setup, this.live)
    acceptDrops(this.node, (file) => this.#openFile(file))
    // Whoever only reads the page that this element is in downloads nothing more.
    for (const touch of ['focusin', 'pointerdown']) this.node.addEventListener(touch, loadAhead, { once: true })
    this.form.settings = { ...DEFAULTS, ...this.#store.settings }
    this.#offerLast()
  }

  /**
   * What the form shows, the element's attributes over it.
   * @returns {Settings}
   */
  get settings() {
    return this.form.settings
  }

  /** @param {Partial<Settings>} settings */
  set settings(settings) {
    this.form.settings = { ...this.form.settings, ...settings }
  }

  get #relay() {
    if (this.#alone) throw { field: 'relay', message: 'This page has no relay, so it can only practise. Name a relay under “Relay” if you have one.' }
    return relayAddress(this.form.settings.relay || this.#element.getAttribute('relay') || '')
  }

  // The page says that it has no relay, and the person has not named one.
  get #alone() {
    return this.#element.getAttribute('relay') === 'none' && !this.form.settings.relay
  }

  /** @param {EventTarget | null} [field] */
  #changed(field) {
    this.#store.settings = this.form.settings
    if (field === this.form.relay) this.#asked = null
  }

  // The relay is asked only when the person turns to it: a page that only practises needs none, and none is no error.
  #askRelay() {
    try {
      const url = this.#relay
      const token = this.form.token.value
      const question = JSON.stringify([url, token])
      if (this.#asked === question) return
      this.#asked = question
      this.form.relay.placeholder = url
      aboutRelay(url, token).then((about) => this.#asked === question && this.form.setAbout(about), () => {})
    } catch {
      // No relay, or an address that is still being typed.
    }
  }

  /** @param {Error & {advice?: string[]}} error */
  #coreMissing(error) {
    this.view('setup')
    this.failure.hidden = false
    fill(this.failure, h('p', { class: 'verdict' }, error.message), (error.advice ?? []).map((advice) => h('p', null, advice)))
  }

  /**
   * Shows the form or the conversation.
   * @param {'setup' | 'talk'} name
   */
  view(name) {
    this.node.dataset.view = name
    this.setup.hidden = name !== 'setup'
    if (this.desk) this.desk.node.hidden = name !== 'talk'
    const going = this.conversation && !this.conversation.over
    this.back.hidden = !this.conversation
    this.apply.hidden = !going
    this.form.going = Boolean(going)
    this.form.show(this.conversation?.view ?? null)
    this.welcome.try.hidden = Boolean(going)
    if (name === 'talk') this.desk?.transcript.toEnd()
  }

  /** Practises with the server inside the page, whatever the form says. */
  practise() {
    const { from, to } = this.form.settings
    this.settings = { mode: 'practice', practiceVia: 'page', from: from || 'you@example.org', to: to || 'them@practice.example' }
    this.#store.settings = this.form.settings
    return this.connect().catch(() => {})
  }

  /**
   * Connects with what the form says.
   * @throws {Problem} what is wrong with it; it is shown beside the field as well
   */
  connect() {
    // A second press while the first is still being answered means the same.
    this.#calling ??= this.#call().finally(() => (this.#calling = null))
    return this.#calling
  }

  async #call() {
    this.form.showProblem(null)
    try {
      const settings = this.form.settings
      const { setup, messageBytes } = toSetup(settings, this.form.message.file, this.form.secrets)
      const around = { relay: setup.practice ? undefined : this.#relay, messageBytes }
      const core = await this.#loaded()
      return await this.begin(new Conversation(core, setup, around), this.#title(settings))
    } catch (problem) {
      if (problem instanceof Error) this.#coreMissing(problem)
      else this.#complain(problem)
      throw problem
    }
  }

  // What a conversation can need is there before it begins; a person who has to wait for it is told.
  async #loaded() {
    const late = setTimeout(() => (this.loading.hidden = false), PATIENCE)
    try {
      loadAhead()
      const core = await loadCore()
      await this.#seat()
      this.failure.hidden = true
      return core
    } finally {
      clearTimeout(late)
      this.loading.hidden = true
    }
  }

  /** @param {Settings} settings */
  #title(settings) {
    return settings.mode === 'practice' ? `Practice: ${this.form.practice.selectedOptions[0]?.text ?? settings.practice}` : titleOf(settings)
  }

  /** @param {Problem} problem */
  #complain(problem) {
    this.view('setup')
    this.form.showProblem(problem)
  }

  /**
   * Shows a conversation and, unless told otherwise, starts it.
   * @template {Talk} Begun
   * @param {Begun} conversation
   * @param {string} title
   * @param {boolean} [start]
   */
  async begin(conversation, title, start = true) {
    // Asked before the form is hidden, which takes the focus away.
    const hadFocus = focusedIn(this.node)
    const desk = await this.#seat()
    this.conversation?.act({ do: 'hangup' })
    this.conversation = conversation
    this.#told = 0
    this.#ended = false
    conversation.addEventListener('change', () => this.conversation === conversation && this.#live(conversation, desk))
    conversation.addEventListener('fault', () => desk.draw())
    this.view('talk')
    desk.begin(conversation, title)
    if (!conversation.saved && start) conversation.start?.()
    // On a touch screen the composer would bring up the keyboard, over what is to be read.
    if (hadFocus && matchMedia('(pointer: coarse)').matches) desk.transcript.log.focus({ preventScroll: true })
    else if (hadFocus) desk.composer.focus()
    return conversation
  }

  // The desk is fetched when it is first needed: a first look at the page is quicker without.
  #seat() {
    this.#desk ??= this.#fetchDesk().catch((problem) => {
      this.#desk = null
      throw problem
    })
    return this.#desk
  }

  async #fetchDesk() {
    const core = await loadCore()
    const { Desk } = await loadRest()
    await this.shown
    const desk = new Desk({ store: this.#store, live: this.live, recipes: () => JSON.parse(core.recipes()), onsettings: () => this.view('setup'), onagain: () => this.connect().catch(() => {}),
      signIn: { open: () => this.form.openSignIn(), home: this.form.signInHome, apply: () => this.#signIn() } })
    this.desk = desk
    await desk.enter(this.node)
    return desk
  }

  /**
   * Opens a saved conversation, unless `overtaken` says at last that it is not wanted any more.
   * @param {string} talk
   * @param {string} [name] what to call it
   * @param {() => boolean} [overtaken]
   */
  async open(talk, name = '', overtaken = () => false) {
    const core = await this.#loaded()
    const { SavedConversation } = await loadRest()
    const conversation = new SavedConversation(core, talk, name)
    if (overtaken()) return null
    return this.begin(conversation, name || conversation.view.server.name || 'Saved conversation')
  }

  /** @param {File} file */
  async #openFile(file) {
    try {
      await this.open(await file.text(), file.name)
    } catch (problem) {
      const line = problem.line ? ` (line ${problem.line})` : ''
      this.#complain({ message: `${file.name} is not a saved conversation that Ehlo can read: ${problem.message}${line}` })
    }
  }

  #openLast() {
    const { last } = this.#store
    if (last) this.open(last.talk).catch((problem) => this.#complain(problem))
  }

  #offerLast() {
    const { last } = this.#store
    if (!last?.talk) return
    this.welcome.last.hidden = false
    // A reload in mid-conversation: what was said is shown at once, for the connection is gone.
    if (last.live && !this.conversation) {
      // Whoever connects meanwhile has gone on.
      const overtaken = () => Boolean(this.conversation ?? this.#calling)
      this.open(last.talk, 'Before the reload', overtaken).catch(() => (this.welcome.last.hidden = true))
    }
  }

  /**
   * Events go out at once; painting waits for the next frame.
   * @param {Talk} conversation
   * @param {Desk} desk
   */
  #live(conversation, desk) {
    const { view, entries, ended } = conversation
    const upto = ended ? entries.length : view.settled
    for (; this.#told < upto; this.#told += 1) this.#tell('entry', { entry: structuredClone(entries[this.#told]) })
    this.#tell('change', { view: structuredClone(view) })
    if (ended && !this.#ended) {
      this.#ended = true
      this.#tell('end', { result: conversation.result() })
    }
    desk.draw()
  }

  /**
   * @param {string} name
   * @param {unknown} detail
   */
  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }

  #apply() {
    try {
      this.conversation?.act({ do: 'plan', ...planChange(this.form.settings, this.form.secrets) })
      this.view('talk')
      this.desk?.draw()
    } catch (problem) {
      this.#complain(problem)
    }
  }

  // Returns what to tell the person, or nothing where the sign-in is under way or waits for their word.
  #signIn() {
    const { conversation } = this
    if (!conversation) return ''
    const { settings, secrets } = this.form
    /** @type {Setup & {do: string}} */
    const change = { do: 'plan', sign_in: signInOf(settings, secrets) }
    if (['connect', 'hello', 'starttls'].includes(settings.until)) change.until = 'auth'
    this.#changed()
    conversation.act(change)
    const { proposal, sign_in: now } = conversation.view
    if (!change.sign_in) return ''
    if (proposal?.kind !== 'sign-in') return 'Kept: it is proposed as soon as it fits, after EHLO and outside of a mail.'
    if (!proposal.caution || now.allowed) conversation.act({ do: 'next' })
    return ''
  }

  async #lookup() {
    const { domain } = this.form.settings
    this.form.showProblem(null)
    fill(this.form.lookup, h('p', { class: 'faint' }, `Asking for the mail hosts of ${domain}…`))
    try {
      const result = await this.lookup(domain)
      this.form.showLookup(result, (host) => {
        const { to } = this.form.settings
        this.settings = { mode: 'server', target: '', host, port: '25', ...(this.form.settings.security === 'tls' && { security: 'none' }), to: to || `postmaster@${domain.trim()}` }
        this.#changed()
        this.form.host.focus()
      })
    } catch (problem) {
      this.form.showLookup(null)
      if (problem instanceof Error) this.#coreMissing(problem)
      else this.form.showProblem(problem)
    }
  }

  /**
   * Finds the mail hosts of a domain.
   * @param {string} domain
   * @returns {Promise<MailHosts>}
   */
  async lookup(domain) {
    const { lookupHosts } = await loadRest()
    return lookupHosts(domain, { relay: this.#relay, token: this.form.token.value })
  }
}

/** @param {Settings} settings */
function titleOf(settings) {
  if (settings.target) return settings.target
  const host = settings.host.includes(':') && !settings.host.startsWith('[') ? `[${settings.host}]` : settings.host
  return `${host.trim()}:${settings.port}`
}
