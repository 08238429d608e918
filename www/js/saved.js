/**
 * A saved conversation, to be read.
 * @module
 */

import { now, withProtection } from './conversation.js'
import { readProblem } from './core.js'

/** @import { Core, Entry, ExportFormat, Talk, View } from './types.d.ts' */

/**
 * A saved conversation, to be read; the same questions, and no step.
 * @implements {Talk}
 */
export class SavedConversation extends EventTarget {
  #reading
  saved = true
  over = true
  probing = false
  behind = false
  ended = true
  relay = null
  sameOrigin = false
  fault = null
  started = null

  /**
   * @param {Core} core
   * @param {string} talk the text of a `.talk` file
   * @param {string} [name] what to call it
   * @throws {import('./settings.js').Problem} it is not a talk
   */
  constructor({ Reading }, talk, name = '') {
    super()
    try {
      this.#reading = new Reading(talk)
    } catch (thrown) {
      throw readProblem(thrown)
    }
    this.name = name
    this.talk = talk
    /** @type {View} */
    this.view = JSON.parse(this.#reading.view())
    /** @type {Entry[]} */
    this.entries = JSON.parse(this.#reading.entries())
  }

  now() {
    return now()
  }

  /** @param {number} reply */
  meaning(reply) {
    return JSON.parse(this.#reading.meaning(reply))
  }

  /** @param {ExportFormat} format */
  exportAs(format) {
    return this.#reading.export(format)
  }

  result() {
    return withProtection(JSON.parse(this.#reading.result()), this.view)
  }

  act() {}
  lint() {
    return []
  }
  complete() {
    return []
  }
  isSecret() {
    return true
  }
}
