/**
 * What is going on: the bar with the connection, the wait with its limit, and the end with what to do next.
 * @module
 */

import { fill, h, icon, setText } from './dom.js'
import { octets } from './files.js'
import { outcomeSign } from './sign.js'

/** @import { Connection, ExportFormat, Talk, View, Waiting } from './types.d.ts' */

const WAIT_SHOWN_AFTER = 400
const HINT_AFTER = 4000
const SHUT = 'M3.5 7h9v6.5h-9zM5.5 7V5a2.5 2.5 0 0 1 5 0v2'
const UNSHUT = 'M3.5 7h9v6.5h-9zM5.5 7V4.5a2.5 2.5 0 0 1 4.6-1.3'
const CUT = 'This was kept while the conversation was still going on. The connection is gone.'

/**
 * A span of time in words, no finer than a person needs.
 * @param {number} ms
 */
export function duration(ms) {
  const seconds = Math.floor(ms / 1000)
  if (seconds < 60) return `${seconds} s`
  const rest = seconds % 60
  return rest === 0 ? `${seconds / 60} min` : `${Math.floor(seconds / 60)} min ${String(rest).padStart(2, '0')} s`
}

/**
 * A lock that is shut, or open; it says nothing to a screen reader.
 * @param {boolean} shut
 */
export const lock = (shut) => icon(shut ? SHUT : UNSHUT)

/** The bar on top of a conversation. */
export class Bar {
  /** @param {{onhangup: () => void, onsettings: () => void, onlock: () => void, oncopy: () => void, onsave: (format: ExportFormat) => void}} hooks */
  constructor(hooks) {
    this.peer = h('strong', { class: 'peer' })
    this.detail = h('span', { class: 'detail' })
    this.state = h('span', { class: 'state' })
    this.lockIcon = h('span', { class: 'lock-icon' })
    this.lockWord = h('span')
    this.lock = h('button', { type: 'button', class: 'quiet lock', hidden: true, onclick: () => hooks.onlock() }, this.lockIcon, this.lockWord)
    this.copy = h('button', { type: 'button', onclick: () => hooks.oncopy() }, 'Copy')
    /**
     * @param {ExportFormat} name
     * @param {string} label
     */
    const format = (name, label) => h('button', { type: 'button', onclick: () => {
      this.menu.open = false
      hooks.onsave(name)
    } }, label)
    const save = h('summary', { class: 'button' }, 'Save')
    this.menu = h('details', { class: 'menu' }, save,
      h('div', { class: 'menu-list' }, format('talk', 'As text (.talk), can be opened again'), format('markdown', 'As Markdown, for a ticket'), format('json', 'As JSON')))
    this.menu.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.menu.open) return
      this.menu.open = false
      save.focus()
    })
    this.menu.addEventListener('focusout', ({ relatedTarget }) => {
      if (relatedTarget instanceof Node && !this.menu.contains(relatedTarget)) this.menu.open = false
    })
    this.settings = h('button', { type: 'button', onclick: () => hooks.onsettings() }, 'Settings')
    this.hangup = h('button', { type: 'button', class: 'danger', title: 'End the connection without another word', onclick: () => hooks.onhangup() }, 'Hang up')
    this.node = h('div', { class: 'bar', part: 'bar' }, h('div', { class: 'who' }, this.peer, this.detail), this.lock, this.state,
      h('div', { class: 'bar-tools' }, this.copy, this.menu, this.settings, this.hangup))
  }

  /**
   * @param {Talk} conversation
   * @param {string} title
   */
  show(conversation, title) {
    const { view, saved } = conversation
    setText(this.peer, title)
    this.hangup.hidden = conversation.over
    setText(this.detail, saved ? 'saved conversation, read only' : connectionText(view.connection))
    const [tone, text] = saved ? ['plain', 'Saved'] : stateText(view)
    this.state.className = `state ${tone}`
    setText(this.state, text)
    this.#showLock(view)
  }

  /** @param {View} view */
  #showLock(view) {
    const [lockTone, words, shut] = lockText(view)
    this.lock.hidden = !words
    if (words === this.lockWord.textContent) return
    this.lock.className = `quiet lock ${lockTone}`
    fill(this.lockIcon, lock(shut))
    setText(this.lockWord, words)
  }
}

/** @param {Connection | null} connection */
function connectionText(connection) {
  if (!connection) return ''
  const from = connection.local ? `, from ${connection.local}${connection.local_name ? ` (${connection.local_name})` : ''}` : ''
  return connection.address === connection.host ? from.slice(2) : `${connection.address}${from}`
}

/**
 * Nothing where nobody is in between: before the connection, and within this page.
 * @param {View} view
 * @returns {[tone: string, words: string, shut: boolean]}
 */
