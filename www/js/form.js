/**
 * The form before a conversation: whom to call, and what the mail shall be.
 * @module
 */

import { catalog } from './catalog.js'
import { loadRest } from './core.js'
import { append, fill, h, setText, uniqueId } from './dom.js'
import { box, check, field, hint, markOffers, menu, text } from './fields.js'
import { MessageFields } from './message-fields.js'
import { DEFAULTS, USUAL, withPreset } from './settings.js'

const MODES = [
  ['server', 'Mail server'],
  ['domain', 'Mail domain'],
  ['practice', 'Practice'],
]

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

/** What each choice means, where it is made. */
const SECURITY = [
  ['none', 'none', 'Everything crosses readable, as with telnet.'],
  ['starttls-if-offered', 'STARTTLS if offered', 'Goes on encrypted where the server offers it, else readable.'],
  ['starttls', 'STARTTLS, or nothing', 'Begins readable and goes on encrypted; where that is not offered, nothing is sent.'],
  ['tls', 'TLS at once', 'Encrypted from the first byte.'],
]

const OTHER = 'other'

/** Fields that are in a group which is fetched when it is opened. */
const IN_SIGN_IN = /^(sign_in|user|password|access_token|authorization_id|mechanism|initial_response|bind_to_certificate)$/
const ALIASES = { sign_in: 'sign_in_with', proxy_header: 'proxy_version', version: 'proxy_version', notify: 'notify_success', source: 'proxy_source', destination: 'proxy_destination' }

/** The form. It holds no state of its own but what its fields show. */
export class SetupForm {
  #hooks
  #about = null
  #locked = false
  #going = false
  /** The settings as they were given last: what is in groups that are not there yet is taken from here. */
  #kept = DEFAULTS
  #groups = new Map()
  #view = null
  #securityChosen = false
  #portBefore = ''

  /** @param {{onconnect: Function, onlookup: Function, onchange: Function, onrelay: Function}} hooks */
  constructor(hooks) {
    this.#hooks = hooks
    this.message = new MessageFields(() => this.#changed())
    this.#makeFields()
    this.node = h('form', { class: 'form', part: 'form', novalidate: true, autocomplete: 'off' }, this.#target(), this.#mail(), this.#signIn(), this.#more(), this.#submit())
    this.node.addEventListener('submit', (event) => {
      event.preventDefault()
      if (this.settings.mode === 'domain') hooks.onlookup()
      else hooks.onconnect()
    })
    this.node.addEventListener('input', (event) => this.#changed(event.target))
    this.node.addEventListener('change', (event) => this.#changed(event.target))
    this.settings = DEFAULTS
  }

  #makeFields() {
    const name = uniqueId('mode')
    this.modes = MODES.map(([value, label]) => h('label', { class: 'segment' }, h('input', { type: 'radio', name, value }), h('span', null, label)))
    this.host = text('host', { inputmode: 'url', placeholder: 'mail.example.com or 192.0.2.10' })
    this.named = h('select', { name: 'target' })
    this.domain = text('domain', { inputmode: 'url', placeholder: 'example.com' })
    this.port = menu('port', [...catalog.ports.map(({ port }) => [String(port), port]), [OTHER, 'other…']])
    this.portOther = text('port-number', { inputmode: 'numeric', maxlength: 5, 'aria-label': 'Port number', class: 'short' })
    this.security = menu('security', SECURITY)
    this.practice = menu('practice', catalog.personalities.map(({ name, title }) => [name, title]))
    this.via = menu('practice-via', [['page', 'inside this page'], ['relay', 'through the relay, over TCP']])
    this.preset = menu('preset', [['', 'Choose…'], ...catalog.presets.map(({ id, title }) => [id, title])])
    this.from = text('from', { inputmode: 'email', placeholder: 'you@example.org' })
    this.to = h('textarea', { name: 'to', rows: 1, inputmode: 'email', autocapitalize: 'none', spellcheck: 'false', placeholder: 'them@example.com' })
    this.hello = text('hello', { placeholder: 'proposed when connected' })
    this.helloVerb = h('select', { name: 'hello-verb', 'aria-label': 'Command' }, h('option', null, 'EHLO'), h('option', null, 'HELO'))
    this.until = menu('until', UNTIL)
    this.family = menu('family', [['', 'any'], ['4', 'IPv4 only'], ['6', 'IPv6 only']])
    this.relay = text('relay', { inputmode: 'url' })
    this.token = h('input', { type: 'password', name: 'token', autocomplete: 'off' })
    this.boxes = {
      size: [box('size'), 'SIZE', 'say beforehand how big the message is', 'SIZE'],
      eightBit: [box('eight-bit'), 'BODY=8BITMIME', 'announce letters beyond ASCII in the text', '8BITMIME'],
      smtputf8: [box('smtputf8'), 'SMTPUTF8', 'letters beyond ASCII in addresses', 'SMTPUTF8'],
      pipelining: [box('pipelining'), 'PIPELINING', 'send several commands without waiting', 'PIPELINING'],
    }
    this.problem = h('p', { class: 'problem', role: 'alert', hidden: true })
    this.lookup = h('div', { class: 'lookup', 'aria-live': 'polite' })
    this.button = h('button', { type: 'submit', class: 'primary', part: 'connect' }, 'Connect')
    this.relayNote = h('p', { class: 'hint' })
  }

  #target() {
    this.portNote = hint(this.port, '')
    const pair = (label, control, beside) => {
      control.id = uniqueId(control.name)
      return h('div', { class: 'pair' }, h('label', { for: control.id }, label), h('span', { class: 'together' }, control, beside))
    }
    this.panels = {
      server: h('div', { class: 'stack' }, this.namedRow = field('Reach', this.named), this.hostRow = field('Server', this.host),
        h('div', { class: 'pairs' }, this.portPair = pair('Port', this.port, this.portOther), pair('Security', this.security)), this.portNote),
      domain: h('div', { class: 'stack' },
        field('Domain', this.domain, hint(this.domain, 'The part after the @. The hosts that take its mail are looked up.')), this.lookup),
      practice: h('div', { class: 'stack' },
        field('Server', this.practice, this.practiceAbout = hint(this.practice, '')),
        field('Where', this.via)),
    }
    this.target = h('fieldset', { class: 'group target' }, h('legend', null, 'Whom to call'),
      h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Whom to call' }, this.modes), Object.values(this.panels))
    return this.target
  }

  #mail() {
    this.presetAbout = hint(this.preset, '')
    return h('fieldset', { class: 'group' }, h('legend', null, 'The mail'),
      field('Purpose', this.preset, this.presetAbout),
      field('From', this.from, this.fromHint = hint(this.from, '')),
      field('To', this.to, this.toHint = hint(this.to, '')),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'Message'), h('div', { class: 'control' }, this.message.node)),
      field('Stop after', this.until))
  }

