/**
 * What stands beside the form on a first visit: a conversation one click away, and what one looks like.
 * @module
 */

import { h, unseen } from './dom.js'
import { fileButton } from './files.js'

/** @type {[side: '<' | '>', text: string, note?: string][]} */
const EXAMPLE = [
  ['<', '220 mail.example.com ESMTP', 'The server greets. No greeting, no mail.'],
  ['>', 'EHLO test.example.com', 'Say who you are.'],
  ['<', '250 mail.example.com'],
  ['>', 'MAIL FROM:<you@example.org>', 'Who the mail comes from.'],
  ['<', '250 2.1.0 Sender OK'],
  ['>', 'RCPT TO:<them@example.com>', 'Whom it is for. Here most servers say no.'],
  ['<', '250 2.1.5 Ok'],
  ['>', 'DATA'],
  ['<', '354 End with “.” on a line by itself'],
  ['>', 'testing', 'The message itself.'],
  ['>', '.'],
  ['<', '250 2.0.0 Ok: queued as 4F2A', 'Accepted. From here on it is theirs.'],
]

/** The aside of the form. */
export class Welcome {
  /** @param {{onpractice: () => void, onopen: (file: File) => void, onlast: () => void}} hooks */
  constructor(hooks) {
    this.last = h('div', { class: 'card', hidden: true }, h('h2', null, 'Your last conversation'), h('p', null, 'It is kept in this browser.'),
      h('div', { class: 'actions' }, h('button', { type: 'button', onclick: () => hooks.onlast() }, 'Show it')))
    this.practice = h('button', { type: 'button', class: 'primary', part: 'practice', onclick: () => hooks.onpractice() }, 'Try it with the practice server')
    this.try = h('div', { class: 'card try' }, h('h2', null, 'No mail server at hand?'),
      h('p', null, 'The practice server answers inside this page. Nothing leaves your device.'), h('div', { class: 'actions' }, this.practice))
    this.node = h('div', { class: 'welcome' }, this.last,
      h('div', { class: 'card example' }, h('h2', null, 'What a conversation looks like'),
        h('ol', null, EXAMPLE.map(([side, text, note]) => h('li', { class: side === '>' ? 'client' : 'server' },
          h('span', { class: 'mark', 'aria-hidden': 'true' }, side === '>' ? '→' : '←'), unseen(side === '>' ? 'sent: ' : 'received: '), h('code', null, text), note && h('span', { class: 'note' }, note)))),
        h('p', { class: 'faint small' }, '→ is sent, ← is received. Each line is proposed, and sent when you say so.')),
      h('div', { class: 'card plain' }, h('p', null, 'A saved conversation can be read again: '), fileButton('Open a .talk file…', '.talk,text/plain', hooks.onopen, { class: 'link' })))
  }
}
