/**
 * Signing in: the fields for it, in the form and in mid-conversation. Fetched when they are first wanted.
 * @module
 */

import { fill, h, setText } from './dom.js'
import { Group, box, check, field, hint, menu, secret, text } from './fields.js'
import { signInState } from './sign-in-state.js'

/** @import { Problem, Settings } from './settings.js' */
/** @import { View } from './types.d.ts' */

/** @type {[value: string, label: string][]} */
const WITH = [
  ['', 'Do not sign in'],
  ['password', 'With a password'],
  ['token', 'With an access token (OAuth)'],
  ['nothing', 'Without a secret: by certificate, or as nobody'],
]

/** Whom to sign in as, and how. There is one of it; form and dialog take it in turn, so what was typed stays. */
export class SignInFields extends Group {
  /** @param {{word: string, about: string}[]} mechanisms what Ehlo knows */
  constructor(mechanisms) {
    super()
    this.mechanisms = mechanisms
    /** What is shown now. */
    this.key = ''
    this.with = menu('sign-in-with', WITH)
    this.user = text('user', { placeholder: 'you@example.org' })
    const [password, showPassword] = secret('password')
    const [token, showToken] = secret('access-token')
    this.password = password
    this.token = token
    this.actAs = text('authorization-id')
    this.mechanism = menu('mechanism', [])
    this.initial = box('initial-response')
    this.bind = menu('bind-to-certificate', [['', 'this TLS session (tls-exporter)'], ['certificate', 'the server’s certificate (tls-server-end-point)']])
    this.inputs = { signInWith: this.with, user: this.user, authorizationId: this.actAs, mechanism: this.mechanism, initialResponse: this.initial, bindTo: this.bind }
    const kept = 'Kept only while this page is open, so that you can try again; never stored, and masked in the transcript.'
    this.rows = {
      user: field('User', this.user, this.trace = hint(this.user, '')),
      password: field('Password', password, showPassword, hint(password, kept)),
      token: field('Token', token, showToken, hint(token, kept)),
      mechanism: field('Mechanism', this.mechanism, this.about = hint(this.mechanism, '')),
      more: h('details', { class: 'inline' }, h('summary', null, 'More about signing in'),
        field('Act as', this.actAs, hint(this.actAs, 'The authorization identity, where it is another than the user. Usually empty.')),
        field('Bind to', this.bind, hint(this.bind, 'What the -PLUS mechanisms tie the proof to.')),
        check(this.initial, 'Initial response', 'send the first answer together with AUTH, which saves a round trip')),
    }
    for (const row of [this.rows.password, this.rows.token]) row.classList.add('secret')
    this.node = h('div', { class: 'stack sign-in' }, field('Sign in', this.with), Object.values(this.rows))
    this.node.addEventListener('change', () => this.refresh())
    this.show(null)
  }

  /**
   * Shows what the server offers; `null` while nobody knows.
   * @override
   * @param {View | null} view
   */
  show(view) {
    const known = view?.server?.hello ? view.sign_in.mechanisms : null
    const key = JSON.stringify([known?.map(({ offered }) => offered)])
    if (this.key === key) return
    this.key = key
    const { value } = this.mechanism
    const names = known
      ? known.map(({ word, offered }) => [word, `${word} (${offered ? 'offered' : 'not offered'})`])
      : this.mechanisms.map(({ word }) => [word, word])
    fill(this.mechanism, h('option', { value: '' }, 'The best that is offered'), names.map(([value, name]) => h('option', { value }, name)))
    this.mechanism.value = value
    this.refresh()
  }

  /** @override */
  get value() {
    return super.value
  }

  /** @param {Partial<Settings>} settings */
  set value(settings) {
    super.value = settings
    if (settings.authorizationId || settings.bindTo || settings.initialResponse === false) this.rows.more.open = true
  }

  /** @override */
  get secrets() {
    return { password: this.password.value, accessToken: this.token.value }
  }

