/** Types of `smtp-conversation.js`: the element `<smtp-conversation>`, `run()` and `lookup()`. Made by `tests/js/describe.js`; API.md is the manual. */

/** How the connection is secured: not at all, by STARTTLS or no mail, by STARTTLS where it is offered, or from the first byte. */
export type Security = 'none' | 'starttls' | 'starttls-if-offered' | 'tls'

/** The last step before QUIT. */
export type Until = 'connect' | 'hello' | 'starttls' | 'auth' | 'mail' | 'rcpt' | 'data' | 'dot'

/** The format of an export: the talk (plain text that can be opened again), Markdown for a ticket, or JSON. */
export type ExportFormat = 'talk' | 'markdown' | 'json'

/** How a typed line ends; `crlf` is what SMTP asks for. */
export type LineEnd = 'crlf' | 'lf' | 'cr' | 'none'

/** How it went: `unknown` means that the message was sent and its final dot was never answered. */
export type Outcome = 'accepted' | 'partly' | 'refused' | 'stopped' | 'not-sent' | 'unreachable' | 'failed' | 'unknown'

/** Who said it; `relay` stands for the relay and the network. */
export type Side = 'client' | 'server' | 'relay'

/** What is on the screen. */
export interface View {
  /** Whose turn it is: the network's, the server's, yours (a command, or the message), or nobody's. */
  turn: 'connecting' | 'server' | 'you' | 'message' | 'over'
  waiting: Waiting | null
  /** The step that Ehlo suggests next. */
  proposal: Proposal | null
  /** The steps after it, as far as they are foreseeable. */
  upcoming: string[]
  /** Whether the remaining steps are being taken without you. */
  running: boolean
  /** Why running has paused, in a sentence. */
  paused: string | null
  connection: Connection | null
  server: Server
  tls: Tls | null
  protection: Protection
  sign_in: SignIn
  /** The tests that break rules on purpose, in the order in which they were run. */
  recipes: RuleTest[]
  /** The open mail transaction, or the last one. */
  envelope: Envelope
  /** How it goes, in one sentence; final when `turn` is `over`. */
  summary: Summary
  ending: Ending | null
  /** The gravest first. */
  findings: Finding[]
  /** How many entries the transcript has. */
  entries: number
  /** How many of them, from the first, will never change again. */
  settled: number
  /** How much of a big message has left. */
  progress: { sent: number, total: number } | null
  /** Bytes to and from the mail server; `dropped` of the received ones were not kept. */
  traffic: { sent: number, received: number, dropped: number }
}

/** What the conversation waits for. */
export interface Waiting {
  /** Such as `the reply to RCPT TO`. */
  what: string
  /** When the wait began, as `performance.now()` counts. */
  since: number
  /** How long the standard asks a client to wait. */
  limit: number
  /** The section of the standard that says so. */
  section: string
  /** What a long wait usually means here. */
  hint: string
  overdue: boolean
}

/** A suggested step. */
export interface Proposal {
  kind: 'command' | 'sign-in' | 'message' | 'hangup'
  /** The command without its line end, or the message; secrets are masked. */
  text: string
  /** Why this, now. */
  why: string
  /** For a message: how many lines begin with a dot, which will be doubled. */
  dots: number
  /** For a message: its bytes on the wire, final dot included. */
  octets: number
  /** What would become known to whom if it were sent. */
  caution: string | null
  /** For a message given as bytes that are not text: it is sent as it is, and cannot be edited. */
  opaque: boolean
}

/** The connection, as the relay reported it. */
export interface Connection {
  host: string
  address: string
  port: number
  /** The address that the mail server sees. */
  local: string | null
  /** Its name in the DNS, where name and address agree. */
  local_name: string | null
}

/** What the server said about itself. */
export interface Server {
  /** The name in its greeting. */
  name: string | null
  /** The verb that it accepted: `EHLO`, `HELO` or `LHLO`. */
  hello: string | null
  extensions: Extension[]
}

/** An extension that the server offers. */
export interface Extension { keyword: string, params: string }

/** The mail transaction. */
export interface Envelope {
  /** The sender; empty is the null sender. */
  reverse_path: string | null
  recipients: Recipient[]
}

/** One recipient, with its own answer. */
export interface Recipient {
  address: string
  /** The number of the reply. */
  reply: number | null
  code: number | null
  accepted: boolean | null
  /** With LMTP: the reply to the message for this recipient, and its code. */
  final_reply: number | null
  final_code: number | null
}

