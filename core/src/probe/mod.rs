//! Tests that break the protocol's rules on purpose: what each puts on the line, and how the answer is judged.
//!
//! They are for one's own servers. What a person reads about them beforehand is in [`catalogue`]; the conversation does
//! without it.

pub mod catalogue;

pub use crate::record::event::Soundness;
use ScriptStep::{Answer, EndUnlessAnswered, Handshake, On, Quiet, Replies, Send};

/// One test.
#[derive(Debug)]
pub struct Recipe {
    /// The stable word of its finding: `recipe-` and its [`Recipe::id`].
    pub finding: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// Where in a conversation it begins; the steps to there are taken from the plan.
    pub needs: Needs,
    /// What is done, in order.
    pub script: &'static [ScriptStep],
    /// How the answer is judged.
    pub judged: Judged,
    /// Whether an unsound answer is a hole, and not only untidy.
    pub grave: bool,
}

/// Where in a conversation a test begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Needs {
    /// After EHLO, in clear text.
    ClearText,
    /// After EHLO.
    Hello,
    /// After MAIL.
    Mail,
    /// After 354: within the message.
    Data,
}

/// One step of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptStep {
    /// Send this in one piece; what stands for what, see [`Recipe::octets`].
    Send(&'static str),
    /// Wait until every question is answered.
    Replies,
    /// Wait for one reply.
    Answer,
    /// Wait until nothing has come for two seconds: silence may be the answer.
    Quiet,
    /// If the last reply has this code, send this.
    On(u16, &'static str),
    /// If nothing was answered yet, send the true end of the message.
    EndUnlessAnswered,
    /// Wait for the TLS handshake, or for the refusal of STARTTLS.
    Handshake,
}

/// How an answer is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// The last reply has to be a refusal.
    Refusal,
    /// There has to be one reply, whichever: two mean that one line was taken for two.
    OneAnswer,
    /// The odd end must not be taken for the end of the message.
    OddEnd,
    /// Nothing that came in clear text may be answered after the handshake.
    Injection,
    /// A refusal is as good as a message that arrives unharmed.
    EightBit,
}

/// What was seen of the server while a test went on.
#[derive(Debug, Default)]
pub struct Seen {
    /// The codes of its replies.
    pub codes: Vec<u16>,
    /// Whether the true end of the message was sent.
    pub ended: bool,
    /// Whether the connection ended.
    pub closed: bool,
    /// Whether the TLS handshake was done.
    pub secured: bool,
    /// Whether something came in clear text behind the 220 of STARTTLS.
    pub behind: bool,
    /// Whether the extension that it is about was offered: STARTTLS or 8BITMIME.
    pub offered: bool,
}

/// The message of a test that has to send one, and a harmless command behind its odd end.
macro_rules! odd_end {
    ($end:literal) => {
        &[Send(concat!("{head}One line.", $end, "NOOP\r\n")), Quiet, EndUnlessAnswered, Replies, Quiet]
    };
}

macro_rules! recipe {
    ($id:literal, $title:literal, $needs:ident, $judged:ident, $grave:literal, $script:expr) => {
        Recipe {
            finding: concat!("recipe-", $id),
            title: $title,
            needs: Needs::$needs,
            judged: Judged::$judged,
            grave: $grave,
            script: $script,
        }
    };
}

