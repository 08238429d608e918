/**
 * What a first look at the form does not need, as one file. It is there before the first conversation begins, so that nothing
 * that a conversation may have to tell depends on a further download.
 * @module
 */

import { Desk } from './desk.js'
import { lookupHosts } from './lookup.js'
import { ExtensionFields } from './options.js'
import { makeConversation, readOptions, run, toEnd } from './run.js'
import { SavedConversation } from './saved.js'
import { SignInFields } from './sign-in.js'
import { TlsFields } from './tls-fields.js'

export { Desk, ExtensionFields, SavedConversation, SignInFields, TlsFields, lookupHosts, makeConversation, readOptions, run, toEnd }
