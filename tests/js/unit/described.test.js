import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { described } from '../describe.js'

const WWW = new URL('../../../www/', import.meta.url)
const read = (name) => readFileSync(new URL(name, WWW), 'utf8')

const files = described()
const manual = read('API.md')
const element = JSON.parse(files['custom-elements.json']).modules[0].declarations[0]

/** The names in the first column of the table under this heading of the manual. */
function table(heading, nth = 0) {
  const section = manual.split(/^## /m).find((one) => one.startsWith(heading))
  const tables = section.split(/\n\n/).filter((block) => block.startsWith('|'))
  const rows = tables[nth].split('\n').slice(2)
  return rows.flatMap((row) => Array.from(row.split('|')[1].matchAll(/`([\w-]+)[^`]*`/g), ([, name]) => name)).sort()
}

const names = (list) => list.map(({ name }) => name).sort()

for (const name of Object.keys(files)) {
  test(`${name} says what the comments say now (if not: node tests/js/describe.js)`, () => {
    assert.equal(read(name), files[name])
  })
}

test('the manual has every attribute, and no other', () => {
  assert.deepEqual(names(element.attributes), table('Attributes and properties'))
})

test('the manual has every property that can only be read, and no other', () => {
  const own = element.members.filter(({ kind, attribute }) => kind === 'field' && !attribute)
  assert.deepEqual(names(own), table('Attributes and properties', 1))
})

test('the manual has every method, and no other', () => {
  assert.deepEqual(names(element.members.filter(({ kind }) => kind === 'method')), table('Methods'))
})

test('the manual has every event, and no other', () => {
  assert.deepEqual(names(element.events), table('Events'))
})

test('the manual has every custom property and every part, and no other', () => {
  assert.deepEqual(names(element.cssProperties), table('Looks'))
  const [, parts] = /Parts for `::part\(\)`: ([^]*?)\.\n/.exec(manual)
  assert.deepEqual(names(element.cssParts), Array.from(parts.matchAll(/`(\w+)`/g), ([, name]) => name).sort())
})

test('the manual has every option of run(), and no other', () => {
  const [, shape] = /export interface RunOptions \{([^]*?)\n\}/.exec(files['smtp-conversation.d.ts'])
  assert.deepEqual(Array.from(shape.matchAll(/^ {2}(\w+)\?:/gm), ([, name]) => name).sort(), table('`run()`'))
})

test('the element watches just the attributes that it describes', () => {
  const script = read('js/element.js')
  const listed = (name) => Array.from(new RegExp(`^const ${name} = \\[(.*)\\]`, 'm').exec(script)[1].matchAll(/'(\w+)'/g), ([, word]) => word)
  assert.deepEqual([...listed('TEXTS'), ...listed('FLAGS'), 'to'].sort(), names(element.attributes))
})
