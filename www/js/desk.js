/**
 * The desk of a conversation: transcript, composer, explanations, and the bar above them.
 * @module
 */

import { Composer } from './composer.js'
import { fill, focusedIn, h, perFrame, setText, styles } from './dom.js'
import { copy, copyDialog, fileName, save } from './files.js'
import { Meaning } from './meaning.js'
import { RecipesDialog } from './recipes.js'
import { SignInDialog } from './sign-in.js'
import { Bar, End, Progress, Wait } from './status.js'
import { TALK_MAX } from './storage.js'
import { TranscriptView } from './transcript-view.js'

/** @import { Recipe } from './recipes.js' */
/** @import { Problem } from './settings.js' */
/** @import { SignInFields } from './sign-in.js' */
/** @import { Store } from './storage.js' */
/** @import { Action, ExportFormat, Talk, View } from './types.d.ts' */

/**
 * What signing in needs of the form: the fields, where they are when nobody signs in, and what takes them over.
 * `apply` returns what to tell, or nothing when all is done.
 * @typedef {{open: () => Promise<SignInFields>, home: HTMLElement, apply: () => string}} SignIn
 *
 * A dialog that shows what goes on.
 * @typedef {{node: HTMLDialogElement, show: (view: View) => void, complain?: (problem: Problem) => void}} Dialog
 */

/** @type {Record<ExportFormat, [ending: string, type: string]>} */
const FORMATS = { talk: ['talk', 'text/plain'], markdown: ['md', 'text/markdown'], json: ['json', 'application/json'] }
/** @type {Pick<Talk, 'lint' | 'complete' | 'isSecret'>} */
const NOBODY = { lint: () => [], complete: () => [], isSecret: () => true }

/** The desk. It shows the conversation that it was given last. */
export class Desk {
  /** @type {Talk | null} */
  conversation = null
  /**
   * The dialog that is open.
   * @type {Dialog | null}
   */
  dialog = null
  title = ''
  #store
  #live
  #signIn
  /**
   * The reply that the person has chosen; `null`: the last one is explained.
   * @type {number | null}
   */
  #chosen = null

