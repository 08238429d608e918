/**
 * Drives one machine of the core, which does no I/O, over one connection: bytes and time in, bytes and deadlines out.
 * There is no SMTP in here. A driver serves one connection and is never used again.
 * @module
 */

const CHUNK = 32 * 1024
const ENOUGH_WAITING = 256 * 1024
const LONGEST_TIMER = 2 ** 31 - 1
const WATCH_CLOSELY = 8

/** The driver's clock: monotonic milliseconds, whole. */
export const now = () => Math.floor(performance.now())

/** Does what a machine asks for until it has nothing more to ask. */
export class Driver {
  #machine
  #transport = null
  #onchange
  #onfault
  #inputs = []
  #busy = false
  #due = false
  #changed = false
  #timer = 0
  #stopped = false
  #over = false
  #Tls
  #tls = null
  #began = 0
  #carried = ''
  #plain = 0
  #owed = []

  /**
   * @param {object} machine a Session or Lookup of the core
   * @param {{onchange: () => void, onfault: (error: unknown) => void}} hooks `onfault`: the core itself failed
   * @param {Function} [Tls] the core's TLS machine, for a machine that may ask for it
   */
  constructor(machine, { onchange, onfault }, Tls = null) {
    this.#machine = machine
    this.#Tls = Tls
    this.#onchange = onchange
    this.#onfault = onfault
  }

