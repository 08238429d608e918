/**
 * The form before a conversation: whom to call, and what the mail shall be.
 * @module
 */

import { append, fill, h, setText, uniqueId } from './dom.js'
import { MessageFields } from './message-fields.js'
import { DEFAULTS, withPreset } from './settings.js'

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
  ['hello', 'EHLO'],
  ['connect', 'the greeting'],
]

const OTHER = 'other'

/** The form. It holds no state of its own but what its fields show. */
export class SetupForm {
  #hooks
  #catalog = null
  #about = null
  #locked = false
  #wanted = ''
  #going = false

  /** @param {{onconnect: Function, onlookup: Function, onchange: Function, onrelay: Function}} hooks */
  constructor(hooks) {
    this.#hooks = hooks
    this.message = new MessageFields(() => this.#changed())
    this.#makeFields()
    this.node = h('form', { class: 'form', part: 'form', novalidate: true, autocomplete: 'off' }, this.#target(), this.#mail(), this.#more(), this.#submit())
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
    const text = (props) => h('input', { type: 'text', autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', ...props })
    this.host = text({ name: 'host', inputmode: 'url', placeholder: 'mail.example.com or 192.0.2.10' })
    this.domain = text({ name: 'domain', inputmode: 'url', placeholder: 'example.com' })
    this.port = h('select', { name: 'port' })
    this.portOther = text({ name: 'port-number', inputmode: 'numeric', maxlength: 5, 'aria-label': 'Port number', class: 'short' })
    this.security = h('select', { name: 'security' }, h('option', { value: 'none' }, 'none'),
      ['STARTTLS', 'TLS'].map((word) => h('option', { disabled: true }, `${word} (next version)`)))
    this.practice = h('select', { name: 'practice' }, h('option', { value: 'accepts-all' }, 'Accepts all'))
    this.via = h('select', { name: 'practice-via' }, h('option', { value: 'page' }, 'inside this page'), h('option', { value: 'relay' }, 'through the relay, over TCP'))
    this.preset = h('select', { name: 'preset' }, h('option', { value: '' }, 'Choose…'))
    this.from = text({ name: 'from', inputmode: 'email', placeholder: 'you@example.org' })
    this.to = h('textarea', { name: 'to', rows: 1, inputmode: 'email', autocapitalize: 'none', spellcheck: 'false', placeholder: 'them@example.com' })
    this.hello = text({ name: 'hello', placeholder: 'proposed when connected' })
    this.helloVerb = h('select', { name: 'hello-verb', 'aria-label': 'Command' }, h('option', null, 'EHLO'), h('option', null, 'HELO'))
    this.until = h('select', { name: 'until' }, UNTIL.map(([value, label]) => h('option', { value }, label)))
    this.family = h('select', { name: 'family' }, [['', 'any'], ['4', 'IPv4 only'], ['6', 'IPv6 only']].map(([value, label]) => h('option', { value }, label)))
    this.relay = text({ name: 'relay', inputmode: 'url' })
    this.token = h('input', { type: 'password', name: 'token', autocomplete: 'off' })
    const box = (nameOf, label, hint) => [h('input', { type: 'checkbox', name: nameOf, id: uniqueId(nameOf) }), label, hint]
    this.boxes = {
      size: box('size', 'SIZE', 'say beforehand how big the message is'),
      eightBit: box('eight-bit', 'BODY=8BITMIME', 'announce letters beyond ASCII in the text'),
      smtputf8: box('smtputf8', 'SMTPUTF8', 'letters beyond ASCII in addresses'),
      pipelining: box('pipelining', 'PIPELINING', 'send several commands without waiting'),
    }
    this.problem = h('p', { class: 'problem', role: 'alert', hidden: true })
    this.lookup = h('div', { class: 'lookup', 'aria-live': 'polite' })
    this.button = h('button', { type: 'submit', class: 'primary', part: 'connect' }, 'Connect')
    this.relayNote = h('p', { class: 'hint' })
  }

  #field(label, control, ...extra) {
    const first = [control].flat()[0]
    first.id ||= uniqueId(first.name)
    return h('div', { class: 'field', 'data-field': first.name }, h('label', { for: first.id }, label), h('div', { class: 'control' }, control, extra))
  }

  #hint(control, text) {
    const hint = h('p', { class: 'hint', id: uniqueId('hint') }, text)
    control.setAttribute('aria-describedby', hint.id)
    return hint
  }

  #target() {
    this.portNote = this.#hint(this.port, '')
    const pair = (label, control, beside) => {
      control.id = uniqueId(control.name)
      return h('div', { class: 'pair' }, h('label', { for: control.id }, label), h('span', { class: 'together' }, control, beside))
    }
    this.panels = {
      server: h('div', { class: 'stack' }, this.#field('Server', this.host),
        h('div', { class: 'pairs' }, pair('Port', this.port, this.portOther), pair('Security', this.security)), this.portNote),
      domain: h('div', { class: 'stack' },
        this.#field('Domain', this.domain, this.#hint(this.domain, 'The part after the @. The hosts that take its mail are looked up.')), this.lookup),
      practice: h('div', { class: 'stack' },
        this.#field('Server', this.practice, this.practiceAbout = this.#hint(this.practice, '')),
        this.#field('Where', this.via)),
    }
    this.target = h('fieldset', { class: 'group target' }, h('legend', null, 'Whom to call'),
      h('div', { class: 'segments', role: 'radiogroup', 'aria-label': 'Whom to call' }, this.modes), Object.values(this.panels))
    return this.target
  }

  #mail() {
    this.presetAbout = this.#hint(this.preset, '')
    return h('fieldset', { class: 'group' }, h('legend', null, 'The mail'),
      this.#field('Purpose', this.preset, this.presetAbout),
      this.#field('From', this.from, this.fromHint = this.#hint(this.from, '')),
      this.#field('To', this.to, this.toHint = this.#hint(this.to, '')),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'Message'), h('div', { class: 'control' }, this.message.node)),
      this.#field('Stop after', this.until))
  }

  #more() {
    const boxes = Object.values(this.boxes).map(([input, label, hint]) =>
      h('label', { class: 'check' }, input, h('span', null, h('b', null, label), ` ${hint}`)))
    this.relayGroup = h('details', { class: 'group' }, h('summary', null, 'Relay'),
      this.#field('Address', this.relay, this.#hint(this.relay, 'A web page cannot open a mail connection by itself: the relay does, and passes the bytes on.')),
      this.#field('Token', this.token, this.#hint(this.token, 'Only where the relay asks for one. It is never stored.')), this.relayNote)
    this.relayGroup.addEventListener('toggle', () => this.relayGroup.open && this.#hooks.onrelay())
    return [h('details', { class: 'group' }, h('summary', null, 'Options'),
      this.#field('My name', [this.hello, this.helloVerb], this.#hint(this.hello, 'Empty: the relay’s own name where the DNS confirms it, else “test.” and the server’s domain.')),
      this.#field('IP version', this.family),
      h('div', { class: 'field' }, h('span', { class: 'label' }, 'If offered'), h('div', { class: 'control' }, boxes))), this.relayGroup]
  }

  #submit() {
    return h('div', { class: 'submit' }, this.problem, this.button)
  }

  /** Fills menus from the core's catalogue. */
  setCatalog(catalog) {
    const { settings } = this
    this.#catalog = catalog
    fill(this.practice, catalog.personalities.map(({ name, title }) => h('option', { value: name }, title)))
    fill(this.preset, h('option', { value: '' }, 'Choose…'), catalog.presets.map(({ id, title }) => h('option', { value: id }, title)))
    this.settings = settings
    if (this.#wanted) this.choosePreset(this.#wanted)
  }

  /** What the relay offers, once it has said so. */
  setAbout(about) {
    this.#about = about
    setText(this.relayNote, about ? `Ehlo ${about.version}, ${about.profile}: reaches ports ${about.ports.join(', ')}${about.token ? '; wants a token' : ''}.` : 'The relay did not answer.')
    this.#show()
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

  get settings() {
    return {
      mode: this.modes.map((label) => label.firstChild).find((input) => input.checked)?.value ?? 'server',
      host: this.host.value,
      port: this.port.value === OTHER ? this.portOther.value : this.port.value,
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
    for (const label of this.modes) label.firstChild.checked = label.firstChild.value === settings.mode
    for (const name of ['host', 'family', 'domain', 'hello', 'helloVerb', 'from', 'to', 'until', 'relay']) {
      if (this[name].value !== settings[name]) this[name].value = settings[name]
    }
    this.#choose(this.practice, settings.practice)
    this.#choose(this.preset, settings.preset)
    this.via.value = settings.practiceVia
    for (const [name, [input]] of Object.entries(this.boxes)) input.checked = settings[name]
    this.message.value = settings
    this.#ports(settings.port)
    this.#show()
  }

  // A menu that the catalogue has not filled yet still keeps what was chosen.
  #choose(select, value) {
    if (value && !Array.from(select.options).some((option) => option.value === value)) append(select, [h('option', { value }, value)])
    select.value = value
  }

  #ports(chosen) {
    const known = this.#catalog?.ports ?? [{ port: 25 }, { port: 587 }, { port: 2525 }]
    const open = known.filter(({ port }) => port !== 465)
    fill(this.port, open.map(({ port }) => h('option', { value: String(port) }, port)),
      h('option', { value: '465', disabled: true }, '465 (TLS: next version)'), h('option', { value: OTHER }, 'other…'))
    const listed = open.some(({ port }) => String(port) === chosen)
    this.port.value = listed ? chosen : OTHER
    this.portOther.value = listed ? '' : chosen
  }

  #changed(target) {
    if (target === this.preset) this.#applyPreset()
    if (target) this.showProblem(null)
    this.#show()
    this.#hooks.onchange(target)
  }

  /** Chooses a preset by its id, now or when the catalogue has come. */
  choosePreset(id) {
    this.#wanted = this.#catalog ? '' : id
    this.#choose(this.preset, id)
    this.#applyPreset()
    this.#show()
  }

  #applyPreset() {
    const preset = this.#catalog?.presets.find(({ id }) => id === this.preset.value)
    if (preset) this.settings = withPreset(this.settings, preset, this.#catalog.presets)
  }

  #show() {
    const { mode } = this.settings
    for (const [name, panel] of Object.entries(this.panels)) panel.hidden = name !== mode
    const other = this.port.value === OTHER
    this.portOther.hidden = !other
    const port = Number(other ? this.portOther.value : this.port.value)
    const about = this.#catalog?.ports.find((known) => known.port === port)?.about ?? ''
    const beyond = this.#about && port && !this.#about.ports.includes(port) ? `This relay does not reach port ${port}. ` : ''
    setText(this.portNote, port === 465 ? 'Port 465 speaks TLS from the first byte; TLS comes in the next version.' : beyond + (about && `${capital(about)}.`))
    this.portNote.hidden = this.portNote.textContent === ''
    setText(this.practiceAbout, this.#catalog?.personalities.find(({ name }) => name === this.practice.value)?.about ?? '')
    const preset = this.#catalog?.presets.find(({ id }) => id === this.preset.value)
    setText(this.presetAbout, preset?.about ?? 'What to test: says whom to name, and how far to go.')
    setText(this.fromHint, preset?.from_hint ? `${capital(preset.from_hint)}.` : 'Empty: the null sender <>, as a bounce has.')
    setText(this.toHint, `${preset?.to_hint ? `${capital(preset.to_hint)}. ` : ''}Several: one a line, or with commas.`)
    setText(this.button, mode === 'domain' ? 'Look up' : mode === 'practice' ? 'Start' : 'Connect')
    const noPractice = this.#about && !this.#about.targets.some((target) => target.startsWith('practice'))
    this.via.options[1].disabled = Boolean(noPractice)
    this.target.disabled = this.#locked || this.#going
    this.to.rows = Math.min(6, Math.max(1, this.to.value.split('\n').length))
  }

  /** Says what is wrong, beside the field that it is about. */
  showProblem(problem) {
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
    return name ? this.node.querySelector(`[name="${CSS.escape(name.replaceAll('_', '-'))}"]`) : null
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