  #signIn() {
    this.signInHome = h('div', { class: 'stack' })
    this.signInNote = h('span', { class: 'faint' })
    this.signInGroup = h('details', { class: 'group' }, h('summary', null, 'Sign in ', this.signInNote), this.signInHome)
    this.signInGroup.addEventListener('toggle', () => this.signInGroup.open && this.openSignIn().catch((error) => this.showProblem(error)))
    return this.signInGroup
  }

  #more() {
    const boxes = Object.values(this.boxes).map((all) => check(...all))
    this.relayGroup = h('details', { class: 'group' }, h('summary', null, 'Relay'),
      field('Address', this.relay, hint(this.relay, 'A web page cannot open a mail connection by itself: the relay does, and passes the bytes on.')),
      field('Token', this.token, hint(this.token, 'Only where the relay asks for one. It is never stored.')), this.relayNote)
    this.relayGroup.addEventListener('toggle', () => this.relayGroup.open && this.#hooks.onrelay())
    this.moreOptions = h('div', { class: 'stack more' })
    this.options = h('details', { class: 'group' }, h('summary', null, 'Options'),
      field('My name', [this.hello, this.helloVerb], hint(this.hello, 'Empty: the relay’s own name where the DNS confirms it, else “test.” and the server’s domain.')),
      field('IP version', this.family),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'If offered'), h('div', { class: 'control' }, boxes)), this.moreOptions)
    this.options.addEventListener('toggle', () => this.options.open && this.#openOptions().catch((error) => this.showProblem(error)))
    return [this.options, this.relayGroup]
  }

  /** The fields for signing in, fetched when they are first wanted. */
  openSignIn() {
    return this.#group('signIn', async () => {
      const { SignInFields } = await loadRest()
      const group = new SignInFields(catalog.mechanisms)
      this.signInHome.append(group.node)
      return group
    })
  }

  #openOptions() {
    const tls = this.#group('tls', async () => {
      const { TlsFields } = await loadRest()
      const group = new TlsFields()
      this.moreOptions.append(h('details', { class: 'inline' }, h('summary', null, 'TLS: names, versions, certificates'), group.node),
        h('details', { class: 'inline' }, h('summary', null, 'PROXY protocol'), group.proxy))
      return group
    })
    const extensions = this.#group('extensions', async () => {
      const { ExtensionFields } = await loadRest()
      const group = new ExtensionFields()
      this.moreOptions.append(group.node)
      return group
    })
    return Promise.all([tls, extensions])
  }

  // A group that did not load is tried afresh the next time.
  #group(name, make) {
    this[name] ??= make().then((group) => {
      group.value = this.#kept
      this.#groups.set(name, group)
      this.show(this.#view)
      return group
    }, (cause) => {
      this[name] = null
      throw new Error('These fields did not load; the connection may have broken. Close the group and open it again.', { cause })
    })
    return this[name]
  }

  #submit() {
    return h('div', { class: 'submit' }, this.problem, this.button)
  }

  /** What the relay offers, once it has said so. */
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

  /** Host fields fixed, as in documentation. */
  set locked(locked) {
    this.#locked = locked
    this.#show()
  }

  /** A conversation is going on: whom to call is settled until it has ended. */
  set going(going) {
    this.#going = going
    this.button.hidden = going
    this.#show()
  }

  /** What must never be stored: the relay's token, password, access token, client certificate. */
  get secrets() {
    return Object.assign({ token: this.token.value, password: '', accessToken: '', tlsClient: '' }, ...Array.from(this.#groups.values(), (group) => group.secrets))
  }

  get settings() {
    return Object.assign({}, this.#kept, this.#own, ...Array.from(this.#groups.values(), (group) => group.value))
  }

  get #own() {
    return {
      mode: this.modes.map((label) => label.firstChild).find((input) => input.checked)?.value ?? 'server',
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
      ...Object.fromEntries(Object.entries(this.boxes).map(([name, [input]]) => [name, input.checked])),
      relay: this.relay.value.trim(),
    }
  }

  set settings(settings) {
    this.#kept = settings
    for (const group of this.#groups.values()) group.value = settings
    for (const label of this.modes) label.firstChild.checked = label.firstChild.value === settings.mode
    for (const name of ['host', 'security', 'family', 'domain', 'hello', 'helloVerb', 'from', 'to', 'until', 'relay']) {
      if (this[name].value !== settings[name]) this[name].value = settings[name]
    }
    this.#choose(this.named, settings.target)
    this.#choose(this.practice, settings.practice)
    this.#choose(this.preset, settings.preset)
    this.via.value = settings.practiceVia
    for (const [name, [input]] of Object.entries(this.boxes)) input.checked = settings[name]
    this.message.value = settings
    this.#ports(settings.port)
    this.#show()
  }

  // A menu keeps what was chosen, also where this version does not offer it.
  #choose(select, value) {
    if (value && !Array.from(select.options).some((option) => option.value === value)) append(select, [h('option', { value }, value)])
    select.value = value
  }

  #ports(chosen) {
    const listed = catalog.ports.some(({ port }) => String(port) === chosen)
    this.port.value = listed ? chosen : OTHER
    this.portOther.value = listed ? '' : chosen
  }

  #changed(target) {
    if (target === this.preset) this.#applyPreset()
    if (target === this.port) this.#securityFor(USUAL[this.port.value])
    if (target === this.security) this.#portFor(this.security.value === 'tls')
    if (target) this.showProblem(null)
    this.#show()
    this.#hooks.onchange(target)
  }

  // Port and security go together, as long as the person has not said otherwise.
  #securityFor(usual) {
    if (!usual) return
    if (usual === 'tls' || this.security.value === 'tls' || !this.#securityChosen) this.security.value = usual
  }

  #portFor(tls) {
    this.#securityChosen = true
    const port = this.port.value
    if (tls && USUAL[port] !== 'tls' && port !== OTHER) {
      this.#portBefore = port
      this.port.value = port === '2525' ? '2465' : '465'
    } else if (!tls && USUAL[port] === 'tls') this.port.value = port === '2465' ? '2525' : this.#portBefore || '587'
  }

  /** Chooses a preset by its id. */
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

  /** Shows what the server offers beside what uses it; `null` while nobody knows. */
  show(view) {
    this.#view = view
    markOffers(this.node, view?.server.hello ? view.server.extensions : null)
    for (const group of this.#groups.values()) group.show?.(view)
  }

  /** Says what is wrong, beside the field that it is about; a field that is not there yet is fetched. */
  async showProblem(problem) {
    if (problem?.field && !this.#byName(problem.field)) await (IN_SIGN_IN.test(problem.field) ? this.openSignIn() : this.#openOptions()).catch(() => {})
    this.#mark(problem)
  }

  #mark(problem) {
    for (const field of this.node.querySelectorAll('[aria-invalid]')) field.removeAttribute('aria-invalid')
    this.problem.hidden = !problem
    setText(this.problem, problem?.message ?? '')
    const field = problem?.field && { port: this.port.value === OTHER ? this.portOther : this.port }[problem.field] || this.#byName(problem?.field)
    if (!field) return
    field.setAttribute('aria-invalid', 'true')
    for (let group = field.closest('details'); group; group = group.parentElement?.closest('details')) group.open = true
    field.focus()
  }

  #byName(name) {
    if (!name) return null
    const last = name.split('.').at(-1)
    const known = ALIASES[last] ?? (last === 'token' && this.settings.signInWith === 'token' ? 'access_token' : last === 'body' && this.settings.body8 ? 'body_kind' : last)
    return this.node.querySelector(`[name="${CSS.escape(known.replaceAll('_', '-'))}"]`)
  }

  /** Shows what a look-up of MX hosts gave; `use` is called with the host that was chosen. */
  showLookup(result, use) {
    if (!result) return fill(this.lookup, null)
    const hosts = result.hosts.map(({ host, preference, addresses }) =>
      h('li', null, h('button', { type: 'button', class: 'host', onclick: () => use(host) }, h('b', null, host),
        h('span', null, preference === null || preference === undefined ? '' : `preference ${preference}`), h('span', { class: 'faint' }, addresses.join(', ')))))
    fill(this.lookup, h('p', null, result.sentence), hosts.length > 0 && h('ol', { class: 'hosts' }, hosts), result.advice.map((advice) => h('p', { class: 'hint' }, advice)))
  }
}

function capital(text) {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
