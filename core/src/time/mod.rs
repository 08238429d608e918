//! Time as a value: whoever drives the core owns the clock.

pub mod civil;

use serde::{Deserialize, Serialize};

/// A moment on the driver's monotonic clock, in milliseconds since a zero of its own choice.
///
/// All moments that one conversation is given must come from the same clock and must not go backwards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Now(pub u64);

impl Now {
    /// Milliseconds from `earlier` to this moment; 0 where `earlier` is later.
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// This moment, `millis` later.
    pub fn plus(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }
}

/// Milliseconds as a person reads them: `0 ms`, `850 ms`, `1.2 s`, `45 s`, `5 min`, `5 min 10 s`.
pub fn spoken(millis: u64) -> String {
    let seconds = millis / 1000;
    match millis {
        0..1_000 => format!("{millis} ms"),
        1_000..10_000 => format!("{}.{} s", seconds, millis % 1000 / 100),
        10_000..60_000 => format!("{seconds} s"),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_a_person_says_them() {
        for (millis, words) in [
            (0, "0 ms"),
            (999, "999 ms"),
            (1_250, "1.2 s"),
            (45_300, "45 s"),
            (300_000, "5 min"),
            (310_000, "5 min 10 s"),
        ] {
            assert_eq!(spoken(millis), words);
        }
    }
}
