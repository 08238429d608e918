/**
 * The composer: the proposed next step, filled in and editable; whatever else is typed; and what to know before it is sent.
 * @module
 */

import { Completion } from './completion.js'
import { fill, h, setText, uniqueId } from './dom.js'
import { MessageEditor } from './message-editor.js'
import { signInState } from './sign-in-state.js'

/** @import { Action, Proposal, Talk, View } from './types.d.ts' */

/**
 * What is asked of the conversation at hand.
 * @typedef {Pick<Talk, 'lint' | 'complete' | 'isSecret'>} Asked
 */

const QUICK = ['NOOP', 'RSET', 'VRFY', 'HELP', 'QUIT']

/** The composer. It acts through its hooks only. */
export class Composer {
  #hooks
  /** @type {View | null} */
  #view = null
  /** @type {string[]} */
  #history = []
  /**
   * The place in the history that is shown; `null`: what is being typed.
   * @type {number | null}
   */
  #at = null
  #typed = ''
  #dirty = false
  /** @type {string | null} */
  #proposed = null
  #byLine = false

  /**
   * @param {{onact: (action: Action) => void, readonly ask: Asked, onsent: (line: string) => void, ondraft: (text: string) => void, onsignin: () => void, onrecipes: () => void}} hooks
   */
  constructor(hooks) {
    this.#hooks = hooks
    const id = uniqueId('composer')
    this.input = h('input', {
      type: 'text', class: 'mono', id, name: 'line', part: 'input', autocomplete: 'off', autocapitalize: 'none', autocorrect: 'off', spellcheck: 'false',
      enterkeyhint: 'send', 'aria-label': 'Next line to send', 'aria-describedby': `${id}-why ${id}-lint`,
    })
    this.why = h('p', { class: 'why', id: `${id}-why` })
    this.lint = h('div', { class: 'lint', id: `${id}-lint`, 'aria-live': 'polite' })
    this.sendButton = h('button', { type: 'submit', class: 'primary', part: 'send' }, 'Send')
    this.completion = new Completion(this.input, { ask: (text) => hooks.ask.complete(text), ontake: (text) => this.#put(text, true) })
    this.back = h('button', { type: 'button', class: 'link', hidden: true, onclick: () => this.#restore() })
    this.editor = new MessageEditor({
      onsend: (text) => hooks.onact(text === null ? { do: 'next' } : { do: 'message', text }),
      onbyline: () => this.#lineByLine(true),
      lint: (text) => hooks.ask.lint(text),
    })
    this.whole = h('button', { type: 'button', class: 'link', hidden: true, onclick: () => this.#lineByLine(false) }, 'Write the whole message instead')
    this.run = h('button', { type: 'button', onclick: () => hooks.onact({ do: this.#view?.running ? 'pause' : 'run' }) }, 'Run the rest')
    this.chips = h('span', { class: 'chips', role: 'group', 'aria-label': 'Commands that fit at any time' },
      QUICK.map((word) => h('button', { type: 'button', class: 'chip mono', onclick: () => this.#quick(word) }, word)))
    this.line = h('form', { class: 'entry', novalidate: true }, h('span', { class: 'mark', 'aria-hidden': 'true' }, '→'),
      h('div', { class: 'entry-field' }, this.input, this.completion.list), this.sendButton)
    this.then = h('p', { class: 'then' })
    this.cancel = h('button', { type: 'button', class: 'chip', name: 'cancel-sign-in', hidden: true, onclick: () => hooks.onact({ do: 'send', line: '*' }) }, 'Cancel the sign-in (*)')
    this.signIn = h('button', { type: 'button', class: 'link', name: 'open-sign-in', onclick: () => hooks.onsignin() }, 'Sign in…')
    this.recipes = h('button', { type: 'button', class: 'link', name: 'open-recipes', onclick: () => hooks.onrecipes() }, 'Break rules…')
    this.told = h('div', { class: 'told', 'aria-live': 'polite' })
    this.risk = h('p', { role: 'alert' })
    this.first = h('button', { type: 'button', class: 'primary', name: 'starttls-first', onclick: () => hooks.onact({ do: 'send', line: 'STARTTLS' }) }, 'Encrypt first (STARTTLS)')
    this.ask = this.#asking()
    this.node = h('div', { class: 'composer', part: 'composer' }, this.why, this.told, this.ask, this.editor.node, this.line, this.lint,
      h('div', { class: 'tools' }, this.run, this.cancel, this.chips, this.back, this.whole, this.signIn, this.recipes), this.then)
    this.line.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#send()
    })
    this.input.addEventListener('input', () => this.#edited())
    this.input.addEventListener('keydown', (event) => this.#key(event))
  }

  // Credentials that would be readable wait for the person's word.
  #asking() {
    /** @param {...Action} actions */
    const act = (...actions) => actions.forEach((action) => this.#hooks.onact(action))
    return h('div', { class: 'ask', role: 'group', 'aria-label': 'Credentials that are not protected', hidden: true }, this.risk, h('div', { class: 'actions' }, this.first,
      h('button', { type: 'button', name: 'withhold', onclick: () => act({ do: 'plan', sign_in: null }) }, 'Do not sign in'),
      h('button', { type: 'button', class: 'danger', name: 'allow-credentials', onclick: () => act({ do: 'allow', what: 'credentials' }, { do: 'next' }) }, 'Send the credentials anyway')))
  }

  /**
   * Begins with this history, and a draft that was left.
   * @param {string[]} history the oldest first
   * @param {string} draft
   */
  begin(history, draft) {
    this.#history = history.slice()
    this.#at = null
    this.#proposed = null
    this.#byLine = false
    this.#dirty = Boolean(draft)
    this.input.value = draft
    this.editor.begin()
  }

  /**
   * Shows the view's proposal; what a person has typed is never overwritten.
   * @param {View} view
   */
  show(view) {
    this.#view = view
    const { proposal, turn } = view
    const message = turn === 'message' && !this.#byLine
    if (turn !== 'message') this.#byLine = false
    this.editor.node.hidden = !message
    this.line.hidden = message
    this.whole.hidden = !(turn === 'message' && this.#byLine)
    if (message) this.editor.show(proposal)
    this.#propose(turn === 'message' ? null : proposal)
    this.#say(view)
    setText(this.run, view.running ? 'Pause' : 'Run the rest')
    // In the message turn a command would be a line of the message.
    const inAuth = view.sign_in.state === 'running'
    this.chips.hidden = turn === 'message' || inAuth
    this.signIn.hidden = turn === 'message' || inAuth || view.sign_in.state === 'done'
    this.recipes.hidden = turn === 'message' || inAuth
    this.cancel.hidden = !inAuth || turn !== 'you'
    this.#tell(view)
    setText(this.then, view.upcoming.length > 0 ? `Then: ${view.upcoming.map(short).join(' · ')}` : '')
    this.#advise()
  }

  /** @param {View} view */
  #tell(view) {
    const { sign_in: now, server, tls, envelope } = view
    const caution = cautionOf(view)
    const asks = caution !== null
    this.ask.hidden = !asks
    // Nothing goes out by a press of Enter while the question stands; another line can be typed.
    this.sendButton.disabled = asks && !this.#dirty
    setText(this.risk, caution ?? '')
    this.first.hidden = Boolean(tls) || !server.extensions.some(({ keyword }) => keyword === 'STARTTLS')
    // That it went well need not be said for ever.
    const told = now.state === 'done' && envelope.reverse_path !== null && now.proved !== false ? [] : signInState(view)
    const key = JSON.stringify([told, now.working])
    if (this.told.dataset.key === key) return
    this.told.dataset.key = key
    fill(this.told, told.map(([tone, words]) => h('p', { class: `advice ${tone}` }, words)),
      now.working && [h('p', { class: 'hint' }, `Working out the proof: the server wants ${now.working[1].toLocaleString('en')} rounds.`),
        h('progress', { max: now.working[1], value: now.working[0], 'aria-label': 'Rounds done' })])
  }

  /** @param {View} view */
  #say(view) {
    const { proposal, turn } = view
    const paused = cautionOf(view) ? null : view.paused
    this.why.classList.toggle('paused', Boolean(paused))
    if (paused) setText(this.why, `Paused. ${paused}`)
    else if (turn === 'message' && this.#byLine) setText(this.why, 'Each line goes out as you type it; a dot on a line by itself ends the message.')
    else if (proposal) setText(this.why, proposal.why)
    else setText(this.why, turn === 'connecting' ? 'Commands can be sent as soon as the connection stands.' : 'The server has the word. Whatever you send now, you send without waiting.')
  }

  /** @param {Proposal | null} proposal */
  #propose(proposal) {
    const next = proposal && (proposal.kind === 'command' ? proposal.text : '')
    // A masked line is shown, and not put in to be edited: what is sent is not the mask.
    this.input.placeholder = proposal?.kind === 'sign-in' ? proposal.text : ''
    if (next !== this.#proposed) {
      this.#proposed = next
      if (!this.#dirty) this.#fill(next ?? '')
    }
    const other = this.#dirty && this.input.value !== next ? next : ''
    this.back.hidden = !other
    if (other) setText(this.back, `Back to ${short(other)}`)
    setText(this.sendButton, proposal?.kind === 'hangup' && !this.#dirty ? 'Hang up' : 'Send')
  }

  /** @param {string} text */
  #fill(text) {
    this.input.value = text
    if (this.input.matches(':focus')) this.input.setSelectionRange(text.length, text.length)
  }

  #restore() {
    this.#dirty = false
    this.#hooks.ondraft('')
    this.#fill(this.#proposed ?? '')
    this.focus()
    if (this.#view) this.show(this.#view)
  }

  /**
   * @param {string} text
   * @param {boolean} [offer] whether to offer completions of it
   */
  #put(text, offer = false) {
    this.input.value = text
    this.input.focus()
    this.input.setSelectionRange(text.length, text.length)
    this.#edited(offer)
  }

  #edited(offer = true) {
    this.#dirty = this.input.value !== (this.#proposed ?? '')
    if (this.#at === null) this.#typed = this.input.value
    this.#hooks.ondraft(this.#dirty && !this.#hooks.ask.isSecret(this.input.value) ? this.input.value : '')
    if (offer && this.#dirty) this.completion.offer()
    else this.completion.close()
    if (this.#view) this.show(this.#view)
  }

  #advise() {
    const text = this.line.hidden ? '' : this.input.value
    const advice = text ? this.#hooks.ask.lint(text) : []
    const key = JSON.stringify(advice)
    if (this.lint.dataset.key === key) return
    this.lint.dataset.key = key
    fill(this.lint, advice.map(({ severity, message, fix }) => h('p', { class: `advice ${severity}` },
      h('span', { class: 'kind' }, { error: 'Wrong', warning: 'Doubtful', hint: 'Note' }[severity] ?? ''), h('span', null, message),
      fix !== null && fix !== undefined && h('button', { type: 'button', class: 'fix', onclick: () => this.#put(fix) }, 'Fix: ', h('span', { class: 'mono' }, fix)))))
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (this.completion.key(event)) {
      event.preventDefault()
      return
    }
    if (event.isComposing || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return
    if (event.key === 'ArrowUp' || event.key === 'ArrowDown') {
      if (this.#recall(event.key === 'ArrowUp' ? -1 : 1)) event.preventDefault()
    } else if (event.key === 'Escape' && this.#dirty) {
      event.preventDefault()
      this.#restore()
    }
  }

  /** @param {number} step */
  #recall(step) {
    const end = this.#history.length
    const to = (this.#at ?? end) + step
    if (to < 0 || to > end || end === 0) return false
    if (this.#at === null) this.#typed = this.input.value
    this.#at = to === end ? null : to
    this.#put(to === end ? this.#typed : this.#history[to])
    this.completion.close()
    return true
  }

  /** @param {string} word */
  #quick(word) {
    if (word === 'VRFY') return this.#put('VRFY ')
    this.#submit(word)
  }

  #send() {
    this.completion.close()
    const message = this.#view?.turn === 'message'
    const proposal = this.#view?.proposal
    if (!this.#dirty && proposal && !message) {
      if (proposal.kind === 'command') this.#remember(proposal.text)
      this.#hooks.onact({ do: 'next' })
      return
    }
    const line = this.input.value
    // Enter that comes before the proposal is no wish to send an empty line.
    if (!line && !this.#dirty && !message) return
    this.#dirty = false
    this.#fill(message ? '' : (this.#proposed ?? ''))
    this.#submit(line)
  }

  /** @param {string} line */
  #submit(line) {
    this.#remember(line)
    this.#hooks.ondraft('')
    this.#hooks.onact({ do: 'send', line })
  }

  /** @param {string} line */
  #remember(line) {
    this.#at = null
    this.#typed = ''
    if (!line.trim() || this.#hooks.ask.isSecret(line) || this.#view?.turn === 'message') return
    this.#history = [...this.#history.filter((old) => old !== line), line]
    this.#hooks.onsent(line)
  }

  /** @param {boolean} on */
  #lineByLine(on) {
    this.#byLine = on
    this.#dirty = false
    this.#fill('')
    if (this.#view) this.show(this.#view)
    this.focus()
  }

  /** Puts the focus where the next step is taken. */
  focus() {
    if (!this.editor.node.hidden) this.editor.focus()
    else this.input.focus({ preventScroll: true })
  }
}

/**
 * What would become known to whom, where the person has to decide about it before credentials go out.
 * @param {View} view
 */
function cautionOf({ proposal, sign_in: now }) {
  return (proposal?.kind === 'sign-in' && !now.allowed && proposal.caution) || null
}

/** @param {string} command */
function short(command) {
  return command.length > 44 ? `${command.slice(0, 43)}…` : command
}
