/**
 * What a person can set before a conversation, as plain data, and how it becomes the core's setup.
 * @module
 */

/** The settings of a first visit. All are kept in storage, so none of them is ever a secret. */
export const DEFAULTS = Object.freeze({
  mode: 'server',
  host: '',
  port: '25',
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
})

/** The addresses in a text with one a line, or with commas between; a comma within quotation marks belongs to the address. */
export function addresses(text) {
  return (text.match(/(?:"(?:\\.|[^"\\])*"|[^,\n])+/g) ?? []).map((address) => address.trim()).filter(Boolean)
}

/** Header fields, one a line as `Name: value`; an indented line goes on with the field before it. */
export function headerFields(text) {
  const fields = []
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (/^[ \t]/.test(line) && fields.length > 0) fields.at(-1)[1] += `\n${line}`
    else if (colon > 0) fields.push([line.slice(0, colon).trim(), line.slice(colon + 1).trim()])
    else if (line.trim()) throw { field: 'headers', message: `“${line.trim()}” is no header field: it needs a name and a colon, as in “X-Test: 1”.` }
  }
  return fields
}

/**
 * The core's setup for these settings.
 *
 * @param {typeof DEFAULTS} settings
 * @param {{name: string, bytes: Uint8Array} | null} file the message, where it was given as a file
 * @param {string} token the relay's token; never stored
 * @returns {{setup: object, messageBytes: Uint8Array | null}}
 */
export function toSetup(settings, file, token) {
  const setup = { ...planOf(settings), attended: true }
  if (settings.mode === 'practice' && settings.practiceVia === 'page') setup.practice = settings.practice
  else if (settings.mode === 'practice') setup.target = `practice/${settings.practice}`
  else {
    setup.host = bareHost(settings.host)
    setup.port = portNumber(settings.port)
    if (settings.family) setup.family = settings.family
  }
  if (token && !setup.practice) setup.token = token
  const messageBytes = settings.messageKind === 'file' ? (file?.bytes ?? null) : null
  if (settings.messageKind === 'file' && !messageBytes) throw { field: 'file', message: 'Choose the file with the message, or write the message here.' }
  return { setup, messageBytes }
}

/** The part of the setup that may still change while the conversation goes on. */
export function planOf(settings) {
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
  }
  if (settings.messageKind === 'raw') plan.message = settings.raw
  if (settings.messageKind === 'parts') {
    plan.message = { subject: settings.subject, body: settings.body, headers: headerFields(settings.headers) }
  }
  return plan
}

function portNumber(text) {
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65535) throw { field: 'port', message: 'A port is a whole number from 1 to 65535.' }
  return port
}

/**
 * The host without what people paste along with it, spaces and the brackets of an IPv6 address; letters beyond ASCII as the DNS wants them.
 * @throws {{field: string, message: string}} it cannot be a host name
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

/** Settings with what a preset of the catalogue says; what the person has typed stays, the text of a preset makes room for that of another. */
export function withPreset(settings, preset, presets) {
  const changed = { ...settings, until: preset.until }
  for (const field of ['subject', 'body']) {
    const made = [DEFAULTS, ...presets].some((one) => one[field] === settings[field])
    if (preset[field] && made) changed[field] = preset[field]
  }
  const domain = addresses(changed.to)[0]?.split('@').at(-1)
  if (preset.from_local && !changed.from && domain) changed.from = `${preset.from_local}@${domain}`
  return { ...changed, preset: preset.id }
}
