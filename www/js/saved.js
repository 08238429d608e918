/**
 * A saved conversation, to be read. Fetched when the first one is opened.
 * @module
 */

import { withProtection } from './conversation.js'
import { readProblem } from './core.js'
import { now } from './driver.js'
import { learn } from './explain.js'

/** A saved conversation, to be read; the same questions, and no step. */
export class SavedConversation extends EventTarget {
  #reading
  saved = true
  over = true
  probing = false
  relay = null
  sameOrigin = false
  fault = null
  started = null

  /**
   * @param {{Reading: Function}} reader what `loadReading` gave
   * @param {string} talk the text of a `.talk` file
   * @param {string} [name] what to call it
   * @throws {{line?: number, message: string}} it is not a talk
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
    this.view = JSON.parse(this.#reading.view())
    this.entries = JSON.parse(this.#reading.entries(0))
  }

  now() {
    return now()
  }

  outline(reply) {
    return JSON.parse(this.#reading.outline(reply))
  }

  async outlined(reply) {
    return this.outline(reply)
  }

  async whole() {
    if (await learn(this.#reading)) this.view = JSON.parse(this.#reading.view())
  }

  async exported(format) {
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
