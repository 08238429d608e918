/**
 * As much of a document as the small pieces of the page need to be made and tried without a browser.
 * @module
 */

class FakeNode extends EventTarget {
  childNodes = []
  parentElement = null

  get textContent() {
    return this.childNodes.map((child) => child.textContent).join('')
  }

  set textContent(text) {
    this.replaceChildren(new FakeText(text))
  }

  get firstChild() {
    return this.childNodes[0] ?? null
  }

  append(...children) {
    for (const child of children) {
      child.parentElement = this
      this.childNodes.push(child)
    }
  }

  replaceChildren(...children) {
    this.childNodes = []
    this.append(...children)
  }
}

class FakeText extends FakeNode {
  constructor(data) {
    super()
    this.data = data
  }

  get textContent() {
    return this.data
  }
}

class FakeElement extends FakeNode {
  attributes = new Map()
  classes = new Set()
  dataset = {}
  hidden = false
  disabled = false
  checked = false
  value = ''

  constructor(tag) {
    super()
    this.tag = tag
    this.classList = {
      add: (name) => this.classes.add(name),
      contains: (name) => this.classes.has(name),
      toggle: (name, on) => (on ? this.classes.add(name) : this.classes.delete(name)),
    }
  }

  get children() {
    return this.childNodes.filter((child) => child instanceof FakeElement)
  }

  get type() {
    return this.getAttribute('type') ?? ''
  }

  get name() {
    return this.getAttribute('name') ?? ''
  }

  get id() {
    return this.getAttribute('id') ?? ''
  }

  set id(id) {
    this.setAttribute('id', id)
  }

  getAttribute(name) {
    return this.attributes.get(name) ?? null
  }

  setAttribute(name, value) {
    this.attributes.set(name, value)
    if (name === 'value') this.value = value
  }

  removeAttribute(name) {
    this.attributes.delete(name)
  }

  scrollIntoView() {}

  focus() {}

  matches() {
    return false
  }

  setSelectionRange() {}

  click() {
    this.dispatchEvent(new Event('click'))
  }

  /** All elements below this one with this tag. */
  all(tag) {
    return this.children.flatMap((child) => [...(child.tag === tag ? [child] : []), ...child.all(tag)])
  }
}

globalThis.Node = FakeNode
globalThis.document = {
  createElement: (tag) => new FakeElement(tag),
  createElementNS: (_, tag) => new FakeElement(tag),
  createTextNode: (text) => new FakeText(text),
}
