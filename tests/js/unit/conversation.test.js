import assert from 'node:assert/strict'
import { beforeEach, test } from 'node:test'

import { page, thrown } from './support/page.js'

const { CoreMissing, fail, faults, loadCore, readProblem } = await page('core')
const { Conversation, forCore } = await page('conversation')
const { SavedConversation } = await page('saved')
const { toEnd } = await page('run')

const SIGN_IN = { state: 'none', mechanism: null, proved: null, error: null, cancelled: null, withheld: null, best: 'PLAIN', mechanisms: [] }

/** Stands for the core: says what the test tells it to say. */
class FakeCore {
  static last = null
  probing = false
  acted = []
  news = { view: { turn: 'connecting', settled: 0, sign_in: SIGN_IN, tls: null, protection: {} }, from: 0, entries: [] }

  constructor(setup, message, relay, onchange) {
    if (setup.includes('"port":0')) throw JSON.stringify({ field: 'port', message: 'a port is a number' })
    Object.assign(this, { setup: JSON.parse(setup), message, relay, onchange })
    FakeCore.last = this
  }

  /** Something has happened. */
  tell(view, from, entries) {
    this.news = { view, from, entries }
    this.onchange()
  }

  changes() {
    return JSON.stringify(this.news)
  }

  start() {}

  stop() {}

  act(action) {
    const { do: what } = JSON.parse(action)
    if (what === 'odd') throw JSON.stringify({ field: 'do', message: 'there is no such step' })
    if (what === 'break') throw new WebAssembly.RuntimeError('unreachable')
    this.acted.push(what)
  }

  is_secret() {
    if (this.broken) throw new WebAssembly.RuntimeError('unreachable')
    return false
  }

  export() {
    if (this.broken) throw new WebAssembly.RuntimeError('unreachable')
    return 'S: 220 x\n'
  }

  result() {
    return JSON.stringify({ outcome: 'accepted', sentence: 'Accepted.' })
  }
}

const CORE = { Conversation: FakeCore }
const RELAY = { relay: 'ws://relay.example/relay' }
const entry = (id) => ({ id, text: `entry ${id}` })

let changes
// Milliseconds on the page's clock, which goes on only when a test says so.
let clock = 0
Object.defineProperty(globalThis, 'performance', { value: { now: () => clock } })

function begun(setup = { host: 'mx.example.com' }, around = RELAY) {
  const conversation = new Conversation(CORE, setup, around)
  conversation.addEventListener('change', () => (changes += 1))
  return [conversation, FakeCore.last]
}

// A core that breaks is told to the console as well.
console.error = () => {}

beforeEach(() => {
  changes = 0
})

test('a change keeps what has not changed, and replaces entries from where they differ', () => {
  const [conversation, core] = begun()
  core.tell({ turn: 'server' }, 0, [entry(0), entry(1)])
  const first = conversation.entries[0]
  core.tell({ settled: 1 }, 1, [{ id: 1, text: 'whole' }, entry(2)])
  assert.equal(conversation.view.turn, 'server')
  assert.equal(conversation.view.settled, 1)
  assert.deepEqual(conversation.entries.map(({ text }) => text), ['entry 0', 'whole', 'entry 2'])
  assert.equal(conversation.entries[0], first)
  assert.equal(changes, 2)
})

test('who is told of a change and takes a step is told of what came of it, after all others', () => {
  const [conversation, core] = begun()
  const order = []
  conversation.addEventListener('change', () => {
    order.push(`first ${conversation.view.turn}`)
    if (conversation.view.turn === 'you') core.tell({ turn: 'server' }, 0, [])
  })
  conversation.addEventListener('change', () => order.push(`second ${conversation.view.turn}`))
  core.tell({ turn: 'you' }, 0, [])
  assert.deepEqual(order, ['first you', 'second you', 'first server', 'second server'])
})

test('when changes are dear the next one waits, and a step of the person does not', () => {
  const [conversation, core] = begun()
  conversation.addEventListener('change', () => (clock += 50))
  core.tell({ turn: 'server' }, 0, [])
  core.tell({ turn: 'you' }, 0, [])
  assert.deepEqual([changes, conversation.view.turn], [1, 'server'])
  conversation.act({ do: 'next' })
  assert.deepEqual([changes, conversation.view.turn], [2, 'you'])
})

test('a setup that makes no sense is told with its field', () => {
  assert.deepEqual(thrown(() => begun({ port: 0 })), { field: 'port', message: 'a port is a number' })
})

test('a practice server gets no relay', () => {
  const [conversation, core] = begun({ practice: 'slow' })
  assert.deepEqual([conversation.relay, core.relay, core.setup.same_origin], [null, '', false])
})

test('a step that makes no sense is told, and the conversation goes on', () => {
  const [conversation, core] = begun()
  assert.deepEqual(thrown(() => conversation.act({ do: 'odd' })), { field: 'do', message: 'there is no such step' })
  conversation.act({ do: 'next' })
  assert.deepEqual([core.acted, conversation.fault], [['next'], null])
})

