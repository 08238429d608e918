//! Moments in certificates.

use super::der::Value;
use crate::time::civil::{Civil, days};

/// UTCTime or GeneralizedTime (RFC 5280 §4.1.2.5), in milliseconds since 1970 began.
pub(super) fn time(value: Value<'_>) -> Option<i64> {
    let digits = value.content.strip_suffix(b"Z")?;
    let two = |at: usize| -> Option<i64> {
        let pair = digits.get(at..at + 2)?;
        pair.iter().all(u8::is_ascii_digit).then(|| i64::from(pair[0] - b'0') * 10 + i64::from(pair[1] - b'0'))
    };
    let (year, at) = match value.tag {
        0x17 => (two(0)? + if two(0)? < 50 { 2000 } else { 1900 }, 2),
        0x18 => (two(0)? * 100 + two(2)?, 4),
        _ => return None,
    };
    let (month, day, hour, minute) = (two(at)?, two(at + 2)?, two(at + 4)?, two(at + 6)?);
    let second = if digits.len() > at + 8 { two(at + 8)? } else { 0 };
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day) && hour < 24 && minute < 60 && second <= 60;
    fits.then(|| (((days(year, month, day) * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

/// A moment in words, such as `2026-01-31 12:00:00 UTC`.
pub(crate) fn moment(ms: i64) -> String {
    let Civil { year, month, day, hour, minute, second, .. } = Civil::of(ms.div_euclid(1000));
    format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02} UTC")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_read_and_written_across_leap_years() {
        for (text, ms, words) in [
            ("700101000000Z", 0, "1970-01-01 00:00:00 UTC"),
            ("240229235959Z", 1_709_251_199_000, "2024-02-29 23:59:59 UTC"),
            ("500101000000Z", -631_152_000_000, "1950-01-01 00:00:00 UTC"),
            ("491231235959Z", 2_524_607_999_000, "2049-12-31 23:59:59 UTC"),
        ] {
            let value = Value { tag: 0x17, content: text.as_bytes(), whole: &[] };
            assert_eq!(time(value), Some(ms), "{text}");
            assert_eq!(moment(ms), words);
        }
        let long = Value { tag: 0x18, content: b"99991231235959Z", whole: &[] };
        assert_eq!(moment(time(long).unwrap()), "9999-12-31 23:59:59 UTC");
        assert_eq!(time(Value { tag: 0x17, content: b"2413", whole: &[] }), None);
    }
}
