//! The conversation as a talk: what is saved, and can be opened again.

use crate::case::Case;
use crate::reading::findings::findings;
use crate::record::Side;
use crate::record::talk::{Item, Talk};
use crate::setup::{Security, Until};

impl Case {
    fn title(&self) -> String {
        match self.host() {
            "" => "A conversation.".into(),
            host if self.setup.practice.is_some() || self.setup.target.is_some() => {
                format!("A conversation with {host}.")
            }
            host => format!("A conversation with {host}, port {}.", self.setup.port),
        }
    }

    /// The conversation as a talk.
    pub fn talk(&self) -> Talk {
        let mut talk = Talk::default();
        talk.push(Item::Prose(self.title()));
        if let Some(started) = self.setup.started {
            talk.push(Item::Stage(format!("started {started}")));
        }
        if self.setup.security != Security::None {
            talk.push(Item::Stage(format!("security {}", self.setup.security.word())));
        }
        if self.setup.lmtp {
            talk.push(Item::Stage("protocol lmtp".into()));
        }
        if !self.setup.attended {
            talk.push(Item::Stage("unattended".into()));
        }
        if self.setup.plan.until != Until::Dot {
            talk.push(Item::Stage(format!("until {}", self.setup.plan.until.word())));
        }
        let mut clock = 0;
        for entry in self.record.entries() {
            if entry.at != clock {
                clock = entry.at;
                talk.push(Item::Stage(format!("at {clock}")));
            }
            match (&entry.event, entry.side) {
                (Some(event), _) => talk.push(Item::Stage(event.to_talk())),
                (None, Side::Server) => talk.push(Item::Server(entry.bytes.clone())),
                (None, _) => {
                    let (head, tail) = entry.bytes.split_at(entry.omitted.map_or(entry.bytes.len(), |(at, _)| at));
                    for line in head.split_inclusive(|&b| b == b'\n') {
                        talk.push(Item::Client(line.to_vec()));
                    }
                    if let Some((_, octets)) = entry.omitted {
                        talk.push(Item::Stage(["omitted ", &octets.to_string()].concat()));
                    }
                    for line in tail.split_inclusive(|&b| b == b'\n') {
                        talk.push(Item::Client(line.to_vec()));
                    }
                    // What a server said is decoded again; what was sent is masked.
                    for line in &entry.decoded {
                        talk.push(Item::Stage(["decoded ", line].concat()));
                    }
                }
            }
        }
        let summary = self.summary();
        talk.push(Item::Fact(format!("outcome {}", summary.outcome.word())));
        if let Some(ending) = self.record.ending() {
            talk.push(Item::Fact(format!("ended {}", ending.how.word())));
        }
        if let Some(id) = summary.queue_id {
            talk.push(Item::Fact(format!("queue-id {id}")));
        }
        for finding in findings(self) {
            talk.push(Item::Finding(finding.id.into()));
        }
        talk
    }
}
