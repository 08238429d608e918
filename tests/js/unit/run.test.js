import assert from 'node:assert/strict'
import { test } from 'node:test'

import { page, thrown } from './support/page.js'

const { readOptions, toEnd } = await page('run')

globalThis.location = { protocol: 'http:' }

const HOST = { host: 'mx.example.com' }

/** Reads options that make no sense, and returns the words of the error. */
function refused(options) {
  const problem = thrown(() => readOptions(options))
  assert.ok(problem instanceof TypeError, String(problem))
  return problem.message
}

test('an option that makes no sense is named', () => {
  assert.match(refused({ ...HOST, hots: 'x' }), /^hots: there is no such option/)
  assert.match(refused({ ...HOST, port: '25' }), /^port: /)
  assert.match(refused({ ...HOST, port: 0 }), /^port: /)
  assert.match(refused({ ...HOST, to: 'a@b.example' }), /^to: /)
  assert.match(refused({ ...HOST, security: 'ssl' }), /^security: must be one of none, /)
  assert.match(refused({ ...HOST, until: 'quit' }), /^until: /)
  assert.match(refused({ ...HOST, onentry: 'log' }), /^onentry: /)
  assert.match(refused({ ...HOST, signal: {} }), /^signal: /)
  assert.match(refused({ ...HOST, relay: 'ftp://x' }), /^relay: /)
  assert.match(refused({ ...HOST, force: 'all' }), /^force: /)
  assert.match(refused({ ...HOST, message: null }), /^message: /)
})

test('what is no object of options is told so', () => {
  for (const options of [null, 'mx.example.com', ['mx.example.com']]) {
    assert.equal(thrown(() => readOptions(options)).message, 'The options must be an object.')
  }
})

test('a function of the caller that throws is reported, each time, and the run comes to its end', async () => {
  const reported = []
  globalThis.reportError = (error) => reported.push(error.message)
  const talk = Object.assign(new EventTarget(), {
    view: { settled: 1 }, entries: [{ id: 0 }, { id: 1 }], ended: false, result: () => 'done',
    act() {
      this.dispatchEvent(new Event('change'))
      this.ended = true
      this.dispatchEvent(new Event('change'))
    },
  })
  const fails = (what) => () => {
    throw new Error(what)
  }
  assert.equal(await toEnd(talk, { onentry: fails('entry'), onchange: fails('change') }), 'done')
  assert.deepEqual(reported, ['entry', 'change', 'entry', 'change'])
})

test('an option in a group is named with its group', () => {
  assert.match(refused({ ...HOST, tls: { sni: 'x' } }), /^tls\.sni: there is no such option/)
  assert.match(refused({ ...HOST, signIn: { password: 1 } }), /^signIn\.password: /)
  assert.match(refused({ ...HOST, signIn: 'me' }), /^signIn: /)
})

test('names that every object has are no options', () => {
  assert.match(refused({ ...HOST, toString: 'x' }), /^toString: there is no such option/)
  assert.match(refused({ ...HOST, constructor: 'x' }), /^constructor: there is no such option/)
})

test('exactly one server is named', () => {
  assert.match(refused({}), /^host: name a host/)
  assert.match(refused({ ...HOST, practice: 'slow' }), /^practice: there is a host already/)
  assert.match(refused({ target: 'practice/slow', practice: 'slow' }), /^practice: there is a target already/)
})

test('a host that cannot be one is named', () => {
  assert.match(refused({ host: 'ü ü' }), /^host: /)
})

test('an option that is undefined is as if it were not given', () => {
  const { setup } = readOptions({ ...HOST, port: undefined, tls: { versions: undefined }, signIn: undefined })
  assert.deepEqual(setup, { attended: false, host: 'mx.example.com' })
})

test('bytes of a message go their own way, and a text or parts go with the setup', () => {
  const bytes = new Uint8Array([0xff])
  const given = readOptions({ ...HOST, message: bytes })
  assert.equal(given.around.messageBytes, bytes)
  assert.equal('message' in given.setup, false)
  const text = readOptions({ ...HOST, message: 'Subject: x\n\n' })
  assert.deepEqual([text.setup.message, text.around.messageBytes], ['Subject: x\n\n', null])
})

test('groups become the core’s own names', () => {
  const { setup } = readOptions({ ...HOST, tls: { serverName: '', versions: '1.3' }, signIn: { user: 'me', initialResponse: false }, allowCredentials: true })
  assert.deepEqual(setup, {
    attended: false, host: 'mx.example.com', tls_server_name: '', tls_versions: '1.3', sign_in: { user: 'me', initial_response: false }, allow_credentials: true,
  })
})

test('user and password are prepared where the best mechanism may be a SCRAM, and left alone for others', () => {
  const signIn = (mechanism) => readOptions({ ...HOST, signIn: { mechanism, user: 'm\u00ade', password: '\uff11' } }).setup.sign_in
  assert.deepEqual([signIn().user, signIn().password], ['me', '1'])
  assert.equal(signIn('scram-sha-1').password, '1')
  assert.deepEqual([signIn('PLAIN').user, signIn('PLAIN').password], ['m\u00ade', '\uff11'])
})
