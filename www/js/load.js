/**
 * Loads what a first look at the form does not need.
 * @module
 */

import { CoreMissing, loadCore } from './core.js'

/** @type {Promise<typeof import('./rest.js')> | null} */
let coming = null

/**
 * Loads the scripts that `rest.js` names. Later calls give the same promise; a load that failed is tried afresh.
 * @returns {Promise<typeof import('./rest.js')>}
 */
export function loadRest() {
  coming ??= import('./rest.js').catch((cause) => {
    coming = null
    throw new CoreMissing(cause)
  })
  return coming
}

/** Loads all that a conversation can need. Should it fail, whoever asks for it in earnest is told. */
export function loadAhead() {
  for (const one of [loadCore(), loadRest()]) one.catch(() => {})
}
