//! The figures, and how they are printed.

use std::io;
use std::sync::{Mutex, PoisonError};

use crate::hop::Hop;

/// What, its unit, and a figure for each hop.
pub(crate) type Row = (&'static str, &'static str, [Option<f64>; Hop::ALL.len()]);

/// All figures.
#[derive(Default)]
pub(crate) struct Table(Mutex<Vec<Row>>);

impl Table {
    pub(crate) fn put(&self, hop: Hop, what: &'static str, figure: f64, unit: &'static str) {
        let mut rows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = rows.iter().position(|row| row.0 == what).unwrap_or_else(|| {
            rows.push((what, unit, Default::default()));
            rows.len() - 1
        });
        rows[at].2[hop as usize] = Some(figure);
    }

    pub(crate) fn print(&self) {
        use io::Write as _;
        let mut out = io::stdout().lock();
        let _ = writeln!(out, "| | {} | relay / bare |", Hop::ALL.map(Hop::word).join(" | "));
        let _ = writeln!(out, "|---|---:|---:|---:|---:|---:|");
        for (what, unit, figures) in self.0.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            let told = figures.map(|figure| figure.map_or("–".to_owned(), |figure| format!("{figure:.1}")));
            let ratio = match (figures[Hop::Bare as usize], figures[Hop::Relay as usize]) {
                (Some(bare), Some(relay)) if bare > 0.05 => format!("{:.2}", relay / bare),
                _ => "–".to_owned(),
            };
            let _ = writeln!(out, "| {what}, {unit} | {} | {ratio} |", told.join(" | "));
        }
    }
}
