/**
 * The TLS session as a card: verdict first, then what was agreed on, the chain, and what to go further with; or why the handshake failed.
 * @module
 */

import { h, uniqueId } from './dom.js'
import { copyButton, fileName, save } from './files.js'
import { sign } from './sign.js'

/** @import { Sign } from './sign.js' */
/** @import { Certificate, Child, Extension, LegacyTls, Tls, TlsFailure, TlsReport } from './types.d.ts' */

const CLIENT = {
  'not-asked': 'the server did not ask for one',
  'none-given': 'the server asked, and got none',
  given: 'the server asked, and got yours',
}
/** @type {Sign} */
const GOOD = ['good', '✓', 'Trusted']
/** @type {Sign} */
const BAD = ['bad', '✕', 'Not trusted']
/** @type {Sign} */
const FAILED = ['bad', '✕', 'Failed']
/** @type {Partial<Record<Tls['stage'], string>>} */
const STAGES = {
  due: 'The handshake comes next.',
  handshaking: 'The handshake is going on…',
}

/**
 * The nodes of the card.
 * @param {Tls} tls
 * @param {{probing: boolean, title: string}} around `probing`: another connection is asking the server
 */
export function tlsNodes(tls, { probing, title }) {
  return [h('h2', null, 'TLS'),
    !tls.report && !tls.failure && h('p', { class: 'faint' }, STAGES[tls.stage]),
    tls.failure && failureNodes(tls, tls.failure, probing),
    tls.report && reportNodes(tls.report),
    tls.changes && changeNodes(tls.changes),
    furtherNodes(tls, title)]
}

/** @param {TlsReport} report */
function reportNodes(report) {
  const { verdict, certificates } = report
  const checked = report.checked_name ? `for ${report.checked_name}` : 'for no name'
  return [
    h('p', { class: 'tls-verdict' }, sign(verdict.trusted ? GOOD : BAD),
      h('span', null, h('b', null, verdict.trusted ? 'Trusted' : 'Not trusted'), ` ${checked}${verdict.anchor ? `, by ${verdict.anchor}` : ''}.`)),
    verdict.problems.map((problem) => h('div', { class: 'problem-found' }, h('p', null, problem.sentence), problem.advice && h('p', { class: 'faint' }, problem.advice))),
    !verdict.trusted && h('p', { class: 'small faint' }, 'The test goes on all the same; only credentials wait for your word.'),
    facts([
      ['Version', report.version], ['Cipher suite', report.suite], ['Key exchange', report.group],
      ['Name sent', report.server_name || 'none'], ['Name checked', report.checked_name || 'none'],
      ['Own certificate', CLIENT[report.client_certificate]],
      ['Handshake', report.handshake_ms === null ? '' : `${report.handshake_ms} ms`],
    ]),
    chainNodes(certificates),
    verdict.notes.length > 0 && h('ul', { class: 'small faint' }, verdict.notes.map((note) => h('li', null, note))),
  ]
}

/**
 * @param {Tls} tls
 * @param {TlsFailure} failure
 * @param {boolean} probing
 */
function failureNodes({ report }, failure, probing) {
  const { sentence, detail, alert, looks_like: looks, legacy } = failure
  return [
    h('p', { class: 'tls-verdict' }, sign(FAILED), h('b', null, sentence)),
    looks && !sentence.includes(looks) && h('p', null, 'It looks like ', h('span', { class: 'mono' }, looks)),
    alert && h('p', null, h('b', null, `Alert ${alert.number}, ${alert.name}: `), alert.meaning),
    detail && !(alert && detail.includes(alert.name)) && h('p', { class: 'faint' }, detail),
    probing && h('p', { class: 'busy-line', role: 'status' }, 'Asking with an old client’s words, on another connection…'),
    legacy && legacyNodes(legacy),
    failure.advice.length > 0 && [h('p', { class: 'lead' }, 'What to do'), list(failure.advice)],
    failure.records.length > 0 && recordNodes('What the server sent', failure.records),
    !report && chainNodes(failure.certificates.length > 0 ? failure.certificates : (legacy?.certificates ?? [])),
  ]
}

