/**
 * Fields of a form: each with its label, a hint that belongs to it, and whether the server offers what it is about.
 * @module
 */

import { h, setText, uniqueId } from './dom.js'

/** @import { Settings } from './settings.js' */
/** @import { Child, Extension, View } from './types.d.ts' */

/** @typedef {HTMLInputElement | HTMLSelectElement | HTMLTextAreaElement} Control */

/**
 * A field for one line of technical text.
 * @param {string} name
 * @param {Record<string, unknown>} [props]
 */
export function text(name, props) {
  return h('input', { type: 'text', name, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false', ...props })
}

/**
 * A menu; `options` are pairs of value and label.
 * @param {string} name
 * @param {readonly (readonly [value: string, label: string | number, ...unknown[]])[]} options
 * @param {Record<string, unknown>} [props]
 */
export function menu(name, options, props) {
  return h('select', { name, ...props }, options.map(([value, label]) => h('option', { value }, label)))
}

/**
 * Text that belongs to a control.
 * @param {Control} control
 * @param {string} words
 */
export function hint(control, words) {
  const node = h('p', { class: 'hint', id: uniqueId('hint') }, words)
  control.setAttribute('aria-describedby', node.id)
  return node
}

/**
 * A control with its label; `extra` stands below it.
 * @param {string} label
 * @param {Control | Control[]} control of several, the label belongs to the first
 * @param {...Child} extra
 */
export function field(label, control, ...extra) {
  const first = [control].flat()[0]
  first.id ||= uniqueId(first.name)
  return h('div', { class: 'field', 'data-field': first.name }, h('label', { for: first.id }, label), h('div', { class: 'control' }, control, extra))
}

/**
 * A box to tick, with what it is about; `keyword` is the extension that it uses.
 * @param {HTMLInputElement} input
 * @param {string} label
 * @param {string} words
 * @param {string} [keyword]
 */
export function check(input, label, words, keyword) {
  return h('label', { class: 'check' }, input, h('span', null, h('b', null, label), ` ${words} `, keyword && offer(keyword)))
}

/**
 * A box to tick.
 * @param {string} name
 */
export function box(name) {
  return h('input', { type: 'checkbox', name, id: uniqueId(name) })
}

/**
 * A place that says whether the server offers an extension, once that is known.
 * @param {string} keyword
 */
export function offer(keyword) {
  return h('span', { class: 'offer', 'data-keyword': keyword })
}

/**
 * Says at every such place below `root` whether the server offers the extension.
 * @param {HTMLElement} root
 * @param {Extension[] | null} extensions `null` while nobody knows
 */
export function markOffers(root, extensions) {
  /** @type {NodeListOf<HTMLElement>} */
  const places = root.querySelectorAll('[data-keyword]')
  for (const node of places) {
    const offered = extensions?.some(({ keyword }) => keyword === node.dataset.keyword)
    node.classList.toggle('yes', Boolean(offered))
    setText(node, extensions ? (offered ? '✓ offered' : '– not offered') : '')
  }
}

/**
 * A field for a secret, and the button that shows what was typed. It is kept nowhere but in the field.
 * @param {string} name
 * @returns {[HTMLInputElement, HTMLButtonElement]}
 */
export function secret(name) {
  const input = h('input', { type: 'password', name, autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' })
  const show = h('button', { type: 'button', class: 'chip', 'aria-pressed': 'false', onclick: () => {
    const shown = input.type === 'password'
    input.type = shown ? 'text' : 'password'
    show.setAttribute('aria-pressed', String(shown))
  } }, 'Show')
  return [input, show]
}

/** A group of fields that is fetched when it is first opened. */
export class Group {
  /**
   * Named as the settings are.
   * @type {Record<string, Control>}
   */
  inputs = {}

  /**
   * What the fields show, for storage: never a secret.
   * @returns {Partial<Settings>}
   */
  get value() {
    return Object.fromEntries(Object.entries(this.inputs).map(([name, input]) => [name, isBox(input) ? input.checked : input.value]))
  }

  /** @param {Partial<Settings>} settings */
  set value(settings) {
    /** @type {Record<string, unknown>} */
    const given = settings
    for (const [name, input] of Object.entries(this.inputs)) {
      if (isBox(input)) input.checked = Boolean(given[name])
      else if (input.value !== given[name]) input.value = String(given[name] ?? '')
    }
    this.refresh()
  }

  /**
   * What must not be stored.
   * @returns {Partial<import('./settings.js').Secrets>}
   */
  get secrets() {
    return {}
  }

  /** Hides and shows what depends on other fields. */
  refresh() {}

  /**
   * Shows what the server offers; `null` while nobody knows.
   * @param {View | null} _view
   */
  show(_view) {}
}

/**
 * @param {Control} input
 * @returns {input is HTMLInputElement}
 */
function isBox(input) {
  return input.type === 'checkbox'
}
