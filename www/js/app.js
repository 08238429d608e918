/**
 * The tool inside the element: the form, or a conversation with its transcript, composer and explanations.
 * It decides what is on the screen; what is said on the wire is the core's.
 * @module
 */

import { Composer } from './composer.js'
import { Conversation, SavedConversation } from './conversation.js'
import { loadCore, loadReference, reference } from './core.js'
import { fill, h, perFrame, setText } from './dom.js'
import { acceptDrops, copy, copyDialog, fileName, save } from './files.js'
import { SetupForm } from './form.js'
import { Meaning } from './meaning.js'
import { aboutRelay, lookupHosts, relayAddress } from './relay.js'
import { DEFAULTS, planOf, toSetup } from './settings.js'
import { Bar, End, Wait } from './status.js'
import { Store } from './storage.js'
import { TranscriptView } from './transcript-view.js'
import { Welcome } from './welcome.js'

const FORMATS = { talk: ['talk', 'text/plain'], markdown: ['md', 'text/markdown'], json: ['json', 'application/json'] }
const NOBODY = { lint: () => [], complete: () => [], isSecret: () => true }

/** The tool. Dispatches `change`, `entry` and `end` for the element to pass on. */
export class App extends EventTarget {
  conversation = null
  #element
  #store
  #told = 0
  #ended = false
  #chosen = null
  #asked = null
  #file = null
  #draw = perFrame(() => this.#show())

