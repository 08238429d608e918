//! The table that a benchmark prints.

use std::collections::BTreeMap;
use std::io::Write as _;

use crate::failure::{Failure, TestResult};

/// The numbers of each row, under its name and in the order of its first.
#[derive(Debug, Default)]
pub struct Rows {
    names: Vec<String>,
    values: BTreeMap<String, Vec<f64>>,
}

impl Rows {
    /// One more number for this row.
    pub fn add(&mut self, name: String, value: f64) {
        if !self.values.contains_key(&name) {
            self.names.push(name.clone());
        }
        self.values.entry(name).or_default().push(value);
    }

    /// Prints median, least and ninth decile of each row under this title.
    ///
    /// # Errors
    /// When nothing can be printed.
    pub fn print(&mut self, title: &str) -> TestResult {
        let mut out = std::io::stdout().lock();
        writeln!(out, "\n{title}\n{:<64} {:>9} {:>9} {:>9}", "", "median", "least", "p90")?;
        for name in &self.names {
            let values = self.values.get_mut(name).ok_or_else(|| Failure::new("a row has values"))?;
            values.sort_by(f64::total_cmp);
            let at = |part: usize| values[(values.len() - 1) * part / 100];
            writeln!(out, "{name:<64} {:>9.2} {:>9.2} {:>9.2}", at(50), at(0), at(90))?;
        }
        Ok(())
    }
}
