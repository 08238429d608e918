//! Which command fits where, and what may answer it: RFC 5321 §4.1.4 and §4.3.2 as a table.

use crate::wire::command::Verb;

/// Where in the mail transaction a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Greeted by the server; no EHLO yet.
    Start,
    /// After EHLO, no transaction open.
    Idle,
    /// After MAIL.
    Mail,
    /// After at least one accepted RCPT.
    Rcpt,
    /// After 354: the message is expected.
    Data,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 5] = [Self::Start, Self::Idle, Self::Mail, Self::Rcpt, Self::Data];
}

/// Whether a command fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// It fits.
    Fits,
    /// It does not; a sound server answers 503. The text says what is missing.
    Wrong(&'static str),
}

/// Whether `verb` fits in `phase` (RFC 5321 §4.1.4).
pub const fn order(phase: Phase, verb: Verb) -> Order {
    use Phase as P;
    use Verb as V;
    match (phase, verb) {
        (P::Data, _) => Order::Wrong("the server expects the message now: this would become a line of it"),
        (_, V::Rset | V::Noop | V::Quit | V::Help | V::Vrfy | V::Expn | V::Other) => Order::Fits,
        (_, V::Ehlo | V::Helo | V::Lhlo) => Order::Fits,
        (P::Start, V::Mail | V::Rcpt | V::Data | V::Bdat | V::StartTls | V::Auth | V::Etrn) => {
            Order::Wrong("EHLO has to come first")
        }
        (P::Idle, V::Mail | V::StartTls | V::Auth | V::Etrn) => Order::Fits,
        (P::Idle, V::Rcpt | V::Data | V::Bdat) => Order::Wrong("MAIL FROM has to come first"),
        (P::Mail | P::Rcpt, V::Mail) => Order::Wrong("a mail is open already; RSET ends it"),
        (P::Mail | P::Rcpt, V::StartTls | V::Auth | V::Etrn) => Order::Wrong("not while a mail is open; RSET ends it"),
        (P::Mail, V::Rcpt) | (P::Rcpt, V::Rcpt | V::Data | V::Bdat) => Order::Fits,
        (P::Mail, V::Data | V::Bdat) => Order::Wrong("no recipient has been accepted yet"),
    }
}

/// What may answer a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Codes of success or of going on.
    pub good: &'static [u16],
    /// Codes of refusal; 421, 500 and 501 may answer anything besides (RFC 5321 §4.2.4, §4.3.2).
    pub bad: &'static [u16],
    /// Where that stands.
    pub source: (u16, &'static str),
}

/// The answers that the standards list for `verb`.
pub const fn answers(verb: Verb) -> Answers {
    const SEQUENCES: (u16, &str) = (5321, "4.3.2");
    let (good, bad, source): (&[u16], &[u16], _) = match verb {
        Verb::Ehlo => (&[250], &[502, 504, 550], SEQUENCES),
        Verb::Helo => (&[250], &[502, 504, 550], SEQUENCES),
        Verb::Lhlo => (&[250], &[502, 504, 550], (2033, "4.1")),
        Verb::Mail => (&[250], &[451, 452, 455, 503, 550, 552, 553, 555], SEQUENCES),
        Verb::Rcpt => (&[250, 251], &[450, 451, 452, 455, 503, 550, 551, 552, 553, 555], SEQUENCES),
        Verb::Data => (&[354], &[450, 451, 452, 503, 550, 552, 554], SEQUENCES),
        Verb::Bdat => (&[250], &[451, 452, 503, 552, 554], (3030, "2")),
        Verb::Rset => (&[250], &[], SEQUENCES),
        Verb::Vrfy => (&[250, 251, 252], &[502, 504, 550, 551, 553], SEQUENCES),
        Verb::Expn => (&[250, 252], &[502, 504, 550], SEQUENCES),
        Verb::Help => (&[211, 214], &[502, 504], SEQUENCES),
        Verb::Noop => (&[250], &[], SEQUENCES),
        Verb::Quit => (&[221], &[], SEQUENCES),
        Verb::StartTls => (&[220], &[454, 501], (3207, "4")),
        Verb::Auth => (&[235, 334], &[432, 454, 500, 501, 503, 504, 524, 530, 534, 535, 538], (4954, "6")),
        Verb::Etrn => (&[250, 251, 252, 253], &[458, 459], (1985, "5.3")),
        Verb::Other => (&[], &[500, 502], SEQUENCES),
    };
    Answers { good, bad, source }
}

/// The answers that RFC 5321 §4.3.2 lists for the greeting.
pub const GREETING: Answers = Answers { good: &[220], bad: &[554], source: (5321, "4.3.2") };

/// The answers that RFC 5321 §4.3.2 lists for the message after its final dot.
pub const MESSAGE: Answers = Answers { good: &[250], bad: &[450, 451, 452, 550, 552, 554], source: (5321, "4.3.2") };

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5321 §4.1.4 in a picture: a letter for each phase in which the verb fits.
    const FITS: [(Verb, &str); 17] = [
        (Verb::Ehlo, "SIMR"),
        (Verb::Helo, "SIMR"),
        (Verb::Lhlo, "SIMR"),
        (Verb::Mail, "I"),
        (Verb::Rcpt, "MR"),
        (Verb::Data, "R"),
        (Verb::Bdat, "R"),
        (Verb::Rset, "SIMR"),
        (Verb::Vrfy, "SIMR"),
        (Verb::Expn, "SIMR"),
        (Verb::Help, "SIMR"),
        (Verb::Noop, "SIMR"),
        (Verb::Quit, "SIMR"),
        (Verb::StartTls, "I"),
        (Verb::Auth, "I"),
        (Verb::Etrn, "I"),
        (Verb::Other, "SIMR"),
    ];

    #[test]
    fn every_pair_of_phase_and_verb_is_in_the_table_and_as_the_standard_has_it() {
        for (verb, expected) in FITS {
            let fits: String = Phase::ALL
                .into_iter()
                .zip("SIMRD".chars())
                .filter(|(phase, _)| order(*phase, verb) == Order::Fits)
                .map(|(_, letter)| letter)
                .collect();
            assert_eq!(fits, expected, "{verb:?}");
        }
    }

    #[test]
    fn good_answers_are_positive_and_bad_ones_are_not() {
        for verb in Verb::ALL {
            let answers = answers(verb);
            assert!(answers.good.iter().all(|code| (200..400).contains(code)), "{verb:?}");
            assert!(answers.bad.iter().all(|code| (400..600).contains(code)), "{verb:?}");
        }
    }
}
