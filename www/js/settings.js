/**
 * What a person can set before a conversation, as plain data, and how it becomes the core's setup.
 * @module
 */

/** @import { Preset } from './catalog.js' */
/** @import { Message } from './types.d.ts' */

/**
 * What the fields of the form hold: text as it was typed, and `true` where a box is ticked.
 * @typedef {{[Name in keyof typeof FIRST]: (typeof FIRST)[Name] extends boolean ? boolean : string}} Settings
 *
 * What is never stored: the relay's token, the password, the access token, and the client certificate with its key.
 * @typedef {{token: string, password: string, accessToken: string, tlsClient: string}} Secrets
 *
 * What is wrong, in a sentence, and the field of the core's setup that it is about.
 * @typedef {{field?: string, message: string, line?: number}} Problem
 *
 * The core's setup, or a part of it; `null` takes back what was set. The core says what each field means and checks it.
 * @typedef {Record<string, unknown> & {practice?: string, host?: string, port?: number, target?: string, security?: string, message?: Message}} Setup
 */

const FIRST = {
  mode: 'server',
  target: '',
  host: '',
  port: '25',
  security: 'none',
  family: '',
  domain: '',
  practice: 'accepts-all',
  practiceVia: 'page',
  preset: '',
  hello: '',
  helloVerb: 'EHLO',
  from: '',
  to: '',
  messageKind: 'parts',
  subject: 'SMTP conversation',
  body: 'testing\ntesting\ntesting\n',
  headers: '',
  raw: '',
  until: 'dot',
  size: false,
  eightBit: false,
  smtputf8: false,
  pipelining: false,
  relay: '',
  signInWith: '',
  user: '',
  authorizationId: '',
  mechanism: '',
  initialResponse: true,
  bindTo: '',
  tlsServerName: '',
  tlsNoName: false,
  tlsCheckName: '',
  tlsVersions: 'both',
  tlsAuthorities: '',
  proxyVersion: '',
  proxySource: '',
  proxyDestination: '',
  notifyNever: false,
  notifySuccess: false,
  notifyFailure: false,
  notifyDelay: false,
  ret: '',
  envid: '',
  orcptSelf: false,
  orcpt: '',
  chunking: false,
  chunk: '',
  body8: '',
  requiretls: false,
  deliverBy: '',
  mtPriority: '',
  holdFor: '',
  holdUntil: '',
  xclient: '',
  etrn: '',
  protocol: '',
  mailParams: '',
  rcptParams: '',
  force: false,
}

/**
 * The settings of a first visit. All are kept in storage, so none of them is ever a secret.
 * @type {Readonly<Settings>}
 */
export const DEFAULTS = Object.freeze(FIRST)

/**
 * The security that is usual on a port: chosen with it, and changed at will.
 * @type {Readonly<Record<string, string>>}
 */
export const USUAL = Object.freeze({ 25: 'none', 587: 'starttls-if-offered', 2525: 'starttls-if-offered', 465: 'tls', 2465: 'tls' })

/**
 * What keeps secrets out of what is stored: they are given beside the settings.
 * @type {Readonly<Secrets>}
 */
const NO_SECRETS = Object.freeze({ token: '', password: '', accessToken: '', tlsClient: '' })

/**
 * The addresses in a text with one a line, or with commas between; a comma within quotation marks belongs to the address.
 * @param {string} text
 */
export function addresses(text) {
  return (text.match(/(?:"(?:\\.|[^"\\])*"|[^,\n])+/g) ?? []).map((address) => address.trim()).filter(Boolean)
}

/**
 * Header fields, one a line as `Name: value`; an indented line goes on with the field before it.
 * @param {string} text
 * @throws {Problem} a line is not a header field
 */
export function headerFields(text) {
  /** @type {[name: string, value: string][]} */
  const fields = []
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    const last = fields.at(-1)
    if (/^[ \t]/.test(line) && last) last[1] += `\n${line}`
    else if (colon > 0) fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()])
    else if (line.trim()) throw { field: 'headers', message: `“${line.trim()}” is no header field: it needs a name and a colon, as in “X-Test: 1”.` }
  }
  return fields
}

/**
 * The core's setup for these settings.
 *
 * @param {Settings} settings
 * @param {{name: string, bytes: Uint8Array} | null} file the message, where it was given as a file
 * @param {Secrets} secrets
 * @returns {{setup: Setup, messageBytes: Uint8Array | null}}
 * @throws {Problem} a field does not make sense
 */