/// All of them, in the order in which a list shows them.
pub static ALL: [Recipe; 16] = [
    recipe!("auth-before-tls", "AUTH before TLS", ClearText, Refusal, true, &[Send("AUTH PLAIN\r\n"), Replies]),
    recipe!(
        "starttls-injection",
        "A command behind STARTTLS",
        ClearText,
        Injection,
        true,
        &[Send("STARTTLS\r\nNOOP\r\n"), Handshake, Quiet]
    ),
    recipe!("smuggling-lf-dot-lf", "End of data: LF dot LF", Data, OddEnd, true, odd_end!("\n.\n")),
    recipe!("smuggling-crlf-dot-lf", "End of data: CR LF dot LF", Data, OddEnd, true, odd_end!("\r\n.\n")),
    recipe!("smuggling-lf-dot-crlf", "End of data: LF dot CR LF", Data, OddEnd, true, odd_end!("\n.\r\n")),
    recipe!("smuggling-cr-dot-cr", "End of data: CR dot CR", Data, OddEnd, true, odd_end!("\r.\r")),
    recipe!(
        "open-relay",
        "Mail for a stranger",
        Mail,
        Refusal,
        true,
        &[Send("RCPT TO:<postmaster@example.com>\r\n"), Replies]
    ),
    recipe!(
        "bare-lf-command",
        "Commands ended by LF alone",
        Hello,
        OneAnswer,
        false,
        &[Send("NOOP\nNOOP\r\n"), Answer, Quiet]
    ),
    recipe!(
        "long-command-512",
        "A command of 600 octets",
        Hello,
        OneAnswer,
        false,
        &[Send("NOOP {600}\r\n"), Answer, Quiet]
    ),
    recipe!(
        "long-command-1000",
        "A command of 2,100 octets",
        Hello,
        OneAnswer,
        false,
        &[Send("NOOP {2100}\r\n"), Answer, Quiet]
    ),
    recipe!(
        "long-text-line",
        "A line of 2,100 octets in the message",
        Data,
        OneAnswer,
        false,
        &[Send("{head}{2100}\r\n.\r\n"), Answer, Quiet]
    ),
    recipe!(
        "unknown-command",
        "A command that does not exist",
        Hello,
        Refusal,
        false,
        &[Send("XUNHEARD\r\n"), Replies]
    ),
    recipe!("ehlo-without-name", "EHLO without a name", Hello, Refusal, false, &[Send("EHLO\r\n"), Replies]),
    recipe!("mail-twice", "MAIL twice", Mail, Refusal, false, &[Send("MAIL FROM:<{from}>\r\n"), Replies]),
    recipe!(
        "data-without-rcpt",
        "DATA without RCPT",
        Mail,
        Refusal,
        false,
        &[Send("DATA\r\n"), Replies, On(354, ".\r\n"), Replies]
    ),
    recipe!(
        "eight-bit",
        "8-bit text without BODY=8BITMIME",
        Data,
        EightBit,
        false,
        &[Send("{head}Gr\u{fc}\u{df}e.\r\n.\r\n"), Replies]
    ),
];

