/**
 * The form before a conversation: whom to call, and what the mail shall be.
 * @module
 */

import { catalog } from './catalog.js'
import { append, fill, h, setText, uniqueId } from './dom.js'
import { box, check, field, hint, markOffers, menu, text } from './fields.js'
import { loadRest } from './load.js'
import { MessageFields } from './message-fields.js'
import { DEFAULTS, USUAL, withPreset } from './settings.js'

/** @import { Control, Group } from './fields.js' */
/** @import { About } from './relay.js' */
/** @import { SignInFields } from './sign-in.js' */
/** @import { Problem, Secrets, Settings } from './settings.js' */
/** @import { MailHosts, View } from './types.d.ts' */

/** @type {[mode: string, label: string][]} */
const MODES = [
  ['server', 'Mail server'],
  ['domain', 'Mail domain'],
  ['practice', 'Practice'],
]

/** @type {[until: string, label: string][]} */
const UNTIL = [
  ['dot', 'the message is sent'],
  ['data', 'DATA, before the message'],
  ['rcpt', 'the recipients, nothing is sent'],
  ['mail', 'MAIL FROM'],
  ['auth', 'signing in'],
  ['starttls', 'the TLS handshake'],
  ['hello', 'EHLO'],
  ['connect', 'the greeting'],
]

/**
 * What each choice means, where it is made.
 * @type {[security: string, label: string, about: string][]}
 */
const SECURITY = [
  ['none', 'none', 'Everything crosses readable, as with telnet.'],
  ['starttls-if-offered', 'STARTTLS if offered', 'Goes on encrypted where the server offers it, else readable.'],
  ['starttls', 'STARTTLS, or nothing', 'Begins readable and goes on encrypted; where that is not offered, nothing is sent.'],
  ['tls', 'TLS at once', 'Encrypted from the first byte.'],
]

const OTHER = 'other'

/** @type {[port: string, label: string][]} */
const PORTS = catalog.ports.map(({ port }) => [String(port), String(port)])
/** @type {[name: string, title: string][]} */
const PERSONALITIES = catalog.personalities.map(({ name, title }) => [name, title])
/** @type {[id: string, title: string][]} */
const PRESETS = catalog.presets.map(({ id, title }) => [id, title])

/** Fields that are in a group which is fetched when it is opened. */
const IN_SIGN_IN = /^(sign_in|user|password|access_token|authorization_id|mechanism|initial_response|bind_to_certificate)$/
/** @type {Record<string, string>} */
const ALIASES = { sign_in: 'sign_in_with', proxy_header: 'proxy_version', version: 'proxy_version', notify: 'notify_success', source: 'proxy_source', destination: 'proxy_destination' }

/** The form. It holds no state of its own but what its fields show. */
export class SetupForm {
  #hooks
  /** @type {About | null} */
  #about = null
  #locked = false
  #going = false
  /**
   * The settings as they were given last: what is in groups that are not there yet is taken from here.
   * @type {Readonly<Settings>}
   */
  #kept = DEFAULTS
  /**
   * Groups that have been opened.
   * @type {Group[]}
   */
  #groups = []
  /** @type {SignInFields | null} */
  #signInFields = null
  /** @type {View | null} */
  #view = null
  #securityChosen = false
  #portBefore = ''

