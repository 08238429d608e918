/**
 * TLS between the network and the session: the core's TLS machine, which does no I/O, with its clock and its files.
 * What comes out of the machine goes to the hooks in the order in which it happened.
 * @module
 */

import { anchorFile } from './core.js'
import { Absent } from './parts.js'

/** One TLS connection. */
export class TlsLayer {
  #machine
  #hooks
  #began = 0
  #took = null
  #told = ''
  #works = []
  #busy = false
  #due = false
  #judging = false
  #absent = false

  /**
   * @param {Function} Tls the core's class
   * @param {string} settings what the session says of the handshake
   * @param {{network: Function, plain: Function, done: Function, failed: Function, closed: Function, carried: Function, waited: Function}} hooks `waited`: it waits no longer
   * @throws {string} why the settings cannot be used, as the core writes it
   */
  constructor(Tls, settings, hooks) {
    this.#machine = new Tls(settings)
    this.#hooks = hooks
  }

  /** True while it waits for the authorities' files, or for its own code: what the network says then has to wait as well. */
  get waiting() {
    return this.#judging || this.#absent
  }

  /** Says the ClientHello. */
  start() {
    this.#began = performance.now()
    this.#do((machine) => machine.start())
  }

  /** Octets from the network. */
  receive(bytes) {
    this.#do((machine) => machine.receive(bytes))
  }

  /** Octets of the session. */
  send(bytes) {
    this.#do((machine) => machine.send(bytes))
  }

  /** The network has nothing more. */
  eof() {
    this.#do((machine) => machine.eof())
  }

  /** The session has nothing more. */
  close() {
    this.#do((machine) => machine.close())
  }

  /** Gives the keys back. Nothing comes from it any more. */
  free() {
    // While its code is still coming it is left to the garbage collector.
    if (!this.#absent) this.#machine?.free()
    this.#machine = null
    this.#judging = false
  }

  #do(work) {
    if (!this.#machine) return
    this.#works.push(work)
    this.#work()
  }

  #work() {
    if (this.#busy) return
    this.#busy = true
    try {
      while (this.#machine && (this.#due || this.#works.length > 0)) {
        if (this.#due) {
          this.#drain()
        } else {
          this.#works[0](this.#machine)
          this.#works.shift()
          this.#due = true
        }
      }
    } catch (problem) {
      if (problem instanceof Absent) return this.#later(problem)
      // A machine that broke cannot be asked again, nor freed.
      this.#machine = null
      this.#judging = false
      this.#hooks.failed(String(problem?.message ?? problem))
    }
    this.#busy = false
  }

  async #later({ arrival }) {
    this.#absent = true
    await arrival
    this.#absent = false
    this.#busy = false
    this.#work()
    if (!this.waiting) this.#hooks.waited()
  }

  #drain() {
    while (this.#machine) {
      const { kind, bytes, text, sent, received, exporter, endPoint } = this.#machine.poll()
      if (kind === 'network') this.#hooks.network(bytes)
      else if (kind === 'plain') {
        this.#count(sent, received)
        this.#hooks.plain(bytes)
      } else if (kind === 'anchors') this.#judge([...bytes])
      else if (kind === 'done') this.#hooks.done(this.#timed(text), exporter, endPoint)
      else if (kind === 'failed') this.#hooks.failed(text)
      else if (kind === 'close-notify') this.#hooks.closed()
      else {
        this.#due = false
        return this.#count(sent, received)
      }
    }
  }

  #count(sent, received) {
    if (this.#told === `${sent} ${received}`) return
    this.#told = `${sent} ${received}`
    this.#hooks.carried(sent, received)
  }

  // The machine has no clock. What it takes to fetch the authorities is no part of the handshake.
  #timed(report) {
    return JSON.stringify({ ...JSON.parse(report), handshake_ms: Math.round(this.#took ?? performance.now() - this.#began) })
  }

  async #judge(numbers) {
    this.#took = performance.now() - this.#began
    this.#judging = true
    let files = null
    try {
      files = new Uint8Array(await new Blob(await Promise.all(numbers.map(anchorFile))).arrayBuffer())
    } catch (problem) {
      console.warn('ehlo:', problem)
    }
    this.#judging = false
    this.#do((machine) => (files ? machine.anchors(files) : machine.anchors_missing()))
    if (!this.waiting) this.#hooks.waited()
  }
}
