/**
 * A whole conversation as one call: options in, a promise of plain data out. Needs no element.
 * @module
 */

import { loadCore, loadPractice } from './core.js'
import { Conversation } from './conversation.js'
import { relayAddress } from './relay.js'
import { bareHost } from './settings.js'

const SECURITY = ['none', 'starttls', 'starttls-if-offered', 'tls']
const UNTIL = ['connect', 'hello', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'dot']
const OWN = new Set(['relay', 'signal', 'onentry', 'onchange'])
const FOR_CORE = {
  host: isText, port: isPort, target: isText, practice: isText, family: oneOf(['4', '6']), token: isText, security: oneOf(SECURITY),
  hello: isText, hello_verb: oneOf(['EHLO', 'HELO']), from: isText, to: isTexts, message: isMessage, until: oneOf(UNTIL),
  size: isFlag, eight_bit: isFlag, smtputf8: isFlag, pipelining: isFlag,
}

/**
 * Holds a whole conversation, and resolves when the connection has ended, however it ended: a refusal is a result.
 *
 * @param {RunOptions} options
 * @returns {Promise<RunResult>}
 * @throws {TypeError} (as a rejection) an option makes no sense; the message names it
 * @throws {CoreMissing} (as a rejection) the WebAssembly did not load
 *
 * @typedef {object} RunOptions
 * @property {string} [host] host name or IP address of the mail server; or else `target` or `practice`
 * @property {number} [port] 25 unless given
 * @property {string} [target] a target that the relay's operator has named
 * @property {string} [practice] a personality of the practice server inside the page
 * @property {string} [relay] the relay's address; where the script came from unless given
 * @property {string} [token] for a relay that wants one
 * @property {'none'|'starttls'|'starttls-if-offered'|'tls'} [security] only `none` in this version
 * @property {string} [hello] the name to say after EHLO
 * @property {string} [from] the sender; empty for the null sender
 * @property {string[]} [to] the recipients
 * @property {string | Uint8Array | {subject?: string, body?: string, headers?: [string, string][]}} [message] text: a line feed goes out as CR LF; bytes: as they are
 * @property {'connect'|'hello'|'starttls'|'auth'|'mail'|'rcpt'|'data'|'dot'} [until] the last step before QUIT
 * @property {AbortSignal} [signal] hangs up, and rejects with the signal's reason
 * @property {(entry: object) => void} [onentry] called with each entry of the transcript when it is complete
 * @property {(view: object) => void} [onchange] called with the view after each change
 *
 * @typedef {object} RunResult
 * @property {'accepted'|'partly'|'refused'|'stopped'|'not-sent'|'unreachable'|'failed'|'unknown'} outcome
 * @property {{kind: string, by: string, sentence: string, advice: string[]}} ending
 * @property {{at: number, side: 'client'|'server'|'relay', text: string}[]} transcript
 * @property {object[]} replies
 * @property {object[]} findings
 * @property {string} talk the conversation in the talk format
 */
export async function run(options = {}) {
  const { setup, around } = readOptions(options)
  const conversation = await makeConversation(setup, around)
  options.signal?.throwIfAborted()
  return toEnd(conversation, options)
}

/** Makes the conversation, loading first what it needs; the core's complaints about the setup become TypeErrors. */
export async function makeConversation(setup, around) {
  const [core] = await Promise.all([loadCore(), setup.practice && loadPractice()])
  try {
    return new Conversation(core, setup, around)
  } catch (problem) {
    throw problem?.message && !(problem instanceof Error) ? new TypeError(problem.field ? `${problem.field}: ${problem.message}` : problem.message) : problem
  }
}

/** Runs a conversation to its end by itself. */
export function toEnd(conversation, { signal, onentry, onchange } = {}) {
  return new Promise((resolve, reject) => {
    let told = 0
    const abort = () => {
      reject(signal.reason)
      conversation.act({ do: 'hangup' })
    }
    const look = () => {
      const { view, entries } = conversation
      const end = view.turn === 'over' && !conversation.probing
      for (const upto = end ? entries.length : view.settled; told < upto; told += 1) onentry?.(structuredClone(entries[told]))
      onchange?.(structuredClone(view))
      if (!end) return
      conversation.removeEventListener('change', look)
      signal?.removeEventListener('abort', abort)
      conversation.whole().then(() => resolve(conversation.result()))
    }
    conversation.addEventListener('change', look)
    conversation.addEventListener('fault', ({ detail }) => reject(detail))
    signal?.addEventListener('abort', abort)
    conversation.start()
    conversation.act({ do: 'run' })
  })
}

/**
 * Sorts and checks options.
 * @throws {TypeError} naming the option that makes no sense
 */
export function readOptions(options) {
  const setup = { attended: false }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || OWN.has(name)) continue
    if (!Object.hasOwn(FOR_CORE, name)) throw new TypeError(`${name}: there is no such option`)
    const wrong = FOR_CORE[name](value)
    if (wrong) throw new TypeError(`${name}: ${wrong}`)
    if (!(value instanceof Uint8Array)) setup[name] = value
  }
  const named = ['host', 'target', 'practice'].filter((name) => setup[name])
  if (named.length !== 1) throw new TypeError(named.length === 0 ? 'host: name a host, a target or a practice server' : `${named[1]}: there is a ${named[0]} already`)
  if (setup.host) setup.host = hostOption(setup.host)
  for (const name of ['onentry', 'onchange']) {
    if (options[name] !== undefined && typeof options[name] !== 'function') throw new TypeError(`${name}: must be a function`)
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) throw new TypeError('signal: must be an AbortSignal')
  return { setup, around: { relay: relayOption(options.relay), messageBytes: options.message instanceof Uint8Array ? options.message : null } }
}

function hostOption(host) {
  try {
    return bareHost(host)
  } catch (problem) {
    throw new TypeError(`host: ${problem.message}`)
  }
}

function relayOption(relay) {
  if (relay !== undefined && typeof relay !== 'string') throw new TypeError('relay: must be text')
  try {
    return relayAddress(relay ?? '')
  } catch (problem) {
    throw new TypeError(`relay: ${problem.message}`)
  }
}

function isText(value) {
  return typeof value === 'string' ? null : 'must be text'
}

function isTexts(value) {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? null : 'must be an array of addresses'
}

function isPort(value) {
  return Number.isInteger(value) && value > 0 && value < 65536 ? null : 'must be a whole number from 1 to 65535'
}

function isFlag(value) {
  return typeof value === 'boolean' ? null : 'must be true or false'
}

function isMessage(value) {
  return typeof value === 'string' || value instanceof Uint8Array || (value !== null && typeof value === 'object' && !Array.isArray(value)) ? null : 'must be text, bytes (a Uint8Array), or {subject, body, headers}'
}

function oneOf(words) {
  return (value) => (words.includes(value) ? null : `must be one of ${words.join(', ')}`)
}
