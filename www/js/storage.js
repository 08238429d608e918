/**
 * Keeps what was typed over a reload: one key a page and element, in this browser only. A browser that forbids storage is no error.
 * Secrets never come here: those who call decide with the core's `is_secret`.
 * @module
 */

/** @import { Settings } from './settings.js' */

/**
 * What is stored. It may come from another version, or have been changed by hand.
 * @typedef {{settings?: Partial<Settings>, draft?: string, history?: string[], last?: Last | null}} Kept
 *
 * The last conversation; `live` while it was still going on.
 * @typedef {{talk: string, live: boolean}} Last
 */

/** The longest conversation that is kept, in characters. */
export const TALK_MAX = 512 * 1024
const HISTORY_MAX = 100

/** What is kept for one element. */
export class Store {
  #key
  /** @type {Kept} */
  #data = {}
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer
  /**
   * Called when the page is about to go, a reload included: the last chance to set what shall be kept.
   * @type {(() => void) | null}
   */
  onleave = null

  /** @param {string} id the element's id, or nothing */
  constructor(id) {
    this.#key = id ? `ehlo.${id}` : 'ehlo'
    try {
      this.#data = JSON.parse(localStorage.getItem(this.#key) ?? '{}') ?? {}
    } catch {
      this.#data = {}
    }
    addEventListener('pagehide', () => {
      this.onleave?.()
      this.#write()
    })
  }

  /** The settings as they were left, or nothing. */
  get settings() {
    return this.#data.settings ?? {}
  }

  set settings(settings) {
    this.#set({ settings })
  }

  /** A line that was being typed. */
  get draft() {
    return this.#data.draft ?? ''
  }

  set draft(draft) {
    this.#set({ draft })
  }

  /** Lines that were sent, the oldest first. */
  get history() {
    return Array.isArray(this.#data.history) ? this.#data.history : []
  }

  /**
   * Adds a line to the history; the same line again moves to the end.
   * @param {string} line
   */
  remember(line) {
    if (!line.trim()) return
    this.#set({ history: [...this.history.filter((old) => old !== line), line].slice(-HISTORY_MAX) })
  }

  /** The last conversation. */
  get last() {
    return this.#data.last ?? null
  }

  set last(last) {
    if (last && last.talk.length > TALK_MAX) return
    this.#set({ last })
  }

  /** @param {Kept} part */
  #set(part) {
    Object.assign(this.#data, part)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#write(), 300)
  }

  #write() {
    clearTimeout(this.#timer)
    try {
      localStorage.setItem(this.#key, JSON.stringify(this.#data))
    } catch {
      // Storage is full or forbidden: the page works on without it.
    }
  }
}
