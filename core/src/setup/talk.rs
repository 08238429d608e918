//! The setup that a talk tells of.

use super::{PlanChange, Security, Setup};
use crate::record::event::Event;
use crate::record::play::TalkStep;
use crate::record::talk::Talk;

impl Setup {
    /// What a talk says was wanted, as far as it does: the settings, and whom it calls.
    pub fn of_talk(talk: &Talk) -> Self {
        let mut setup = Self::default();
        for (_, step) in talk.steps() {
            match step {
                TalkStep::Setting(word, rest) => setup.set(word, rest),
                TalkStep::Event(event) => setup.calls(event),
                _ => {}
            }
        }
        setup
    }

    fn calls(&mut self, event: Event) {
        match event {
            Event::Calling { host, port: Some(port) } | Event::Dialing { host, port } => {
                (self.host, self.port) = (host, port);
            }
            Event::Calling { host, port: None } => self.target = Some(host),
            Event::Proxy(header) => self.proxy_header = Some(header),
            Event::Practice { name } => self.practice = Some(name),
            _ => {}
        }
    }

    fn set(&mut self, word: &str, rest: &str) {
        let change = match word {
            "until" => PlanChange::from_json(&["{\"until\":\"", rest.trim(), "\"}"].concat()),
            "plan" => PlanChange::from_json(rest),
            "started" => return self.started = rest.parse().ok(),
            "unattended" => return self.attended = false,
            "protocol" => return self.lmtp = rest.trim() == "lmtp",
            "security" => return self.security = Security::of(rest.trim()).unwrap_or_default(),
            _ => return,
        };
        // A setting that cannot be is passed over, like every line of a talk that nobody knows.
        if let Ok(change) = change {
            let _ = self.plan.change(change);
        }
    }
}
