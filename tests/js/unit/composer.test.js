import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import './support/dom.js'
import { page } from './support/page.js'

const { Composer } = await page('composer')
const { MessageEditor } = await page('message-editor')

const VIEW = {
  turn: 'you', running: false, paused: null, proposal: null, upcoming: [], tls: null, server: { extensions: [] }, envelope: { reverse_path: null },
  sign_in: { state: 'none', mechanism: null, proved: null, error: null, cancelled: null, withheld: null, best: null, reason: '', caution: null, allowed: false, working: null },
}
const command = (text) => ({ kind: 'command', text, why: '', dots: 0, octets: 0, caution: null, opaque: false })

let acted, sent, drafts, composer

beforeEach(() => {
  acted = []
  sent = []
  drafts = []
  composer = new Composer({
    onact: (action) => acted.push(action), onsent: (line) => sent.push(line), ondraft: (text) => drafts.push(text), onsignin: () => {}, onrecipes: () => {},
    ask: { lint: () => [], complete: () => [], isSecret: (text) => /secret/.test(text) },
  })
  composer.begin(['NOOP', 'RSET'], '')
})

function type(text) {
  composer.input.value = text
  composer.input.dispatchEvent(new Event('input'))
}

function press(key) {
  const event = new Event('keydown', { cancelable: true })
  composer.input.dispatchEvent(Object.assign(event, { key, isComposing: false, shiftKey: false, altKey: false, ctrlKey: false, metaKey: false }))
}

const enter = () => composer.line.dispatchEvent(new Event('submit', { cancelable: true }))
const show = (more) => composer.show({ ...VIEW, ...more })

test('a suggestion is filled in, and never over what the person has typed', () => {
  show({ proposal: command('EHLO a.example') })
  assert.equal(composer.input.value, 'EHLO a.example')
  type('VRFY me')
  show({ proposal: command('MAIL FROM:<a@b.example>') })
  assert.equal(composer.input.value, 'VRFY me')
  assert.equal(composer.back.hidden, false)
  composer.back.click()
  assert.equal(composer.input.value, 'MAIL FROM:<a@b.example>')
})

test('an untouched suggestion is taken as it is, and remembered', () => {
  show({ proposal: command('DATA') })
  enter()
  assert.deepEqual([acted, sent], [[{ do: 'next' }], ['DATA']])
})

test('what was typed is sent as it stands, and remembered', () => {
  show({ proposal: command('DATA') })
  type('  noop')
  enter()
  assert.deepEqual([acted, sent], [[{ do: 'send', line: '  noop' }], ['  noop']])
})

test('Enter before there is a suggestion sends no empty line', () => {
  show({ turn: 'server' })
  enter()
  assert.deepEqual(acted, [])
})

test('a line that holds a secret is neither remembered nor kept as a draft', () => {
  show({})
  type('AUTH PLAIN secret')
  assert.equal(drafts.at(-1), '')
  enter()
  assert.deepEqual(acted, [{ do: 'send', line: 'AUTH PLAIN secret' }])
  assert.deepEqual(sent, [])
})

test('a line that is being typed is a draft, until it is sent', () => {
  show({})
  type('RCPT TO:<a')
  assert.equal(drafts.at(-1), 'RCPT TO:<a')
  enter()
  assert.equal(drafts.at(-1), '')
})

test('a draft that was left is there again, and no suggestion takes its place', () => {
  composer.begin([], 'RCPT TO:<a')
  show({ proposal: command('EHLO a.example') })
  assert.equal(composer.input.value, 'RCPT TO:<a')
})

test('lines that were sent come back, and then what was being typed', () => {
  show({})
  type('half a li')
  press('ArrowUp')
  assert.equal(composer.input.value, 'RSET')
  press('ArrowUp')
  press('ArrowUp')
  assert.equal(composer.input.value, 'NOOP')
  press('ArrowDown')
  press('ArrowDown')
  assert.equal(composer.input.value, 'half a li')
})

test('a masked line is shown and not put in to be sent', () => {
  show({ proposal: { ...command('AUTH PLAIN ••••'), kind: 'sign-in' } })
  assert.deepEqual([composer.input.value, composer.input.getAttribute('placeholder') ?? composer.input.placeholder], ['', 'AUTH PLAIN ••••'])
})

test('credentials that would be readable wait for a word, and another line does not', () => {
  const proposal = { ...command('AUTH PLAIN ••••'), kind: 'sign-in', caution: 'The password would be readable.' }
  show({ proposal })
  assert.deepEqual([composer.ask.hidden, composer.sendButton.disabled], [false, true])
  type('NOOP')
  assert.equal(composer.sendButton.disabled, false)
  show({ proposal, sign_in: { ...VIEW.sign_in, allowed: true } })
  assert.equal(composer.ask.hidden, true)
})

test('encrypting first is offered only where the server offers it and nothing is encrypted yet', () => {
  const proposal = { ...command('AUTH PLAIN ••••'), kind: 'sign-in', caution: 'Readable.' }
  const server = { extensions: [{ keyword: 'STARTTLS', params: '' }] }
  show({ proposal, server })
  assert.equal(composer.first.hidden, false)
  show({ proposal, server, tls: { stage: 'secured' } })
  assert.equal(composer.first.hidden, true)
  show({ proposal })
  assert.equal(composer.first.hidden, true)
})

test('lines of a message are not remembered as commands', () => {
  show({ turn: 'message', proposal: { ...command('Subject: x\n\n'), kind: 'message' } })
  composer.editor.byLine.click()
  type('Dear all')
  enter()
  assert.deepEqual([acted, sent], [[{ do: 'send', line: 'Dear all' }], []])
})

/** An editor of the message, with what it has sent. */
function editing() {
  const messages = []
  const editor = new MessageEditor({ onsend: (text) => messages.push(text), onbyline: () => {}, lint: () => [] })
  editor.begin()
  const write = (text) => {
    editor.area.value = text
    editor.area.dispatchEvent(new Event('input'))
  }
  return { editor, messages, write }
}

const MESSAGE = { ...command('Subject: x\n\ntesting\n'), kind: 'message', octets: 25 }

test('an untouched message is sent as it was composed', () => {
  const { editor, messages } = editing()
  editor.show(MESSAGE)
  assert.equal(editor.area.value, MESSAGE.text)
  editor.send.click()
  assert.deepEqual(messages, [null])
})

test('a changed message is sent as it is now, and no suggestion takes its place', () => {
  const { editor, messages, write } = editing()
  editor.show(MESSAGE)
  write('Subject: mine.\n\n.dot\n')
  editor.show({ ...MESSAGE, text: 'Subject: another\n\n' })
  assert.equal(editor.area.value, 'Subject: mine.\n\n.dot\n')
  assert.match(editor.note.textContent, /^1 line begins with a dot/)
  editor.send.click()
  assert.deepEqual(messages, ['Subject: mine.\n\n.dot\n'])
})

test('a message of bytes that are no text is not offered for editing', () => {
  const { editor, messages } = editing()
  editor.show({ ...MESSAGE, opaque: true, text: '' })
  assert.deepEqual([editor.area.hidden, editor.byLine.hidden], [true, true])
  assert.match(editor.note.textContent, /25 bytes/)
  editor.send.click()
  assert.deepEqual(messages, [null])
})