/** @param {LegacyTls} legacy */
function legacyNodes(legacy) {
  return h('div', { class: 'legacy' }, h('h3', null, 'Asked as an old client would'), h('p', null, legacy.sentence),
    legacy.version && facts([['Version', legacy.version], ['Cipher suite', legacy.suite], ['Key exchange', legacy.key_exchange]]),
    list(legacy.advice), legacy.records.length > 0 && recordNodes('What it sent', legacy.records))
}

/**
 * @param {string} title
 * @param {string[]} records
 */
function recordNodes(title, records) {
  return h('details', { class: 'keyword' }, h('summary', null, title), h('ol', { class: 'mono records' }, records.map((record) => h('li', null, record))))
}

/** @param {Certificate[]} certificates */
function chainNodes(certificates) {
  if (certificates.length === 0) return null
  const heading = uniqueId('chain')
  return [h('h3', { id: heading }, certificates.length === 1 ? 'The certificate' : `The ${certificates.length} certificates`),
    h('div', { class: 'chain', role: 'group', 'aria-labelledby': heading }, certificates.map(certificateNode))]
}

/**
 * @param {Certificate} one
 * @param {number} at
 */
function certificateNode(one, at) {
  const pin = `sha256/${one.spki_pin}`
  return h('details', { class: 'keyword' },
    h('summary', null, h('b', null, commonName(one.subject)), h('span', { class: 'faint' }, `${one.role || `Certificate ${at + 1}`}, until ${one.not_after.slice(0, 10)}`)),
    facts([
      ['Subject', one.subject], ['Names', one.sans.join('\n')], ['Issuer', one.self_signed ? `${one.issuer} (itself)` : one.issuer],
      ['Valid from', one.not_before], ['until', one.not_after],
      ['Key', one.key_weak ? `${one.key} (weak)` : one.key], ['Signature', one.signature_weak ? `${one.signature} (weak)` : one.signature],
      ['Serial', one.serial], ['SHA-256', one.sha256], ['Key pin', [pin, ' ', copyButton(pin, 'Copy the key pin')]],
    ]))
}

/** @param {NonNullable<Tls['changes']>} changes */
function changeNodes({ new: added, gone, other }) {
  /** @type {(word: string, extensions: Extension[]) => [string, string]} */
  const row = (word, extensions) => [word, extensions.map(({ keyword, params }) => `${keyword} ${params}`.trim()).join('\n')]
  const rows = facts([row('New', added), row('Gone', gone), row('Changed', other)])
  return [h('h3', null, 'What changed in the offer'), rows || h('p', { class: 'faint' }, 'Nothing: the second EHLO offered what the first had.')]
}

/**
 * @param {Tls} tls
 * @param {string} title
 */
function furtherNodes({ pem, openssl }, title) {
  return [
    pem && h('button', { type: 'button', class: 'chip', onclick: () => save(pem, fileName(title, 'pem'), 'application/x-pem-file') }, 'Save the chain as PEM'),
    openssl && h('details', { class: 'keyword' }, h('summary', null, 'The same with openssl'), h('p', null, h('code', { class: 'command' }, openssl)), copyButton(openssl, 'Copy the command')),
  ]
}

/**
 * Rows without a value are left out.
 * @param {[name: string, value: string | Child[]][]} rows
 */
function facts(rows) {
  const given = rows.filter(([, value]) => value.length > 0)
  return given.length > 0 && h('dl', { class: 'facts' }, given.map(([name, value]) => [h('dt', null, name), h('dd', { class: 'mono' }, value)]))
}

/** @param {string[]} items */
function list(items) {
  return items.length > 0 && h('ul', null, items.map((item) => h('li', null, item)))
}

/** @param {string} subject */
function commonName(subject) {
  return /(?:^|, )CN=([^,]+)/.exec(subject)?.[1] ?? (subject || 'no subject')
}