/** How it went. */
export interface Summary {
  outcome: Outcome
  sentence: string
  /** The name that the server gave to the message. */
  queue_id: string | null
  /** The number of the reply that decided it. */
  reply: number | null
}

/** How the connection ended. */
export interface Ending {
  /** A stable word such as `quit`, `server-closed`, `reset` or `timed-out`. */
  kind: string
  by: 'you' | 'server' | 'relay' | 'network'
  sentence: string
  advice: string[]
}

/** Something that stands out. */
export interface Finding {
  /** A stable word such as `greylisted`. */
  id: string
  /** A problem keeps mail from getting through. */
  severity: 'problem' | 'warning' | 'note'
  title: string
  detail: string
  advice: string
  /** The ids of the entries that show it. */
  evidence: number[]
}

/** A test that breaks a rule on purpose. */
export interface RuleTest {
  id: string
  title: string
  state: 'running' | 'done'
  verdict: 'sound' | 'unsound' | 'unclear' | null
  sentence: string
  /** Its first entry, and the one after its last. */
  entries: [number, number]
}

/** The TLS session. */
export interface Tls {
  stage: 'due' | 'handshaking' | 'secured' | 'failed'
  report: TlsReport | null
  failure: TlsFailure | null
  /** The certificates as one PEM file; may be empty. */
  pem: string
  /** The `openssl` command that makes the same handshake. */
  openssl: string
  /** What the server offers only since, no longer, and differently after TLS. */
  changes: { new: Extension[], gone: Extension[], other: Extension[] } | null
  /** The id of the first encrypted entry. */
  since: number | null
}

/** What the handshake agreed on. */
export interface TlsReport {
  version: string
  suite: string
  suite_id: number
  /** The key exchange. */
  group: string
  /** The name that was sent (SNI); empty: none. */
  server_name: string
  /** The name that the certificate was checked for; empty: none. */
  checked_name: string
  /** As they came, the server's own first. */
  certificates: Certificate[]
  verdict: { trusted: boolean, problems: { kind: string, sentence: string, advice: string }[], anchor: string | null, notes: string[] }
  client_certificate: 'not-asked' | 'none-given' | 'given'
  handshake_ms: number | null
}

/** One certificate. */
export interface Certificate {
  /** Its place in the chain, in words; may be empty. */
  role: string
  subject: string
  /** The names that it is for. */
  sans: string[]
  issuer: string
  serial: string
  not_before: string
  /** Milliseconds since 1970. */
  not_before_ms: number
  not_after: string
  /** Milliseconds since 1970. */
  not_after_ms: number
  key: string
  key_weak: boolean
  signature: string
  signature_weak: boolean
  sha256: string
  /** SHA-256 of the public key, base64. */
  spki_pin: string
  is_ca: boolean
  self_signed: boolean
  /** The certificate itself, base64. */
  der: string
}

/** Why the handshake failed. */
export interface TlsFailure {
  /** A stable word such as `not-tls`, `alert` or `dropped`. */
  kind: string
  sentence: string
  detail: string
  advice: string[]
  alert: { number: number, name: string, meaning: string } | null
  /** What the server sent, a line each. */
  records: string[]
  certificates: Certificate[]
  /** For an answer that is not TLS: what it looks like. */
  looks_like: string | null
  openssl: string
  /** Whether a second connection, asking as an old client, may tell more. */
  wants_probe: boolean
  legacy: LegacyTls | null
}

/** What the server agrees to when it is offered everything that was ever in use. */
export interface LegacyTls {
  version: string
  suite: string
  suite_id: number
  key_exchange: string
  certificates: Certificate[]
  sentence: string
  advice: string[]
  extended_master_secret: boolean
  secure_renegotiation: boolean
  records: string[]
}

/** What crossed in clear text and what encrypted, in bytes, and in sentences what the relay could read. */
export interface Protection {
  clear_sent: number
  clear_received: number
  encrypted_sent: number
  encrypted_received: number
  readable: string[]
  hidden: string[]
  trust: string[]
}

