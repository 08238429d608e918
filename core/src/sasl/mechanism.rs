//! The mechanisms: what each needs, what it gives away, and which one to take.

use serde::Serialize;

use super::Credentials;
use Mechanism::{
    Anonymous, CramMd5, External, Login, OAuthBearer, Plain, ScramSha1, ScramSha1Plus, ScramSha256, ScramSha256Plus,
    XOAuth2,
};

/// A SASL mechanism that Ehlo can hold (RFC 4422 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// RFC 4616.
    Plain,
    /// Never standardised: draft-murchison-sasl-login.
    Login,
    /// RFC 2195.
    CramMd5,
    /// RFC 5802.
    ScramSha1,
    /// RFC 7677.
    ScramSha256,
    /// RFC 5802, with channel binding.
    ScramSha1Plus,
    /// RFC 7677, with channel binding.
    ScramSha256Plus,
    /// Google's and Microsoft's own, before RFC 7628.
    XOAuth2,
    /// RFC 7628.
    OAuthBearer,
    /// RFC 4422 appendix A.
    External,
    /// RFC 4505.
    Anonymous,
}

/// One thing that a mechanism takes from [`Credentials`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Need {
    /// The field: `user`, `password`, `token`, `authorization_id`, or `trace` (which is given as `user`).
    pub field: &'static str,
    /// Whether it cannot do without.
    pub required: bool,
}

/// A mechanism to take, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Proposal {
    /// The mechanism.
    pub mechanism: Mechanism,
    /// Why this one, in one sentence.
    pub reason: &'static str,
}

const fn must(field: &'static str) -> Need {
    Need { field, required: true }
}

const fn may(field: &'static str) -> Need {
    Need { field, required: false }
}

const PASSWORD: &[Need] = &[must("user"), must("password"), may("authorization_id")];
const NO_OTHER: &[Need] = &[must("user"), must("password")];

impl Mechanism {
    /// All of them, in the order in which a list shows them.
    pub const ALL: [Self; 11] = [
        ScramSha256Plus,
        ScramSha1Plus,
        ScramSha256,
        ScramSha1,
        Plain,
        Login,
        CramMd5,
        OAuthBearer,
        XOAuth2,
        External,
        Anonymous,
    ];

