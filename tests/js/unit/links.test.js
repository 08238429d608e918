import assert from 'node:assert/strict'
import { test } from 'node:test'

import { page } from './support/page.js'

let visits = 0

/** Opens the page with this address, and returns the attributes that the element got, and the methods that were called. */
async function opened(search, hash) {
  const attributes = {}
  const called = []
  const element = new Proxy({ setAttribute: (name, value) => (attributes[name] = value) }, {
    get: (target, name) => target[name] ?? ((...args) => called.push([name, ...args])),
  })
  globalThis.location = { search, hash }
  globalThis.addEventListener = () => {}
  globalThis.document = { readyState: 'loading', querySelector: () => element, body: { classList: { contains: () => true } } }
  visits += 1
  await page(`page?${visits}`)
  return { attributes, called }
}

test('a link fills in the form', async () => {
  const { attributes } = await opened('', '#host=mx.example.com&port=587&to=a%40b.example%2Cc%40d.example&until=rcpt&locked')
  assert.deepEqual(attributes, { host: 'mx.example.com', port: '587', to: 'a@b.example,c@d.example', until: 'rcpt', locked: '' })
})

test('a link never carries a secret into the form', async () => {
  const { attributes } = await opened('?password=a&token=b', '#host=mx.example.com&user=c&access_token=d&tls_client=e&signIn=f&onclick=g&class=h')
  assert.deepEqual(attributes, { host: 'mx.example.com' })
})

test('a link never connects by itself', async () => {
  const { called } = await opened('', '#host=mx.example.com&connect&run&practice=slow')
  assert.deepEqual(called, [])
})

test('a link may have a question mark in place of the hash', async () => {
  const { attributes } = await opened('?host=mx.example.com', '#port=2525')
  assert.deepEqual(attributes, { host: 'mx.example.com', port: '2525' })
})

test('a flag can be switched off in a link', async () => {
  const { attributes } = await opened('', '#locked=false&compact=true')
  assert.deepEqual(attributes, { compact: '' })
})
