//! The characters that the practice server can play.

/// How the practice server behaves: each personality shows one situation that real mail servers bring about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Personality {
    /// Takes mail for any recipient.
    AcceptsAll,
    /// Knows three mailboxes and refuses every other one.
    UnknownUser,
    /// Takes mail for its own domain and for no other.
    RelayingDenied,
    /// Puts off every new sender and recipient for a minute.
    Greylisting,
    /// Takes its time for everything.
    Slow,
    /// Insists on the exact syntax.
    GrumpySyntax,
    /// Speaks SMTP as it was before EHLO.
    OldHeloOnly,
    /// Closes the connection instead of answering the final dot.
    DropsLine,
}

impl Personality {
    /// Every personality, in the order of a menu.
    pub const ALL: [Self; 8] = [
        Self::AcceptsAll,
        Self::UnknownUser,
        Self::RelayingDenied,
        Self::Greylisting,
        Self::Slow,
        Self::GrumpySyntax,
        Self::OldHeloOnly,
        Self::DropsLine,
    ];

    /// The name for command lines, links and attributes, in kebab-case.
    pub const fn name(self) -> &'static str {
        match self {
            Self::AcceptsAll => "accepts-all",
            Self::UnknownUser => "unknown-user",
            Self::RelayingDenied => "relaying-denied",
            Self::Greylisting => "greylisting",
            Self::Slow => "slow",
            Self::GrumpySyntax => "grumpy",
            Self::OldHeloOnly => "helo-only",
            Self::DropsLine => "drops-line",
        }
    }

    /// The personality of this [`name`](Self::name); `None` where there is none.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|personality| personality.name() == name)
    }

    /// A few words for a menu.
    pub const fn title(self) -> &'static str {
        match self {
            Self::AcceptsAll => "Accepts everything",
            Self::UnknownUser => "Does not know the recipient",
            Self::RelayingDenied => "Refuses to relay",
            Self::Greylisting => "Greylisting: try again later",
            Self::Slow => "Slow, but not dead",
            Self::GrumpySyntax => "Grumpy about syntax",
            Self::OldHeloOnly => "Old: knows HELO only",
            Self::DropsLine => "Drops the line at the end",
        }
    }

    /// One sentence: what a person will see, and learn from it.
    pub const fn about(self) -> &'static str {
        match self {
            Self::AcceptsAll => {
                "Every step is answered with OK and the mail is taken, so you see how a conversation goes when nothing \
                 is wrong."
            }
            Self::UnknownUser => {
                "Only the mailboxes postmaster, recipient and info exist here (in any domain); every other recipient \
                 is refused with 550 5.1.1, as after a typing mistake in an address."
            }
            Self::RelayingDenied => {
                "Mail for practice.ehlo.example is taken and any other domain is refused with 554 5.7.1, as by a \
                 server that does not handle that domain or wants a login first."
            }
            Self::Greylisting => {
                "A new pair of sender and recipient is put off with 450 for one minute; connect again after that and \
                 the same mail is taken, which is what a real sending server does by itself."
            }
            Self::Slow => {
                "The greeting takes 8 seconds and comes in two parts, each answer takes 2 seconds and the last one 10: \
                 patience shows that slow is not dead."
            }
            Self::GrumpySyntax => {
                "Every missing < >, every space after the colon and every short host name is refused with the rule \
                 that was broken, and after 5 errors the server hangs up."
            }
            Self::OldHeloOnly => {
                "EHLO is not understood, so say HELO instead; you will see plain answers without enhanced status codes \
                 and no list of abilities."
            }
            Self::DropsLine => {
                "All goes well until the final dot, then the connection closes without an answer, and nobody on your \
                 side can tell whether the mail was taken: sending it again may deliver it twice."
            }
        }
    }

    /// Refuses whatever is not written exactly as RFC 5321 has it.
    pub(super) const fn is_strict(self) -> bool {
        matches!(self, Self::GrumpySyntax)
    }

    /// Knows nothing newer than RFC 821.
    pub(super) const fn is_old(self) -> bool {
        matches!(self, Self::OldHeloOnly)
    }

    /// Milliseconds that an answer takes.
    pub(super) const fn pace(self) -> Pace {
        match self {
            Self::Slow => Pace { teaser: Some(4_000), greeting: 4_000, reply: 2_000, end_of_data: 10_000 },
            _ => Pace { teaser: None, greeting: 0, reply: 0, end_of_data: 0 },
        }
    }
}

/// How long each kind of answer takes, in milliseconds after the one before it.
#[derive(Clone, Copy)]
pub(super) struct Pace {
    /// A first `220-` line alone, before the rest of the greeting.
    pub(super) teaser: Option<u64>,
    pub(super) greeting: u64,
    pub(super) reply: u64,
    pub(super) end_of_data: u64,
}
