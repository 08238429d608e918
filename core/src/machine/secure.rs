//! A handshake that the driver has finished.

use super::Session;
use super::input::Secured;
use crate::record::event::Event;
use crate::record::{Happened, Stage};

impl Session {
    pub(super) fn secured(&mut self, secured: Secured) {
        if !matches!(self.record().tls().stage, Stage::Due | Stage::Handshaking) || self.record().is_over() {
            return;
        }
        self.binding = secured.binding;
        self.apply(Happened::Event(Event::Secured(secured.report)));
    }
}
