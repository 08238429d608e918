/**
 * Uses the published types as a page would. It is compiled and never run: what is right must compile, and what is wrong must not.
 * @module
 */

import { CoreMissing, lookup, run, SmtpConversation } from '../../../www/smtp-conversation.js'
import type { Finding, Result, RunOptions, View } from '../../../www/smtp-conversation.js'

const element = document.createElement('smtp-conversation')
element.host = 'mail.example.com'
element.port = 587
element.to = ['them@example.com', 'others@example.com']
element.security = 'starttls'
element.locked = true
element.subject = null
const port: string = element.port
const same: SmtpConversation = await element.ready
const view: View | null = element.view

document.addEventListener('ehlo-end', ({ detail }) => {
  const result: Result = detail.result
  console.log(result.outcome, result.sentence, result.tls?.report?.verdict.trusted)
})
element.addEventListener('ehlo-change', ({ detail: { view } }) => {
  if (view.turn === 'you' && view.proposal?.text === 'DATA') element.send('RSET', 'crlf')
  else if (view.turn === 'you') element.next()
})
element.addEventListener('click', (event) => event.clientX)

const options: RunOptions = {
  host: 'mail.example.com', port: 587, security: 'starttls', until: 'auth',
  tls: { authorities: '-----BEGIN CERTIFICATE-----' }, signIn: { user: 'you', password: 'x' },
  message: { subject: 'Test', body: 'testing\n', headers: [['X-Test', '1']] },
  force: ['SIZE'], proxy_header: { version: 2, source: '192.0.2.1:4711', destination: '198.51.100.7:25' },
  onentry: (entry) => console.log(entry.at, entry.side, entry.lines.length),
}
try {
  const { findings, transcript } = await run(options)
  const problems: Finding[] = findings.filter(({ severity }) => severity === 'problem')
  for (const { at, side, text } of transcript) console.log(at, side, text, problems.length)
} catch (problem) {
  if (problem instanceof CoreMissing) console.log(problem.advice.join('\n'))
}
const { hosts } = await lookup('example.com', { relay: 'wss://relay.example/relay' })
console.log(port, same, view, hosts[0]?.preference, await element.exportAs('markdown'), (await element.explain(0))?.basic.title)

// @ts-expect-error there is no such security
element.security = 'ssl'
// @ts-expect-error the view is made by the conversation
element.view = null
// @ts-expect-error a line is text
element.send(42)
// @ts-expect-error there is no such line end
element.send('NOOP', '\n')
// @ts-expect-error there is no such format
void element.exportAs('html')
// @ts-expect-error there is no such method
element.disconnect()
// @ts-expect-error there is no such option
void run({ hots: 'mail.example.com' })
// @ts-expect-error recipients are a list
void run({ host: 'mail.example.com', to: 'them@example.com' })
// @ts-expect-error there is no such step
void run({ host: 'mail.example.com', until: 'quit' })
// @ts-expect-error a look-up is of a domain
void lookup({ relay: 'wss://relay.example/relay' })
// @ts-expect-error a finding has no such severity
const severity: Finding['severity'] = 'fatal'
console.log(severity)
