/**
 * The options of the extensions that few tests need, grouped by what they are for. Fetched when the options are opened.
 * @module
 */

import { h } from './dom.js'
import { Group, box, check, field, hint, menu, offer, text } from './fields.js'

/** @import { Control } from './fields.js' */

/** @type {[setting: 'notifySuccess' | 'notifyFailure' | 'notifyDelay', name: string, label: string, words: string][]} */
const REPORTS = [
  ['notifySuccess', 'notify-success', 'SUCCESS', 'when it was delivered'],
  ['notifyFailure', 'notify-failure', 'FAILURE', 'when it cannot be delivered'],
  ['notifyDelay', 'notify-delay', 'DELAY', 'when it takes long'],
]

/** The group. */
export class ExtensionFields extends Group {
  constructor() {
    super()
    this.never = box('notify-never')
    this.reports = REPORTS.map(([, name]) => box(name))
    this.orcptSelf = box('orcpt-self')
    this.orcpt = text('orcpt', { placeholder: 'them@example.com' })
    /** @type {Record<string, Control>} */
    const inputs = { notifyNever: this.never, orcptSelf: this.orcptSelf, orcpt: this.orcpt }
    for (const [at, [setting]] of REPORTS.entries()) inputs[setting] = this.reports[at]
    this.inputs = inputs
    /** @type {(name: string, setting: string, props?: Record<string, unknown>) => Control} */
    const line = (name, setting, props) => (inputs[setting] = text(name, props))
    /** @type {(name: string, setting: string, label: string, words: string, keyword?: string) => HTMLElement} */
    const tick = (name, setting, label, words, keyword) => check((inputs[setting] = box(name)), label, words, keyword)
    /** @type {(name: string, setting: string, options: [value: string, label: string][]) => Control} */
    const pick = (name, setting, options) => (inputs[setting] = menu(name, options))
    /** @type {(label: string, control: Control, words?: string) => HTMLElement} */
    const row = (label, control, words) => field(label, control, words && hint(control, words))
    /** @type {(title: string, keywords: string[], ...rows: HTMLElement[]) => HTMLElement} */
    const group = (title, keywords, ...rows) => h('details', { class: 'inline' }, h('summary', null, title, ' ', keywords.map(offer)), h('div', { class: 'stack' }, rows))
    const reports = REPORTS.map(([, , label, words], at) => check(this.reports[at], label, words))
    this.node = h('div', { class: 'stack' },
      group('Reports on delivery (DSN)', ['DSN'],
        h('div', { class: 'field', 'data-field': 'notify' }, h('span', { class: 'label' }, 'Report'), h('div', { class: 'control' }, reports, check(this.never, 'NEVER', 'no report at all'))),
        row('Report holds', pick('ret', 'ret', [['', 'as the server likes'], ['full', 'the whole message (RET=FULL)'], ['hdrs', 'its header only (RET=HDRS)']])),
        row('Envelope id', line('envid', 'envid'), 'ENVID: comes back in the report.'),
        check(this.orcptSelf, 'ORCPT', 'names each recipient as the original one'),
        row('Original recipient', this.orcpt, 'Whom the mail was meant for at first, where that is somebody else.')),
      group('How the message is handed over', ['CHUNKING', 'BINARYMIME'],
        tick('chunking', 'chunking', 'CHUNKING', 'BDAT in place of DATA: in counted pieces, without a final dot', 'CHUNKING'),
        row('Octets a piece', line('chunk', 'chunk', { inputmode: 'numeric', placeholder: '65536' })),
        row('BODY', pick('body-kind', 'body8', [['', 'as the message needs'], ['7bit', '7BIT'], ['8bitmime', '8BITMIME'], ['binarymime', 'BINARYMIME (needs CHUNKING)']]))),
      group('How and when it travels on', ['REQUIRETLS', 'DELIVERBY', 'MT-PRIORITY', 'FUTURERELEASE'],
        tick('requiretls', 'requiretls', 'REQUIRETLS', 'only over TLS with a valid certificate, all the way', 'REQUIRETLS'),
        row('Deliver within', line('deliver-by', 'deliverBy', { placeholder: '120;R' }), 'DELIVERBY: seconds, then ;R (else return it) or ;N (else tell me).'),
        row('Priority', line('mt-priority', 'mtPriority', { placeholder: '-9 to 9' }), 'MT-PRIORITY.'),
        row('Hold for', line('hold-for', 'holdFor', { inputmode: 'numeric', placeholder: 'seconds' }), 'FUTURERELEASE.'),
        row('Hold until', line('hold-until', 'holdUntil', { placeholder: '2030-01-31T09:00:00Z' }))),
      group('For those who run the server', ['XCLIENT', 'ETRN'],
        row('XCLIENT', line('xclient', 'xclient', { placeholder: 'ADDR=192.0.2.1 NAME=client.example' }), 'Whom the server shall take us for; it must trust the relay’s address.'),
        row('ETRN', line('etrn', 'etrn', { placeholder: 'example.com' }), 'Asks the server to send what it holds for a domain.'),
        row('Protocol', pick('protocol', 'protocol', [['', 'SMTP'], ['lmtp', 'LMTP: LHLO, and an answer for each recipient']]))),
      group('Anything else', [],
        row('With MAIL', line('mail-params', 'mailParams', { placeholder: 'X-TEST=1' }), 'Goes behind MAIL FROM as it is.'),
        row('With RCPT', line('rcpt-params', 'rcptParams'), 'Goes behind each RCPT TO as it is.'),
        tick('force', 'force', 'Although not offered', 'use what is chosen above even where the server does not offer it')))
    this.node.addEventListener('change', () => this.refresh())
    this.refresh()
  }

  /** @override */
  refresh() {
    for (const box of this.reports) box.disabled = this.never.checked
    this.orcpt.disabled = this.orcptSelf.checked
  }
}
