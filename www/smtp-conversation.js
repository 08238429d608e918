/**
 * The one script of Ehlo: defines `<smtp-conversation>`, and gives `run()` to scripts that need no element.
 *
 *     <script type="module" src="smtp-conversation.js"></script>
 *     <smtp-conversation host="mail.example.com"></smtp-conversation>
 *
 * @module
 */

import { CoreMissing, loadRest } from './js/core.js'
import { SmtpConversation } from './js/element.js'

export { CoreMissing, SmtpConversation }

/** Finds the mail hosts of a domain; see `lookupHosts` in `js/lookup.js`. */
export async function lookup(domain, around) {
  const { lookupHosts } = await loadRest()
  return lookupHosts(domain, around)
}

/** Holds a whole conversation without an element; see `run` in `js/run.js`. */
export async function run(options) {
  const { run } = await loadRest()
  return run(options)
}

if (!customElements.get('smtp-conversation')) customElements.define('smtp-conversation', SmtpConversation)
