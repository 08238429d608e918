/**
 * Files and the clipboard, without which a page over plain http must also manage.
 * @module
 */

import { h, setText } from './dom.js'

/** @typedef {(file: File) => void} Take */

/**
 * A count of bytes for people.
 * @param {number} n
 */
export function octets(n) {
  if (n < 10_000) return `${n.toLocaleString('en')} ${n === 1 ? 'byte' : 'bytes'}`
  return n < 1_000_000 ? `${Math.round(n / 1000).toLocaleString('en')} kB` : `${(n / 1_000_000).toFixed(1)} MB`
}

/**
 * The bytes of a file.
 * @param {File} file
 */
export async function readBytes(file) {
  return new Uint8Array(await file.arrayBuffer())
}

/**
 * A button that lets the person choose a file.
 * @param {string} label
 * @param {string} accept endings and media types, as in the attribute of that name
 * @param {Take} take gets the file
 * @param {Record<string, unknown>} [props]
 */
export function fileButton(label, accept, take, props = {}) {
  const input = h('input', { type: 'file', accept, class: 'unseen', tabindex: '-1', 'aria-label': label, 'aria-hidden': 'true' })
  input.addEventListener('change', () => {
    const file = input.files?.[0]
    if (file) take(file)
    input.value = ''
  })
  return [h('button', { type: 'button', ...props, onclick: () => input.click() }, label), input]
}

/**
 * Lets files be dropped on `node`.
 * @param {HTMLElement} node
 * @param {Take} take gets the first one
 */
export function acceptDrops(node, take) {
  /** @param {DragEvent} event */
  const holdsFile = (event) => Array.from(event.dataTransfer?.types ?? []).includes('Files')
  node.addEventListener('dragover', (event) => {
    if (!holdsFile(event)) return
    event.preventDefault()
    event.stopPropagation()
    node.classList.add('dropping')
  })
  node.addEventListener('dragleave', () => node.classList.remove('dropping'))
  node.addEventListener('drop', (event) => {
    node.classList.remove('dropping')
    if (!holdsFile(event)) return
    event.preventDefault()
    event.stopPropagation()
    const file = event.dataTransfer?.files[0]
    if (file) take(file)
  })
}

/**
 * Saves text as a file.
 * @param {string} text
 * @param {string} name
 * @param {string} type its media type
 */
export function save(text, name, type) {
  const url = URL.createObjectURL(new Blob([text], { type }))
  const link = h('a', { href: url, download: name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 10_000)
}

/**
 * A file name with the time in it.
 * @param {string} stem what it is about; what does not belong in a file name becomes a hyphen
 * @param {string} ending
 */
export function fileName(stem, ending) {
  const time = new Date().toISOString().slice(0, 16).replace(/[:T]/g, '-')
  return `${stem.replace(/[^a-z0-9.-]+/gi, '-') || 'conversation'}-${time}.${ending}`
}

/**
 * Copies text.
 * @param {string} text
 * @returns {Promise<boolean>} false where the browser has no clipboard for this page: show the text for copying by hand then
 */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    return false
  }
}

/**
 * A button that copies a piece of text.
 * @param {string} text
 * @param {string} label
 */
export function copyButton(text, label) {
  const button = h('button', { type: 'button', class: 'chip', onclick: async () => {
    if (!(await copy(text))) return copyDialog(button.parentElement ?? document.body, text)
    setText(button, 'Copied')
    setTimeout(() => setText(button, label), 1500)
  } }, label)
  return button
}

/**
 * A dialog with the text selected in it, to be copied by hand: the way on pages that are not a secure context.
 * @param {Element} root
 * @param {string} text
 */
export function copyDialog(root, text) {
  const area = h('textarea', { class: 'mono', rows: 14, 'aria-label': 'The text', spellcheck: 'false' })
  area.value = text
  area.readOnly = true
  const dialog = h('dialog', { class: 'dialog', 'aria-label': 'Copy the text' },
    h('p', null, 'This browser does not let a page without https copy for you. The text is selected: press Ctrl+C, or ⌘C on a Mac.'), area,
    h('form', { method: 'dialog', class: 'actions' }, h('button', { class: 'primary' }, 'Close')))
  dialog.addEventListener('close', () => dialog.remove())
  root.append(dialog)
  dialog.showModal()
  area.focus()
  area.select()
}
