/**
 * What a TLS handshake is made with, where it is to be another than usual; and the PROXY header. Fetched with the options.
 * @module
 */

import { h, setText } from './dom.js'
import { Group, box, check, field, hint, menu, text } from './fields.js'
import { acceptDrops, fileButton } from './files.js'

const PEM = '.pem,.crt,.cer,.key,application/x-pem-file,text/plain'
const CERTIFICATE = '-----BEGIN CERTIFICATE-----'

/** The group. */
export class TlsFields extends Group {
  #client = ''

  constructor() {
    super()
    this.serverName = text('tls-server-name', { inputmode: 'url' })
    this.noName = box('tls-no-name')
    this.checkName = text('tls-check-name', { inputmode: 'url' })
    this.versions = menu('tls-versions', [['both', 'TLS 1.2 and 1.3'], ['1.2', 'TLS 1.2 only'], ['1.3', 'TLS 1.3 only']])
    this.authorities = h('textarea', { name: 'tls-authorities', rows: 2, class: 'mono', spellcheck: 'false', autocapitalize: 'none', placeholder: CERTIFICATE })
    this.client = h('textarea', { name: 'tls-client', rows: 2, class: 'mono', autocomplete: 'off', spellcheck: 'false', autocapitalize: 'none', placeholder: `${CERTIFICATE} and -----BEGIN PRIVATE KEY-----` })
    this.version = menu('proxy-version', [['', 'none'], ['1', 'version 1, text'], ['2', 'version 2, binary']])
    this.source = text('proxy-source', { placeholder: '192.0.2.1:4711' })
    this.destination = text('proxy-destination', { placeholder: '198.51.100.7:25' })
    this.inputs = {
      tlsServerName: this.serverName, tlsNoName: this.noName, tlsCheckName: this.checkName, tlsVersions: this.versions, tlsAuthorities: this.authorities,
      proxyVersion: this.version, proxySource: this.source, proxyDestination: this.destination,
    }
    this.forget = h('button', { type: 'button', class: 'chip', onclick: () => this.#take('', true) }, 'Remove')
    this.present = h('output', { class: 'filename' })
    this.wrong = h('p', { class: 'problem', role: 'alert', hidden: true })
    const own = field('Own CA', this.authorities, h('div', { class: 'together' }, fileButton('Choose a file…', PEM, (file) => this.#authority(file), { class: 'chip' })),
      hint(this.authorities, 'In PEM; paste it, choose a file or drop one here. It is trusted beside the public ones, and kept in this browser.'))
    const client = field('Client certificate', this.client, h('div', { class: 'together' }, fileButton('Choose a file…', PEM, (file) => this.#file(file), { class: 'chip' }), this.present, this.forget),
      this.wrong, hint(this.client, 'Certificate, chain and key in PEM, in one file or in two; paste, choose or drop. Kept only while this page is open; the key never leaves it.'))
    acceptDrops(own, (file) => this.#authority(file))
    acceptDrops(client, (file) => this.#file(file))
    this.client.addEventListener('input', () => this.#pasted())
    this.proxied = [field('From', this.source), field('To', this.destination,
      hint(this.destination, 'Both with port, both IPv4 or both IPv6. The relay writes the header before all else; it must have been started so that it may, and the server must expect it.'))]
    this.node = h('div', { class: 'stack' },
      field('Name to send', this.serverName, check(this.noName, 'none', 'send no name at all'), hint(this.serverName, 'SNI. Empty: the server’s host name.')),
      field('Name to check', this.checkName, hint(this.checkName, 'What the certificate must be for. Empty: the server’s host name.')),
      field('Versions', this.versions), own, client)
    this.proxy = h('div', { class: 'stack' }, field('PROXY header', this.version), this.proxied)
    for (const node of [this.node, this.proxy]) node.addEventListener('change', () => this.refresh())
    this.#describe()
    this.refresh()
  }

  /** @override */
  get secrets() {
    return { tlsClient: this.#client }
  }

  /** @override */
  refresh() {
    this.serverName.disabled = this.noName.checked
    for (const row of this.proxied) row.hidden = !this.version.value
  }

  /** @param {File} file */
  async #authority(file) {
    const pem = (await file.text()).trim()
    this.authorities.value = `${this.authorities.value.trim()}\n${pem}\n`.trimStart()
    this.authorities.dispatchEvent(new Event('input', { bubbles: true }))
  }

  /** @param {File} file */
  async #file(file) {
    this.#take(await file.text())
  }

  // A key does not stay where it can be read over a shoulder: as soon as it is whole, it is taken out of the field.
  #pasted() {
    if (/-----END [^-]+-----\s*$/.test(this.client.value)) this.#take(this.client.value)
  }

  /**
   * @param {string} pem
   * @param {boolean} [fresh] in place of what was there
   */
  #take(pem, fresh = false) {
    const encrypted = /ENCRYPTED/.test(pem)
    const strange = pem !== '' && !/-----BEGIN (CERTIFICATE|[A-Z ]*PRIVATE KEY)-----/.test(pem)
    this.wrong.hidden = !encrypted && !strange
    setText(this.wrong, encrypted ? 'This key is encrypted. Decrypt it first: openssl pkey -in key.pem -out plain.pem'
      : strange ? 'This is neither a certificate nor a key in PEM. From a .p12 file: openssl pkcs12 -in file.p12 -nodes -out plain.pem' : '')
    if (!encrypted && !strange) this.#client = fresh ? pem : `${this.#client}\n${pem.trim()}`.trim()
    this.client.value = ''
    this.#describe()
    // The session of fields around notices, and takes back what it had said was wrong.
    this.client.dispatchEvent(new Event('change', { bubbles: true }))
  }

  #describe() {
    const certificates = this.#client.split(CERTIFICATE).length - 1
    const key = /PRIVATE KEY-----/.test(this.#client)
    this.forget.hidden = !this.#client
    const count = certificates > 1 ? `${certificates} certificates` : 'Certificate'
    setText(this.present, !this.#client ? 'Nothing given' : certificates === 0 ? 'Key present; the certificate is missing' : key ? `${count} and key present` : `${count} present; the key is missing`)
  }
}
