//! The Gregorian calendar: dates and clocks from the count of seconds since 1970, and back.

/// A moment as calendar and clock show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year; 0 and less before the year 1.
    pub year: i64,
    /// The month, 1 to 12.
    pub month: i64,
    /// The day of the month, 1 to 31.
    pub day: i64,
    /// The day of the week; 0 is Sunday.
    pub weekday: usize,
    /// The hour, 0 to 23.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second.
    pub second: i64,
}

/// Days from 1 March of the year 0 to 1 January 1970: with years counted from March the leap day is the last.
const MARCH_0: i64 = 719_468;

impl Civil {
    /// The moment so many seconds after 1970 began, in the time zone of the count.
    pub fn of(seconds: i64) -> Self {
        let (days, clock) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        let shifted = days + MARCH_0;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = (from_march + 2) % 12 + 1;
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * from_march + 2) / 5 + 1,
            // 1970 began on a Thursday.
            weekday: usize::try_from((days + 4).rem_euclid(7)).unwrap_or_default(),
            hour: clock / 3_600,
            minute: clock / 60 % 60,
            second: clock % 60,
        }
    }
}

/// Days from 1970 to a date.
pub fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + of_year - MARCH_0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_of_eight_centuries_is_found_again_and_follows_the_day_before() {
        let (from, upto) = (days(1600, 1, 1), days(2400, 1, 1));
        assert_eq!((from, upto - from), (-135_140, 2 * 146_097));
        let mut before = Civil::of((from - 1) * 86_400);
        for day in from..upto {
            let now = Civil::of(day * 86_400 + 86_399);
            assert_eq!(days(now.year, now.month, now.day), day);
            assert_eq!(now.weekday, (before.weekday + 1) % 7);
            assert!(now.day == before.day + 1 || now.day == 1 && before.day >= 28);
            assert_eq!((now.hour, now.minute, now.second), (23, 59, 59));
            before = now;
        }
    }

    #[test]
    fn known_dates_have_their_days_of_the_week() {
        for (seconds, date) in [
            (0, (1970, 1, 1, 4)),
            (951_782_400, (2000, 2, 29, 2)),
            (1_795_867_200, (2026, 11, 28, 6)),
            (-1, (1969, 12, 31, 3)),
        ] {
            let civil = Civil::of(seconds);
            assert_eq!((civil.year, civil.month, civil.day, civil.weekday), date);
        }
    }
}
