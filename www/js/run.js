/**
 * A whole conversation as one call: options in, a promise of plain data out. Needs no element.
 * @module
 */

import { loadCore } from './core.js'
import { Conversation } from './conversation.js'
import { relayAddress } from './relay.js'
import { bareHost, prepared } from './settings.js'

/** @import { Setup } from './settings.js' */
/** @import { Result, RunOptions, Talk } from './types.d.ts' */

/**
 * Says what is wrong with a value, or nothing.
 * @typedef {(value: unknown) => string | null} Check
 */

const SECURITY = ['none', 'starttls', 'starttls-if-offered', 'tls']
const UNTIL = ['connect', 'hello', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'dot']
const OWN = new Set(['relay', 'signal', 'onentry', 'onchange'])
/** @type {Check} */
const isWhole = (value) => (Number.isInteger(value) ? null : 'must be a whole number')
/** @type {Record<string, Check>} */
const FOR_CORE = {
  host: isText, port: isPort, target: isText, practice: isText, family: oneOf(['4', '6']), token: isText, security: oneOf(SECURITY),
  allowCredentials: isFlag,
  hello: isText, hello_verb: oneOf(['EHLO', 'HELO']), from: isText, to: isTexts, message: isMessage, until: oneOf(UNTIL),
  size: isFlag, eight_bit: isFlag, smtputf8: isFlag, pipelining: isFlag,
  protocol: oneOf(['smtp', 'lmtp']), proxy_header: isObject,
  // What these mean, and where each stands, is the core's to say and to check.
  ret: isText, envid: isText, notify: isTexts, orcpt: isFlagOrText, body: isText, chunking: isFlag, chunk: isWhole, requiretls: isFlag, deliver_by: isText,
  mt_priority: isWhole, hold_for: isWhole, hold_until: isText, mail_params: isText, rcpt_params: isText, force: (value) => isFlag(value) && isTexts(value),
  xclient: isText, etrn: isText,
}
/**
 * Options in groups: the core's name for each.
 * @type {Record<string, Record<string, [field: string, check: Check]>>}
 */
const GROUPS = {
  tls: {
    serverName: ['tls_server_name', isText], checkName: ['tls_check_name', isText], versions: ['tls_versions', oneOf(['both', '1.2', '1.3'])],
    authorities: ['tls_authorities', isText], client: ['tls_client', isText],
  },
  signIn: {
    mechanism: ['mechanism', isText], user: ['user', isText], password: ['password', isText], token: ['token', isText],
    authorizationId: ['authorization_id', isText], initialResponse: ['initial_response', isFlag], bindToCertificate: ['bind_to_certificate', isFlag],
  },
}

/**
 * Holds a whole conversation, and resolves when the connection has ended, however it ended: a refusal is a result.
 *
 * @param {RunOptions} options
 * @returns {Promise<Result>}
 * @throws {TypeError} (as a rejection) an option makes no sense; the message names it
 * @throws {import('./core.js').CoreMissing} (as a rejection) the WebAssembly did not load
 */
export async function run(options = {}) {
  const { setup, around } = readOptions(options)
  const conversation = await makeConversation(setup, around)
  options.signal?.throwIfAborted()
  return toEnd(conversation, options)
}

/**
 * Makes the conversation, loading first what it needs; the core's complaints about the setup become TypeErrors.
 * @param {Setup} setup
 * @param {{relay?: string, messageBytes?: Uint8Array | null}} around
 */
export async function makeConversation(setup, around) {
  const core = await loadCore()
  try {
    return new Conversation(core, setup, around)
  } catch (problem) {
    throw problem?.message && !(problem instanceof Error) ? new TypeError(problem.field ? `${problem.field}: ${problem.message}` : problem.message) : problem
  }
}

/**
 * Runs a conversation to its end by itself.
 * @param {Talk} conversation
 * @param {Pick<RunOptions, 'signal' | 'onentry' | 'onchange'>} options
 * @returns {Promise<Result>}
 */
export function toEnd(conversation, { signal, onentry, onchange }) {
  return new Promise((resolve, reject) => {
    let told = 0
    const abort = () => {
      reject(signal?.reason)
      conversation.act({ do: 'hangup' })
    }
    const look = () => {
      const { view, entries, ended } = conversation
      for (const upto = ended ? entries.length : view.settled; told < upto; told += 1) tell(onentry, structuredClone(entries[told]))
      tell(onchange, structuredClone(view))
      if (!ended) return
      conversation.removeEventListener('change', look)
      signal?.removeEventListener('abort', abort)
      const result = conversation.result()
      if (result) resolve(result)
    }
    conversation.addEventListener('change', look)
    conversation.addEventListener('fault', () => reject(conversation.fault))
    signal?.addEventListener('abort', abort)
    conversation.start?.()
    conversation.act({ do: 'run' })
  })
}

