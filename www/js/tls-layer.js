/**
 * TLS between the network and the session: the core's TLS machine, which does no I/O, with its clock and its files.
 * What comes out of the machine goes to the hooks in the order in which it happened.
 * @module
 */

import { anchorFile } from './core.js'

/** One TLS connection. */
export class TlsLayer {
  #machine
  #hooks
  #began = 0
  #took = null
  #told = ''
  /** True while the chain waits for the authorities' files: what the network says then has to wait as well. */
  judging = false

  /**
   * @param {Function} Tls the core's class
   * @param {string} settings what the session says of the handshake
   * @param {{network: Function, plain: Function, done: Function, failed: Function, closed: Function, carried: Function, judged: Function}} hooks
   * @throws {string} why the settings cannot be used, as the core writes it
   */
  constructor(Tls, settings, hooks) {
    this.#machine = new Tls(settings)
    this.#hooks = hooks
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
    this.#machine?.free()
    this.#machine = null
    this.judging = false
  }

  #do(work) {
    if (!this.#machine) return
    try {
      work(this.#machine)
      this.#drain()
    } catch (problem) {
      // A machine that broke cannot be asked again, nor freed.
      this.#machine = null
      this.judging = false
      this.#hooks.failed(String(problem?.message ?? problem))
    }
  }

  #drain() {
    for (;;) {
      const output = this.#machine.poll()
      const { kind } = output
      if (kind === 'network') this.#hooks.network(output.take_bytes())
      else if (kind === 'plain') {
        this.#count()
        this.#hooks.plain(output.take_bytes())
      } else if (kind === 'anchors') this.#judge([...output.take_bytes()])
      else if (kind === 'done') this.#hooks.done(this.#timed(output.take_text()), this.#machine.take_exporter(), this.#machine.take_end_point())
      else if (kind === 'failed') this.#hooks.failed(output.take_text())
      else if (kind === 'close-notify') this.#hooks.closed()
      output.free()
      if (kind === 'idle') return this.#count()
    }
  }

  #count() {
    const [sent, received] = [this.#machine.carried_sent(), this.#machine.carried_received()]
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
    this.judging = true
    let files = null
    try {
      files = new Uint8Array(await new Blob(await Promise.all(numbers.map(anchorFile))).arrayBuffer())
    } catch (problem) {
      console.warn('ehlo:', problem)
    }
    this.#hooks.judged(() => {
      this.judging = false
      this.#do((machine) => (files ? machine.anchors(files) : machine.anchors_missing()))
    })
  }
}
