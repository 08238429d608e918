/**
 * Code that comes when it is needed. What a usual visit does not run is no part of a core module but lies in *parts* beside it (`relay/build/parts`
 * makes them). A call that comes upon a function of a part that is not there traps. The core does no I/O, so such a call can be undone as if it had
 * never been made: the memory is put back, the parts are fetched, and whoever called calls again.
 * @module
 */

/** Copying this many octets of memory, to be able to undo, costs more than fetching the parts. */
const MOST_COPIED = 256 * 1024 * 1024
const FIRST_PAUSE = 1000
const LONGEST_PAUSE = 8000

/** Dispatches `change` when parts begin to come, have come, or cannot be had; see {@link state}. */
export const arrivals = new EventTarget()

/** What is being fetched: how many parts, and why the last attempt failed (`null`: it has not). */
export const state = { waiting: 0, problem: null }

function tell(change) {
  Object.assign(state, change)
  arrivals.dispatchEvent(new Event('change'))
}

/** A call was undone, since a part was not there; it can be made again once `arrival` has resolved. */
export class Absent extends Error {
  constructor(arrival) {
    super('A part of Ehlo is still being fetched.')
    this.name = 'Absent'
    this.arrival = arrival
  }
}

/** The parts of one module. */
export class Parts {
  #exports
  #stack
  #missing
  #coming = new Map()
  #saved = new Uint8Array(0)
  #copied = 0
  #kept = new Set()

  /**
   * @param {WebAssembly.Exports} exports the module's
   * @param {Record<string, URL>} files the parts by name; none where the module is whole
   */
  constructor(exports, files = {}) {
    this.#exports = exports
    this.#missing = new Map(Object.entries(files))
    this.#stack = exports.g0?.value
  }

  /**
   * Makes a call, all or nothing.
   * @throws {Absent} it was undone
   */
  call(work) {
    if (this.#missing.size === 0) return work()
    this.#save()
    try {
      return work()
    } catch (thrown) {
      if (!(thrown instanceof WebAssembly.RuntimeError)) throw thrown
      this.#restore()
      throw new Absent(this.fetch())
    }
  }

  /** Keeps an object of the module from the garbage collector, whose call to free it nobody could make again. */
  keep(object) {
    if (this.#missing.size > 0) this.#kept.add(object)
  }

  /** Makes a call, and makes it again until all that it needs is there. */
  async whole(work) {
    for (;;) {
      try {
        return this.call(work)
      } catch (absent) {
        if (!(absent instanceof Absent)) throw absent
        await absent.arrival
      }
    }
  }

  /** Fetches parts, all that are missing unless they are named, and tries again until they are there. */
  async fetch(...names) {
    const wanted = [...this.#missing.keys()].filter((name) => names.length === 0 || names.includes(name))
    await Promise.all(wanted.map((name) => {
      if (!this.#coming.has(name)) this.#coming.set(name, this.#bring(name))
      return this.#coming.get(name)
    }))
  }

  async #bring(name) {
    tell({ waiting: state.waiting + 1 })
    for (let pause = FIRST_PAUSE; ; pause = Math.min(pause * 2, LONGEST_PAUSE)) {
      try {
        const response = await fetch(this.#missing.get(name))
        if (!response.ok) throw new Error(`${response.url}: ${response.status}`)
        await WebAssembly.instantiate(await response.arrayBuffer(), { m: this.#exports })
        break
      } catch (problem) {
        tell({ problem })
        await new Promise((done) => setTimeout(done, pause))
      }
    }
    this.#missing.delete(name)
    if (this.#missing.size === 0) {
      this.#saved = null
      this.#kept.clear()
    }
    tell({ waiting: state.waiting - 1, problem: null })
  }

  // Below the data lies the stack, of which nothing is in use between two calls.
  #save() {
    const memory = new Uint8Array(this.#exports.memory.buffer, this.#stack)
    if (this.#saved.length < memory.length) this.#saved = new Uint8Array(memory.length)
    this.#saved.set(memory)
    this.#saved.used = memory.length
    const before = this.#copied
    this.#copied += memory.length
    if (before < MOST_COPIED && this.#copied >= MOST_COPIED) this.fetch()
  }

  #restore() {
    const { memory, g0: stack } = this.#exports
    new Uint8Array(memory.buffer, this.#stack).set(this.#saved.subarray(0, this.#saved.used))
    stack.value = this.#stack
  }
}

/** A class of a core module whose every call is all or nothing, and whose outputs are plain data. */
export function guarded(Class, parts) {
  class Guarded {
    #inner

    constructor(...values) {
      this.#inner = parts.call(() => new Class(...values))
      parts.keep(this.#inner)
    }

    poll() {
      return parts.call(() => take(this.#inner.poll()))
    }

    static {
      for (const name of Object.getOwnPropertyNames(Class.prototype)) {
        if (name in this.prototype || name.startsWith('__')) continue
        this.prototype[name] = function (...values) {
          return parts.call(() => this.#inner[name](...values))
        }
      }
    }
  }
  return Guarded
}

const WITH_BYTES = new Set(['send', 'network', 'plain', 'anchors'])
const WITH_TEXT = new Set(['control', 'handshake', 'done', 'failed'])

/** What an output of the core says; the core's memory for it is given back. */
export function take(output) {
  try {
    const { kind, deadline, sent, received } = output
    const bytes = WITH_BYTES.has(kind) ? output.take_bytes() : undefined
    const text = WITH_TEXT.has(kind) ? output.take_text() : undefined
    const bound = kind === 'done' && { exporter: output.take_exporter(), endPoint: output.take_end_point() }
    output.free()
    return { kind, bytes, text, deadline, sent, received, ...bound }
  } catch (thrown) {
    // The call is undone, so that there is no such output: nobody must free it.
    output.__destroy_into_raw()
    throw thrown
  }
}
