import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { page, thrown } from './support/page.js'

const { aboutRelay, relayAddress } = await page('relay')

const ABOUT = { type: 'about', version: '1', profile: 'personal', ports: [25], hosts: true, targets: [], token: false, admitted: true, page_hash: null }

let sockets

class FakeSocket extends EventTarget {
  constructor(url, protocol) {
    super()
    Object.assign(this, { url, protocol, sent: [], closed: false })
    sockets.push(this)
  }

  send(text) {
    this.sent.push(text)
  }

  close() {
    this.closed = true
  }

  say(data) {
    this.dispatchEvent(Object.assign(new Event('message'), { data }))
  }
}

beforeEach(() => {
  sockets = []
  globalThis.WebSocket = FakeSocket
  globalThis.location = { protocol: 'http:' }
})

test('a relay may be written without scheme and path, or with http', () => {
  assert.equal(relayAddress('relay.example:2580'), 'ws://relay.example:2580/relay')
  assert.equal(relayAddress(' https://relay.example '), 'wss://relay.example/relay')
  assert.equal(relayAddress('wss://relay.example/other#part'), 'wss://relay.example/other')
})

test('on an https page a relay without a scheme is asked over TLS', () => {
  globalThis.location = { protocol: 'https:' }
  assert.equal(relayAddress('relay.example'), 'wss://relay.example/relay')
})

test('what is not an address of a relay is an error at its field, and shows a right one', () => {
  for (const text of ['ftp://relay.example', 'ws://', 'a b']) {
    const problem = thrown(() => relayAddress(text))
    assert.equal(problem.field, 'relay', text)
    assert.match(problem.message, /wss:\/\/relay\.example\.com\/relay/)
  }
})

test('the token goes to the relay in a message, never in its address', async () => {
  const told = aboutRelay('ws://relay.example/relay', 'secret-token')
  const [socket] = sockets
  socket.dispatchEvent(new Event('open'))
  socket.say(JSON.stringify(ABOUT))
  assert.equal((await told).version, '1')
  assert.equal(socket.url.includes('secret-token'), false)
  assert.equal(socket.protocol, 'ehlo.relay.v1')
  assert.deepEqual(JSON.parse(socket.sent[0]), { type: 'about', token: 'secret-token' })
  assert.equal(socket.closed, true)
})

test('a relay that says something else, or nothing, counts as none', async () => {
  for (const answer of ['{', '{"type":"about"}', 'null', JSON.stringify({ ...ABOUT, type: 'refused' })]) {
    const told = aboutRelay('ws://relay.example/relay')
    sockets.at(-1).say(answer)
    assert.equal(await told, null, answer)
  }
  const closed = aboutRelay('ws://relay.example/relay')
  sockets.at(-1).dispatchEvent(new Event('close'))
  assert.equal(await closed, null)
})

test('an address that the browser does not even try counts as no relay', async () => {
  globalThis.WebSocket = class {
    constructor() {
      throw new Error('insecure')
    }
  }
  assert.equal(await aboutRelay('ws://relay.example/relay'), null)
})