export function toSetup(settings, file, secrets = NO_SECRETS) {
  const { token } = secrets
  /** @type {Setup} */
  const setup = { ...planOf(settings, secrets), attended: true }
  if (settings.mode === 'practice' && settings.practiceVia === 'page') setup.practice = settings.practice
  else if (settings.mode === 'practice') setup.target = `practice/${settings.practice}`
  else {
    if (settings.target) setup.target = settings.target
    else Object.assign(setup, { host: bareHost(settings.host), port: portNumber(settings.port) })
    if (settings.family) setup.family = settings.family
    Object.assign(setup, tlsOf(settings, secrets), proxyOf(settings))
    if (settings.protocol) setup.protocol = settings.protocol
  }
  if (token && !setup.practice) setup.token = token
  const messageBytes = settings.messageKind === 'file' ? (file?.bytes ?? null) : null
  if (settings.messageKind === 'file' && !messageBytes) throw { field: 'file', message: 'Choose the file with the message, or write the message here.' }
  return { setup, messageBytes }
}

/**
 * As {@link planOf}, for a conversation that goes on: what is not used is taken back.
 * @param {Settings} settings
 * @param {Secrets} secrets
 * @returns {Setup}
 */
export function planChange(settings, secrets) {
  const unused = [...Object.keys(EXTENSIONS), ...Object.keys(COUNTS), 'chunking', 'requiretls', 'force', 'notify'].map((field) => [field, null])
  return { ...Object.fromEntries(unused), ...planOf(settings, secrets) }
}

/**
 * The part of the setup that may still change while the conversation goes on.
 * @param {Settings} settings
 * @param {Secrets} secrets
 * @throws {Problem} a field does not make sense
 */
export function planOf(settings, secrets = NO_SECRETS) {
  /** @type {Setup} */
  const plan = {
    hello: settings.hello.trim() || null,
    hello_verb: settings.helloVerb,
    from: settings.from.trim(),
    to: addresses(settings.to),
    until: settings.until,
    size: settings.size,
    eight_bit: settings.eightBit,
    smtputf8: settings.smtputf8,
    pipelining: settings.pipelining,
    sign_in: signInOf(settings, secrets),
    ...extensionsOf(settings),
  }
  if (settings.messageKind === 'raw') plan.message = settings.raw
  if (settings.messageKind === 'parts') {
    plan.message = { subject: settings.subject, body: settings.body, headers: headerFields(settings.headers) }
  }
  return plan
}

/**
 * What to sign in with; `null`: not at all.
 * @param {Settings} settings
 * @param {Secrets} secrets
 * @throws {Problem} a secret is missing, which is not kept over a reload
 */
export function signInOf(settings, secrets) {
  const { signInWith: kind, user, mechanism, bindTo } = settings
  if (!kind) return null
  if (kind === 'password' && !secrets.password) throw { field: 'password', message: 'Type the password. It is never stored, so a reload forgets it.' }
  if (kind === 'token' && !secrets.accessToken) throw { field: 'access_token', message: 'Paste the access token. It is never stored, so a reload forgets it.' }
  // The core takes text as it comes; what has to be prepared is prepared here. Servers that prepare PLAIN see no difference.
  const prepare = !mechanism || mechanism.startsWith('SCRAM') ? prepared : String
  return {
    user: prepare(user.trim()),
    authorization_id: settings.authorizationId.trim(),
    initial_response: settings.initialResponse,
    bind_to_certificate: bindTo === 'certificate',
    ...(mechanism && { mechanism }),
    ...(kind === 'password' && { password: prepare(secrets.password) }),
    ...(kind === 'token' && { token: secrets.accessToken.trim() }),
  }
}

/**
 * SASLprep (RFC 4013) as far as it changes text: some characters go, odd ones become the usual.
 * @param {string} text
 */
export function prepared(text) {
  return text.replace(/[\u00ad\u034f\u1806\u180b-\u180d\u200b-\u200d\u2060\ufe00-\ufe0f\ufeff]/g, '').normalize('NFKC')
}

/**
 * What is not set is left out, so that the core's own defaults hold.
 * @param {Settings} settings
 * @param {Secrets} secrets
 */
