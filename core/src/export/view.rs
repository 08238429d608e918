//! What a page draws: plain data, made afresh from the session whenever it is asked for.
//!
//! Nothing here decides anything; a page that shows a [`View`] and a list of [`EntryView`]s shows the whole conversation.

use serde::Serialize;

use crate::printable::Segment;
pub use crate::reading::ending::EndingView;
pub use crate::reading::findings::{Finding, Severity};
pub use crate::reading::protection::{ExtensionView, OfferChanges, Protection};
pub use crate::reading::summary::{Outcome, Summary};
pub use crate::record::SignInState;
use crate::record::{Piece, Side};
use crate::sasl::OauthError;
use crate::tls::{Failure, Report};

/// Whose turn it is, and all that a page shows beside the transcript.
#[derive(Clone, Debug, Serialize)]
pub struct View {
    /// Whose turn it is.
    pub turn: Turn,
    /// What is being waited for, and until when.
    pub waiting: Option<Waiting>,
    /// The next step that the plan proposes; none while connecting or when all is over.
    pub proposal: Option<Proposal>,
    /// The steps that come after the proposal, as far as they are foreseeable; text of commands without line end.
    pub upcoming: Vec<String>,
    /// Whether the plan runs by itself at the moment.
    pub running: bool,
    /// Why "run the rest" has paused, as a sentence.
    pub paused: Option<String>,
    /// The connection, once it stands.
    pub connection: Option<ConnectionView>,
    /// What the server has said of itself.
    pub server: ServerView,
    /// The TLS session; none where there was no talk of one.
    pub tls: Option<TlsView>,
    /// What whoever carries the octets could read, and what not.
    pub protection: Protection,
    /// Signing in.
    pub sign_in: SignInView,
    /// The tests that break rules on purpose, in the order in which they were run; the last may still go on.
    pub recipes: Vec<RecipeView>,
    /// The mail transaction that is open, or the last one.
    pub envelope: EnvelopeView,
    /// How it went, in one sentence: provisional until `turn` is `over`.
    pub summary: Summary,
    /// How the connection ended; only when `turn` is `over`.
    pub ending: Option<EndingView>,
    /// What stands out, the gravest first.
    pub findings: Vec<Finding>,
    /// How many entries the transcript has.
    pub entries: usize,
    /// How many of them, from the first, will never change again.
    pub settled: usize,
    /// How far a big message is on its way out; none while none is.
    pub progress: Option<Progress>,
    /// Octets sent by and received from the mail server's side.
    pub traffic: Traffic,
}

/// How far a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// Octets that have left.
    pub sent: u64,
    /// All its octets as they cross.
    pub total: u64,
}

/// Whose turn it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Turn {
    /// The connection is being made.
    Connecting,
    /// The server's: a reply is awaited.
    Server,
    /// The person's: a command.
    You,
    /// The person's: the message itself, until the final dot.
    Message,
    /// Nobody's: the connection has ended.
    Over,
}

/// Something that is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Waiting {
    /// For what, as in "the greeting", "the reply to RCPT TO".
    pub what: String,
    /// The moment at which the wait began, on the driver's clock.
    pub since: u64,
    /// How long the standard asks a client to wait, in milliseconds.
    pub limit: u64,
    /// Where the standard says so.
    pub section: &'static str,
    /// A word on what a long wait usually means here; a page may show it after some seconds.
    pub hint: &'static str,
    /// Whether the limit has passed.
    pub overdue: bool,
}

/// A proposed next step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proposal {
    /// What kind of step it is.
    pub kind: ProposalKind,
    /// The command without its line end, or the message as it was composed (line ends are LF here).
    pub text: String,
    /// One line: why this, now.
    pub why: String,
    /// For a message: how many lines begin with a dot that will be doubled.
    pub dots: usize,
    /// For a message: octets on the wire, final dot included.
    pub octets: usize,
    /// What would become known to whom if it were sent; none where nothing would.
    pub caution: Option<String>,
    /// For a message given as bytes that are no text: it is sent as it is and not shown for editing.
    pub opaque: bool,
}

/// What kind of step is proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProposalKind {
    /// A command line.
    Command,
    /// The start of a sign-in, or the next answer of one; `text` is what it would look like, with secrets masked.
    SignIn,
    /// The message after 354; the final dot is added.
    Message,
    /// To end the connection without another word.
    Hangup,
}

/// The connection as the relay reported it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// The host that was named.
    pub host: String,
    /// The address reached.
    pub address: String,
    /// The port reached.
    pub port: u16,
    /// The address from which it was reached, as the mail server sees it.
    pub local: Option<String>,
    /// That address's own name, where PTR and address agree.
    pub local_name: Option<String>,
}

/// What the server has said of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ServerView {
    /// The name in the greeting.
    pub name: Option<String>,
    /// `EHLO`, `HELO` or `LHLO`, as it was accepted.
    pub hello: Option<String>,
    /// The extensions that the last EHLO offered.
    pub extensions: Vec<ExtensionView>,
}

