/**
 * Makes what editors and tools read about the element, from the comments in the scripts: `www/custom-elements.json`
 * (the Custom Elements Manifest) and `www/smtp-conversation.d.ts` (types for TypeScript).
 *
 *     node tests/js/describe.js
 *
 * @module
 */

import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { create, ts } from '@custom-elements-manifest/analyzer'

const WWW = new URL('../../www/', import.meta.url)
const SCRIPTS = ['js/core.js', 'js/element.js', 'smtp-conversation.js']

/** What a browser calls, and what a page need not know of. */
const INTERNAL = /^#|Callback$|^observedAttributes$/

const parsed = (path) => ts.createSourceFile(path, readFileSync(new URL(path, WWW), 'utf8'), ts.ScriptTarget.ES2022, true)

/** The text of both files, by name. */
export function described() {
  const { modules } = create({ modules: SCRIPTS.map(parsed), plugins: [], context: { dev: false } })
  const [core, element, entrance] = modules
  const tool = element.declarations.find(({ name }) => name === 'SmtpConversation')
  const manifest = { schemaVersion: '2.1.0', readme: 'API.md', modules: [{ ...element, declarations: [published(tool)] }, entrance].map(known) }
  return {
    'custom-elements.json': `${JSON.stringify(manifest, null, 2)}\n`,
    'smtp-conversation.d.ts': declarations(published(tool), entrance.declarations, core.declarations.find(({ name }) => name === 'CoreMissing')),
  }
}

/** A class without what is private, and with a property for each attribute. */
function published({ members, attributes, events, ...rest }) {
  const own = members.filter(({ name, privacy }) => privacy !== 'private' && !INTERNAL.test(name))
  const fields = attributes.map(({ name, type, description }) => ({ kind: 'field', name, type, description, attribute: name, reflects: true }))
  return {
    ...rest,
    attributes: attributes.map(({ name, type, description }) => ({ name, type, description, fieldName: name })),
    events: events.filter(({ name }) => /^ehlo-/.test(name)),
    members: [...fields, ...own],
  }
}

/** A module with exports that are in it, named by where it lies. */
function known(module) {
  const names = new Set(module.declarations.map(({ name }) => name))
  const defined = (one) => one.kind === 'custom-element-definition'
  const exports = module.exports.filter((one) => defined(one) || names.has(one.name))
  return { ...module, exports: exports.map((one) => (defined(one) ? { ...one, declaration: { name: one.declaration.name, module: 'js/element.js' } } : one)) }
}

function declarations(tool, functions, failure) {
  const body = [comment(failure.description, ''), 'export class CoreMissing extends Error {', '  /** What to do, a sentence each. */', '  readonly advice: string[]', '}', '',
    comment(tool.description, ''), 'export class SmtpConversation extends HTMLElement {', ...tool.members.flatMap(member).slice(0, -1), '}', '',
    ...functions.flatMap((one) => [comment(one.description, '', one.parameters), `export function ${signature(one)}`, '']),
    'declare global {', '  interface HTMLElementTagNameMap {', `    '${tool.tagName}': SmtpConversation`, '  }', '',
    '  interface GlobalEventHandlersEventMap {', ...tool.events.flatMap(({ name, type, description }) => [comment(description, '    '), `    '${name}': ${type.text}`]), '  }', '}', ''].join('\n')
  return `${comment('Types of `smtp-conversation.js`: the element `<smtp-conversation>`, `run()` and `lookup()`. Made by `tests/js/describe.js`; API.md is the manual.', '')}\n\n${shapes(body)}${body}`
}

function member(one) {
  const note = comment(one.description, '  ', one.parameters)
  if (one.kind === 'method') return [note, `  ${signature(one)}`, '']
  const { text } = one.type
  if (!one.attribute) return [note, `  readonly ${one.name}: ${text}`, '']
  if (text === 'boolean') return [note, `  ${one.name}: boolean`, '']
  // An attribute is text, whatever a property was set to.
  return [note, `  get ${one.name}(): string`, `  set ${one.name}(value: ${text} | null | undefined)`, '']
}

function signature({ name, parameters = [], return: given }) {
  const all = parameters.map((one) => `${one.name}${one.optional ? '?' : ''}: ${one.type.text}`)
  return `${name}(${all.join(', ')}): ${given.type.text}`
}

function comment(text, indent, parameters = []) {
  const lines = [...text.split('\n'), ...parameters.filter(({ description }) => description).map(({ name, description }) => `@param ${name} ${description}`)]
  if (lines.length === 1) return `${indent}/** ${text} */`
  return [`${indent}/**`, ...lines.map((line) => `${indent} * ${line}`.trimEnd()), `${indent} */`].join('\n')
}

/** The shapes that are named in `text`, and those that these name, as `js/types.d.ts` has them. */
function shapes(text) {
  const source = parsed('js/types.d.ts')
  const known = new Map(source.statements.map((one) => [one.name.text, one.getFullText(source).replace(/^\s*\/\*\*[^]*?@module\s*\*\//, '').trim()]))
  const wanted = new Set()
  const follow = (words) => {
    for (const name of words.match(/\b[A-Z]\w+/g) ?? []) {
      if (!known.has(name) || wanted.has(name)) continue
      wanted.add(name)
      follow(known.get(name))
    }
  }
  follow(text.replace(/\/\*\*[^]*?\*\//g, ''))
  return [...known].filter(([name]) => wanted.has(name)).map(([, shape]) => `${shape}\n\n`).join('')
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [name, text] of Object.entries(described())) writeFileSync(new URL(name, WWW), text)
}