impl Recipe {
    /// The recipe with this id.
    pub fn of(id: &str) -> Option<&'static Self> {
        ALL.iter().find(|recipe| recipe.id() == id)
    }

    /// Its id: a stable word.
    pub fn id(&self) -> &'static str {
        self.finding.trim_start_matches("recipe-")
    }

    /// `text` as it goes out: `{from}`, the head of a message and long runs of one letter are put in.
    pub fn octets(&self, text: &str, from: &str, to: &str) -> String {
        let head = ["From: <", from, ">\r\nTo: <", to, ">\r\nSubject: Test: ", self.title, "\r\n\r\n"].concat();
        let mut out = text.replace("{head}", &head).replace("{from}", from);
        for (mark, octets) in [("{600}", 600), ("{2100}", 2100)] {
            out = out.replace(mark, &"x".repeat(octets));
        }
        out
    }

    /// What came of it, with a sentence.
    pub fn judge(&self, seen: &Seen) -> (Soundness, String) {
        use Soundness::{Sound, Unclear, Unsound};
        let (count, last) = (seen.codes.len(), seen.codes.last().copied());
        let with = |verdict, what: &str, code: u16| (verdict, [what, &code.to_string(), "."].concat());
        let plain = |verdict, what: &str| (verdict, what.to_owned());
        let refused = |code| with(Sound, "The server refused it with ", code);
        let Some(last) = last else {
            return match (self.judged, seen.closed) {
                (Judged::OddEnd, true) => plain(Sound, "The server closed the connection instead of taking it."),
                (_, true) => plain(Unclear, "The server closed the connection without an answer."),
                _ => plain(Unclear, "No answer came."),
            };
        };
        match self.judged {
            Judged::Refusal if last >= 400 => refused(last),
            Judged::Refusal => with(Unsound, "The server took it: ", last),
            Judged::OneAnswer if count == 1 => with(Sound, "One line, one answer: ", last),
            Judged::OneAnswer => plain(Unsound, "More than one answer came: the server took one line for several."),
            Judged::OddEnd if seen.ended && count == 1 => {
                plain(Sound, "The server took the odd end for text, and waited for the real one.")
            }
            Judged::OddEnd if count == 1 && last >= 400 => refused(last),
            Judged::OddEnd => plain(
                Unsound,
                "The server took the odd end for the end of the message, and the line behind it for a command.",
            ),
            Judged::Injection if seen.behind => {
                plain(Unsound, "The server answered in clear text behind its 220, where only TLS may follow.")
            }
            Judged::Injection if seen.secured && count > 1 => {
                plain(Unsound, "Within TLS the server answered a command that had come in clear text.")
            }
            Judged::Injection if seen.secured => {
                plain(Sound, "The server threw away what had come behind STARTTLS in clear text.")
            }
            Judged::Injection => match seen.codes[0] {
                code @ 500.. if seen.offered => refused(code),
                220 => plain(Unclear, "The TLS handshake failed."),
                code => with(Unclear, "The server did not take STARTTLS: ", code),
            },
            Judged::EightBit if last >= 400 => refused(last),
            Judged::EightBit if seen.offered => with(Sound, "The server took it, and offers 8BITMIME: ", last),
            Judged::EightBit => {
                plain(Unclear, "The server took it without offering 8BITMIME: look whether the text arrives unharmed.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(id: &str, codes: &[u16], change: impl FnOnce(&mut Seen)) -> Soundness {
        let mut seen = Seen { codes: codes.to_vec(), ..Seen::default() };
        change(&mut seen);
        Recipe::of(id).unwrap().judge(&seen).0
    }

    #[test]
    fn an_odd_end_that_is_answered_before_the_true_one_is_unsound() {
        for (codes, ended, verdict) in [
            (&[250][..], true, Soundness::Sound),
            (&[554], true, Soundness::Sound),
            (&[250, 250], true, Soundness::Unsound),
            (&[550], false, Soundness::Sound),
            (&[250], false, Soundness::Unsound),
            (&[250, 250], false, Soundness::Unsound),
            (&[554, 250], false, Soundness::Unsound),
            (&[], true, Soundness::Unclear),
        ] {
            assert_eq!(judged("smuggling-lf-dot-lf", codes, |seen| seen.ended = ended), verdict, "{codes:?} {ended}");
        }
        assert_eq!(judged("smuggling-cr-dot-cr", &[], |seen| seen.closed = true), Soundness::Sound);
    }

    #[test]
    fn a_command_from_before_the_handshake_must_not_be_answered_within_it() {
        let secured = |seen: &mut Seen| seen.secured = true;
        assert_eq!(judged("starttls-injection", &[220], secured), Soundness::Sound);
        assert_eq!(judged("starttls-injection", &[220, 250], secured), Soundness::Unsound);
        assert_eq!(judged("starttls-injection", &[220], |seen| seen.behind = true), Soundness::Unsound);
        assert_eq!(judged("starttls-injection", &[220], |_| {}), Soundness::Unclear);
        assert_eq!(judged("starttls-injection", &[454, 250], |seen| seen.offered = true), Soundness::Unclear);
        assert_eq!(judged("starttls-injection", &[554], |seen| seen.offered = true), Soundness::Sound);
    }

    #[test]
    fn two_answers_to_one_line_are_unsound_and_a_refusal_is_sound_where_one_is_due() {
        assert_eq!(judged("bare-lf-command", &[250], |_| {}), Soundness::Sound);
        assert_eq!(judged("bare-lf-command", &[250, 250], |_| {}), Soundness::Unsound);
        assert_eq!(judged("data-without-rcpt", &[354, 554], |_| {}), Soundness::Sound);
        assert_eq!(judged("data-without-rcpt", &[354, 250], |_| {}), Soundness::Unsound);
        assert_eq!(judged("auth-before-tls", &[334], |_| {}), Soundness::Unsound);
        assert_eq!(judged("auth-before-tls", &[538], |_| {}), Soundness::Sound);
        assert_eq!(judged("eight-bit", &[250], |_| {}), Soundness::Unclear);
        assert_eq!(judged("eight-bit", &[250], |seen| seen.offered = true), Soundness::Sound);
    }

    #[test]
    fn ids_are_unique_and_what_goes_out_ends_its_lines_as_meant() {
        for (at, recipe) in ALL.iter().enumerate() {
            assert!(ALL[..at].iter().all(|other| other.id() != recipe.id()), "{}", recipe.id());
            assert!(std::ptr::eq(Recipe::of(recipe.id()).unwrap(), recipe));
            for step in recipe.script {
                let (Send(text) | On(_, text)) = step else { continue };
                let octets = recipe.octets(text, "a@client.example", "b@mx.example");
                assert!(octets.ends_with("\r\n") && !octets.contains('{'), "{octets}");
            }
        }
        let long = Recipe::of("long-command-1000").unwrap();
        assert_eq!(long.octets("NOOP {2100}\r\n", "", "").len(), 2107);
    }
}
