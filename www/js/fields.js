/**
 * Fields of a form: each with its label, a hint that belongs to it, and whether the server offers what it is about.
 * @module
 */

import { h, setText, uniqueId } from './dom.js'

/** A field for one line of technical text. */
export function text(name, props) {
  return h('input', { type: 'text', name, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', ...props })
}

/** A menu; `options` are pairs of value and label. */
export function menu(name, options, props) {
  return h('select', { name, ...props }, options.map(([value, label]) => h('option', { value }, label)))
}

/** Text that belongs to a control. */
export function hint(control, words) {
  const node = h('p', { class: 'hint', id: uniqueId('hint') }, words)
  control.setAttribute('aria-describedby', node.id)
  return node
}

/** A control with its label; `extra` stands below it. */
export function field(label, control, ...extra) {
  const first = [control].flat()[0]
  first.id ||= uniqueId(first.name)
  return h('div', { class: 'field', 'data-field': first.name }, h('label', { for: first.id }, label), h('div', { class: 'control' }, control, extra))
}

/** A box to tick, with what it is about; `keyword` is the extension that it uses. */
export function check(input, label, words, keyword) {
  return h('label', { class: 'check' }, input, h('span', null, h('b', null, label), ` ${words} `, keyword && offer(keyword)))
}

/** A box to tick. */
export function box(name) {
  return h('input', { type: 'checkbox', name, id: uniqueId(name) })
}

/** A place that says whether the server offers an extension, once that is known. */
export function offer(keyword) {
  return h('span', { class: 'offer', 'data-keyword': keyword })
}

/** Says at every such place below `root` whether the server offers the extension; `extensions` is `null` while nobody knows. */
export function markOffers(root, extensions) {
  for (const node of root.querySelectorAll('[data-keyword]')) {
    const offered = extensions?.some(({ keyword }) => keyword === node.dataset.keyword)
    node.classList.toggle('yes', Boolean(offered))
    setText(node, extensions ? (offered ? '✓ offered' : '– not offered') : '')
  }
}

/** A field for a secret, and the button that shows what was typed. It is kept nowhere but in the field. */
export function secret(name) {
  const input = h('input', { type: 'password', name, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' })
  const show = h('button', { type: 'button', class: 'chip', 'aria-pressed': 'false', onclick: () => {
    const shown = input.type === 'password'
    input.type = shown ? 'text' : 'password'
    show.setAttribute('aria-pressed', String(shown))
  } }, 'Show')
  return [input, show]
}

/** A group of fields that is fetched when it is first opened. Its `inputs` are named as the settings are. */
export class Group {
  inputs = {}

  /** What the fields show, for storage: never a secret. */
  get value() {
    return Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, input.type === 'checkbox' ? input.checked : input.value]))
  }

  set value(settings) {
    for (const [name, input] of Object.entries(this.inputs)) {
      if (input.type === 'checkbox') input.checked = Boolean(settings[name])
      else if (input.value !== settings[name]) input.value = settings[name] ?? ''
    }
    this.refresh()
  }

  /** What must not be stored. */
  get secrets() {
    return {}
  }

  /** Hides and shows what depends on other fields. */
  refresh() {}
}