test('a step after the end does nothing, and is no error', () => {
  const [conversation, core] = begun()
  core.tell({ turn: 'over' }, 0, [])
  conversation.act({ do: 'next' })
  assert.deepEqual(core.acted, [])
})

test('a core that breaks is told at once and once, and what is secret stays secret then', () => {
  const [conversation, core] = begun()
  conversation.start()
  let told = 0
  conversation.addEventListener('fault', () => (told += 1))
  conversation.act({ do: 'break' })
  assert.ok(conversation.fault instanceof WebAssembly.RuntimeError)
  assert.deepEqual([told, conversation.over], [1, true])
  core.broken = true
  assert.equal(conversation.isSecret('AUTH PLAIN'), true)
  assert.equal(conversation.exportAs('talk'), '')
  conversation.act({ do: 'next' })
  assert.deepEqual([told, core.acted], [1, []])
})

test('when the core breaks in one conversation, every other that goes on is told as well', () => {
  const [one] = begun()
  const [two] = begun()
  one.start()
  two.start()
  one.act({ do: 'break' })
  assert.equal(two.fault, one.fault)
})

test('a conversation that is over does not mind what becomes of the core', () => {
  const [conversation, core] = begun()
  conversation.start()
  core.tell({ turn: 'over' }, 0, [])
  fail(new Error('another'))
  assert.equal(conversation.fault, null)
})

test('run() tells each entry once when it is complete, and resolves with the result at the end', async () => {
  const [conversation, core] = begun()
  const seen = []
  const result = toEnd(conversation, { onentry: ({ id }) => seen.push(id), onchange: (view) => (view.turn = 'changed by the page') })
  core.tell({ turn: 'server', settled: 1 }, 0, [entry(0), entry(1)])
  assert.deepEqual(seen, [0])
  assert.equal(conversation.view.turn, 'server')
  core.tell({ turn: 'over', settled: 1 }, 2, [])
  assert.deepEqual(seen, [0, 1])
  const { outcome, sign_in } = await result
  assert.equal(outcome, 'accepted')
  assert.deepEqual(Object.keys(sign_in).sort(), ['cancelled', 'error', 'mechanism', 'proved', 'state', 'withheld'])
  assert.deepEqual(core.acted, ['run'])
})

test('run() rejects with the reason of its signal, and hangs up', async () => {
  const [conversation, core] = begun()
  const abort = new AbortController()
  const result = toEnd(conversation, { signal: abort.signal })
  abort.abort(new Error('too slow'))
  await assert.rejects(result, /too slow/)
  assert.deepEqual(core.acted, ['run', 'hangup'])
})

test('run() rejects where the core breaks', async () => {
  const [conversation] = begun()
  const result = toEnd(conversation, {})
  fail(new Error('unreachable'))
  await assert.rejects(result, /unreachable/)
})

test('a saved conversation that cannot be read is told with its line, and one that can takes no step', () => {
  class Reading {
    constructor(talk) {
      if (talk === 'bad') throw JSON.stringify({ line: 3, message: 'is not a line of a talk' })
    }

    view() {
      return '{"turn":"over"}'
    }

    entries() {
      return '[]'
    }
  }
  assert.equal(thrown(() => new SavedConversation({ Reading }, 'bad')).line, 3)
  const saved = new SavedConversation({ Reading }, 'S: 220 x\n')
  saved.act({ do: 'next' })
  assert.deepEqual([saved.view.turn, saved.isSecret('x'), saved.lint('x')], ['over', true, []])
})

test('a core that does not load is told with what to do, and is tried again', async () => {
  const first = loadCore()
  await assert.rejects(first, (error) => error instanceof CoreMissing && error.advice.length > 0 && error.cause instanceof Error)
  assert.notEqual(loadCore(), first)
  await assert.rejects(loadCore())
})

test('a Content-Security-Policy that forbids WebAssembly is named', () => {
  const blocked = new CoreMissing(new Error("Refused to compile: 'wasm-unsafe-eval' is not an allowed source"))
  assert.match(blocked.advice[0], /Content-Security-Policy.*'wasm-unsafe-eval'/)
})

test('what the core throws is read, and anything else is a message', () => {
  assert.deepEqual(readProblem('{"field":"host","message":"name it"}'), { field: 'host', message: 'name it' })
  assert.deepEqual(readProblem('{"field":"host"}'), { message: '{"field":"host"}' })
  assert.deepEqual(readProblem(new Error('plain')), { message: 'plain' })
  assert.equal(faults instanceof EventTarget, true)
})

test('half of a surrogate pair is sent as a replacement character, and whole pairs as they are', () => {
  const told = JSON.parse(forCore({ do: 'send', line: 'x\ud83dy \ud83d\ude00 \ude00', deep: [{ from: '\ud800@x' }], size: 3 }))
  assert.deepEqual(told, { do: 'send', line: 'x\ufffdy \ud83d\ude00 \ufffd', deep: [{ from: '\ufffd@x' }], size: 3 })
})