  /** @param {HTMLElement} element the element that this is inside of */
  constructor(element) {
    super()
    this.#element = element
    this.#store = new Store(element.id)
    this.#build()
    this.form.settings = { ...DEFAULTS, ...this.#store.settings }
    loadCore().then(
      (core) => {
        this.form.setCatalog(core.catalog)
        this.#offerLast(core)
        this.dispatchEvent(new Event('ready'))
      },
      (error) => this.#coreMissing(error),
    )
  }

  #build() {
    this.form = new SetupForm({
      onconnect: () => this.connect().catch(() => {}),
      onlookup: () => this.#lookup(),
      onrelay: () => this.#askRelay(),
      onchange: (field) => this.#changed(field),
    })
    this.form.host.addEventListener('focus', () => this.#askRelay())
    this.form.via.addEventListener('focus', () => this.#askRelay())
    this.welcome = new Welcome({ onpractice: () => this.practise(), onopen: (file) => this.#openFile(file), onlast: () => this.open(this.#store.last.talk) })
    const hooks = {
      onhangup: () => this.#act({ do: 'hangup' }),
      onsettings: () => this.view('setup'),
      oncopy: () => this.#copy(),
      onsave: (format) => this.#save(format),
    }
    this.bar = new Bar(hooks)
    this.transcript = new TranscriptView({ onreply: (reply) => this.choose(reply, true) })
    this.wait = new Wait({ now: () => this.conversation.now(), onstop: () => this.#act({ do: 'hangup' }) })
    const app = this
    this.composer = new Composer({
      onact: (action) => this.#act(action),
      get ask() {
        return app.conversation ?? NOBODY
      },
      onsent: (line) => this.#store.remember(line),
      ondraft: (text) => (this.#store.draft = text),
    })
    this.end = new End({ onagain: () => this.connect().catch(() => {}), onsettings: () => this.view('setup') })
    this.meaning = new Meaning({ onevidence: (entry) => this.#evidence(entry), onclose: () => this.#sheet(false), onreply: (reply) => this.choose(reply) })
    this.peek = h('button', { type: 'button', class: 'peek', 'aria-expanded': 'false', onclick: () => this.#sheet(true) })
    this.back = h('p', { class: 'back', hidden: true }, h('button', { type: 'button', onclick: () => this.view('talk') }, 'Back to the conversation'),
      this.apply = h('button', { type: 'button', class: 'primary', onclick: () => this.#apply() }, 'Use these settings from here on'))
    this.failure = h('div', { class: 'failure', role: 'alert', hidden: true })
    this.setup = h('div', { class: 'setup', part: 'setup' }, this.back, this.failure, this.welcome.try, this.form.node, this.welcome.node)
    this.talk = h('div', { class: 'talk', hidden: true }, this.bar.node,
      h('div', { class: 'desk' }, h('div', { class: 'main' }, this.transcript.node, this.peek, h('div', { class: 'foot' }, this.wait.node, this.composer.node, this.end.node)), this.meaning.node))
    this.live = h('div', { class: 'unseen', role: 'status' })
    this.node = h('div', { class: 'app', part: 'app', 'data-view': 'setup' }, this.setup, this.talk, this.live)
    acceptDrops(this.node, (file) => this.#openFile(file))
    this.node.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.meaning.node.classList.contains('open')) this.#sheet(false)
    })
  }

  /** What the form shows, the element's attributes over it. */
  get settings() {
    return this.form.settings
  }

  set settings(settings) {
    this.form.settings = { ...this.form.settings, ...settings }
  }

  get #relay() {
    return relayAddress(this.form.settings.relay || this.#element.getAttribute('relay') || '')
  }

  #changed(field) {
    this.#store.settings = this.form.settings
    if (field === this.form.relay) this.#asked = null
  }

  // The relay is asked only when the person turns to it: a page that only practises needs none, and none is no error.
  #askRelay() {
    if (this.#element.getAttribute('relay') === 'none') return
    try {
      const url = this.#relay
      if (this.#asked === url) return
      this.#asked = url
      this.form.relay.placeholder = url
      aboutRelay(url).then((about) => this.#asked === url && this.form.setAbout(about), () => {})
    } catch {
      // An address that is still being typed.
    }
  }

  #coreMissing(error) {
    this.failure.hidden = false
    fill(this.failure, h('p', { class: 'verdict' }, error.message), (error.advice ?? []).map((advice) => h('p', null, advice)))
  }

  /** Shows the form (`setup`) or the conversation (`talk`). */
  view(name) {
    this.node.dataset.view = name
    this.setup.hidden = name !== 'setup'
    this.talk.hidden = name !== 'talk'
    const going = this.conversation && !this.conversation.over
    this.back.hidden = !this.conversation
    this.apply.hidden = !going
    this.form.going = Boolean(going)
    this.welcome.try.hidden = Boolean(going)
    if (name === 'talk') this.transcript.toEnd()
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
   * @throws {{field?: string, message: string}} what is wrong with it; it is shown beside the field as well
   */
  async connect() {
    this.form.showProblem(null)
    try {
      const settings = this.form.settings
      const { setup, messageBytes } = toSetup(settings, this.form.message.file, this.form.token.value)
      const [core] = await Promise.all([loadCore(), setup.practice && loadReference()])
      if (!setup.practice && this.#element.getAttribute('relay') === 'none') throw { message: 'This page has no relay, so it can only practise. Name a relay under “Relay” if you have one.', field: 'relay' }
      return this.begin(new Conversation(core, setup, { relay: setup.practice ? null : this.#relay, messageBytes }), this.#title(settings))
    } catch (problem) {
      if (problem instanceof Error) this.#coreMissing(problem)
      else this.#complain(problem)
      throw problem
    }
  }

  #title(settings) {
    return settings.mode === 'practice' ? `Practice: ${this.form.practice.selectedOptions[0]?.text ?? settings.practice}` : titleOf(settings)
  }

  #complain(problem) {
    this.view('setup')
    this.form.showProblem(problem)
  }

  /** Shows a conversation and, unless told otherwise, starts it. */
  begin(conversation, title, start = true) {
    this.conversation?.act({ do: 'hangup' })
    this.conversation = conversation
    this.title = title
    this.#told = 0
    this.#ended = false
    this.#chosen = null
    this.transcript.clear(conversation.started)
    this.composer.begin(this.#store.history, conversation.saved ? '' : this.#store.draft)
    conversation.addEventListener('change', () => this.conversation === conversation && this.#live())
    conversation.addEventListener('fault', () => this.#draw())
    // The explanations come while the first reply is still on its way.
    if (!reference) loadReference().then(() => this.#draw(), (error) => setText(this.live, error.message))
    this.view('talk')
    this.#sheet(false)
    if (!conversation.saved && start) conversation.start()
    this.#show()
    if (matchMedia('(pointer: fine)').matches && this.node.contains(this.node.getRootNode().activeElement)) this.composer.focus()
    return conversation
  }

  /** Opens a saved conversation. */
  async open(talk, name = '') {
    const conversation = new SavedConversation(await loadCore(), talk, name)
    return this.begin(conversation, name || conversation.view.server.name || 'Saved conversation')
  }

  async #openFile(file) {
    try {
      await this.open(await file.text(), file.name)
    } catch (problem) {
      const line = problem.line ? ` (line ${problem.line})` : ''
      this.#complain({ message: `${file.name} is not a saved conversation that Ehlo can read: ${problem.message}${line}` })
    }
  }

  #offerLast(core) {
    const { last } = this.#store
    if (!last?.talk) return
    this.welcome.last.hidden = false
    // A reload in mid-conversation: what was said is shown at once, for the connection is gone.
    if (last.live && !this.conversation) {
      try {
        this.begin(new SavedConversation(core, last.talk), 'Before the reload')
      } catch {
        this.welcome.last.hidden = true
      }
    }
  }

  #act(action) {
    try {
      this.conversation?.act(action)
    } catch (problem) {
      setText(this.live, problem.message)
      console.warn('ehlo:', problem)
    }
  }

  // Events go out at once; painting waits for the next frame.
  #live() {
    const { view, entries } = this.conversation
    const upto = view.turn === 'over' ? entries.length : view.settled
    for (; this.#told < upto; this.#told += 1) this.#tell('entry', { entry: structuredClone(entries[this.#told]) })
    this.#tell('change', { view: structuredClone(view) })
    if (view.turn === 'over' && !this.#ended) {
      this.#ended = true
      this.#tell('end', { result: this.conversation.result() })
    }
    this.#draw()
  }

  #tell(name, detail) {
    this.dispatchEvent(new CustomEvent(name, { detail }))
  }

  #show() {
    const { conversation } = this
    if (!conversation) return
    const { view, entries } = conversation
    this.transcript.show(entries)
    this.bar.show(conversation, this.title)
    this.wait.show(conversation.over ? null : view.waiting)
    this.end.show(conversation)
    const hadFocus = this.composer.node.contains(this.node.getRootNode().activeElement)
    const before = this.composer.editor.node.hidden
    this.composer.node.hidden = conversation.over
    this.composer.show(view)
    if (hadFocus && conversation.over) this.end.node.focus()
    else if (hadFocus && before !== this.composer.editor.node.hidden) this.composer.focus()
    this.#explain()
    if (!conversation.saved) this.#keep()
  }

  #keep = perSecond(() => {
    const { conversation } = this
    if (conversation && !conversation.saved && !conversation.fault) this.#store.last = { talk: conversation.exportAs('talk'), live: !conversation.over }
  })

  /** Chooses the reply that is explained; `null` follows the conversation. */
  choose(reply, open = false) {
    this.#chosen = reply
    this.#explain()
    if (open) this.#sheet(true)
  }

  #explain() {
    const { conversation } = this
    const latest = conversation.entries.findLast((entry) => entry.reply !== null)?.reply ?? null
    const decided = conversation.over ? conversation.view.summary.reply : null
    const shown = this.#chosen ?? decided ?? latest
    const title = this.#chosen !== null ? 'The chosen reply' : decided === null ? 'The last reply' : 'The reply that decided it'
    const explanation = shown === null ? null : conversation.explain(shown)
    this.transcript.select(shown)
    this.meaning.show(conversation.view, explanation, title)
    fill(this.peek, h('b', { class: 'mono' }, explanation?.code ?? '…'), h('span', null, explanation?.basic?.title ?? 'What it means'))
  }

  #evidence(entry) {
    this.#sheet(false)
    this.transcript.reveal(entry)
  }

  // On a narrow screen the explanations are a sheet that comes from below.
  #sheet(open) {
    const was = this.meaning.node.classList.contains('open')
    this.meaning.node.classList.toggle('open', open)
    this.peek.setAttribute('aria-expanded', String(open))
    if (was && !open && this.meaning.node.contains(this.node.getRootNode().activeElement)) this.peek.focus()
  }

  #apply() {
    try {
      this.conversation.act({ do: 'plan', ...planOf(this.form.settings) })
      this.view('talk')
      this.#draw()
    } catch (problem) {
      this.#complain(problem)
    }
  }

  async #lookup() {
    const { domain } = this.form.settings
    this.form.showProblem(null)
    fill(this.form.lookup, h('p', { class: 'faint' }, `Asking for the mail hosts of ${domain}…`))
    try {
      const result = await this.lookup(domain)
      this.form.showLookup(result, (host) => {
        const { to } = this.form.settings
        this.settings = { mode: 'server', host, port: '25', to: to || `postmaster@${domain.trim()}` }
        this.#changed()
        this.form.host.focus()
      })
    } catch (problem) {
      this.form.showLookup(null)
      if (problem instanceof Error) this.#coreMissing(problem)
      else this.form.showProblem(problem)
    }
  }

  /** Finds the mail hosts of a domain. */
  lookup(domain) {
    return lookupHosts(domain, { relay: this.#relay, token: this.form.token.value })
  }

  async #copy() {
    const text = this.conversation.exportAs('talk')
    if (await copy(text)) {
      setText(this.live, 'Copied')
      setText(this.bar.copy, 'Copied')
      setTimeout(() => setText(this.bar.copy, 'Copy'), 1500)
    } else copyDialog(this.node, text)
  }

  #save(format) {
    const [ending, type] = FORMATS[format]
    save(this.conversation.exportAs(format), fileName(this.title, ending), type)
  }
}

function titleOf(settings) {
  const host = settings.host.includes(':') && !settings.host.startsWith('[') ? `[${settings.host}]` : settings.host
  return `${host.trim()}:${settings.port}`
}

function perSecond(work) {
  let timer = 0
  return () => {
    if (timer) return
    timer = setTimeout(() => {
      timer = 0
      work()
    }, 1000)
  }
}