function lockText({ connection, tls }) {
  if (tls?.failure) return ['bad', 'TLS failed', false]
  if (tls?.report) return tls.report.verdict.trusted ? ['good', 'Encrypted, trusted', true] : ['warn', 'Encrypted, not trusted', true]
  return connection ? ['plain', 'Clear text', false] : ['', '', false]
}

/** @param {View} view */
function stateText({ turn, waiting }) {
  if (turn === 'over') return ['plain', 'Ended']
  if (turn === 'connecting') return ['busy', 'Connecting']
  if (turn === 'server') return waiting?.overdue ? ['warn', 'Very slow'] : ['busy', 'Server’s turn']
  return ['good', 'Your turn']
}

/** The wait: for what, how long, how long a client should have patience. */
export class Wait {
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer
  /** @type {Waiting | null} */
  #waiting = null

  /** @param {{now: () => number, onstop: () => void}} hooks */
  constructor(hooks) {
    this.now = hooks.now
    this.text = h('span', { class: 'wait-text' })
    this.progress = h('progress', { max: 1, 'aria-label': 'Time waited' })
    this.hint = h('p', { class: 'hint', 'aria-live': 'polite' })
    this.node = h('div', { class: 'wait', hidden: true }, this.text, this.progress,
      h('button', { type: 'button', class: 'chip', onclick: () => hooks.onstop() }, 'Stop waiting'), this.hint)
  }

  /** @param {Waiting | null} waiting */
  show(waiting) {
    clearInterval(this.#timer)
    this.#waiting = waiting
    this.#draw()
    if (waiting) this.#timer = setInterval(() => this.#draw(), 250)
  }

  #draw() {
    const waiting = this.#waiting
    const waited = waiting ? this.now() - waiting.since : 0
    this.node.hidden = waited < WAIT_SHOWN_AFTER
    if (!waiting || this.node.hidden) return
    setText(this.text, `Waiting for ${waiting.what} · ${duration(waited)} of ${duration(waiting.limit)}`)
    this.node.title = waiting.section
    this.progress.value = Math.min(1, waited / waiting.limit)
    this.node.classList.toggle('overdue', waiting.overdue)
    const late = waiting.overdue ? 'Longer than the standard asks a client to wait. ' : ''
    setText(this.hint, waited >= HINT_AFTER || waiting.overdue ? late + waiting.hint : '')
  }
}

/** A message that is under way: how much of it has left, and a way to stop. */
export class Progress {
  /** @param {{onstop: () => void}} hooks */
  constructor(hooks) {
    this.text = h('span', { class: 'wait-text' })
    this.bar = h('progress', { max: 1, 'aria-label': 'Sent of the message' })
    this.node = h('div', { class: 'wait sending', hidden: true }, this.text, this.bar,
      h('button', { type: 'button', class: 'chip', title: 'Hangs up: the server keeps nothing of an unfinished message', onclick: () => hooks.onstop() }, 'Cancel'))
  }

  /** @param {View['progress']} progress */
  show(progress) {
    this.node.hidden = !progress
    if (!progress) return
    setText(this.text, `Sending the message · ${octets(progress.sent)} of ${octets(progress.total)}`)
    this.bar.value = progress.total > 0 ? progress.sent / progress.total : 0
  }
}

/** The end: in one sentence how it went, how the connection ended, and what to do next. */
export class End {
  /** @param {{onagain: () => void, onsettings: () => void}} hooks */
  constructor(hooks) {
    this.sentence = h('div', { class: 'end-text' })
    this.again = h('button', { type: 'button', class: 'primary', onclick: () => hooks.onagain() }, 'Again')
    this.settings = h('button', { type: 'button', onclick: () => hooks.onsettings() }, 'Change settings')
    /** What is shown now. */
    this.key = ''
    this.node = h('section', { class: 'end', part: 'end', hidden: true, 'aria-label': 'How it went', tabindex: '-1' }, this.sentence, h('div', { class: 'actions' }, this.again, this.settings))
  }

  /** @param {Talk} conversation */
  show({ view, saved, fault }) {
    this.node.hidden = view.turn !== 'over' && !saved && !fault
    this.again.hidden = saved
    if (this.node.hidden) return
    setText(this.settings, saved ? 'New conversation' : 'Change settings')
    const cut = saved && view.ending === null
    const key = JSON.stringify([cut, view.summary, view.ending, String(fault)])
    if (key === this.key) return
    this.key = key
    const sentences = fault
      ? [h('p', { class: 'verdict' }, 'Ehlo itself has failed, and let go of the connection.'), h('p', null, 'The transcript is kept. Reload the page, and please report what you did.')]
      : [h('p', { class: 'verdict' }, outcomeSign(view.summary.outcome), h('span', null, cut ? CUT : view.summary.sentence)),
          view.ending && view.ending.sentence !== view.summary.sentence && h('p', null, view.ending.sentence),
          view.ending && view.ending.advice.length > 0 && h('ul', null, view.ending.advice.map((advice) => h('li', null, advice)))]
    fill(this.sentence, sentences)
  }
}
