/**
 * The transcript: every line with its time and the pause before it, what was sent, what was received, and what the network did.
 * Lines are added, never made anew, so that a screen reader, a selection and the place on the page stay where they are.
 * @module
 */

import { append, fill, h, setText, unseen } from './dom.js'
import { lock } from './status.js'

/** @import { Child, Entry } from './types.d.ts' */

/** @typedef {Entry['lines'][number]['segments']} Segments */

const SIDES = {
  client: { mark: '→', word: 'sent', part: 'line sent' },
  server: { mark: '←', word: 'received', part: 'line received' },
  relay: { mark: '·', word: 'connection', part: 'line event' },
}
const LONG_MESSAGE = 14
const LONG_LINE = 1200
const NOTICEABLE = 1000
/** Milliseconds of making rows at once, which are as long again in laying them out: the person has other things to do. */
const MAKING = 10
/** Rows that are laid out together, or not at all while they are out of sight. */
const GROUP = 32

/**
 * Seconds since the beginning, for the gutter.
 * @param {number} ms
 */
export function clock(ms) {
  if (ms < 60_000) return (ms / 1000).toFixed(3)
  const minutes = Math.floor(ms / 60_000)
  return `${minutes}:${((ms % 60_000) / 1000).toFixed(1).padStart(4, '0')}`
}

/**
 * A pause in as few letters as say it.
 * @param {number} ms
 */
export function pauseText(ms) {
  if (ms < 1000) return `+${ms} ms`
  if (ms < 60_000) return `+${(ms / 1000).toFixed(1)} s`
  return `+${Math.floor(ms / 60_000)} min ${String(Math.round((ms % 60_000) / 1000)).padStart(2, '0')} s`
}

/** The transcript's view. */
export class TranscriptView {
  /** @type {Entry[]} */
  #entries = []
  /** @type {HTMLElement[]} */
  #rows = []
  /** @type {number | null} */
  #started = null
  /** @type {number | null} */
  #selected = null
  /** @type {number | null} */
  #since = null
  #onreply
  #onsecure
  #atEnd = true
  #endTop = 0

