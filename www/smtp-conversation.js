/**
 * The one script of Ehlo: defines `<smtp-conversation>`, and gives `run()` to scripts that need no element.
 *
 *     <script type="module" src="smtp-conversation.js"></script>
 *     <smtp-conversation host="mail.example.com"></smtp-conversation>
 *
 * @module
 */

import { CoreMissing } from './js/core.js'
import { loadRest } from './js/load.js'
import { SmtpConversation } from './js/element.js'

export { CoreMissing, SmtpConversation }

/** @import { MailHosts, Result, RunOptions } from './js/types.d.ts' */

/**
 * Finds the mail hosts of a domain, through a relay.
 * @param {string} domain
 * @param {{relay?: string, token?: string, signal?: AbortSignal}} [around] the relay's address, where the script came from unless given, and its token where it wants one
 * @returns {Promise<MailHosts>}
 */
export async function lookup(domain, around) {
  const { lookupHosts } = await loadRest()
  return lookupHosts(domain, around)
}

/**
 * Holds a whole conversation without an element. Resolves however it ended: a refusal is a result.
 * Rejects with a TypeError that names an option which makes no sense, with the signal's reason, or with {@link CoreMissing}.
 * @param {RunOptions} options
 * @returns {Promise<Result>}
 */
export async function run(options) {
  const { run } = await loadRest()
  return run(options)
}

if (!customElements.get('smtp-conversation')) customElements.define('smtp-conversation', SmtpConversation)
