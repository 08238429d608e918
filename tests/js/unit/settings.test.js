import assert from 'node:assert/strict'
import { test } from 'node:test'

import { page, thrown } from './support/page.js'

const { DEFAULTS, addresses, bareHost, headerFields, planChange, planOf, signInOf, toSetup, withPreset } = await page('settings')

const SECRETS = { token: 'relay-token', password: 'hunter2', accessToken: 'ya29.x', tlsClient: '-----BEGIN PRIVATE KEY-----' }
const NONE = { token: '', password: '', accessToken: '', tlsClient: '' }
const SERVER = { ...DEFAULTS, host: 'mx.example.com', to: 'them@example.com' }

test('addresses may be one a line or with commas between, and a comma within quotation marks belongs to the address', () => {
  assert.deepEqual(addresses('a@b.example, "Doe, Jane"@c.example\n\n d@e.example ,'), ['a@b.example', '"Doe, Jane"@c.example', 'd@e.example'])
})

test('an indented header line goes on with the field before it', () => {
  assert.deepEqual(headerFields('X-Long: one\n two\r\nX-Other: 3\n\n'), [['X-Long', 'one\n two'], ['X-Other', '3']])
})

test('a header line without a name is an error that shows the line and a right one', () => {
  const problem = thrown(() => headerFields('just words'))
  assert.equal(problem.field, 'headers')
  assert.match(problem.message, /just words.*X-Test: 1/)
})

test('a port that is not one is an error at its field', () => {
  for (const port of ['0', '65536', '25.5', 'smtp', '-1']) assert.equal(thrown(() => toSetup({ ...SERVER, port }, null)).field, 'port', port)
  assert.equal(toSetup({ ...SERVER, port: '65535' }, null).setup.port, 65535)
})

test('a number that is not whole is an error at its field', () => {
  for (const [name, field] of [['chunk', 'chunk'], ['mtPriority', 'mt_priority'], ['holdFor', 'hold_for']]) {
    const problem = thrown(() => planOf({ ...SERVER, [name]: ' 12 bytes' }))
    assert.equal(problem.field, field)
    assert.match(problem.message, /12 bytes/)
    assert.equal(thrown(() => planOf({ ...SERVER, [name]: '1.5' })).field, field)
  }
  assert.equal(planOf({ ...SERVER, mtPriority: '-9' }).mt_priority, -9)
})

test('a message that is to come from a file needs one', () => {
  assert.equal(thrown(() => toSetup({ ...SERVER, messageKind: 'file' }, null)).field, 'file')
  const bytes = new Uint8Array([0x46, 0xff])
  const { setup, messageBytes } = toSetup({ ...SERVER, messageKind: 'file' }, { name: 'a.eml', bytes })
  assert.equal(messageBytes, bytes)
  assert.equal('message' in setup, false)
})

test('nothing that is stored can hold a secret', () => {
  // The settings are what is stored; secrets are given beside them.
  const setup = JSON.stringify(toSetup({ ...SERVER, signInWith: 'password', user: 'me' }, null, SECRETS).setup)
  for (const secret of ['relay-token', 'hunter2', 'PRIVATE KEY']) assert.ok(setup.includes(secret), secret)
  assert.deepEqual(Object.keys(SECRETS).filter((name) => name in DEFAULTS), [])
})

test('a practice server inside the page gets no token, no host and no certificate', () => {
  const { setup } = toSetup({ ...SERVER, mode: 'practice', security: 'tls' }, null, SECRETS)
  assert.equal(setup.practice, 'accepts-all')
  for (const name of ['host', 'token', 'tls_client', 'security']) assert.equal(name in setup, false, name)
})

test('a practice server behind the relay is a target, and gets the token', () => {
  const { setup } = toSetup({ ...SERVER, mode: 'practice', practiceVia: 'relay', practice: 'slow' }, null, SECRETS)
  assert.equal(setup.target, 'practice/slow')
  assert.equal(setup.token, 'relay-token')
  assert.equal('practice' in setup, false)
})

