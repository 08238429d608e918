/**
 * What whoever carried the octets could read, and what that rests on.
 * @module
 */

import { fill, h } from './dom.js'
import { copyButton, octets } from './files.js'
import { aboutRelay } from './relay.js'

/** @import { Protection } from './types.d.ts' */

const HASH_COMMAND = 'find * -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum'

/**
 * The nodes of the panel; nothing where nobody is on the way.
 * @param {Protection} protection
 * @param {string | null} relay the relay that served this page as well; `null` where that is not so
 */
export function proofNodes(protection, relay) {
  const { readable, hidden, trust } = protection
  if (readable.length === 0) return null
  /**
   * @param {number} sent
   * @param {number} received
   */
  const both = (sent, received) => `${octets(sent)} sent, ${octets(received)} received`
  return [h('h2', null, 'What the relay could read'),
    h('dl', { class: 'facts' }, h('dt', null, 'Clear text'), h('dd', null, both(protection.clear_sent, protection.clear_received)),
      h('dt', null, 'Encrypted'), h('dd', null, both(protection.encrypted_sent, protection.encrypted_received))),
    part('Could be read and changed', readable), part('Could not', hidden), part('What this rests on', trust),
    relay && compareNode(relay)]
}

/**
 * @param {string} title
 * @param {string[]} sentences
 */
function part(title, sentences) {
  return sentences.length > 0 && [h('p', { class: 'lead' }, title), h('ul', null, sentences.map((sentence) => h('li', null, sentence)))]
}

/** @param {string} relay its address */
function compareNode(relay) {
  const told = h('p', { 'aria-live': 'polite' })
  const node = h('details', { class: 'keyword' }, h('summary', null, 'Compare the page, or load it from elsewhere'), told,
    h('p', null, 'The build that you trust prints its hash with ', h('code', null, 'ehlo --version'), '; so does, in a folder that holds the page’s files and nothing else:'),
    h('p', null, h('code', { class: 'command' }, HASH_COMMAND)), copyButton(HASH_COMMAND, 'Copy the command'),
    h('p', null, 'A relay that changes the page can also tell a false hash. To be sure, write the page out with your own build, ', h('code', null, 'ehlo export DIR'),
      ', open it from a web server of yours, and name this relay there under “Relay”; it must have been started with ', h('code', null, '--allow-origin'), ' and that server’s address.'))
  node.addEventListener('toggle', async () => {
    if (!node.open || told.firstChild) return
    fill(told, 'Asking the relay…')
    const hash = (await aboutRelay(relay))?.page_hash
    fill(told, hash ? ['This relay says that the page it serves has the hash ', h('code', { class: 'page-hash' }, hash)] : 'The relay told no hash.')
  })
  return node
}