  /** Draws what has changed, at most once a frame. */
  draw = perFrame(() => this.#show())

  /**
   * @param {{store: Store, live: HTMLElement, recipes: () => {question: string, recipes: Recipe[]}, onsettings: () => void, onagain: () => void, signIn: SignIn}} around
   *   `live` announces to screen readers; `recipes` gives their catalog
   */
  constructor({ store, live, recipes, onsettings, onagain, signIn }) {
    this.#store = store
    this.#live = live
    this.#signIn = signIn
    const hangup = () => this.#act({ do: 'hangup' })
    this.bar = new Bar({ onhangup: hangup, onsettings, onlock: () => this.#secure(), oncopy: () => this.#copy(), onsave: (format) => this.#save(format) })
    this.transcript = new TranscriptView({ onreply: (reply) => this.choose(reply, true), onsecure: () => this.#secure() })
    this.wait = new Wait({ now: () => this.conversation?.now() ?? 0, onstop: hangup })
    this.progress = new Progress({ onstop: hangup })
    const desk = this
    this.composer = new Composer({
      onact: (action) => this.#act(action),
      get ask() {
        return desk.conversation ?? NOBODY
      },
      onsent: (line) => store.remember(line),
      ondraft: (text) => (store.draft = text),
      onsignin: () => this.askToSignIn(),
      onrecipes: () => this.#recipes(recipes(), onagain),
    })
    store.onleave = () => this.#keepNow()
    this.end = new End({ onagain, onsettings })
    this.meaning = new Meaning({ onevidence: (entry) => this.#evidence(entry), onclose: () => this.#sheet(false), onreply: (reply) => this.choose(reply) })
    this.peek = h('button', { type: 'button', class: 'peek', 'aria-expanded': 'false', onclick: () => this.#sheet(true) })
    this.node = h('div', { class: 'talk', hidden: true }, this.bar.node,
      h('div', { class: 'desk' }, h('div', { class: 'main' }, this.transcript.node, this.peek, h('div', { class: 'foot' }, this.wait.node, this.progress.node, this.composer.node, this.end.node)), this.meaning.node))
    this.node.addEventListener('keydown', (event) => {
      if (event.key === 'Escape' && this.meaning.node.classList.contains('open')) this.#sheet(false)
    })
  }

  /**
   * Puts the desk into `root`, and resolves when it is dressed.
   * @param {HTMLElement} root
   */
  enter(root) {
    const { sheets, arrived } = styles('desk')
    root.append(...sheets, this.node)
    return arrived
  }

  /**
   * Takes up a conversation.
   * @param {Talk} conversation
   * @param {string} title
   */
  begin(conversation, title) {
    this.conversation = conversation
    this.title = title
    this.#chosen = null
    this.transcript.clear(conversation.started)
    this.composer.begin(this.#store.history, conversation.saved ? '' : this.#store.draft)
    this.#sheet(false)
    this.#show()
  }

  /** @param {Action} action */
  #act(action) {
    try {
      this.conversation?.act(action)
    } catch (problem) {
      this.complain(problem)
    }
  }

  /**
   * Tells what is wrong with a step.
   * @param {Problem} problem
   */
  complain(problem) {
    setText(this.#live, problem.message)
    // What is missing for a sign-in is asked for where it can be given.
    if (this.conversation?.view.proposal?.kind === 'sign-in') this.askToSignIn(problem)
    else console.warn('ehlo:', problem)
  }

  /**
   * Opens the dialog for signing in.
   * @param {Problem | null} [problem] what is missing
   */
  async askToSignIn(problem = null) {
    const { open, home, apply } = this.#signIn
    await this.#dialogue(async () => new SignInDialog({ fields: await open(), home, onsign: apply }))
    if (problem) this.dialog?.complain?.(problem)
  }

  /**
   * @param {{question: string, recipes: Recipe[]}} catalogue
   * @param {() => void} onagain
   */
  #recipes(catalogue, onagain) {
    return this.#dialogue(() => new RecipesDialog({ catalogue, onact: (action) => this.conversation?.act(action), onshow: (entry) => this.#evidence(entry), onagain }))
  }

  /**
   * One at a time; what goes on meanwhile is shown in it.
   * @param {() => Dialog | Promise<Dialog>} make
   */
  async #dialogue(make) {
    if (this.dialog) return
    try {
      const dialog = await make()
      if (this.dialog || !this.conversation) return
      this.dialog = dialog
      dialog.node.addEventListener('close', () => (this.dialog = null))
      this.node.append(dialog.node)
      dialog.show(this.conversation.view)
      dialog.node.showModal()
    } catch (error) {
      setText(this.#live, 'This did not load; the connection may have broken. Try again.')
      console.warn('ehlo:', error)
    }
  }

  #show() {
    const { conversation } = this
    if (!conversation) return
    const { view, entries } = conversation
    // What is too much for one frame is gone on with in the next.
    if (!this.transcript.show(entries, view.tls?.since ?? null)) this.draw()
    this.bar.show(conversation, this.title)
    this.progress.show(conversation.over ? null : view.progress)
    this.wait.show(conversation.over || view.progress ? null : view.waiting)
    this.end.show(conversation)
    const hadFocus = focusedIn(this.composer.node)
    const before = this.composer.editor.node.hidden
    this.composer.node.hidden = conversation.over
    this.composer.show(view)
    this.dialog?.show(view)
    if (hadFocus && conversation.over) this.end.node.focus()
    else if (hadFocus && before !== this.composer.editor.node.hidden) this.composer.focus()
    this.#explain(conversation)
    if (!conversation.saved) this.#keep()
  }

  #keep = perSecond(() => this.#keepNow())

  #keepNow() {
    const { conversation } = this
    if (!conversation || conversation.saved || conversation.fault) return
    // What the server has said is longer as a talk: one that would not be kept is not made, second by second.
    const { received, dropped } = conversation.view.traffic
    if (received - dropped > TALK_MAX) return
    const talk = conversation.exportAs('talk')
    if (talk) this.#store.last = { talk, live: !conversation.over }
  }

  /**
   * Chooses the reply that is explained.
   * @param {number | null} reply `null` follows the conversation
   * @param {boolean} [open] whether to show the explanations where they are a sheet
   */
  choose(reply, open = false) {
    this.#chosen = reply
    if (this.conversation) this.#explain(this.conversation)
    if (open) this.#sheet(true)
  }

  /** @param {Talk} conversation */
  #explain(conversation) {
    const latest = conversation.entries.findLast((entry) => entry.reply !== null)?.reply ?? null
    const decided = conversation.over ? conversation.view.summary.reply : null
    const shown = this.#chosen ?? decided ?? latest
    const title = this.#chosen !== null ? 'The chosen reply' : decided === null ? 'The last reply' : 'The reply that decided it'
    const explanation = shown === null ? null : conversation.meaning(shown)
    this.transcript.select(shown)
    this.meaning.show(conversation, explanation, title, this.title)
    fill(this.peek, h('b', { class: 'mono' }, explanation?.code ?? '…'), h('span', null, explanation?.basic?.title ?? 'What it means'))
  }

  /** @param {number} entry */
  #evidence(entry) {
    this.#sheet(false)
    this.transcript.reveal(entry)
  }

  #secure() {
    this.#sheet(true)
    this.meaning.revealSecure()
  }

  /**
   * On a narrow screen the explanations are a sheet that comes from below.
   * @param {boolean} open
   */
  #sheet(open) {
    const was = this.meaning.node.classList.contains('open')
    this.meaning.node.classList.toggle('open', open)
    this.peek.setAttribute('aria-expanded', String(open))
    if (was && !open && focusedIn(this.meaning.node)) this.peek.focus()
  }

  async #copy() {
    const text = this.conversation?.exportAs('talk') ?? ''
    if (await copy(text)) {
      setText(this.#live, 'Copied')
      setText(this.bar.copy, 'Copied')
      setTimeout(() => setText(this.bar.copy, 'Copy'), 1500)
    } else copyDialog(this.node, text)
  }

  /** @param {ExportFormat} format */
  #save(format) {
    const [ending, type] = FORMATS[format]
    save(this.conversation?.exportAs(format) ?? '', fileName(this.title, ending), type)
  }
}

/** @param {() => void} work */
function perSecond(work) {
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  let timer
  return () => {
    if (timer) return
    timer = setTimeout(() => {
      timer = undefined
      work()
    }, 1000)
  }
}
