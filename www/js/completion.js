/**
 * A text field that offers completions: the combobox pattern of the ARIA Authoring Practices, with a list that never takes the focus.
 * @module
 */

import { fill, h, uniqueId } from './dom.js'

/** @typedef {{text: string, about: string}} Option */

const SHOWN_MAX = 8

/** Completions for one input. */
export class Completion {
  #input
  #ask
  #ontake
  /** @type {Option[]} */
  #options = []
  #active = -1
  #id = uniqueId('options')

  /**
   * @param {HTMLInputElement} input
   * @param {{ask: (text: string) => Option[], ontake: (text: string) => void}} hooks
   */
  constructor(input, { ask, ontake }) {
    this.#input = input
    this.#ask = ask
    this.#ontake = ontake
    this.list = h('ul', { class: 'completions', role: 'listbox', id: this.#id, 'aria-label': 'Commands', hidden: true })
    for (const [name, value] of Object.entries({ role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': this.#id })) {
      input.setAttribute(name, value)
    }
    input.addEventListener('blur', () => this.close())
    // A press must not take the focus from the input before the click comes.
    this.list.addEventListener('pointerdown', (event) => event.preventDefault())
    this.list.addEventListener('click', (event) => {
      const at = Array.from(this.list.children).findIndex((option) => event.composedPath().includes(option))
      if (at >= 0) this.#take(at)
    })
  }

  get open() {
    return !this.list.hidden
  }

  /** Offers what goes with the text as it is now. */
  offer() {
    const text = this.#input.value
    this.#options = text ? this.#ask(text).filter((option) => option.text !== text).slice(0, SHOWN_MAX) : []
    this.#active = -1
    fill(this.list, this.#options.map((option, index) =>
      h('li', { role: 'option', id: `${this.#id}-${index}`, 'aria-selected': 'false' }, h('span', { class: 'mono' }, option.text), h('span', { class: 'faint' }, option.about))))
    this.list.hidden = this.#options.length === 0
    this.#input.setAttribute('aria-expanded', String(this.open))
    this.#point()
  }

  close() {
    this.list.hidden = true
    this.#active = -1
    this.#input.setAttribute('aria-expanded', 'false')
    this.#input.removeAttribute('aria-activedescendant')
  }

  /**
   * Handles a key; true when it is used up.
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (!this.open || event.isComposing) return false
    const last = this.#options.length - 1
    if (event.key === 'ArrowDown') this.#active = this.#active >= last ? 0 : this.#active + 1
    else if (event.key === 'ArrowUp' && this.#active >= 0) this.#active -= 1
    else if (event.key === 'Escape') {
      this.close()
      return true
    } else if (event.key === 'Tab' && !event.shiftKey) {
      this.#take(Math.max(0, this.#active))
      return true
    } else if (event.key === 'Enter' && this.#active >= 0) {
      this.#take(this.#active)
      return true
    } else return false
    this.#point()
    return true
  }

  #point() {
    for (const [index, node] of Array.from(this.list.children).entries()) node.setAttribute('aria-selected', String(index === this.#active))
    if (this.#active < 0) return this.#input.removeAttribute('aria-activedescendant')
    this.#input.setAttribute('aria-activedescendant', `${this.#id}-${this.#active}`)
    this.list.children[this.#active].scrollIntoView({ block: 'nearest' })
  }

  /** @param {number} index */
  #take(index) {
    const option = this.#options[index]
    this.close()
    if (option) this.#ontake(option.text)
  }
}