/**
 * Tells a caller; what goes wrong there is reported like any error of a page, and the conversation goes on.
 * @template Told
 * @param {((told: Told) => void) | undefined} caller
 * @param {Told} told
 */
function tell(caller, told) {
  try {
    caller?.(told)
  } catch (error) {
    reportError(error)
  }
}

/**
 * Sorts and checks options.
 * @param {RunOptions | Record<string, unknown>} options
 * @throws {TypeError} naming the option that makes no sense
 */
export function readOptions(options) {
  const wrong = isObject(options)
  if (wrong) throw new TypeError(`The options ${wrong}.`)
  /** @type {Setup} */
  const setup = { attended: false }
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined || OWN.has(name)) continue
    if (Object.hasOwn(GROUPS, name)) {
      const group = readGroup(name, value)
      if (name === 'tls') Object.assign(setup, group)
      else setup.sign_in = forSasl(group)
      continue
    }
    if (!Object.hasOwn(FOR_CORE, name)) throw new TypeError(`${name}: there is no such option`)
    const wrong = FOR_CORE[name](value)
    if (wrong) throw new TypeError(`${name}: ${wrong}`)
    if (name === 'allowCredentials') setup.allow_credentials = value
    else if (!(value instanceof Uint8Array)) setup[name] = value
  }
  const named = ['host', 'target', 'practice'].filter((name) => setup[name])
  if (named.length !== 1) throw new TypeError(named.length === 0 ? 'host: name a host, a target or a practice server' : `${named[1]}: there is a ${named[0]} already`)
  if (setup.host) setup.host = hostOption(setup.host)
  for (const name of /** @type {const} */ (['onentry', 'onchange'])) {
    if (options[name] !== undefined && typeof options[name] !== 'function') throw new TypeError(`${name}: must be a function`)
  }
  if (options.signal !== undefined && !(options.signal instanceof AbortSignal)) throw new TypeError('signal: must be an AbortSignal')
  return { setup, around: { relay: relayOption(options.relay), messageBytes: options.message instanceof Uint8Array ? options.message : null } }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function readGroup(name, value) {
  const wrong = isObject(value)
  if (wrong) throw new TypeError(`${name}: ${wrong}`)
  /** @type {Record<string, unknown>} */
  const group = {}
  for (const [key, one] of Object.entries(Object(value))) {
    if (one === undefined) continue
    if (!Object.hasOwn(GROUPS[name], key)) throw new TypeError(`${name}.${key}: there is no such option`)
    const [field, check] = GROUPS[name][key]
    const problem = check(one)
    if (problem) throw new TypeError(`${name}.${key}: ${problem}`)
    group[field] = one
  }
  return group
}

/** @param {Record<string, unknown>} group */
function forSasl(group) {
  const wanted = String(group.mechanism ?? '').toUpperCase()
  if (wanted && !wanted.startsWith('SCRAM')) return group
  for (const field of ['user', 'password']) if (group[field]) group[field] = prepared(String(group[field]))
  return group
}

/** @param {string} host */
function hostOption(host) {
  try {
    return bareHost(host)
  } catch (problem) {
    throw new TypeError(`host: ${problem.message}`)
  }
}

/** @param {unknown} relay */
function relayOption(relay) {
  if (relay !== undefined && typeof relay !== 'string') throw new TypeError('relay: must be text')
  try {
    return relayAddress(relay ?? '')
  } catch (problem) {
    throw new TypeError(`relay: ${problem.message}`)
  }
}

/** @type {Check} */
function isText(value) {
  return typeof value === 'string' ? null : 'must be text'
}

/** @type {Check} */
function isTexts(value) {
  return Array.isArray(value) && value.every((one) => typeof one === 'string') ? null : 'must be an array of texts'
}

/** @type {Check} */
function isPort(value) {
  return Number.isInteger(value) && Number(value) > 0 && Number(value) < 65536 ? null : 'must be a whole number from 1 to 65535'
}

/** @type {Check} */
function isFlag(value) {
  return typeof value === 'boolean' ? null : 'must be true or false'
}

/** @type {Check} */
function isFlagOrText(value) {
  return typeof value === 'boolean' || typeof value === 'string' ? null : 'must be true, false or text'
}

/** @type {Check} */
function isObject(value) {
  return value !== null && typeof value === 'object' && !Array.isArray(value) ? null : 'must be an object'
}

/** @type {Check} */
function isMessage(value) {
  return typeof value === 'string' || value instanceof Uint8Array || (value !== null && typeof value === 'object' && !Array.isArray(value)) ? null : 'must be text, bytes (a Uint8Array), or {subject, body, headers}'
}

/**
 * @param {string[]} words
 * @returns {Check}
 */
function oneOf(words) {
  return (value) => (typeof value === 'string' && words.includes(value) ? null : `must be one of ${words.join(', ')}`)
}
