//! One conversation as it can be looked at: what was wanted, and what happened.

use crate::record::talk::{Talk, TalkError};
use crate::record::{Record, Terms};
use crate::setup::{Security, Setup};
use crate::tls::Settings;

/// What was wanted, and what happened; a live session holds one, and a saved talk is one.
#[derive(Debug)]
pub struct Case {
    /// How the conversation was set up; the plan in it is the present one.
    pub setup: Setup,
    /// What happened.
    pub record: Record,
}

impl Case {
    /// A conversation that has not begun.
    pub fn new(setup: Setup) -> Self {
        let terms = Terms { attended: setup.attended, tls_at_once: setup.security == Security::Tls };
        Self { setup, record: Record::new(terms) }
    }

    /// Reads a saved talk.
    ///
    /// # Errors
    /// The first line that is none of a talk's.
    pub fn open(text: &str) -> Result<Self, TalkError> {
        Ok(Self::from_talk(&Talk::parse(text)?))
    }

    /// The conversation that a talk holds, and the setup that it tells of, as far as it does.
    pub fn from_talk(talk: &Talk) -> Self {
        Self { setup: Setup::of_talk(talk), record: Record::from_talk(talk) }
    }

    /// The host as the person named it.
    pub fn host(&self) -> &str {
        let named = self.setup.practice.as_deref().map(|_| "the practice server");
        named.or(self.setup.target.as_deref()).unwrap_or(&self.setup.host)
    }

    /// The name that this side greets with where the person gives none.
    pub fn own_name(&self) -> String {
        let connected = self.record.connected();
        let local = connected.and_then(|connected| connected.local.as_deref());
        let local_name = connected.and_then(|connected| connected.local_name.as_deref());
        let greeting = self.record.hello().greeting_name.as_deref();
        crate::plan::own_name(local_name, &self.setup.host, greeting, local)
    }

    /// What a handshake is made with now.
    pub fn tls_settings(&self) -> Settings {
        let (setup, choice) = (&self.setup, &self.setup.tls);
        // A named target has no name of its own for certificates but the server's.
        let host = match setup.target {
            Some(_) => self.record.hello().greeting_name.clone().unwrap_or_default(),
            None => setup.host.trim_end_matches('.').to_owned(),
        };
        Settings {
            server_name: choice.server_name.clone().unwrap_or_else(|| host.clone()),
            check_name: choice.check_name.clone().unwrap_or(host),
            versions: choice.versions,
            authorities: choice.authorities.clone(),
            client: choice.client.clone(),
            now: setup.started.unwrap_or_default() + self.record.at(),
            probe: choice.probe,
            starttls: setup.security != Security::Tls,
            host: self.host().to_owned(),
            port: self.record.connected().map_or(setup.port, |connected| connected.port),
        }
    }
}