/** How signing in went. */
export interface SignInResult {
  state: 'none' | 'running' | 'done' | 'refused' | 'cancelled'
  mechanism: string | null
  /** Whether the server proved that it knows the password; `null` where the mechanism asks for no proof. */
  proved: boolean | null
  /** What the server said about the token. */
  error: { status: string, scope: string, schemes: string, configuration: string, sentence: string, advice: string } | null
  /** Why Ehlo cancelled it. */
  cancelled: string | null
  /** Why credentials were held back. */
  withheld: string | null
}

/** Signing in, while the conversation goes on. */
export interface SignIn extends SignInResult {
  mechanisms: Mechanism[]
  /** Mechanisms that the server offers and Ehlo does not know. */
  unknown: string[]
  /** The mechanism of the next attempt, and why that one. */
  best: string | null
  reason: string
  /** What would become known to whom. */
  caution: string | null
  /** Whether you have allowed it all the same. */
  allowed: boolean
  /** Rounds done and rounds wanted, while a proof is being computed. */
  working: [number, number] | null
}

/** A mechanism of AUTH. */
export interface Mechanism { word: string, about: string, offered: boolean, needs: string[] }

/** One entry of the transcript. */
export interface Entry {
  id: number
  /** Since the beginning. */
  at: number
  /** Since the entry before. */
  pause: number
  side: Side
  piece: 'line' | 'message' | 'event'
  /** One line, or the lines of a message; a special segment stands for what cannot be seen. */
  lines: { segments: { text: string, special?: string }[] }[]
  /** How many lines of a long message are not in `lines`. */
  omitted: number
  /** Bytes of a big message that were not kept. */
  omitted_octets: number
  /** The number of the reply that it belongs to; `explain()` takes it. */
  reply: number | null
  oddities: string[]
  /** What base64 in an AUTH exchange says, without its secrets. */
  decoded: string[]
  /** Whether its line end has not come yet. */
  open: boolean
}

/** What a code, a keyword or a command means. */
export interface Explanation {
  key: string
  title: string
  meaning: string
  details: string[]
  causes: string[]
  advice: string[]
  sources: { label: string, url: string }[]
  /** False: it is in no registry, and explained by its digits alone. */
  known: boolean
}

/** What a reply means. */
export interface Meaning {
  code: number
  class_word: string
  enhanced_code: string | null
  /** The step that it answers, in words. */
  step: string
  text: string
  took: number | null
  basic: Explanation
  enhanced: Explanation | null
  phrase: { name: string, meaning: string, advice: string[], said_by: string } | null
  keywords: Explanation[]
  command: Explanation | null
  oddities: string[]
  /** Whether the standard lists this code here, in a sentence. */
  allowed: string | null
  /** The ids of its entries. */
  entries: number[]
}

/** Advice on a line before it is sent. */
export interface Advice {
  severity: 'error' | 'warning' | 'hint'
  message: string
  /** The line as it was probably meant. */
  fix: string | null
}

/** The mail hosts of a domain. */
export interface MailHosts {
  verdict: 'mx' | 'implicit' | 'null-mx' | 'no-such-domain' | 'no-mail-host' | 'failed'
  sentence: string
  advice: string[]
  /** The preferred first; a host that is the domain itself has no preference. */
  hosts: { host: string, preference: number | null, addresses: string[] }[]
  entries: { at: number, text: string }[]
}

/** A whole conversation as plain data. */
export interface Result {
  outcome: Outcome
  sentence: string
  ending: Ending | null
  /** The name that the server gave to the message. */
  queue_id: string | null
  /** When it began: milliseconds since 1970. */
  started: number | null
  host: string
  port: number
  transcript: { at: number, side: Side, text: string }[]
  replies: Reply[]
  envelope: Envelope
  /** What the server offered, a line each. */
  extensions: string[]
  recipes: RuleTest[]
  findings: Finding[]
  /** The conversation as text, which `open()` reads again. No secret is in it. */
  talk: string
  tls: Tls | null
  protection: Protection
  sign_in: SignInResult
}

/** One reply of the server. */
export interface Reply {
  id: number
  code: number
  enhanced: string | null
  text: string
  /** What it answers: `greeting`, a verb such as `RCPT TO`, or `the end of the message`. */
  step: string | null
  at: number
  took: number | null
  oddities: string[]
}

