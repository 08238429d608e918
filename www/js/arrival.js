/**
 * Tells that code is still coming, where that takes long enough to be noticed, and what to do where it does not come.
 * @module
 */

import { h, setText } from './dom.js'
import { arrivals, state } from './parts.js'

/** Milliseconds that nobody notices. */
const PATIENCE = 400

/** One line, and only while there is something to tell. */
export class Arrival {
  #timer = 0

  constructor() {
    this.node = h('p', { class: 'arrival', role: 'status', hidden: true })
    arrivals.addEventListener('change', () => {
      clearTimeout(this.#timer)
      if (state.waiting === 0 || state.problem) this.#show()
      else this.#timer = setTimeout(() => this.#show(), PATIENCE)
    })
  }

  #show() {
    this.node.hidden = state.waiting === 0
    setText(this.node, sentence(state.problem))
  }
}

function sentence(problem) {
  if (!problem) return 'Fetching more of Ehlo…'
  if (/: 404$/.test(problem.message)) return 'This page is older than what its server has now, so a part of it cannot be had. Reload the page; what was said so far is kept.'
  return 'A part of Ehlo could not be fetched: the connection to where this page came from is broken. It is tried again, and nothing is lost.'
}