  /** Starts over `transport`, whose `start` gets the functions by which it reports. */
  start(transport) {
    this.#transport = transport
    transport.start({
      reached: () => this.feed((machine, t) => machine.reached(t)),
      opened: () => this.feed((machine, t) => machine.opened(t)),
      control: (text) => {
        if (isEof(text)) this.#eof()
        this.feed((machine, t) => machine.control(t, text))
      },
      bytes: (bytes) => this.feed((machine, t) => (this.#tls ? this.#layer((tls) => tls.receive(bytes)) : machine.bytes(t, bytes))),
      left: (octets) => this.#left(octets),
      practiceClosed: () => this.feed((machine, t) => machine.practice_closed(t)),
      closed: (code, context) => {
        this.#eof()
        this.feed((machine, t) => machine.closed(t, code, JSON.stringify(context)))
        this.feed(() => this.#leaveTls())
      },
    })
    this.feed(() => {})
  }

  #eof() {
    this.feed(() => this.#tls && this.#layer((tls) => tls.eof()))
  }

  /** Hands one input to the machine, in order, never while another is being handled. */
  feed(input) {
    if (this.#stopped) return
    this.#inputs.push(input)
    this.#work()
  }

  #work() {
    if (this.#busy || this.#stopped) return
    this.#busy = true
    try {
      while (this.#due || this.#inputs.length > 0 || this.#changed) {
        if (this.#due) {
          this.#drain()
        } else if (this.#inputs.length > 0) {
          this.#inputs.shift()(this.#machine, now())
          this.#due = true
        } else {
          // One word for all that one event has changed.
          this.#changed = false
          this.#onchange()
        }
      }
    } catch (problem) {
      this.stop()
      this.#onfault(problem)
    }
    this.#busy = false
  }

  #drain() {
    for (;;) {
      const { kind, bytes, text, deadline } = take(this.#machine.poll())
      if (kind === 'send') this.#send(bytes)
      else if (kind === 'control') this.#transport?.control(text)
      else if (kind === 'handshake') this.#handshake(text)
      else if (kind === 'hangup') this.#hangup()
      else if (kind === 'changed') this.#changed = true
      else {
        this.#due = false
        return this.#arm(deadline)
      }
    }
  }

  #send(bytes) {
    this.#plain = bytes.length
    if (this.#tls) this.#layer((tls) => tls.send(bytes))
    else this.#toNetwork(bytes)
  }

  #toNetwork(bytes) {
    this.#owed.push({ octets: bytes.length, plain: this.#plain })
    this.#plain = 0
    this.#transport?.send(bytes)
  }

  // Octets that have left for the network, ciphertext where it is that: the machine counts its own.
  #left(octets) {
    let plain = 0
    while (this.#owed.length > 0 && octets >= this.#owed[0].octets) {
      const piece = this.#owed.shift()
      octets -= piece.octets
      plain += piece.plain
    }
    if (this.#owed.length > 0) this.#owed[0].octets -= octets
    if (plain > 0 && this.#machine.written) this.feed((machine, t) => machine.written(t, plain))
  }

  #hangup() {
    this.#over = true
    if (this.#tls) this.#layer((tls) => tls.close())
    this.#leaveTls()
    this.#transport?.close()
  }

  // Until the first words of the handshake are out, what comes is the machine's: it keeps it as evidence.
  #handshake(settings) {
    this.#inputs.unshift((machine, t) => {
      try {
        this.#tls = new this.#Tls(settings)
      } catch (problem) {
        if (problem instanceof WebAssembly.RuntimeError) throw problem
        return machine.tls_failed(t, String(problem?.message ?? problem))
      }
      this.#began = performance.now()
      this.#layer((tls) => tls.start())
      this.#inputs.unshift((machine, t) => machine.handshaking(t))
    })
  }

  // What comes out of the layer goes to the machine in the order in which it happened, before anything else.
  #layer(work) {
    const said = []
    work(this.#tls)
    for (let out = take(this.#tls.poll()); out.kind !== 'idle'; out = take(this.#tls.poll())) {
      const { kind, bytes, text, exporter, endPoint } = out
      if (kind === 'network') this.#toNetwork(bytes)
      else if (kind === 'plain') said.push(...this.#count(out), (machine, t) => machine.bytes(t, bytes))
      else if (kind === 'done') said.push((machine, t) => machine.secured(t, this.#timed(text), exporter, endPoint))
      else if (kind === 'failed') said.push((machine, t) => machine.tls_failed(t, text))
      else if (kind === 'close-notify') said.push((machine, t) => machine.close_notify(t))
    }
    said.push(...this.#count(take(this.#tls.poll())))
    this.#inputs.unshift(...said)
  }

  #count({ sent, received }) {
    const now = `${sent} ${received}`
    if (this.#carried === now) return []
    this.#carried = now
    return [(machine, t) => machine.carried(t, sent, received)]
  }

  // The layer has no clock.
  #timed(report) {
    return JSON.stringify({ ...JSON.parse(report), handshake_ms: Math.round(performance.now() - this.#began) })
  }

  #leaveTls() {
    this.#tls?.free()
    this.#tls = null
  }

  #arm(deadline) {
    clearTimeout(this.#timer)
    if (deadline === undefined || deadline === null) return
    const wait = Math.min(Math.max(1, deadline - now()), LONGEST_TIMER)
    this.#timer = setTimeout(() => this.feed((machine, t) => machine.tick(t)), wait)
  }

  /** Lets go of the connection and the timer, without a word to the machine. */
  stop() {
    this.#stopped = true
    this.#over = true
    clearTimeout(this.#timer)
    this.#leaveTls()
    this.#transport?.close()
  }
}

const WITH_BYTES = new Set(['send', 'network', 'plain'])
const WITH_TEXT = new Set(['control', 'handshake', 'done', 'failed'])

/** What an output of the core says; the core's memory for it is given back. */
function take(output) {
  const { kind, deadline, sent, received } = output
  const bytes = WITH_BYTES.has(kind) ? output.take_bytes() : undefined
  const text = WITH_TEXT.has(kind) ? output.take_text() : undefined
  const bound = kind === 'done' && { exporter: output.take_exporter(), endPoint: output.take_end_point() }
  output.free()
  return { kind, bytes, text, deadline, sent, received, ...bound }
}

// Nothing more comes from the server: it has closed its side, or the whole connection.
function isEof(text) {
  try {
    const { type, by } = JSON.parse(text)
    return type === 'eof' || (type === 'closed' && by === 'target')
  } catch {
    return false
  }
}

/** A connection through a relay. */
export class RelayTransport {
  #url
  #subprotocol
  #socket = null
  #report = null
  #queue = []
  #handed = 0
  #gone = 0
  #watching = false
  #moved = 0
  #bell = new MessageChannel()

  /** @param {string} url the relay's ws: or wss: address @param {string} subprotocol as the core's catalog names it */
  constructor(url, subprotocol) {
    this.#url = url
    this.#subprotocol = subprotocol
    this.#bell.port1.onmessage = () => this.#watch()
  }

  start(report) {
    this.#report = report
    let reached = false
    let over = false
    const context = () => ({
      reached,
      page_secure: location.protocol === 'https:',
      relay: this.#url,
      page_origin: location.origin,
      local_network: crossesIntoLocalNetwork(this.#url),
    })
    const closed = (code) => {
      if (over) return
      over = true
      this.#queue = []
      this.#socket = null
      this.#bell.port1.close()
      report.closed(code, context())
    }
    try {
      this.#socket = new WebSocket(this.#url, this.#subprotocol)
    } catch {
      // An address that the browser does not even try, such as ws: from an https page.
      queueMicrotask(() => closed(1006))
      return
    }
    const socket = this.#socket
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('open', () => {
      reached = true
      report.reached()
    })
    socket.addEventListener('message', ({ data }) => {
      if (typeof data === 'string') report.control(data)
      else report.bytes(new Uint8Array(data))
    })
    socket.addEventListener('close', ({ code }) => closed(code || 1006))
    this.closeNow = () => {
      socket.close(1000, 'done')
      // A peer that never answers the close would keep the browser waiting for a minute: the person has hung up.
      setTimeout(() => closed(1000), 1500)
    }
  }

  /** Bytes for the mail server, always a binary message. */
  send(bytes) {
    for (let from = 0; from < bytes.length; from += CHUNK) this.#queue.push(bytes.subarray(from, from + CHUNK))
    this.#flush()
  }

  /** A word for the relay, always a text message. */
  control(text) {
    this.#queue.push(String(text))
    this.#flush()
  }

  #flush() {
    const socket = this.#socket
    while (this.#queue.length > 0 && socket?.readyState === WebSocket.OPEN && socket.bufferedAmount <= ENOUGH_WAITING) {
      const message = this.#queue.shift()
      socket.send(message)
      if (typeof message !== 'string') this.#handed += message.length
    }
    if (this.#watching || this.#gone >= this.#handed) return
    this.#watching = true
    this.#moved = performance.now()
    this.#bell.port2.postMessage(null)
  }

  // There is no event for octets that have left: one has to look. Closely while they flow, now and then while they do not.
  #watch() {
    const socket = this.#socket
    if (!socket) return
    const gone = this.#handed - socket.bufferedAmount
    if (gone > this.#gone) {
      const octets = gone - this.#gone
      this.#gone = gone
      this.#moved = performance.now()
      this.#report.left(octets)
    }
    this.#flush()
    if (this.#gone >= this.#handed && this.#queue.length === 0) this.#watching = false
    else if (performance.now() - this.#moved < WATCH_CLOSELY) this.#bell.port2.postMessage(null)
    else setTimeout(() => this.#watch(), 4)
  }

  close() {
    this.closeNow?.()
  }
}

/** A connection to the practice server inside this page. */
export class PracticeTransport {
  #server
  #report = null
  #timer = 0
  #over = false
  #due = []
  #bell = new MessageChannel()

  /** @param {object} server a Practice of the core */
  constructor(server) {
    this.#server = server
    this.#bell.port1.onmessage = () => this.#due.shift()?.()
  }

  start(report) {
    this.#report = report
    queueMicrotask(() => {
      if (this.#over) return
      report.opened()
      this.#serve((t) => this.#server.opened(t))
    })
  }

  // What the server says is handed over in a task of its own, as it would come from a network.
  #serve(input) {
    if (this.#over) return
    input(now())
    for (;;) {
      const { kind, bytes, deadline } = take(this.#server.poll())
      if (kind === 'send') this.#later(() => this.#report.bytes(bytes))
      else if (kind === 'hangup') {
        this.#over = true
        clearTimeout(this.#timer)
        this.#later(() => this.#ended())
        return
      } else if (kind !== 'changed') {
        clearTimeout(this.#timer)
        if (deadline === undefined || deadline === null) return
        this.#timer = setTimeout(() => this.#serve((t) => this.#server.tick(t)), Math.max(1, deadline - now()))
        return
      }
    }
  }

  #later(work) {
    this.#due.push(work)
    this.#bell.port2.postMessage(null)
  }

  send(bytes) {
    this.#later(() => {
      this.#serve((t) => this.#server.bytes(t, bytes))
      this.#report.left(bytes.length)
    })
  }

  control() {}

  close() {
    if (this.#over) return
    this.#over = true
    clearTimeout(this.#timer)
    this.#server.closed(now())
    this.#later(() => this.#ended())
  }

  #ended() {
    this.#report.practiceClosed()
    this.#bell.port1.close()
  }
}

/** Whether the browser may ask for leave to reach the relay, because it is nearer than the page is; `null` when nothing is known. */
function crossesIntoLocalNetwork(url) {
  try {
    const near = isLocalName(new URL(url).hostname)
    return near && !isLocalName(location.hostname)
  } catch {
    return null
  }
}

function isLocalName(host) {
  const name = host.replace(/^\[|\]$/g, '')
  return /^(localhost|.+\.localhost|.+\.local|127\..+|10\..+|192\.168\..+|172\.(1[6-9]|2\d|3[01])\..+|169\.254\..+|::1|f[cd][0-9a-f]{2}:.*|fe80:.*)$/i.test(name)
}
