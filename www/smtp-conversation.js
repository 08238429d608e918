/**
 * The one script of Ehlo: defines `<smtp-conversation>`, and gives `run()` to scripts that need no element.
 *
 *     <script type="module" src="smtp-conversation.js"></script>
 *     <smtp-conversation host="mail.example.com"></smtp-conversation>
 *
 * @module
 */

import { SmtpConversation } from './js/element.js'

export { CoreMissing } from './js/core.js'
export { lookupHosts as lookup } from './js/relay.js'
export { run } from './js/run.js'
export { SmtpConversation }

if (!customElements.get('smtp-conversation')) customElements.define('smtp-conversation', SmtpConversation)