test('a secret that a reload has forgotten is asked for at its field', () => {
  assert.equal(thrown(() => signInOf({ ...SERVER, signInWith: 'password' }, NONE)).field, 'password')
  assert.equal(thrown(() => signInOf({ ...SERVER, signInWith: 'token' }, NONE)).field, 'access_token')
  assert.equal(signInOf(SERVER, NONE), null)
})

test('a sign-in sends the secret that was chosen, and no other', () => {
  const password = signInOf({ ...SERVER, signInWith: 'password', user: ' me ' }, SECRETS)
  assert.deepEqual([password.user, password.password, 'token' in password], ['me', 'hunter2', false])
  const token = signInOf({ ...SERVER, signInWith: 'token' }, SECRETS)
  assert.deepEqual([token.token, 'password' in token], ['ya29.x', false])
  const nothing = signInOf({ ...SERVER, signInWith: 'nothing', mechanism: 'EXTERNAL' }, SECRETS)
  assert.deepEqual(['token' in nothing, 'password' in nothing, nothing.mechanism], [false, false, 'EXTERNAL'])
})

test('passwords are prepared for SCRAM, and go out as typed for mechanisms that do not ask for it', () => {
  const secrets = { ...NONE, password: 'pa\u00adss\uff11' }
  const by = (mechanism) => signInOf({ ...SERVER, signInWith: 'password', mechanism }, secrets).password
  assert.equal(by('SCRAM-SHA-256'), 'pass1')
  assert.equal(by(''), 'pass1')
  assert.equal(by('LOGIN'), 'pa\u00adss\uff11')
})

test('what is no longer chosen is taken back in mid-conversation', () => {
  const change = planChange({ ...SERVER, envid: 'id-1' }, NONE)
  assert.equal(change.envid, 'id-1')
  for (const name of ['ret', 'notify', 'chunking', 'chunk', 'force', 'xclient']) assert.equal(change[name], null, name)
})

test('NEVER stands alone among the reports', () => {
  assert.deepEqual(planOf({ ...SERVER, notifyNever: true, notifySuccess: true }).notify, ['never'])
  assert.deepEqual(planOf({ ...SERVER, notifySuccess: true, notifyDelay: true }).notify, ['success', 'delay'])
  assert.equal('notify' in planOf(SERVER), false)
})

test('a host may be pasted with spaces or with brackets, and letters beyond ASCII become what the DNS wants', () => {
  assert.equal(bareHost('  mx.example.com '), 'mx.example.com')
  assert.equal(bareHost('[2001:db8::1]'), '2001:db8::1')
  assert.equal(bareHost('bücher.example'), 'xn--bcher-kva.example')
})

test('letters that no host name can have are an error at the field that was asked about', () => {
  const problem = thrown(() => bareHost('ü ü', 'tls_check_name'))
  assert.equal(problem.field, 'tls_check_name')
  assert.match(problem.message, /ü ü/)
})

const PRESETS = [
  { id: 'mailbox', until: 'dot', subject: 'Test', body: 'Hello\n', from_local: null },
  { id: 'list', until: 'rcpt', subject: 'To the list', body: '', from_local: 'postmaster' },
]

test('a preset fills in what nobody has typed, and keeps what somebody has', () => {
  const first = withPreset({ ...DEFAULTS }, PRESETS[0], PRESETS)
  assert.deepEqual([first.subject, first.preset, first.until], ['Test', 'mailbox', 'dot'])
  assert.equal(withPreset(first, PRESETS[1], PRESETS).subject, 'To the list')
  assert.equal(withPreset({ ...first, subject: 'Mine' }, PRESETS[1], PRESETS).subject, 'Mine')
})

test('a preset names a sender in the domain of the recipient, unless there is one', () => {
  assert.equal(withPreset({ ...DEFAULTS, to: 'a@b.example' }, PRESETS[1], PRESETS).from, 'postmaster@b.example')
  assert.equal(withPreset({ ...DEFAULTS, to: 'a@b.example', from: 'me@x.example' }, PRESETS[1], PRESETS).from, 'me@x.example')
})