  modes = radios(MODES)
  host = text('host', { inputmode: 'url', placeholder: 'mail.example.com or 192.0.2.10' })
  named = h('select', { name: 'target' })
  domain = text('domain', { inputmode: 'url', placeholder: 'example.com' })
  port = menu('port', [...PORTS, [OTHER, 'other…']])
  portOther = text('port-number', { inputmode: 'numeric', maxlength: 5, 'aria-label': 'Port number', class: 'short' })
  security = menu('security', SECURITY)
  practice = menu('practice', PERSONALITIES)
  via = menu('practice-via', [['page', 'inside this page'], ['relay', 'through the relay, over TCP']])
  preset = menu('preset', [['', 'Choose…'], ...PRESETS])
  from = text('from', { inputmode: 'email', placeholder: 'you@example.org' })
  to = h('textarea', { name: 'to', rows: 1, inputmode: 'email', autocapitalize: 'none', spellcheck: 'false', placeholder: 'them@example.com' })
  hello = text('hello', { placeholder: 'proposed when connected' })
  helloVerb = h('select', { name: 'hello-verb', 'aria-label': 'Command' }, h('option', null, 'EHLO'), h('option', null, 'HELO'))
  until = menu('until', UNTIL)
  family = menu('family', [['', 'any'], ['4', 'IPv4 only'], ['6', 'IPv6 only']])
  relay = text('relay', { inputmode: 'url' })
  token = h('input', { type: 'password', name: 'token', autocomplete: 'off' })
  boxes = { size: box('size'), eightBit: box('eight-bit'), smtputf8: box('smtputf8'), pipelining: box('pipelining') }
  message = new MessageFields(() => this.#changed())

  // What is said beside the fields.
  portNote = hint(this.port, '')
  practiceAbout = hint(this.practice, '')
  presetAbout = hint(this.preset, '')
  fromHint = hint(this.from, '')
  toHint = hint(this.to, '')
  signInNote = h('span', { class: 'faint' })
  relayNote = h('p', { class: 'hint' })
  problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  lookup = h('div', { class: 'lookup', 'aria-live': 'polite' })
  button = h('button', { type: 'submit', class: 'primary', part: 'connect' }, 'Connect')

  // What is hidden at times.
  namedRow = field('Reach', this.named)
  hostRow = field('Server', this.host)
  portPair = pair('Port', this.port, this.portOther)
  panels = {
    server: h('div', { class: 'stack' }, this.namedRow, this.hostRow, h('div', { class: 'pairs' }, this.portPair, pair('Security', this.security)), this.portNote),
    domain: h('div', { class: 'stack' },
      field('Domain', this.domain, hint(this.domain, 'The part after the @. The hosts that take its mail are looked up.')), this.lookup),
    practice: h('div', { class: 'stack' }, field('Server', this.practice, this.practiceAbout), field('Where', this.via)),
  }

  target = h('fieldset', { class: 'group target' }, h('legend', null, 'Whom to call'),
    h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Whom to call' },
      MODES.map(([, label], at) => h('label', { class: 'segment' }, this.modes[at], h('span', null, label)))),
    Object.values(this.panels))

  signInHome = h('div', { class: 'stack' })
  signInGroup = h('details', { class: 'group' }, h('summary', null, 'Sign in ', this.signInNote), this.signInHome)
  relayGroup = h('details', { class: 'group' }, h('summary', null, 'Relay'),
    field('Address', this.relay, hint(this.relay, 'A web page cannot open a mail connection by itself: the relay does, and passes the bytes on.')),
    field('Token', this.token, hint(this.token, 'Only where the relay asks for one. It is never stored.')), this.relayNote)

  moreOptions = h('div', { class: 'stack more' })
  options = h('details', { class: 'group' }, h('summary', null, 'Options'),
    field('My name', [this.hello, this.helloVerb], hint(this.hello, 'Empty: the relay’s own name where the DNS confirms it, else “test.” and the server’s domain.')),
    field('IP version', this.family),
    h('div', { class: 'field' }, h('span', { class: 'label' }, 'If offered'), h('div', { class: 'control' },
      check(this.boxes.size, 'SIZE', 'say beforehand how big the message is', 'SIZE'),
      check(this.boxes.eightBit, 'BODY=8BITMIME', 'announce letters beyond ASCII in the text', '8BITMIME'),
      check(this.boxes.smtputf8, 'SMTPUTF8', 'letters beyond ASCII in addresses', 'SMTPUTF8'),
      check(this.boxes.pipelining, 'PIPELINING', 'send several commands without waiting', 'PIPELINING'))),
    this.moreOptions)

