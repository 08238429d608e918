/**
 * The message, before a conversation: subject and text, a whole message as text, or a file byte for byte.
 * @module
 */

import { h, setText, uniqueId } from './dom.js'
import { acceptDrops, fileButton, octets, readBytes } from './files.js'

/** @import { Settings } from './settings.js' */

/** @type {[kind: string, label: string][]} */
const KINDS = [
  ['parts', 'Subject and text'],
  ['raw', 'Whole message'],
  ['file', 'File, byte for byte'],
]

/** The group of fields for the message. */
export class MessageFields {
  #onchange
  /** @type {{name: string, bytes: Uint8Array} | null} */
  file = null

  /** @param {() => void} onchange called after each change */
  constructor(onchange) {
    this.#onchange = onchange
    const name = uniqueId('kind')
    this.kinds = KINDS.map(([value]) => h('input', { type: 'radio', name, value, onchange: () => this.#changed() }))
    this.subject = h('input', { type: 'text', name: 'subject', autocomplete: 'off', 'aria-label': 'Subject' })
    this.body = h('textarea', { name: 'body', rows: 4, class: 'mono', 'aria-label': 'Text', spellcheck: 'false' })
    this.headers = h('textarea', { name: 'headers', rows: 2, class: 'mono', placeholder: 'X-Test: 1', 'aria-label': 'Further header fields', spellcheck: 'false' })
    this.raw = h('textarea', {
      name: 'raw', rows: 8, class: 'mono', 'aria-label': 'Whole message, header and text', spellcheck: 'false',
      placeholder: 'From: <you@example.org>\nTo: <them@example.com>\nSubject: Test\n\ntesting',
    })
    this.fileName = h('output', { class: 'filename' }, 'No file chosen')
    this.drop = h('div', { class: 'drop' },
      fileButton('Choose a file…', '.eml,message/rfc822,text/plain', (file) => this.#take(file)), this.fileName,
      h('p', { class: 'hint' }, 'Or drop a file here. It is sent as it is; only dots at the start of a line are doubled, as SMTP asks.'))
    acceptDrops(this.drop, (file) => this.#take(file))
    this.more = h('details', { class: 'inline' }, h('summary', null, 'Further header fields'), this.headers,
      h('p', { class: 'hint' }, 'One a line. Date, From, To, Subject and Message-ID are made for you unless you give them.'))
    this.panels = {
      parts: h('div', { class: 'stack' }, this.subject, this.body, this.more),
      raw: h('div', { class: 'stack' }, this.raw, h('p', { class: 'hint' }, 'Header, an empty line, text. Line ends become CR LF.')),
      file: this.drop,
    }
    this.node = h('div', { class: 'stack', role: 'group', 'aria-label': 'Message' },
      h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'How the message is given' },
        KINDS.map(([, label], at) => h('label', { class: 'segment' }, this.kinds[at], h('span', null, label)))), Object.values(this.panels))
    this.node.addEventListener('input', () => this.#onchange())
  }

  /** @param {File} file */
  async #take(file) {
    this.file = { name: file.name, bytes: await readBytes(file) }
    setText(this.fileName, `${file.name}, ${octets(this.file.bytes.length)}`)
    this.#changed()
  }

  #changed() {
    this.#show()
    this.#onchange()
  }

  get #kind() {
    return this.kinds.find((input) => input.checked)?.value ?? 'parts'
  }

  #show() {
    for (const [kind, panel] of Object.entries(this.panels)) panel.hidden = kind !== this.#kind
  }

  get value() {
    return { messageKind: this.#kind, subject: this.subject.value, body: this.body.value, headers: this.headers.value, raw: this.raw.value }
  }

  /** @param {Pick<Settings, 'messageKind' | 'subject' | 'body' | 'headers' | 'raw'>} settings */
  set value(settings) {
    for (const input of this.kinds) input.checked = input.value === settings.messageKind
    for (const name of /** @type {const} */ (['subject', 'body', 'headers', 'raw'])) if (this[name].value !== settings[name]) this[name].value = settings[name]
    if (settings.headers) this.more.open = true
    this.#show()
  }
}