  /** @param {{onreply: (reply: number) => void, onsecure: () => void}} hooks the person wants to know what a reply means, or of the TLS session */
  constructor({ onreply, onsecure }) {
    this.#onreply = onreply
    this.#onsecure = onsecure
    this.list = h('div', { class: 'lines', role: 'list', part: 'transcript' })
    this.log = h('div', { class: 'log', role: 'log', 'aria-label': 'Transcript', tabindex: '0' }, this.list)
    this.jump = h('button', { type: 'button', class: 'jump', hidden: true, onclick: () => this.toEnd() }, 'Jump to end ↓')
    this.node = h('div', { class: 'transcript' },
      h('div', { class: 'columns', 'aria-hidden': 'true' }, h('span', null, 'time, s'), h('span', null, 'pause')), this.log, this.jump)
    this.log.addEventListener('scroll', () => this.#scrolled(), { passive: true })
    this.log.addEventListener('keydown', (event) => this.#key(event))
    this.log.addEventListener('copy', (event) => this.#copied(event))
    this.list.addEventListener('click', (event) => this.#clicked(event))
    const sizes = new ResizeObserver(() => this.#follow())
    sizes.observe(this.log)
    sizes.observe(this.list)
  }

  /**
   * Begins an empty transcript.
   * @param {number | null} started the time of its beginning in milliseconds since 1970, where it is known
   */
  clear(started) {
    this.#entries = []
    this.#rows = []
    this.#started = started
    this.#selected = null
    this.#since = null
    this.#atEnd = true
    fill(this.list)
  }

  /**
   * Shows `entries`; rows of entries that have not changed since the last time are left alone.
   * @param {Entry[]} entries
   * @param {number | null} since the first that crossed encrypted
   * @returns {boolean} whether all are shown; if not, it wants to be called again
   */
  show(entries, since = null) {
    // Only now is it known which lines crossed in clear text while others did not.
    if (since !== this.#since) this.#entries = []
    this.#since = since
    let upto = 0
    const began = performance.now()
    for (; upto < entries.length; upto += 1) {
      const i = upto
      if (this.#entries[i] === entries[i]) continue
      if (performance.now() - began > MAKING) break
      const row = this.#row(entries[i])
      if (i < this.#rows.length) {
        row.tabIndex = this.#rows[i].tabIndex
        const focused = this.#rows[i].matches(':focus')
        this.#rows[i].replaceWith(row)
        if (focused) row.focus()
      } else this.#group(i).append(row)
      this.#rows[i] = row
    }
    this.#entries = entries.slice(0, upto)
    this.#follow()
    this.jump.hidden = this.#atEnd
    return upto === entries.length
  }

  /** @param {number} at a row's place */
  #group(at) {
    const group = this.list.children[Math.floor(at / GROUP)] ?? h('div', { class: 'rows', role: 'presentation' })
    if (!group.parentNode) this.list.append(group)
    return group
  }

  // Stays at the end, unless somebody has scrolled up and the event of it is still on its way.
  #follow() {
    if (!this.#atEnd) return
    if (this.log.scrollTop < this.#endTop - 1) this.#scrolled()
    if (this.#atEnd) this.toEnd()
  }

  /** @param {Entry} entry */
  #row(entry) {
    const side = SIDES[entry.side]
    const since = this.#since
    const shut = since === null || entry.side === 'relay' ? null : entry.id >= since
    const [kept, word] = shut === null ? ['', ''] : shut ? [' encrypted', ', encrypted'] : [' clear', ', in clear text']
    const when = this.#started === null ? '' : new Date(this.#started + entry.at).toLocaleString()
    return h('div', {
      class: `line ${entry.side} ${entry.piece}${kept}`, role: 'listitem', part: side.part, tabindex: '-1', 'data-id': entry.id, 'data-reply': entry.reply,
      'aria-current': entry.reply !== null && entry.reply === this.#selected ? 'true' : null,
    },
    h('span', { class: 'time', title: when }, clock(entry.at)),
    h('span', { class: entry.pause >= NOTICEABLE ? 'pause long' : 'pause' }, entry.pause > 0 ? pauseText(entry.pause) : ''),
    h('span', { class: 'mark', 'aria-hidden': 'true' }, side.mark, shut !== null && lock(shut)),
    h('span', { class: 'said' }, unseen(`${side.word}${word}: `), this.#text(entry),
      entry.open && h('span', { class: 'open', title: 'The line end has not come yet' }, ' …', unseen('line end has not come yet')),
      entry.decoded.length > 0 && h('span', { class: 'decoded' }, unseen('that is: '), entry.decoded.map((line) => h('span', null, line))),
      entry.id + 1 === since && h('button', { type: 'button', class: 'link secured', onclick: () => this.#onsecure() }, 'Show the TLS session'),
      entry.oddities.map((oddity) => h('span', { class: 'odd' }, oddity))))
  }

  /**
   * @param {Entry} entry
   * @returns {Child}
   */
  #text(entry) {
    if (entry.piece !== 'message') return entry.lines.map((line) => longLine(line) ?? lineNodes(line.segments))
    const whole = entry.lines.map((line) => h('span', { class: 'row' }, lineNodes(line.segments), '\n'))
    const tail = entry.omitted > 0 && h('span', { class: 'omitted' }, `${entry.omitted} more lines are not shown here; an export has them.`)
    if (whole.length <= LONG_MESSAGE + 4) return [whole, tail]
    return [whole.slice(0, LONG_MESSAGE), folded(whole.slice(LONG_MESSAGE, -1), `${whole.length - LONG_MESSAGE - 1} more lines`), whole.at(-1), tail]
  }

  /**
   * Marks the lines of a reply as the ones that are being explained.
   * @param {number | null} reply
   */
  select(reply) {
    if (reply === this.#selected) return
    for (const row of this.#rowsOf(this.#selected)) row.removeAttribute('aria-current')
    this.#selected = reply
    for (const row of this.#rowsOf(reply)) row.setAttribute('aria-current', 'true')
  }

  /** @param {number | null} reply */
  #rowsOf(reply) {
    return reply === null ? [] : this.#rows.filter((_, at) => this.#entries[at]?.reply === reply)
  }

  /**
   * Brings an entry into sight and focus, as evidence.
   * @param {number} id
   */
  reveal(id) {
    const row = this.#rows[id]
    if (!row) return
    this.#focus(row)
    row.scrollIntoView({ block: 'center' })
  }

  toEnd() {
    this.#atEnd = true
    this.jump.hidden = true
    this.log.scrollTop = this.log.scrollHeight
    this.#endTop = this.log.scrollTop
  }

  #scrolled() {
    // Where it was put: the text has grown since, and is followed.
    if (this.#atEnd && this.log.scrollTop >= this.#endTop - 1) return
    this.#atEnd = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 24
    if (this.#atEnd) this.jump.hidden = true
  }

  /** @param {MouseEvent} event */
  #clicked({ target }) {
    if (!(target instanceof Element) || target.closest('button')) return
    if (!document.getSelection()?.isCollapsed) return
    const row = this.#rowOf(target)
    if (row) this.#choose(row)
  }

  /** @param {Element} node */
  #rowOf(node) {
    return this.#rows.find((row) => row.contains(node))
  }

  /** @param {HTMLElement} row */
  #choose(row) {
    this.#focus(row, true)
    if (row.dataset.reply !== undefined) this.#onreply(Number(row.dataset.reply))
  }

  /**
   * @param {HTMLElement} row
   * @param {boolean} [quietly] without scrolling
   */
  #focus(row, quietly = false) {
    row.focus({ preventScroll: quietly })
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (!(event.target instanceof Element) || event.target.closest('button')) return
    const row = this.#rowOf(event.target)
    if ((event.key === 'Enter' || event.key === ' ') && row) {
      event.preventDefault()
      this.#choose(row)
      return
    }
    const at = row ? this.#rows.indexOf(row) : this.#rows.length
    const to = new Map([['ArrowUp', at - 1], ['ArrowDown', at + 1], ['Home', 0], ['End', this.#rows.length - 1]]).get(event.key)
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey || !this.#rows[to]) return
    event.preventDefault()
    this.#focus(this.#rows[to])
  }

  /**
   * A selection that is copied by hand keeps its arrows and loses the gutter.
   * @param {ClipboardEvent} event
   */
  #copied(event) {
    const selection = document.getSelection()
    const rows = this.#rows.filter((row) => selection?.containsNode(row, true))
    if (rows.length < 2 || !event.clipboardData) return
    const text = rows.map((row) => {
      const entry = this.#entries[Number(row.dataset.id)]
      return `${SIDES[entry.side].mark} ${entryText(entry)}`
    })
    event.clipboardData.setData('text/plain', `${text.join('\n')}\n`)
    event.preventDefault()
  }
}

/**
 * The text of an entry, stand-ins included.
 * @param {Pick<Entry, 'lines'>} entry
 */
export function entryText(entry) {
  return entry.lines.map((line) => line.segments.map((segment) => segment.text).join('')).join('\n')
}

// The control pictures of Unicode (U+2400 and on) are missing in many fonts and too small in the others.
const CONTROLS = 'NUL SOH STX ETX EOT ENQ ACK BEL BS TAB LF VT FF CR SO SI DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US'.split(' ')

/** @param {string} text */
function standIn(text) {
  const code = text.charCodeAt(0)
  return code === 0x2421 ? 'DEL' : (CONTROLS[code - 0x2400] ?? text)
}

/** @param {Segments} segments */
function lineNodes(segments) {
  return append(h('span', { class: 'text' }), segments.map((segment) =>
    segment.special ? h('span', { class: 'special', title: segment.special }, standIn(segment.text)) : segment.text))
}

/**
 * A line of many thousand letters is shown by its beginning; `null` for any other.
 * @param {{segments: Segments}} line
 */
function longLine({ segments }) {
  const length = segments.reduce((sum, { text }) => sum + text.length, 0)
  if (length <= LONG_LINE + 200) return null
  /** @type {[Segments, Segments]} */
  const [head, tail] = [[], []]
  let left = LONG_LINE
  for (const segment of segments) {
    if (left >= segment.text.length || (left > 0 && segment.special)) head.push(segment)
    else if (left > 0) {
      head.push({ text: segment.text.slice(0, left) })
      tail.push({ text: segment.text.slice(left) })
    } else tail.push(segment)
    left -= segment.text.length
  }
  return [lineNodes(head), folded(lineNodes(tail), `${(length - LONG_LINE).toLocaleString('en')} more letters`)]
}

/**
 * What is hidden until it is asked for.
 * @param {Child} nodes
 * @param {string} what
 */
function folded(nodes, what) {
  const rest = h('span', { class: 'rest', hidden: true }, nodes)
  const button = h('button', { type: 'button', class: 'fold', 'aria-expanded': 'false' }, `Show ${what}`)
  button.addEventListener('click', () => {
    rest.hidden = !rest.hidden
    button.setAttribute('aria-expanded', String(!rest.hidden))
    setText(button, rest.hidden ? `Show ${what}` : 'Show less')
  })
  return [rest, button]
}