    /// Its name in EHLO and AUTH.
    pub fn word(self) -> &'static str {
        match self {
            Plain => "PLAIN",
            Login => "LOGIN",
            CramMd5 => "CRAM-MD5",
            ScramSha1 => "SCRAM-SHA-1",
            ScramSha256 => "SCRAM-SHA-256",
            ScramSha1Plus => "SCRAM-SHA-1-PLUS",
            ScramSha256Plus => "SCRAM-SHA-256-PLUS",
            XOAuth2 => "XOAUTH2",
            OAuthBearer => "OAUTHBEARER",
            External => "EXTERNAL",
            Anonymous => "ANONYMOUS",
        }
    }

    /// The mechanism of that name, in capitals or not.
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mechanism| mechanism.word().eq_ignore_ascii_case(word))
    }

    /// What it does, in one sentence for a person.
    pub fn about(self) -> &'static str {
        match self {
            Plain => "Sends name and password in one line that everybody who sees it can read.",
            Login => "Sends name and password in two lines that everybody who sees them can read; older than PLAIN.",
            CramMd5 => "Proves the password by a digest of the server's question, but with MD5 and not both ways.",
            ScramSha1 | ScramSha256 => {
                "Proves the password without sending it, and the server proves that it knows it as well."
            }
            ScramSha1Plus | ScramSha256Plus => {
                "As SCRAM, and bound to this TLS session: nobody in between can pass the proof on."
            }
            XOAuth2 => "Sends an access token in place of a password, in the form of Google and Microsoft.",
            OAuthBearer => "Sends an access token in place of a password, in the standard form.",
            External => "Sends no secret: the TLS client certificate says who it is.",
            Anonymous => "Signs in as nobody; only a trace, such as a mail address, is sent.",
        }
    }

    /// Whether who reads the exchange has the password or the token itself.
    pub fn reveals_password(self) -> bool {
        matches!(self, Plain | Login | XOAuth2 | OAuthBearer)
    }

    /// Whether who reads the exchange can try passwords against it without asking the server.
    pub fn guessable(self) -> bool {
        self == CramMd5 || self.is_scram()
    }

    /// What it takes from the credentials.
    pub fn needs(self) -> &'static [Need] {
        match self {
            Login | CramMd5 => NO_OTHER,
            XOAuth2 => const { &[must("user"), must("token")] },
            OAuthBearer => const { &[may("user"), must("token"), may("authorization_id")] },
            External => const { &[may("authorization_id")] },
            Anonymous => const { &[may("trace")] },
            _ => PASSWORD,
        }
    }

    /// Whether it is one of the SCRAM family.
    pub fn is_scram(self) -> bool {
        matches!(self, ScramSha1 | ScramSha256) || self.binds()
    }

    /// Whether it needs a TLS session to be bound to.
    pub fn binds(self) -> bool {
        matches!(self, ScramSha1Plus | ScramSha256Plus)
    }

    /// Whether the client speaks first, so that its message can stand in the AUTH line (RFC 4954 §4).
    pub fn speaks_first(self) -> bool {
        !matches!(self, Login | CramMd5)
    }

    /// The best of `offered` for what the person has, and why; nothing where none fits.
    ///
    /// `protected` says that the session is encrypted and trusted, `binding_available` that it can be bound to.
    pub fn best(offered: &[&str], have: &Credentials, protected: bool, binding_available: bool) -> Option<Proposal> {
        let order: &[(Self, &'static str)] = match (&have.token, &have.password) {
            (Some(_), _) => &[(OAuthBearer, TOKEN), (XOAuth2, TOKEN)],
            (None, Some(_)) if protected => &PROTECTED,
            (None, Some(_)) => &BARE,
            (None, None) => &[(External, "No password is given; the client certificate can say who it is."), NOBODY],
        };
        let fits = |mechanism: Self| {
            let offered = offered.iter().any(|word| mechanism.word().eq_ignore_ascii_case(word));
            offered && (binding_available || !mechanism.binds())
        };
        order.iter().find(|(mechanism, _)| fits(*mechanism)).map(|&(mechanism, reason)| Proposal { mechanism, reason })
    }
}

const TOKEN: &str = "A token is given, and the server takes tokens.";
const BOUND: &str =
    "The password is not sent, both sides prove that they know it, and the proof fits this TLS session only.";
const PROVEN: &str = "The password is not sent, and both sides prove that they know it.";
const NOBODY: (Mechanism, &str) = (Anonymous, "Nothing is given to sign in with, and the server lets nobody in.");

const PROTECTED: [(Mechanism, &str); 7] = [
    (ScramSha256Plus, BOUND),
    (ScramSha1Plus, BOUND),
    (ScramSha256, PROVEN),
    (ScramSha1, PROVEN),
    (Plain, "Nothing better is offered; TLS hides the password from everybody but the server."),
    (Login, "Nothing better is offered; TLS hides the password from everybody but the server."),
    (CramMd5, "Nothing better is offered; the password itself is not sent."),
];

/// Without protection CRAM-MD5 comes before what sends the password itself.
const BARE: [(Mechanism, &str); 7] = [
    (ScramSha256Plus, BOUND),
    (ScramSha1Plus, BOUND),
    (ScramSha256, "The password is not sent; but who listens can try passwords against the proof."),
    (ScramSha1, "The password is not sent; but who listens can try passwords against the proof."),
    (CramMd5, "The password is not sent; but who listens can try passwords against the digest."),
    (Plain, "Nothing else is offered: the password goes over the line readable."),
    (Login, "Nothing else is offered: the password goes over the line readable."),
];