function tlsOf(settings, secrets) {
  /** @type {Setup} */
  const setup = { security: settings.security }
  if (settings.tlsNoName) setup.tls_server_name = ''
  else if (settings.tlsServerName.trim()) setup.tls_server_name = bareHost(settings.tlsServerName, 'tls_server_name')
  if (settings.tlsCheckName.trim()) setup.tls_check_name = bareHost(settings.tlsCheckName, 'tls_check_name')
  if (settings.tlsVersions !== 'both') setup.tls_versions = settings.tlsVersions
  if (settings.tlsAuthorities.trim()) setup.tls_authorities = settings.tlsAuthorities
  if (secrets.tlsClient) setup.tls_client = secrets.tlsClient
  return setup
}

/** @param {Settings} settings */
function proxyOf({ proxyVersion, proxySource, proxyDestination }) {
  if (!proxyVersion) return {}
  return { proxy_header: { version: Number(proxyVersion), source: proxySource.trim(), destination: proxyDestination.trim() } }
}

/** @type {Record<string, 'ret' | 'envid' | 'orcpt' | 'body8' | 'deliverBy' | 'holdUntil' | 'xclient' | 'etrn' | 'mailParams' | 'rcptParams'>} */
const EXTENSIONS = {
  ret: 'ret', envid: 'envid', orcpt: 'orcpt', body: 'body8', deliver_by: 'deliverBy', hold_until: 'holdUntil', xclient: 'xclient', etrn: 'etrn',
  mail_params: 'mailParams', rcpt_params: 'rcptParams',
}
/** @type {Record<string, 'chunk' | 'mtPriority' | 'holdFor'>} */
const COUNTS = { chunk: 'chunk', mt_priority: 'mtPriority', hold_for: 'holdFor' }

/** @param {Settings} settings */
function extensionsOf(settings) {
  /** @type {Setup} */
  const plan = {}
  for (const [field, name] of Object.entries(EXTENSIONS)) if (settings[name].trim()) plan[field] = settings[name].trim()
  for (const [field, name] of Object.entries(COUNTS)) if (settings[name].trim()) plan[field] = wholeNumber(settings[name], field)
  for (const name of /** @type {const} */ (['chunking', 'requiretls', 'force'])) if (settings[name]) plan[name] = true
  if (settings.orcptSelf) plan.orcpt = true
  const { notifyNever: never, notifySuccess: success, notifyFailure: failure, notifyDelay: delay } = settings
  const reports = Object.entries(never ? { never } : { success, failure, delay }).filter(([, wanted]) => wanted).map(([word]) => word)
  if (reports.length > 0) plan.notify = reports
  return plan
}

/**
 * @param {string} text
 * @param {string} field
 */
function wholeNumber(text, field) {
  const number = Number(text)
  if (!Number.isInteger(number)) throw { field, message: `“${text.trim()}” is no whole number.` }
  return number
}

/** @param {string} text */
function portNumber(text) {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw { field: 'port', message: 'A port is a whole number from 1 to 65535.' }
  return port
}

/**
 * The host without what people paste along with it, spaces and the brackets of an IPv6 address; letters beyond ASCII as the DNS wants them.
 * @param {string} text
 * @param {string} [field] the field to complain about
 * @throws {Problem} it cannot be a host name
 */
export function bareHost(text, field = 'host') {
  const host = text.trim().replace(/^\[(.*)\]$/, '$1')
  if (/^[ -~]*$/.test(host)) return host
  try {
    return new URL(`http://${host}`).hostname
  } catch {
    throw { field, message: `“${host}” cannot be a host name.` }
  }
}

/**
 * Settings with what a preset of the catalog says; what the person has typed stays, the text of a preset makes room for that of another.
 * @param {Settings} settings
 * @param {Preset} preset
 * @param {Preset[]} presets
 * @returns {Settings}
 */
export function withPreset(settings, preset, presets) {
  const changed = { ...settings, until: preset.until }
  for (const field of /** @type {const} */ (['subject', 'body'])) {
    const made = [DEFAULTS, ...presets].some((one) => one[field] === settings[field])
    if (preset[field] && made) changed[field] = preset[field]
  }
  const domain = addresses(changed.to)[0]?.split('@').at(-1)
  if (preset.from_local && !changed.from && domain) changed.from = `${preset.from_local}@${domain}`
  return { ...changed, preset: preset.id }
}
