/**
 * Small helpers for making nodes. Text always becomes a text node: nothing here, or anywhere in these files, parses HTML.
 * @module
 */

const SVG = 'http://www.w3.org/2000/svg'
const PROPERTIES = new Set(['value', 'checked', 'disabled', 'hidden', 'selected', 'open', 'readOnly', 'indeterminate'])

/** @import { Child } from './types.d.ts' */

/**
 * Makes an element.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag its name
 * @param {Record<string, unknown> | null} [props] `on…` are listeners; `value`, `checked` and the like are properties; the rest are
 *   attributes (`true` is the empty attribute; `false`, `null` and `undefined` leave it out)
 * @param {...Child} children nodes, or text
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(props ?? {})) {
    if (name.startsWith('on') && typeof value === 'function') node.addEventListener(name.slice(2), (event) => value(event))
    else if (PROPERTIES.has(name)) Object.assign(node, { [name]: value })
    else if (value === true) node.setAttribute(name, '')
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(name, String(value))
  }
  append(node, children)
  return node
}

/**
 * Appends nodes and text; passes over what is empty.
 * @template {Element} Parent
 * @param {Parent} node
 * @param {Child[]} children
 */
export function append(node, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(node, child)
    else if (child instanceof Node) node.append(child)
    else if (child !== null && child !== undefined && child !== false && child !== '') node.append(document.createTextNode(String(child)))
  }
  return node
}

/**
 * Replaces what is in `node`.
 * @param {Element} node
 * @param {...Child} children
 */
export function fill(node, ...children) {
  node.replaceChildren()
  return append(node, children)
}

/**
 * Sets the text of `node` where it differs, so that nothing is announced or painted twice.
 * @param {Node} node
 * @param {string} text
 */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text
}

/**
 * A line icon of 16 units, drawn in the colour of the text around it; it says nothing to a screen reader.
 * @param {string} path as in the `d` of an SVG path
 */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg')
  for (const [name, value] of Object.entries({ viewBox: '0 0 16 16', class: 'icon', 'aria-hidden': 'true', focusable: 'false' })) {
    svg.setAttribute(name, value)
  }
  const line = document.createElementNS(SVG, 'path')
  line.setAttribute('d', path)
  svg.append(line)
  return svg
}

/**
 * Text for screen readers only.
 * @param {string} text
 */
export function unseen(text) {
  return h('span', { class: 'unseen' }, text)
}

/**
 * Whether the focus is on `node`, or within it.
 * @param {Node} node on a page, or in a shadow root
 */
export function focusedIn(node) {
  const root = node.getRootNode()
  return (root instanceof Document || root instanceof ShadowRoot) && node.contains(root.activeElement)
}

let counter = 0

/**
 * An id that no other element of this page has.
 * @param {string} stem
 */
export function uniqueId(stem) {
  counter += 1
  return `ehlo-${stem}-${counter}`
}

/**
 * Calls `work` at most once an animation frame, and less often when it is dear; where no frames come (a hidden tab), soon all the same.
 * @param {() => void} work
 */
export function perFrame(work) {
  let waiting = false
  let cost = 0
  const go = () => {
    if (!waiting) return
    waiting = false
    const began = performance.now()
    work()
    cost = performance.now() - began
  }
  return () => {
    if (waiting) return
    waiting = true
    if (cost > 30) {
      setTimeout(go, cost * 3)
      return
    }
    requestAnimationFrame(go)
    setTimeout(go, 250)
  }
}

/**
 * A link to a source outside this page.
 * @param {{label: string, url: string}} source
 */
export function sourceLink({ label, url }) {
  if (!/^https?:\/\//.test(url ?? '')) return document.createTextNode(label)
  return h('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, label)
}

/**
 * Links to style sheets of this folder's neighbor, for a shadow root.
 * @param {...string} names
 * @returns {{sheets: HTMLLinkElement[], arrived: Promise<unknown>}} resolves when all that were put on the page are loaded, or have failed
 */
export function styles(...names) {
  const sheets = names.map((name) => h('link', { rel: 'stylesheet', href: new URL(`../css/${name}.css`, import.meta.url).href }))
  /** @param {HTMLLinkElement} sheet */
  const settled = (sheet) => new Promise((resolve) => {
    sheet.addEventListener('load', resolve, { once: true })
    sheet.addEventListener('error', resolve, { once: true })
  })
  return { sheets, arrived: Promise.all(sheets.map(settled)) }
}