  /** @override */
  refresh() {
    const kind = this.with.value
    for (const [name, row] of Object.entries(this.rows)) row.hidden = !kind || (['password', 'token'].includes(name) && name !== kind)
    setText(this.trace, kind === 'nothing' ? 'For ANONYMOUS: what to leave as a trace, such as your address. EXTERNAL needs none.' : '')
    setText(this.about, this.mechanisms.find(({ word }) => word === this.mechanism.value)?.about ?? 'Can also be one that the server does not offer.')
  }
}

/** Fields of the core's setup that have another name here. */
const NAMES = new Map([['token', 'access-token'], ['sign_in', 'sign-in-with']])

/** The dialog in mid-conversation. */
export class SignInDialog {
  /** @param {{fields: SignInFields, home: HTMLElement, onsign: () => string}} around `home` is where the fields live else; `onsign` returns what to tell, or nothing when all is done */
  constructor({ fields, home, onsign }) {
    this.fields = fields
    /** What is shown now. */
    this.key = ''
    this.state = h('div', { class: 'sign-in-state stack', 'aria-live': 'polite' })
    this.problem = h('p', { class: 'problem', role: 'alert', hidden: true })
    this.offers = h('details', { class: 'inline' })
    this.button = h('button', { type: 'submit', class: 'primary', name: 'sign-in' }, 'Sign in')
    const form = h('form', { class: 'stack', novalidate: true, autocomplete: 'off' }, this.state, fields.node, this.offers, this.problem,
      h('div', { class: 'actions panel-actions' }, this.button, h('button', { type: 'button', onclick: () => this.node.close() }, 'Close')))
    this.node = h('dialog', { class: 'dialog panel', 'aria-label': 'Sign in' }, h('h3', null, 'Sign in'), form)
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      this.#sign(onsign)
    })
    this.node.addEventListener('close', () => {
      home.append(fields.node)
      this.node.remove()
    })
    if (!fields.with.value) fields.with.value = 'password'
    fields.refresh()
  }

  /** @param {() => string} onsign */
  #sign(onsign) {
    this.complain(null)
    try {
      const told = onsign()
      if (told) this.complain({ message: told })
      else this.node.close()
    } catch (problem) {
      this.complain(problem)
    }
  }

  /**
   * Says what is wrong, at its field.
   * @param {Problem | null} problem
   */
  complain(problem) {
    for (const node of this.node.querySelectorAll('[aria-invalid]')) node.removeAttribute('aria-invalid')
    this.problem.hidden = !problem
    setText(this.problem, problem?.message ?? '')
    if (!problem?.field) return
    const name = NAMES.get(problem.field) ?? problem.field.replaceAll('_', '-')
    /** @type {HTMLElement | null} */
    const field = this.node.querySelector(`[name="${CSS.escape(name)}"]`)
    if (!field) return
    field.setAttribute('aria-invalid', 'true')
    for (let group = field.closest('details'); group; group = group.parentElement?.closest('details') ?? null) group.open = true
    field.focus()
  }

  /** @param {View} view */
  show(view) {
    const { sign_in: now } = view
    this.fields.show(view)
    this.button.disabled = view.turn === 'over' || now.state === 'done' || now.state === 'running'
    const key = JSON.stringify([now, view.turn === 'over'])
    if (this.key === key) return
    this.key = key
    fill(this.state, signInState(view, true).map(([tone, words]) => h('p', { class: `advice ${tone}` }, words)))
    const known = now.mechanisms.filter(({ offered }) => offered)
    fill(this.offers, h('summary', null, known.length + now.unknown.length > 0 ? `The server offers ${known.length + now.unknown.length}` : 'The server offers no sign-in'),
      h('ul', { class: 'mechanisms' }, known.map(({ word, about }) => h('li', null, h('b', { class: 'mono' }, word), ` ${about}`)),
        now.unknown.map((word) => h('li', null, h('b', { class: 'mono' }, word), ' Ehlo does not know this one; you can type it.'))))
    this.offers.hidden = !view.server.hello
  }
}
