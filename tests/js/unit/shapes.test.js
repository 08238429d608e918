import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { test } from 'node:test'

const ROOT = new URL('../../../', import.meta.url)

/** All of core's source, wherever its parts lie. */
const rust = readdirSync(new URL('core/src', ROOT), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.rs'))
  .map((entry) => readFileSync(`${entry.parentPath ?? entry.path}/${entry.name}`, 'utf8')).join('\n')
const types = readFileSync(new URL('www/js/types.d.ts', ROOT), 'utf8')

/** The fields that Rust gives to a shape; `hint` tells apart structs of the same name. */
function made(name, hint) {
  const all = Array.from(rust.matchAll(new RegExp(`pub struct ${name} \\{([^]*?)\\n\\}`, 'g')), ([, body]) => body)
  const body = all.find((one) => one.includes(`pub ${hint}:`))
  assert.ok(body, `core has no public struct ${name} with ${hint}`)
  return Array.from(body.matchAll(/^ {4}pub (\w+):/gm), ([, field]) => field)
}

/** The fields that the page's types give to it. */
function told(name) {
  let body = new RegExp(`^export interface ${name} (?:extends \\w+ )?\\{(.*)\\}$|^export interface ${name} (?:extends \\w+ )?\\{([^]*?)\\n\\}`, 'm').exec(types)?.slice(1).find(Boolean)
  assert.ok(body, `types.d.ts has no interface ${name}`)
  body = body.replace(/\/\*\*.*\*\//g, '')
  // What is within a field's own braces is not its shape's.
  while (/\{/.test(body)) body = body.replace(/\{[^{}]*\}/g, '')
  return Array.from(body.matchAll(/(\w+)\??:/g), ([, field]) => field)
}

const SHAPES = [
  ['View', 'View', 'turn'], ['Waiting', 'Waiting', 'overdue'], ['Proposal', 'Proposal', 'why'], ['Connection', 'ConnectionView', 'local'],
  ['Server', 'ServerView', 'hello'], ['Extension', 'ExtensionView', 'keyword'], ['Envelope', 'EnvelopeView', 'recipients'],
  ['Recipient', 'RecipientView', 'final_code'], ['Summary', 'Summary', 'queue_id'], ['Ending', 'EndingView', 'by'], ['Finding', 'Finding', 'evidence'],
  ['RuleTest', 'RecipeView', 'verdict'], ['Tls', 'TlsView', 'stage'], ['TlsReport', 'Report', 'suite'], ['Certificate', 'Certificate', 'spki_pin'],
  ['TlsFailure', 'Failure', 'wants_probe'], ['LegacyTls', 'Legacy', 'key_exchange'], ['Protection', 'Protection', 'readable'],
  ['Mechanism', 'MechanismView', 'needs'], ['Entry', 'EntryView', 'pause'], ['Explanation', 'Explanation', 'causes'], ['Meaning', 'Meaning', 'class_word'],
  ['Advice', 'Advice', 'fix'], ['MailHosts', 'Route', 'hosts'], ['Reply', 'ReplyReport', 'took'],
]

for (const [shape, struct, hint] of SHAPES) {
  test(`the page's type ${shape} has the fields of core's ${struct}`, () => {
    assert.deepEqual(told(shape).sort(), made(struct, hint).sort())
  })
}

test("the page's type SignIn has the fields of core's SignInView", () => {
  assert.deepEqual([...told('SignIn'), ...told('SignInResult')].sort(), made('SignInView', 'withheld').sort())
})

test("the page's type Result has the fields of core's Report, and what the page adds", () => {
  assert.deepEqual(told('Result').sort(), [...made('Report', 'talk'), 'tls', 'protection', 'sign_in'].sort())
})