/** The options of `run()`. One of `host`, `target` and `practice` names the server. */
export interface RunOptions {
  /** Host name or IP address of the mail server. */
  host?: string
  /** 25 unless given. */
  port?: number
  /** A target that the relay's operator has named, such as `practice/greylisting`. */
  target?: string
  /** A practice server inside the page; needs no relay. */
  practice?: string
  /** The relay's address; where the script came from unless given. */
  relay?: string
  /** The relay's token, where it wants one. */
  token?: string
  /** Only addresses of this family. */
  family?: '4' | '6'
  /** `none` unless given. */
  security?: Security
  tls?: TlsOptions
  signIn?: SignInOptions
  /** Your word that credentials may go out in clear text, or to a server whose certificate is not trusted. */
  allowCredentials?: boolean
  /** The name to say after EHLO. */
  hello?: string
  hello_verb?: 'EHLO' | 'HELO'
  /** The sender; empty is the null sender. */
  from?: string
  to?: string[]
  message?: Message
  /** `dot` unless given: the message is sent. */
  until?: Until
  /** Use SIZE, 8BITMIME, SMTPUTF8, PIPELINING, CHUNKING, REQUIRETLS where the server offers it. */
  size?: boolean
  eight_bit?: boolean
  smtputf8?: boolean
  pipelining?: boolean
  chunking?: boolean
  requiretls?: boolean
  /** Delivery reports (DSN): how much of the message they hold. */
  ret?: 'FULL' | 'HDRS'
  /** An identifier that comes back in the report. */
  envid?: string
  notify?: ('never' | 'success' | 'failure' | 'delay')[]
  /** The original recipient: the recipient itself, or another address. */
  orcpt?: boolean | string
  body?: '7BIT' | '8BITMIME' | 'BINARYMIME'
  /** Bytes in one piece of BDAT. */
  chunk?: number
  /** Seconds, then `;R` or `;N`, such as `120;R`. */
  deliver_by?: string
  /** From -9 to 9. */
  mt_priority?: number
  /** Seconds. */
  hold_for?: number
  /** A moment, such as `2030-01-31T09:00:00Z`. */
  hold_until?: string
  /** Go out as they are, after MAIL and after each RCPT. */
  mail_params?: string
  rcpt_params?: string
  /** Commands of their own. */
  xclient?: string
  etrn?: string
  /** Use what the server does not offer: all of it, or these keywords. */
  force?: boolean | string[]
  protocol?: 'smtp' | 'lmtp'
  /** The relay writes a PROXY header before all else; addresses with their ports. */
  proxy_header?: { version: 1 | 2, source: string, destination: string }
  /** Hangs up, and rejects with the signal's reason. */
  signal?: AbortSignal
  /** Called with each entry when it is complete. */
  onentry?: (entry: Entry) => void
  /** Called with the view after each change. */
  onchange?: (view: View) => void
}

/** Text: a line feed goes out as CR LF. Bytes: as they are. Parts: the header is made. */
export type Message = string | Uint8Array | { subject?: string, body?: string, headers?: [string, string][] }

/** What the handshake is made with. */
export interface TlsOptions {
  /** The name to send; empty: none. The host's unless given. */
  serverName?: string
  /** The name to check the certificate for; the host's unless given. */
  checkName?: string
  versions?: 'both' | '1.2' | '1.3'
  /** Your own authorities, as PEM. */
  authorities?: string
  /** Your own certificate, those that signed it, and its key, as PEM. */
  client?: string
}

/** What to sign in with; the best mechanism that is offered unless one is named. */
export interface SignInOptions {
  mechanism?: string
  user?: string
  password?: string
  /** For XOAUTH2 and OAUTHBEARER. */
  token?: string
  authorizationId?: string
  /** `false` waits for the server's first challenge. */
  initialResponse?: boolean
  /** Bind a -PLUS mechanism to the server's certificate instead of the TLS session. */
  bindToCertificate?: boolean
}

/** The core did not load; `advice` says what to do. */
export class CoreMissing extends Error {
  /** What to do, a sentence each. */
  readonly advice: string[]
}

/**
 * The whole tool as an element. Nothing connects before a person, or a script, says so.
 *
 * Each attribute is also a property of the same name; a property that is set to `null` takes its attribute away.
 */
export class SmtpConversation extends HTMLElement {
  /** Recipients, with commas in between. */
  get to(): string
  set to(value: string | string[] | null | undefined)

  /** Address of the relay, such as `wss://relay.example/relay`; `none`: this page has none and can only practice. The relay beside the script unless given. */
  get relay(): string
  set relay(value: string | null | undefined)