/// The TLS session.
#[derive(Clone, Debug, Serialize)]
pub struct TlsView {
    /// How far it is: `due`, `handshaking`, `secured` or `failed`.
    pub stage: &'static str,
    /// What is known of it, once the handshake is done.
    pub report: Option<Report>,
    /// The certificates as one PEM file; empty where there are none.
    pub pem: String,
    /// Why it failed.
    pub failure: Option<Failure>,
    /// The `openssl` command that shakes hands with the same server.
    pub openssl: String,
    /// What the second EHLO offered that the first had not, and the reverse; none before both are there.
    pub changes: Option<OfferChanges>,
    /// The first entry that crossed encrypted, or will; none before the handshake is done.
    pub since: Option<usize>,
}

/// The open mail transaction.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EnvelopeView {
    /// The reverse-path as it was sent, without angle brackets.
    pub reverse_path: Option<String>,
    /// The recipients, each with its own answer.
    pub recipients: Vec<RecipientView>,
}

/// One recipient.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipientView {
    /// The forward-path as it was sent, without angle brackets.
    pub address: String,
    /// The reply that it got; none while it is awaited.
    pub reply: Option<usize>,
    /// Its code.
    pub code: Option<u16>,
    /// Whether the server took it, with LMTP to the end.
    pub accepted: Option<bool>,
    /// With LMTP: the reply to the message for this recipient.
    pub final_reply: Option<usize>,
    /// Its code.
    pub final_code: Option<u16>,
}

/// A test that breaks rules on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RecipeView {
    /// Its id, as in the catalogue.
    pub id: String,
    /// What it is called.
    pub title: String,
    /// `running` or `done`.
    pub state: &'static str,
    /// `sound`, `unsound` or `unclear`; none while it goes on.
    pub verdict: Option<&'static str>,
    /// The verdict in a sentence.
    pub sentence: String,
    /// Its entries: the first, and the one behind the last.
    pub entries: (usize, usize),
}

/// Signing in.
#[derive(Clone, Debug, Serialize)]
pub struct SignInView {
    /// How it stands.
    pub state: SignInState,
    /// Every mechanism that Ehlo knows, with whether the server offers it.
    pub mechanisms: Vec<MechanismView>,
    /// Mechanisms that the server offers and Ehlo does not know.
    pub unknown: Vec<String>,
    /// The mechanism that is spoken, or would be.
    pub mechanism: Option<&'static str>,
    /// The mechanism that is chosen for the next attempt.
    pub best: Option<&'static str>,
    /// Why that one.
    pub reason: String,
    /// What would become known to whom; none where nothing would.
    pub caution: Option<String>,
    /// Whether the person has given their word to send credentials all the same.
    pub allowed: bool,
    /// Why credentials were held back.
    pub withheld: Option<String>,
    /// Whether the server proved that it knows the password; none where the mechanism asks for no proof.
    pub proved: Option<bool>,
    /// What the server said of the token.
    pub error: Option<OauthError>,
    /// Why Ehlo cancelled the exchange.
    pub cancelled: Option<&'static str>,
    /// Rounds done and rounds wanted, while a proof is being worked on.
    pub working: Option<(u64, u64)>,
}

/// One mechanism.
#[derive(Clone, Debug, Serialize)]
pub struct MechanismView {
    /// Its name.
    pub word: &'static str,
    /// What it does.
    pub about: &'static str,
    /// Whether the server offers it.
    pub offered: bool,
    /// Which fields it takes: `user`, `password`, `token`, `authorization_id`, `trace`.
    pub needs: Vec<&'static str>,
}

/// Octets that crossed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Traffic {
    /// To the mail server.
    pub sent: u64,
    /// From the mail server, those included that were not kept.
    pub received: u64,
    /// Octets received that the transcript did not keep, because its bound was reached.
    pub dropped: u64,
}

/// One entry of the transcript as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct EntryView {
    /// Its place in the transcript, from 0.
    pub id: usize,
    /// Milliseconds since the conversation began.
    pub at: u64,
    /// Milliseconds since the entry before.
    pub pause: u64,
    /// Who said it.
    pub side: Side,
    /// What kind of piece it is.
    pub piece: Piece,
    /// Its lines, ready to show; one for all pieces but a message. Line ends are not in them.
    pub lines: Vec<LineView>,
    /// Lines of a long message that are not in `lines`.
    pub omitted: usize,
    /// Octets of a big message that the transcript did not keep.
    pub omitted_octets: u64,
    /// For a server's line: the reply that it belongs to; ask `explain` about it.
    pub reply: Option<usize>,
    /// What is odd about it, in words.
    pub oddities: Vec<String>,
    /// For base64 within AUTH: what it says, without its secrets.
    pub decoded: Vec<String>,
    /// A server's line of which the end has not come yet.
    pub open: bool,
}

/// One line as it is shown.
#[derive(Clone, Debug, Serialize)]
pub struct LineView {
    /// The text in pieces; special ones stand for what has no glyph of its own.
    pub segments: Vec<Segment>,
}
