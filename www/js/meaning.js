/**
 * The side panel: how it goes, what the chosen reply means, what stands out, and each recipient's answer.
 * @module
 */

import { fill, h, icon, sourceLink } from './dom.js'
import { proofNodes } from './proof.js'
import { sign } from './sign.js'
import { tlsNodes } from './tls-card.js'

/** @import { Sign } from './sign.js' */
/** @import { Child, Envelope, Explanation, Finding, Meaning as ReplyMeaning, Recipient, Talk, View } from './types.d.ts' */

const OFFERS_MAX = 60
/** @type {Record<Finding['severity'], Sign>} */
const SEVERITY = { problem: ['bad', '✕', 'Problem'], warning: ['warn', '!', 'Warning'], note: ['plain', 'i', 'Note'] }

/** The panel. */
export class Meaning {
  #hooks
  /** @type {Map<HTMLElement, unknown[]>} what each part was made of */
  #made = new Map()
  /** Whether the panel may stand elsewhere than at its top: to ask it would have all of the page laid out. */
  #scrolled = false

  /** @param {{onevidence: (entry: number) => void, onclose: () => void, onreply: (reply: number) => void}} hooks */
  constructor(hooks) {
    this.#hooks = hooks
    this.summary = h('section', { class: 'panel-part' })
    this.reply = h('section', { class: 'panel-part' })
    this.findings = h('section', { class: 'panel-part' })
    this.secure = h('section', { class: 'panel-part', part: 'tls', tabindex: '-1', 'aria-label': 'TLS' })
    this.envelope = h('section', { class: 'panel-part' })
    this.proof = h('section', { class: 'panel-part', part: 'proof' })
    this.server = h('section', { class: 'panel-part' })
    this.close = h('button', { type: 'button', class: 'quiet close', 'aria-label': 'Close the explanations', onclick: () => hooks.onclose() }, icon('M4 4l8 8M12 4l-8 8'))
    this.body = h('div', { class: 'panel-body', tabindex: '0', role: 'region', 'aria-label': 'Explanations' }, this.reply, this.findings, this.secure, this.envelope, this.server, this.proof)
    this.body.addEventListener('scroll', () => (this.#scrolled = true), { passive: true })
    this.node = h('aside', { class: 'meaning', part: 'meaning', 'aria-label': 'What it means' }, this.close, this.body)
  }

  /**
   * Shows what a conversation has come to, and the explanation of a reply under a title.
   * @param {Talk} conversation
   * @param {ReplyMeaning | null} explanation
   * @param {string} title
   * @param {string} name the conversation's
   */
  show({ view, probing, relay, sameOrigin }, explanation, title, name) {
    // Opened details and the place on the panel survive whatever has not changed.
    const { tls, protection } = view
    this.#part(this.reply, [explanation, title], () => this.#replyNodes(explanation, title))
    this.#part(this.findings, [view.findings], () => this.#findingNodes(view.findings))
    // A failed handshake is what the person wants to read of first.
    if (!tls?.failure && this.secure.previousSibling !== this.findings) this.findings.after(this.secure)
    if (tls?.failure && this.secure.previousSibling) this.body.prepend(this.secure)
    this.#part(this.secure, [tls, probing], () => tls && tlsNodes(tls, { probing, title: name }))
    this.#part(this.proof, [protection], () => protection.readable.length > 0 && proofNodes(protection, (sameOrigin && relay) || null))
    this.#part(this.envelope, [view.envelope], () => this.#envelopeNodes(view.envelope))
    this.#part(this.server, [view.server, view.connection, view.traffic], () => this.#serverNodes(view))
  }

  /** Brings the card of the TLS session into sight. */
  revealSecure() {
    // Not by scrollIntoView, which would also scroll what the sheet is still moving in.
    this.body.scrollTop = this.secure.offsetTop - this.body.offsetTop
    this.secure.focus({ preventScroll: true })
  }

  /**
   * @param {HTMLElement} node
   * @param {unknown[]} data what it is made of: the same again leaves it alone
   * @param {() => Child} make
   */
  #part(node, data, make) {
    if (this.#made.get(node)?.every((one, at) => one === data[at])) return
    this.#made.set(node, data)
    const nodes = make()
    node.hidden = !nodes
    fill(node, nodes)
    if (node === this.reply && this.#scrolled) this.body.scrollTop = 0
  }

  /**
   * @param {ReplyMeaning | null} explanation
   * @param {string} title
   * @returns {Child}
   */
  #replyNodes(explanation, title) {
    if (!explanation) {
      return [h('h2', null, 'What it means'), h('p', { class: 'faint' }, 'Each reply of the server is explained here as it comes. Choose a line to read about another.')]
    }
    const { code, class_word: classWord, step } = explanation
    return [
      h('h2', null, title),
      h('p', { class: 'codeline' }, h('span', { class: `code c${String(code ?? '').slice(0, 1)}` }, code ?? '???'),
        h('span', null, [classWord, step && `after ${step}`].filter(Boolean).join(', '))),
      explanation.oddities.map((oddity) => h('p', { class: 'odd' }, oddity)),
      explanation.phrase && phrase(explanation.phrase),
      // A refusal's detail is in its enhanced code; where all is well, that one only says so.
      (code >= 400 ? [explanation.enhanced, explanation.basic] : [explanation.basic, explanation.enhanced]).map((one) => one && record(one, code)),
      explanation.keywords.length > 0 && [h('h3', null, 'What it offers'), explanation.keywords.slice(0, OFFERS_MAX).map((one) => one && fold(one)),
        explanation.keywords.length > OFFERS_MAX && h('p', { class: 'faint' }, `and ${explanation.keywords.length - OFFERS_MAX} more`)],
      explanation.command && fold(explanation.command),
      explanation.allowed && h('p', { class: 'faint small' }, explanation.allowed),
    ]
  }

  /** @param {Finding[]} findings */
  #findingNodes(findings) {
    if (findings.length === 0) return null
    return [h('h2', null, 'What stands out'), findings.map((finding) =>
      h('div', { class: 'finding' }, sign(SEVERITY[finding.severity]), h('div', null,
        h('p', { class: 'title' }, finding.title), finding.detail && h('p', null, finding.detail), finding.advice && h('p', { class: 'advice' }, finding.advice),
        finding.evidence.length > 0 && h('button', { type: 'button', class: 'link', onclick: () => this.#hooks.onevidence(finding.evidence[0]) }, 'Show the line'))))]
  }

  /** @param {Envelope} envelope */
  #envelopeNodes({ reverse_path: from, recipients }) {
    if (from === null && recipients.length === 0) return null
    return [h('h2', null, 'Envelope'), h('dl', { class: 'facts' }, h('dt', null, 'From'), h('dd', { class: 'mono' }, from === '' ? '<> (nobody: a bounce)' : from),
      recipients.map((recipient) => [h('dt', null, 'To'), h('dd', null, h('span', { class: 'mono' }, recipient.address), ' ', this.#answer(recipient))]))]
  }

  /** @param {Recipient} recipient */
  #answer({ accepted, code, reply }) {
    if (code === null || reply === null) return h('span', { class: 'faint' }, 'awaits its answer')
    /** @type {Sign} */
    const tone = accepted ? ['good', '✓', 'accepted'] : code < 500 ? ['warn', '…', 'not now'] : ['bad', '✕', 'refused']
    return h('button', { type: 'button', class: 'link', onclick: () => this.#hooks.onreply(reply) }, sign(tone), ` ${code} ${tone[2]}`)
  }

  /** @param {View} view */
  #serverNodes({ server, connection, traffic }) {
    if (!connection && !server.name) return null
    /**
     * @param {string} name
     * @param {string | null | undefined} value
     */
    const fact = (name, value) => value && [h('dt', null, name), h('dd', { class: 'mono' }, value)]
    return [h('h2', null, 'Connection'), h('dl', { class: 'facts' },
      fact('Server', server.name), fact('Address', connection && `${connection.address} port ${connection.port}`),
      fact('Seen as', connection?.local && [connection.local, connection.local_name].filter(Boolean).join(' ')), fact('Hello', server.hello),
      fact('Offers', server.extensions.slice(0, OFFERS_MAX).map(({ keyword, params }) => `${keyword} ${params}`.trim()).join('\n')),
      h('dt', null, 'Bytes'), h('dd', null, `${traffic.sent} sent, ${traffic.received} received${traffic.dropped ? `, ${traffic.dropped} of them not kept` : ''}`))]
  }
}

/**
 * @param {Explanation} explanation
 * @param {number} code the reply's
 */
function record(explanation, code) {
  // Nobody asks why something went well.
  const told = code >= 400 ? explanation : { ...explanation, causes: [] }
  return h('div', { class: 'record' }, h('h3', null, h('code', null, explanation.key), ' ', explanation.title), recordBody(told))
}

/** @param {Explanation} explanation */
function fold(explanation) {
  const { key, title } = explanation
  return h('details', { class: 'keyword' }, h('summary', null, h('code', null, key), title !== key && h('span', { class: 'faint' }, title)), recordBody(explanation))
}

/**
 * Words of the reply that say more than its codes do.
 * @param {NonNullable<ReplyMeaning['phrase']>} phrase
 */
function phrase({ meaning, advice, said_by: saidBy }) {
  return h('div', { class: 'record said-so' }, h('h3', null, 'What the words say'), h('p', null, meaning),
    advice.length > 0 && h('ul', null, advice.map((step) => h('li', null, step))), saidBy && !/^all\b/i.test(saidBy) && h('p', { class: 'faint small' }, `Words of ${saidBy}.`))
}

/** @param {Explanation} explanation */
function recordBody({ meaning, details, causes, advice, sources, known }) {
  return [
    known === false && h('p', { class: 'faint' }, 'No list that Ehlo knows has this one.'),
    h('p', null, meaning),
    details.length > 0 && h('ul', null, details.map((detail) => h('li', null, detail))),
    causes.length > 0 && [h('p', { class: 'lead' }, 'Usual causes'), h('ul', null, causes.map((cause) => h('li', null, cause)))],
    advice.length > 0 && [h('p', { class: 'lead' }, 'What to do'), h('ul', null, advice.map((step) => h('li', null, step)))],
    sources.length > 0 && h('p', { class: 'sources' }, sources.map((source, i) => [i > 0 && ', ', sourceLink(source)])),
  ]
}