  /** Host name or IP address of the mail server. */
  get host(): string
  set host(value: string | null | undefined)

  /** TCP port, 25 unless given. */
  get port(): string
  set port(value: string | number | null | undefined)

  /** How the connection is secured; as is usual on the port unless given. */
  get security(): string
  set security(value: Security | null | undefined)

  /** Sender address; empty is the null sender `<>`. */
  get from(): string
  set from(value: string | null | undefined)

  /** The name to say after EHLO; suggested when the connection stands unless given. */
  get hello(): string
  set hello(value: string | null | undefined)

  /** Purpose of the test; it fills in settings that suit it. */
  get preset(): string
  set preset(value: 'mailbox' | 'list' | 'scanner' | 'greet' | 'rcpt' | null | undefined)

  /** Practice inside the page, with a server of this kind. */
  get practice(): string
  set practice(value: 'accepts-all' | 'unknown-user' | 'relaying-denied' | 'greylisting' | 'slow' | 'grumpy' | 'helo-only' | 'drops-line' | null | undefined)

  /** The last step before QUIT, `dot` unless given. */
  get until(): string
  set until(value: Until | null | undefined)

  /** Subject of the message. */
  get subject(): string
  set subject(value: string | null | undefined)

  /** As the system's unless given. */
  get theme(): string
  set theme(value: 'light' | 'dark' | null | undefined)

  /** The mail server cannot be changed, for documentation of one server. */
  locked: boolean

  /** Leaves out the example and other explanations of a first visit. */
  compact: boolean

  /** Resolves with the element when it can be used: styles and core are loaded. */
  readonly ready: Promise<this>

  /** What is on the screen, as plain data; `null` before the first conversation. */
  readonly view: View | null

  /** The transcript, ready to show. */
  entries(): Entry[]

  /** Connects with what the form shows. Resolves when the attempt has begun; rejects with a TypeError. */
  connect(): Promise<void>

  /**
   * Sends a line, as if typed. In the message turn it is a line of the message, and `.` ends it.
   * @param end how the line ends, `crlf` unless given
   */
  send(line: string, end?: LineEnd): void

  /** Takes the suggested step as it is. */
  next(): void

  /** Takes all steps that remain, and pauses where something unexpected comes. */
  runRest(): void

  /** Stops running. */
  pause(): void

  /**
   * Sends the message, in the message turn. Dots are doubled, and the final dot is added.
   * @param message text (a line feed goes out as CR LF), or bytes as they are
   */
  sendMessage(message: string | Uint8Array): void

  /** Closes the connection without QUIT. */
  hangup(): void

  /** What is worth knowing about a line before it is sent. */
  lint(text: string): Advice[]

  /**
   * What a reply means; `null` where there is no such reply.
   * @param reply the number in an entry
   */
  explain(reply: number): Promise<Meaning | null>

  /**
   * The conversation as text.
   * @param format `talk` unless given
   */
  exportAs(format?: ExportFormat): Promise<string>

  /** Opens a saved conversation to be read; rejects with a TypeError where the text is not one. */
  open(talk: string): Promise<void>

  /** Finds the mail hosts of a domain, through the relay. */
  lookup(domain: string): Promise<MailHosts>

  /** Holds a whole conversation, as the function `run()` does, and shows it; what is not given is taken from the attributes. */
  run(options?: RunOptions): Promise<Result>
}

/**
 * Finds the mail hosts of a domain, through a relay.
 * @param around the relay's address, where the script came from unless given, and its token where it wants one
 */
export function lookup(domain: string, around?: {relay?: string, token?: string, signal?: AbortSignal}): Promise<MailHosts>

/**
 * Holds a whole conversation without an element. Resolves however it ended: a refusal is a result.
 * Rejects with a TypeError that names an option which makes no sense, with the signal's reason, or with CoreMissing.
 */
export function run(options: RunOptions): Promise<Result>

declare global {
  interface HTMLElementTagNameMap {
    'smtp-conversation': SmtpConversation
  }

  interface GlobalEventHandlersEventMap {
    /** The view has changed. */
    'ehlo-change': CustomEvent<{view: View}>
    /** An entry of the transcript is complete and will not change. */
    'ehlo-entry': CustomEvent<{entry: Entry}>
    /** The connection has ended; the result is the same as from `run()`. */
    'ehlo-end': CustomEvent<{result: Result}>
  }
}
