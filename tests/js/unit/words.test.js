import assert from 'node:assert/strict'
import { test } from 'node:test'

import { page } from './support/page.js'

const { fileName, octets } = await page('files')
const { duration } = await page('status')
const { clock, entryText, pauseText } = await page('transcript-view')
const { signInState } = await page('sign-in-state')

test('counts of bytes are as people write them', () => {
  assert.deepEqual([0, 1, 9999, 10_000, 999_499, 1_500_000].map(octets), ['0 bytes', '1 byte', '9,999 bytes', '10 kB', '999 kB', '1.5 MB'])
})

test('a span of time is no finer than a person needs', () => {
  assert.deepEqual([0, 59_999, 60_000, 61_000, 300_000].map(duration), ['0 s', '59 s', '1 min', '1 min 01 s', '5 min'])
})

test('the gutter has milliseconds, and minutes when there are some', () => {
  assert.deepEqual([0, 12, 59_999, 60_000, 125_500].map(clock), ['0.000', '0.012', '59.999', '1:00.0', '2:05.5'])
})

test('a pause is in as few letters as say it', () => {
  assert.deepEqual([7, 999, 1000, 61_000].map(pauseText), ['+7 ms', '+999 ms', '+1.0 s', '+1 min 01 s'])
})

test('the name of a saved file has nothing that a file system minds', () => {
  assert.match(fileName('../mx.example.com:25 <x>', 'talk'), /^\.\.-mx\.example\.com-25-x--\d{4}-\d\d-\d\d-\d\d-\d\d\.talk$/)
  assert.match(fileName('', 'md'), /^conversation-/)
})

test('a copied entry has what was shown in place of what cannot be seen', () => {
  const lines = [{ segments: [{ text: '220 x' }, { text: '␀', special: 'null' }] }, { segments: [{ text: 'second' }] }]
  assert.equal(entryText({ lines }), '220 x␀\nsecond')
})

const SIGN_IN = { state: 'none', mechanism: null, proved: null, error: null, cancelled: null, withheld: null, best: 'PLAIN', reason: 'why', caution: null, allowed: false }
const state = (now, offers, turn = 'you') => signInState({ turn, sign_in: { ...SIGN_IN, ...now } }, offers)

test('a server that did not prove that it knows the password is told as an error, also after it let the person in', () => {
  const told = state({ state: 'done', mechanism: 'SCRAM-SHA-256', proved: false })
  assert.deepEqual(told.map(([tone]) => tone), ['good', 'error'])
  assert.doesNotMatch(told[0][1], /proved/)
})

test('a refusal names the mechanism and says what the server said of the token', () => {
  const told = state({ state: 'refused', mechanism: 'XOAUTH2', error: { sentence: 'It has expired.', advice: 'Get a new one.', scope: 'mail' } })
  assert.match(told[0][1], /XOAUTH2/)
  assert.match(told[1][1], /expired.*new one.*mail/)
})

test('a caution says that the person is asked, until they have given their word', () => {
  const caution = 'The password would be readable.'
  assert.match(state({ caution }, true).at(-1)[1], /readable\. You are asked/)
  assert.doesNotMatch(state({ caution, allowed: true }, true).at(-1)[1], /asked/)
  assert.deepEqual(state({ caution }, false), [])
})
