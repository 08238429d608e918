/**
 * The editor of the message turn: the message as it was composed, to be changed and sent whole.
 * @module
 */

import { fill, h, setText, uniqueId } from './dom.js'
import { octets } from './files.js'

/** @import { Advice, Proposal } from './types.d.ts' */

/** The editor. */
export class MessageEditor {
  #hooks
  /** @type {Proposal | null} */
  #proposal = null
  #dirty = false

  /** @param {{onsend: (text: string | null) => void, onbyline: () => void, lint: (text: string) => Advice[]}} hooks `null`: as proposed */
  constructor(hooks) {
    this.#hooks = hooks
    const id = uniqueId('message')
    this.area = h('textarea', { class: 'mono', id, name: 'message', rows: 10, 'aria-label': 'The message', 'aria-describedby': `${id}-note`, spellcheck: 'false', autocapitalize: 'none' })
    this.note = h('p', { class: 'hint', id: `${id}-note` })
    this.lint = h('div', { class: 'lint', 'aria-live': 'polite' })
    this.send = h('button', { type: 'button', class: 'primary', title: 'Ctrl+Enter in the text', onclick: () => this.#send() }, 'Send message')
    this.byLine = h('button', { type: 'button', class: 'link', onclick: () => hooks.onbyline() }, 'Line by line, as in telnet')
    this.node = h('div', { class: 'message-editor', hidden: true }, this.area, this.note, this.lint, h('div', { class: 'actions' }, this.send, this.byLine))
    this.area.addEventListener('input', () => this.#edited())
    this.area.addEventListener('keydown', (event) => {
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
        event.preventDefault()
        this.#send()
      }
    })
  }

  begin() {
    this.#dirty = false
    this.#proposal = null
  }

  /**
   * Shows the proposed message, unless the person has begun to change it.
   * @param {Proposal | null} proposal
   */
  show(proposal) {
    if (!proposal || proposal.kind !== 'message') return
    if (!this.#dirty && (this.#proposal?.text !== proposal.text || this.#proposal?.opaque !== proposal.opaque)) {
      this.area.value = proposal.opaque ? '' : proposal.text
      this.area.rows = Math.min(14, Math.max(5, proposal.text.split('\n').length))
    }
    this.#proposal = proposal
    this.area.hidden = proposal.opaque
    this.byLine.hidden = proposal.opaque
    this.#describe()
  }

  #edited() {
    this.#dirty = this.area.value !== this.#proposal?.text
    this.#describe()
    this.#advise()
  }

  #describe() {
    if (!this.#proposal) return
    const { dots, octets: size, opaque } = this.#proposal
    if (opaque) return setText(this.note, `The message goes out byte for byte, ${octets(size)} with the final dot. ${dotText(dots)}`)
    const doubled = this.#dirty ? (this.area.value.match(/^\./gm) ?? []).length : dots
    setText(this.note, `${dotText(doubled)} The final dot is added.`)
  }

  #advise() {
    const seen = new Set()
    const advice = this.area.value.split('\n').slice(0, 2000).flatMap((line) => (line.length > 900 || /[^\t -~]/.test(line) ? this.#hooks.lint(line) : []))
      .filter(({ message }) => !seen.has(message) && seen.add(message)).slice(0, 3)
    fill(this.lint, advice.map(({ severity, message }) => h('p', { class: `advice ${severity}` }, message)))
  }

  #send() {
    const text = this.#dirty ? this.area.value : null
    this.#dirty = false
    this.#hooks.onsend(text)
  }

  /** To the button: an untouched message needs but one key, and Enter within the text stays a new line. */
  focus() {
    this.send.focus({ preventScroll: true })
  }
}

/** @param {number} dots */
function dotText(dots) {
  if (dots === 0) return 'No line begins with a dot.'
  return dots === 1 ? '1 line begins with a dot, which is doubled.' : `${dots} lines begin with a dot, which are doubled.`
}
