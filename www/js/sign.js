/**
 * Signs that tell how something went: each has a colour, a shape and a name.
 * @module
 */

import { h } from './dom.js'

/** @import { Outcome } from './types.d.ts' */

/** @typedef {readonly [tone: string, mark: string, name: string]} Sign */

/** @type {Record<Outcome, Sign>} */
const OUTCOMES = {
  accepted: ['good', '✓', 'accepted'],
  partly: ['warn', '◐', 'partly accepted'],
  refused: ['bad', '✕', 'refused'],
  stopped: ['good', '✓', 'ended as planned'],
  'not-sent': ['plain', '–', 'not sent'],
  unreachable: ['bad', '✕', 'no connection'],
  failed: ['bad', '✕', 'failed'],
  unknown: ['warn', '?', 'not known'],
}

/**
 * A colored sign that also has a shape and a name.
 * @param {Sign} sign
 */
export function sign([tone, mark, name]) {
  return h('span', { class: `sign ${tone}`, role: 'img', 'aria-label': name }, mark)
}

/**
 * The sign of an outcome.
 * @param {Outcome} outcome
 */
export const outcomeSign = (outcome) => sign(OUTCOMES[outcome] ?? OUTCOMES.unknown)
