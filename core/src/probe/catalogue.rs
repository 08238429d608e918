//! What a person reads about the tests before and after: what each does, what a sound server answers, and what another
//! answer means.

use serde::Serialize;

use super::{ALL, Needs, Recipe};

/// One row of the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Row {
    /// Its id, for the action.
    pub id: &'static str,
    /// What it is called.
    pub title: &'static str,
    /// What it does.
    pub about: &'static str,
    /// What is done before it, where it is needed.
    pub needs: &'static str,
    /// What a sound server answers, and where that stands.
    pub expected: &'static str,
    /// What another answer means.
    pub unsound: &'static str,
    /// Whether it sends a message that arrives at the plan's recipient.
    pub delivers: bool,
}

/// What the page asks once before the first test.
pub const QUESTION: &str = "These tests break the rules of SMTP on purpose. Run them only against servers that are \
                            yours, or whose owner has agreed: others may take them for an attack and block the relay's address.";

/// The catalogue as JSON: `question`, which the page asks once, and `recipes`.
pub fn to_json() -> String {
    #[derive(Serialize)]
    struct Catalogue {
        question: &'static str,
        recipes: Vec<Row>,
    }
    crate::json::to_string(&Catalogue { question: QUESTION, recipes: rows() })
}

/// The catalogue, in the order of [`ALL`].
pub fn rows() -> Vec<Row> {
    ALL.iter().map(row).collect()
}

fn row(recipe: &'static Recipe) -> Row {
    let (about, expected, unsound) = words(recipe.id());
    Row {
        id: recipe.id(),
        title: recipe.title,
        about,
        needs: match recipe.needs {
            Needs::ClearText => "After EHLO, before TLS.",
            Needs::Hello => "After EHLO.",
            Needs::Mail => "MAIL is sent first, with the plan's sender; RSET behind it.",
            Needs::Data => "MAIL, RCPT and DATA are sent first, with the plan's sender and first recipient.",
        },
        expected,
        unsound,
        delivers: recipe.needs == Needs::Data,
    }
}

const SMUGGLED: &str = "Whoever can place this in a mail can smuggle a second one behind it, with any sender, past the \
                        checks of the server before (SMTP smuggling). Update the server, or make it refuse bare line \
                        ends.";
const END_OF_DATA: &str = "It takes the odd end for text and waits for CR LF dot CR LF, or refuses the message \
                           (RFC 5321 \u{a7}4.1.1.4, \u{a7}2.3.8).";

/// What it does, what a sound server answers, what another answer means.
fn words(id: &str) -> (&'static str, &'static str, &'static str) {
    match id {
        "auth-before-tls" => (
            "Says AUTH PLAIN without encryption and without a password, and cancels at once.",
            "538, 530, 503 or another refusal (RFC 4954 \u{a7}4, RFC 8314 \u{a7}3).",
            "The server would take a password that everybody on the way can read. Let it offer AUTH only after STARTTLS.",
        ),
        "starttls-injection" => (
            "Sends NOOP in the same piece as STARTTLS, shakes hands, and looks whether NOOP is answered afterwards.",
            "It throws NOOP away, or refuses STARTTLS (RFC 3207 \u{a7}4.2).",
            "Whoever is on the way could put commands before those of the client, and the server would take them for \
             protected ones. Update the server.",
        ),
        "smuggling-lf-dot-lf" => (
            "Sends a small message with LF dot LF in it and NOOP behind it, then, if nothing is answered, the true end. \
             One small message arrives at the recipient.",
            END_OF_DATA,
            SMUGGLED,
        ),
        "smuggling-crlf-dot-lf" => {
            ("The same with CR LF dot LF. One small message arrives at the recipient.", END_OF_DATA, SMUGGLED)
        }
        "smuggling-lf-dot-crlf" => {
            ("The same with LF dot CR LF. One small message arrives at the recipient.", END_OF_DATA, SMUGGLED)
        }
        "smuggling-cr-dot-cr" => {
            ("The same with CR dot CR. One small message arrives at the recipient.", END_OF_DATA, SMUGGLED)
        }
        "open-relay" => (
            "Names a recipient at example.com, a domain that is nobody's, and ends the mail before a message.",
            "550, 554 or another refusal, unless you are signed in or the relay's address is one of the server's own \
             (RFC 5321 \u{a7}3.6.2).",
            "The server hands on mail from strangers to strangers: it will be found and abused. Restrict whom it relays for.",
        ),
        "bare-lf-command" => (
            "Sends NOOP twice in one piece, parted by LF without CR.",
            "One answer, or a refusal: only CR LF ends a line (RFC 5321 \u{a7}2.3.8).",
            "The server takes LF for a line end, as many do. Alone it does no harm; it is half of what smuggling needs.",
        ),
        "long-command-512" => (
            "Sends NOOP with 600 octets behind it.",
            "One answer: 500, or 250 from a server that takes longer lines than it must (RFC 5321 \u{a7}4.5.3.1.4).",
            "The server cuts the line and takes the rest for another command.",
        ),
        "long-command-1000" => (
            "Sends NOOP with 2,100 octets behind it.",
            "One answer, most often 500 (RFC 5321 \u{a7}4.5.3.1.4).",
            "The server cuts the line and takes the rest for another command.",
        ),
        "long-text-line" => (
            "Sends a message with one line of 2,100 octets. It arrives at the recipient if the server takes it.",
            "One answer to the whole message: 250, or a refusal; 1,000 octets a line is what it must take (RFC 5321 \
             \u{a7}4.5.3.1.6).",
            "The server lost count of where the message ends.",
        ),
        "unknown-command" => (
            "Sends a word that is no command.",
            "500, or 502 (RFC 5321 \u{a7}4.2.4).",
            "The server says yes to what it cannot know: clients cannot rely on its answers.",
        ),
        "ehlo-without-name" => (
            "Says EHLO with nothing behind it.",
            "501 (RFC 5321 \u{a7}4.1.1.1).",
            "The server does not look at the name at all. It does no harm, but spam senders are let through more easily.",
        ),
        "mail-twice" => (
            "Names the sender a second time within one mail.",
            "503 (RFC 5321 \u{a7}4.1.4).",
            "The server forgets the first sender, or keeps both: logs and checks may see another than the recipient does.",
        ),
        "data-without-rcpt" => (
            "Says DATA before any recipient; if the server goes along, an empty message ends it.",
            "503 or 554, at once or after the message (RFC 5321 \u{a7}3.3).",
            "The server took a message for nobody. It is lost.",
        ),
        _ => (
            "Sends a message with letters beyond ASCII and does not say BODY=8BITMIME. It arrives at the recipient if the \
             server takes it.",
            "250 from a server that offers 8BITMIME, else a refusal or a message that arrives unharmed (RFC 6152 \u{a7}3).",
            "The text arrives with its eighth bits cut off.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_test_has_words_of_its_own_and_says_where_the_sound_answer_stands() {
        let rows = rows();
        for (at, row) in rows.iter().enumerate() {
            assert!(rows[..at].iter().all(|other| other.about != row.about), "{}", row.id);
            assert!(row.expected.contains("(RFC "), "{}", row.id);
            assert_eq!(row.delivers, row.about.contains("arrives at the recipient"), "{}", row.id);
        }
    }
}
