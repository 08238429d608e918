//! The conversation as it leaves: for a page, as a talk, as Markdown, as plain text, as data for scripts.
//!
//! Everything here is made from the record, in which secrets are masked already.

mod lines;
mod markdown;
pub mod patch;
mod plain;
pub mod report;
mod show;
mod talk;
pub mod view;

use crate::machine::Session;
use crate::reading::summary::Summary;
use crate::record::talk::Talk;
use report::Report;
use view::EntryView;

/// A live conversation is told as a saved one is; only [`Session::view`] says more.
impl Session {
    /// How it went, or how it stands.
    pub fn summary(&self) -> Summary {
        self.case().summary()
    }

    /// See [`Case::entries`](crate::case::Case::entries).
    pub fn entries(&self, from: usize) -> Vec<EntryView> {
        self.case().entries(from)
    }

    /// The whole conversation as plain data.
    pub fn report(&self) -> Report {
        self.case().report()
    }

    /// The report as JSON, in one line.
    pub fn json(&self) -> String {
        self.case().json()
    }

    /// The conversation as a talk.
    pub fn talk(&self) -> Talk {
        self.case().talk()
    }

    /// The conversation as Markdown, for a ticket.
    pub fn markdown(&self) -> String {
        self.case().markdown()
    }

    /// The transcript as aligned text.
    pub fn plain(&self) -> String {
        self.case().plain()
    }
}
