import assert from 'node:assert/strict'
import { test } from 'node:test'

import './support/dom.js'
import { page } from './support/page.js'

const { append, fill, h } = await page('dom')
const { Group, box, menu, secret, text } = await page('fields')
const { Completion } = await page('completion')
const { MessageFields } = await page('message-fields')
const { ExtensionFields } = await page('options')
const { proofNodes } = await page('proof')
const { DEFAULTS } = await page('settings')

test('text of a server becomes text, whatever is in it', () => {
  const node = h('p', null, '<img src=x onerror=alert(1)>')
  assert.equal(node.children.length, 0)
  assert.equal(node.textContent, '<img src=x onerror=alert(1)>')
})

test('what is empty is left out, and a zero is not', () => {
  const node = append(h('p', null), [null, undefined, false, '', [[0], ['a', [h('b', null, 'c')]]]])
  assert.equal(node.textContent, '0ac')
  assert.equal(fill(node, 'new').textContent, 'new')
})

test('an attribute that is false is not there, and one that is true is empty', () => {
  const node = h('input', { novalidate: true, part: false, title: null, hidden: true })
  assert.deepEqual([node.getAttribute('novalidate'), node.getAttribute('part'), node.getAttribute('title'), node.hidden], ['', null, null, true])
})

test('a group of fields gives back what it was given', () => {
  const group = new Group()
  group.inputs = { user: text('user'), initialResponse: box('initial-response'), mechanism: menu('mechanism', [['', 'any']]) }
  const settings = { user: 'me', initialResponse: true, mechanism: 'PLAIN' }
  group.value = settings
  assert.deepEqual(group.value, settings)
  group.value = {}
  assert.deepEqual(group.value, { user: '', initialResponse: false, mechanism: '' })
})

test('a secret is hidden until the person asks to see it', () => {
  const [input, show] = secret('password')
  Object.defineProperty(input, 'type', { value: 'password', writable: true })
  show.click()
  assert.deepEqual([input.type, show.getAttribute('aria-pressed')], ['text', 'true'])
  show.click()
  assert.equal(input.type, 'password')
})

test('every option of the extensions is kept under the name that the settings have for it', () => {
  const group = new ExtensionFields()
  assert.deepEqual(Object.keys(group.value).filter((name) => !(name in DEFAULTS)), [])
  const typed = Object.fromEntries(Object.entries(group.value).map(([name, value]) => [name, typeof value === 'boolean' ? true : `typed ${name}`]))
  group.value = typed
  assert.deepEqual(group.value, typed)
})

test('what excludes something else takes it out of reach', () => {
  const group = new ExtensionFields()
  group.value = { ...DEFAULTS, notifyNever: true, orcptSelf: true }
  assert.deepEqual([group.inputs.notifySuccess.disabled, group.inputs.notifyDelay.disabled, group.inputs.orcpt.disabled], [true, true, true])
  group.value = DEFAULTS
  assert.deepEqual([group.inputs.notifySuccess.disabled, group.inputs.orcpt.disabled], [false, false])
})

test('the message keeps all that was typed, whichever way of giving it is chosen', () => {
  const fields = new MessageFields(() => {})
  const typed = { messageKind: 'raw', subject: 'S', body: 'B\n', headers: 'X: 1', raw: 'From: a\n\nb' }
  fields.value = typed
  assert.deepEqual(fields.value, typed)
  assert.deepEqual(Object.entries(fields.panels).map(([kind, panel]) => [kind, panel.hidden]), [['parts', true], ['raw', false], ['file', true]])
})

test('nobody in between: there is nothing to tell about a relay', () => {
  assert.equal(proofNodes({ readable: [], hidden: [], trust: [] }, null), null)
})

test('what the relay could read is told with its bytes, and the page is compared only where the relay served it', () => {
  const protection = { clear_sent: 1, clear_received: 12_000, encrypted_sent: 0, encrypted_received: 0, readable: ['All of it.'], hidden: [], trust: [] }
  const words = (relay) => append(h('div', null), proofNodes(protection, relay)).textContent
  assert.match(words(null), /1 byte sent, 12 kB received.*All of it\./)
  assert.doesNotMatch(words(null), /Compare the page/)
  assert.match(words('ws://relay.example/relay'), /Compare the page/)
})

/** A field with completions, and a way to press a key in it. */
function completed(options) {
  const taken = []
  const input = h('input', null)
  const completion = new Completion(input, { ask: () => options.map((option) => ({ text: option, about: '' })), ontake: (line) => taken.push(line) })
  const type = (line) => {
    input.value = line
    completion.offer()
  }
  const press = (key, more = {}) => completion.key({ key, isComposing: false, shiftKey: false, ...more })
  return { completion, input, press, taken, type }
}

test('Enter sends what was typed unless the person has gone to a completion', () => {
  const { press, taken, type } = completed(['RCPT TO:<', 'RSET'])
  type('R')
  assert.equal(press('Enter'), false)
  assert.deepEqual(taken, [])
  press('ArrowDown')
  press('ArrowDown')
  assert.equal(press('Enter'), true)
  assert.deepEqual(taken, ['RSET'])
})

test('Tab takes the first completion, and Shift with Tab leaves the field', () => {
  const { press, taken, type } = completed(['NOOP'])
  type('N')
  assert.equal(press('Tab', { shiftKey: true }), false)
  assert.equal(press('Tab'), true)
  assert.deepEqual(taken, ['NOOP'])
})

test('Escape closes the completions and nothing else, and keys of an input method are left alone', () => {
  const { completion, input, press, type } = completed(['NOOP'])
  type('N')
  assert.equal(press('ArrowDown', { isComposing: true }), false)
  assert.equal(press('Escape'), true)
  assert.deepEqual([completion.open, input.getAttribute('aria-expanded')], [false, 'false'])
  assert.equal(press('Escape'), false)
})

test('a line that is whole already is not offered again, and an empty field offers nothing', () => {
  const { completion, type } = completed(['NOOP'])
  type('NOOP')
  assert.equal(completion.open, false)
  type('')
  assert.equal(completion.open, false)
})

test('a completion that is clicked is taken', () => {
  const { completion, taken, type } = completed(['NOOP', 'NOTHING'])
  type('NO')
  const click = new Event('click')
  click.composedPath = () => [completion.list.children[1].children[0], completion.list.children[1], completion.list]
  completion.list.dispatchEvent(click)
  assert.deepEqual(taken, ['NOTHING'])
})