  /** @param {{onconnect: () => void, onlookup: () => void, onchange: (field?: EventTarget | null) => void, onrelay: () => void}} hooks */
  constructor(hooks) {
    this.#hooks = hooks
    const submit = h('div', { class: 'submit' }, this.problem, this.button)
    this.node = h('form', { class: 'form', part: 'form', novalidate: true, autocomplete: 'off' }, this.target, this.#mail(), this.signInGroup, this.options, this.relayGroup, submit)
    this.node.addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.settings.mode === 'domain') hooks.onlookup()
      else hooks.onconnect()
    })
    this.node.addEventListener('input', (event) => this.#changed(event.target))
    this.node.addEventListener('change', (event) => this.#changed(event.target))
    this.signInGroup.addEventListener('toggle', () => this.signInGroup.open && this.openSignIn().catch((error) => this.showProblem(error)))
    this.options.addEventListener('toggle', () => this.options.open && this.#openOptions().catch((error) => this.showProblem(error)))
    this.relayGroup.addEventListener('toggle', () => this.relayGroup.open && hooks.onrelay())
    this.settings = DEFAULTS
  }

  #mail() {
    return h('fieldset', { class: 'group' }, h('legend', null, 'The mail'),
      field('Purpose', this.preset, this.presetAbout),
      field('From', this.from, this.fromHint),
      field('To', this.to, this.toHint),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'Message'), h('div', { class: 'control' }, this.message.node)),
      field('Stop after', this.until))
  }

  /** The fields for signing in, made when they are first wanted. */
  async openSignIn() {
    const { SignInFields } = await rest()
    if (this.#signInFields) return this.#signInFields
    const fields = new SignInFields(catalog.mechanisms)
    this.#signInFields = fields
    this.signInHome.append(fields.node)
    this.#enter(fields)
    return fields
  }

  async #openOptions() {
    const { ExtensionFields, TlsFields } = await rest()
    if (this.moreOptions.firstChild) return
    const tls = new TlsFields()
    const extensions = new ExtensionFields()
    this.moreOptions.append(h('details', { class: 'inline' }, h('summary', null, 'TLS: names, versions, certificates'), tls.node),
      h('details', { class: 'inline' }, h('summary', null, 'PROXY protocol'), tls.proxy), extensions.node)
    for (const group of [tls, extensions]) this.#enter(group)
  }

  /** @param {Group} group */
  #enter(group) {
    group.value = this.#kept
    this.#groups.push(group)
    this.show(this.#view)
  }

  /**
   * What the relay offers, once it has said so.
   * @param {About | null} about
   */
  setAbout(about) {
    const { target } = this.settings
    this.#about = about
    const targets = this.#targets
    const free = about?.hosts !== false || targets.length === 0
    fill(this.named, free && h('option', { value: '' }, 'a server that I name'), targets.map((name) => h('option', null, name)))
    this.named.value = targets.includes(target) ? target : free ? '' : targets[0]
    setText(this.relayNote, this.#told(about))
    this.#show()
  }

  /** @param {About | null} about */
  #told(about) {
    if (!about) return 'The relay did not answer.'
    const reaches = about.hosts === false ? 'reaches the servers that its operator has named' : `reaches ports ${about.ports.join(', ')}`
    const unknown = this.token.value ? '; it does not know this token' : '; wants a token'
    return `Ehlo ${about.version}, ${about.profile}: ${reaches}${about.token && about.admitted === false ? unknown : ''}.`
  }

  /** The servers that the relay's operator has named. */
  get #targets() {
    return this.#about?.targets.filter((name) => !/^practice(\/|$)/.test(name)) ?? []
  }

  /**
   * Host fields fixed, as in documentation.
   * @param {boolean} locked
   */
  set locked(locked) {
    this.#locked = locked
    this.#show()
  }

  /**
   * A conversation is going on: whom to call is settled until it has ended.
   * @param {boolean} going
   */
  set going(going) {
    this.#going = going
    this.button.hidden = going
    this.#show()
  }

  /**
   * What must never be stored.
   * @returns {Secrets}
   */
  get secrets() {
    return Object.assign({ token: this.token.value, password: '', accessToken: '', tlsClient: '' }, ...this.#groups.map((group) => group.secrets))
  }

  /** @returns {Settings} */
  get settings() {
    return Object.assign({}, this.#kept, this.#own, ...this.#groups.map((group) => group.value))
  }

  get #own() {
    return {
      mode: this.modes.find((input) => input.checked)?.value ?? 'server',
      target: this.named.value,
      host: this.host.value,
      port: this.port.value === OTHER ? this.portOther.value : this.port.value,
      security: this.security.value,
      family: this.family.value,
      domain: this.domain.value,
      practice: this.practice.value || DEFAULTS.practice,
      practiceVia: this.via.value,
      preset: this.preset.value,
      hello: this.hello.value,
      helloVerb: this.helloVerb.value,
      from: this.from.value,
      to: this.to.value,
      ...this.message.value,
      until: this.until.value,
      ...Object.fromEntries(Object.entries(this.boxes).map(([name, input]) => [name, input.checked])),
      relay: this.relay.value.trim(),
    }
  }

  /** @param {Readonly<Settings>} settings */
  set settings(settings) {
    this.#kept = settings
    for (const group of this.#groups) group.value = settings
    for (const input of this.modes) input.checked = input.value === settings.mode
    for (const name of /** @type {const} */ (['host', 'security', 'family', 'domain', 'hello', 'helloVerb', 'from', 'to', 'until', 'relay'])) {
      if (this[name].value !== settings[name]) this[name].value = settings[name]
    }
    this.#choose(this.named, settings.target)
    this.#choose(this.practice, settings.practice)
    this.#choose(this.preset, settings.preset)
    this.via.value = settings.practiceVia
    for (const name of /** @type {const} */ (['size', 'eightBit', 'smtputf8', 'pipelining'])) this.boxes[name].checked = settings[name]
    this.message.value = settings
    this.#ports(settings.port)
    this.#show()
  }

  /**
   * A menu keeps what was chosen, also where this version does not offer it.
   * @param {HTMLSelectElement} select
   * @param {string} value
   */
  #choose(select, value) {
    if (value && !Array.from(select.options).some((option) => option.value === value)) append(select, [h('option', { value }, value)])
    select.value = value
  }

  /** @param {string} chosen */
  #ports(chosen) {
    const listed = catalog.ports.some(({ port }) => String(port) === chosen)
    this.port.value = listed ? chosen : OTHER
    this.portOther.value = listed ? '' : chosen
  }

  /** @param {EventTarget | null} [target] */
  #changed(target) {
    if (target === this.preset) this.#applyPreset()
    if (target === this.port) this.#securityFor(USUAL[this.port.value])
    if (target === this.security) this.#portFor(this.security.value === 'tls')
    if (target) this.showProblem(null)
    this.#show()
    this.#hooks.onchange(target)
  }

  /**
   * Port and security go together, as long as the person has not said otherwise.
   * @param {string | undefined} usual
   */
  #securityFor(usual) {
    if (!usual) return
    if (usual === 'tls' || this.security.value === 'tls' || !this.#securityChosen) this.security.value = usual
  }

  /** @param {boolean} tls */
  #portFor(tls) {
    this.#securityChosen = true
    const port = this.port.value
    if (tls && USUAL[port] !== 'tls' && port !== OTHER) {
      this.#portBefore = port
      this.port.value = port === '2525' ? '2465' : '465'
    } else if (!tls && USUAL[port] === 'tls') this.port.value = port === '2465' ? '2525' : this.#portBefore || '587'
  }

  /**
   * Chooses a preset by its id.
   * @param {string} id
   */
  choosePreset(id) {
    this.#choose(this.preset, id)
    this.#applyPreset()
    this.#show()
  }

  #applyPreset() {
    const preset = catalog.presets.find(({ id }) => id === this.preset.value)
    if (preset) this.settings = withPreset(this.settings, preset, catalog.presets)
  }

  #show() {
    const { mode } = this.settings
    for (const [name, panel] of Object.entries(this.panels)) panel.hidden = name !== mode
    const named = this.named.value
    this.namedRow.hidden = !named && this.#targets.length === 0
    this.hostRow.hidden = this.portPair.hidden = Boolean(named)
    const other = this.port.value === OTHER
    this.portOther.hidden = !other
    const port = named ? 0 : Number(other ? this.portOther.value : this.port.value)
    const about = catalog.ports.find((known) => known.port === port)?.about ?? ''
    const beyond = this.#about && port && !this.#about.ports.includes(port) ? `This relay does not reach port ${port}. ` : ''
    const security = SECURITY.find(([value]) => value === this.security.value)?.[2] ?? ''
    const unusual = (USUAL[port] === 'tls') !== (this.security.value === 'tls') && USUAL[port] ? `Unusual: port ${port} ${USUAL[port] === 'tls' ? 'speaks TLS from the first byte' : 'begins readable'}. ` : ''
    setText(this.portNote, beyond + (about && `Port ${port}: ${about}. `) + unusual + security)
    const { signInWith, user } = this.settings
    setText(this.signInNote, signInWith && !this.signInGroup.open ? `as ${user || 'nobody'}` : '')
    setText(this.practiceAbout, catalog.personalities.find(({ name }) => name === this.practice.value)?.about ?? '')
    const preset = catalog.presets.find(({ id }) => id === this.preset.value)
    setText(this.presetAbout, preset?.about ?? 'What to test: says whom to name, and how far to go.')
    setText(this.fromHint, preset?.from_hint ? `${capital(preset.from_hint)}.` : 'Empty: the null sender <>, as a bounce has.')
    setText(this.toHint, `${preset?.to_hint ? `${capital(preset.to_hint)}. ` : ''}Several: one a line, or with commas.`)
    setText(this.button, mode === 'domain' ? 'Look up' : mode === 'practice' ? 'Start' : 'Connect')
    const noPractice = this.#about && !this.#about.targets.some((target) => target.startsWith('practice'))
    this.via.options[1].disabled = Boolean(noPractice)
    this.target.disabled = this.#locked || this.#going
    this.to.rows = Math.min(6, Math.max(1, this.to.value.split('\n').length))
  }

  /**
   * Shows what the server offers beside what uses it; `null` while nobody knows.
   * @param {View | null} view
   */
  show(view) {
    this.#view = view
    markOffers(this.node, view?.server.hello ? view.server.extensions : null)
    for (const group of this.#groups) group.show(view)
  }

  /**
   * Says what is wrong, beside the field that it is about; a field that is not there yet is made.
   * @param {Problem | null} problem
   */
  async showProblem(problem) {
    if (problem?.field && !this.#byName(problem.field)) await (IN_SIGN_IN.test(problem.field) ? this.openSignIn() : this.#openOptions()).catch(() => {})
    this.#mark(problem)
  }

  /** @param {Problem | null} problem */
  #mark(problem) {
    for (const field of this.node.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
    this.problem.hidden = !problem
    setText(this.problem, problem?.message ?? '')
    if (!problem?.field) return
    const port = this.port.value === OTHER ? this.portOther : this.port
    const field = problem.field === 'port' ? port : this.#byName(problem.field)
    if (!field) return
    field.setAttribute('aria-invalid', 'true')
    for (let group = field.closest('details'); group; group = group.parentElement?.closest('details') ?? null) group.open = true
    field.focus()
  }

  /**
   * @param {string} name as the core calls it
   * @returns {HTMLElement | null}
   */
  #byName(name) {
    const last = name.split('.').at(-1) ?? name
    const known = ALIASES[last] ?? (last === 'token' && this.settings.signInWith === 'token' ? 'access_token' : last === 'body' && this.settings.body8 ? 'body_kind' : last)
    return this.node.querySelector(`[name="${CSS.escape(known.replaceAll('_', '-'))}"]`)
  }

  /**
   * Shows what a look-up of MX hosts gave.
   * @param {MailHosts | null} result
   * @param {(host: string) => void} [use] called with the host that was chosen
   */
  showLookup(result, use) {
    if (!result) return fill(this.lookup)
    const hosts = result.hosts.map(({ host, preference, addresses }) =>
      h('li', null, h('button', { type: 'button', class: 'host', onclick: () => use?.(host) }, h('b', null, host),
        h('span', null, preference === null || preference === undefined ? '' : `preference ${preference}`), h('span', { class: 'faint' }, addresses.join(', ')))))
    fill(this.lookup, h('p', null, result.sentence), hosts.length > 0 && h('ol', { class: 'hosts' }, hosts), result.advice.map((advice) => h('p', { class: 'hint' }, advice)))
  }
}

// What did not load is tried afresh the next time.
async function rest() {
  try {
    return await loadRest()
  } catch (cause) {
    throw new Error('These fields did not load; the connection may have broken. Close the group and open it again.', { cause })
  }
}

/** @param {[value: string, label: string][]} choices */
function radios(choices) {
  const name = uniqueId('mode')
  return choices.map(([value]) => h('input', { type: 'radio', name, value }))
}

/**
 * A control with its label, of which several stand in a row.
 * @param {string} label
 * @param {Control} control
 * @param {Control} [beside]
 */
function pair(label, control, beside) {
  control.id = uniqueId(control.name)
  return h('div', { class: 'pair' }, h('label', { for: control.id }, label), h('span', { class: 'together' }, control, beside))
}

/** @param {string} text */
function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
