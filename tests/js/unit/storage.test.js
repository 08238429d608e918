import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { page } from './support/page.js'

const { Store } = await page('storage')

let kept
let leaving

beforeEach(() => {
  kept = new Map()
  leaving = []
  globalThis.localStorage = { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, String(value)) }
  globalThis.addEventListener = (name, listener) => name === 'pagehide' && leaving.push(listener)
})

const leave = () => leaving.forEach((listener) => listener())

test('what was typed is there again after a reload', () => {
  const store = new Store('')
  store.settings = { host: 'mx.example.com' }
  store.draft = 'RCPT TO:<a'
  leave()
  const again = new Store('')
  assert.deepEqual(again.settings, { host: 'mx.example.com' })
  assert.equal(again.draft, 'RCPT TO:<a')
})

test('a page that is about to go is asked once more what to keep', () => {
  const store = new Store('')
  store.onleave = () => (store.last = { talk: 'S: 220 x\n', live: true })
  leave()
  assert.deepEqual(new Store('').last, { talk: 'S: 220 x\n', live: true })
})

test('it is written soon after the last change, and once for many', (context) => {
  const due = new Map()
  context.mock.method(globalThis, 'setTimeout', (work) => due.set(work, work) && work)
  context.mock.method(globalThis, 'clearTimeout', (timer) => due.delete(timer))
  const store = new Store('')
  for (const draft of ['N', 'NO', 'NOOP']) store.draft = draft
  assert.equal(kept.size, 0)
  assert.equal(due.size, 1)
  for (const work of due.values()) work()
  assert.equal(new Store('').draft, 'NOOP')
})

test('elements with different ids keep their settings apart', () => {
  new Store('one').settings = { host: 'one.example' }
  new Store('two').settings = { host: 'two.example' }
  leave()
  assert.equal(new Store('one').settings.host, 'one.example')
  assert.deepEqual(new Store('').settings, {})
})

test('what cannot be read counts as nothing', () => {
  for (const text of ['{', 'null', '"text"', '{"history":"NOOP"}']) {
    kept.set('ehlo', text)
    const store = new Store('')
    assert.deepEqual([store.settings, store.draft, store.history, store.last], [{}, '', [], null], text)
  }
})

test('a browser that forbids storage is no error', () => {
  globalThis.localStorage = { getItem: () => { throw new Error('denied') }, setItem: () => { throw new Error('denied') } }
  const store = new Store('')
  store.draft = 'NOOP'
  leave()
  assert.equal(store.draft, 'NOOP')
})

test('the history has each line once, the newest last, and forgets the oldest', () => {
  const store = new Store('')
  for (const line of ['NOOP', 'RSET', '  ', 'NOOP']) store.remember(line)
  assert.deepEqual(store.history, ['RSET', 'NOOP'])
  for (let i = 0; i < 200; i += 1) store.remember(`VRFY ${i}`)
  assert.equal(store.history.length, 100)
  assert.equal(store.history.at(-1), 'VRFY 199')
})

test('a conversation that is too long to keep leaves the one before it', () => {
  const store = new Store('')
  store.last = { talk: 'short', live: false }
  store.last = { talk: 'x'.repeat(600 * 1024), live: false }
  assert.equal(store.last.talk, 'short')
  store.last = null
  assert.equal(store.last, null)
})
