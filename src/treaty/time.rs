//! Times of the treaty: whole seconds of UTC, in one spelling, and the limits that are counted in them.
//!
//! An [`Instant`] is written `YYYY-MM-DDTHH:MM:SSZ` and nothing else: no fraction, no offset, no leap second. A
//! [`Span`] is a limit of the terms, `<n>h` or `<n>d`; how a limit in days ends (at the last second of the n-th day)
//! is the business of the rules that use it.
//!
//! Deliberately absent: the clock. Times come in as values.

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

use super::shape::{At, Form, Schema, Shape, text, wrong};
use crate::json::{Fault, Value};

/// A second of UTC, counted from 1970-01-01T00:00:00Z; years 1970 to 9999.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

impl Instant {
    /// The last second that can be written.
    pub const LAST: Instant = Instant(LAST);
}

/// The last second that can be written: 9999-12-31T23:59:59Z.
const LAST: i64 = 253_402_300_799;

impl Instant {
    /// The instant `seconds` after the epoch; `None` before 1970 or after 9999.
    pub fn from_seconds(seconds: i64) -> Option<Instant> {
        (0..=LAST).contains(&seconds).then_some(Instant(seconds))
    }

    /// The same from the unsigned seconds of a signature.
    pub fn from_unsigned(seconds: u64) -> Option<Instant> {
        i64::try_from(seconds).ok().and_then(Instant::from_seconds)
    }

    /// Seconds since the epoch.
    pub const fn seconds(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as signatures carry them.
    pub const fn unsigned(self) -> u64 {
        self.0.unsigned_abs() // never negative
    }

    /// The seconds from here to a later instant; nothing for one that is not later.
    pub const fn seconds_until(self, later: Instant) -> Option<u64> {
        let by = later.0 - self.0;
        if by > 0 { Some(by.unsigned_abs()) } else { None }
    }

    /// The second after this one; nothing after the last that can be written.
    pub fn next(self) -> Option<Instant> {
        Instant::from_seconds(self.0 + 1)
    }

    /// The second before this one; nothing before 1970.
    pub fn previous(self) -> Option<Instant> {
        Instant::from_seconds(self.0 - 1)
    }

    /// The calendar year.
    pub fn year(self) -> i32 {
        DateTime::from_timestamp(self.0, 0).unwrap_or_default().year()
    }

    /// Reads the one spelling.
    pub fn parse(text: &str) -> Option<Instant> {
        let bytes = text.as_bytes();
        if bytes.len() != 20 {
            return None;
        }
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'Z')];
        if marks.iter().any(|&(i, mark)| bytes[i] != mark) {
            return None;
        }
        let number = |from: usize, to: usize| {
            bytes[from..to].iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
        };
        let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
        let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
        let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)?;
        if second > 59 {
            return None;
        }
        Instant::from_seconds(date.and_hms_opt(hour, minute, second)?.and_utc().timestamp())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let time = DateTime::from_timestamp(self.0, 0).unwrap_or_default();
        let (y, m, d) = (time.year(), time.month(), time.day());
        write!(f, "{y:04}-{m:02}-{d:02}T{:02}:{:02}:{:02}Z", time.hour(), time.minute(), time.second())
    }
}

impl Shape for Instant {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Instant> {
        let text = text(value, at, faults)?;
        Instant::parse(text).or_else(|| wrong(at, Form::NotAnInstant, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "a second of UTC, `YYYY-MM-DDTHH:MM:SSZ`", max: 20 }
    }
}

/// A limit of the terms: hours that run continuously, or days that end at midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Span {
    /// `<n>h`.
    Hours(u32),
    /// `<n>d`.
    Days(u32),
}

impl Span {
    /// Reads `<n>h` or `<n>d`, n from 0 to 99,999 without leading zeros.
    pub fn parse(text: &str) -> Option<Span> {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let well_formed = (1..=5).contains(&digits.len())
            && digits.bytes().all(|b| b.is_ascii_digit())
            && (digits.len() == 1 || !digits.starts_with('0'));
        let number = digits.parse().ok().filter(|_| well_formed)?;
        match unit {
            "h" => Some(Span::Hours(number)),
            "d" => Some(Span::Days(number)),
            _ => None,
        }
    }
}

impl Span {
    /// The last second within the limit of something that happened at `from`: hours run continuously, and days end at
    /// midnight UTC, the day of the event being day 0 (section 9.8 of `docs/rules.md`).
    pub const fn deadline(self, from: Instant) -> Instant {
        const DAY: i64 = 86_400;
        match self {
            Span::Hours(n) => Instant(from.0 + n as i64 * 3_600),
            Span::Days(n) => Instant((from.0 - from.0 % DAY) + (n as i64 + 1) * DAY - 1),
        }
    }

    /// By how many seconds something at `at` is late, if it had to follow `from` within the limit.
    pub const fn exceeded(self, from: Instant, at: Instant) -> Option<u64> {
        self.deadline(from).seconds_until(at)
    }
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Span::Hours(n) => write!(f, "{n}h"),
            Span::Days(n) => write!(f, "{n}d"),
        }
    }
}

impl Shape for Span {
    fn read(value: &Value<'_>, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Span> {
        let text = text(value, at, faults)?;
        Span::parse(text).or_else(|| wrong(at, Form::NotASpan, "", faults))
    }

    fn schema() -> Schema {
        Schema::Text { form: "a limit, `<n>h` or `<n>d`", max: 6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_has_one_spelling() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2023-11-14T22:13:20Z", 1_700_000_000),
            ("2024-02-29T23:59:59Z", 1_709_251_199),
            ("9999-12-31T23:59:59Z", LAST),
        ] {
            assert_eq!(Instant::parse(text).map(Instant::seconds), Some(seconds));
            assert_eq!(Instant::from_seconds(seconds).map(|i| i.to_string()).as_deref(), Some(text));
        }
        for wrong in [
            "2023-02-29T00:00:00Z",
            "2023-11-14T24:00:00Z",
            "2023-11-14T22:60:00Z",
            "2023-11-14T22:13:60Z",
            "2023-11-14T22:13:20z",
            "2023-11-14 22:13:20Z",
            "2023-11-14T22:13:20+00:00",
            "2023-11-14T22:13:20.0Z",
            "1969-12-31T23:59:59Z",
            "2023-11-14T22:13:2éZ",
            "",
            "+023-11-14T22:13:20Z",
        ] {
            assert_eq!(Instant::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn hours_run_on_and_days_end_at_midnight() {
        let at = |text: &str| Instant::parse(text).expect("a time");
        let from = at("2026-03-02T10:00:00Z");
        assert_eq!(Span::Hours(32).deadline(from), at("2026-03-03T18:00:00Z"));
        assert_eq!(Span::Days(5).deadline(from), at("2026-03-07T23:59:59Z"));
        assert_eq!(Span::Hours(1).exceeded(from, at("2026-03-02T11:00:00Z")), None);
        assert_eq!(Span::Hours(1).exceeded(from, at("2026-03-02T11:00:01Z")), Some(1));
    }

    #[test]
    fn a_span_is_a_number_and_a_unit() {
        assert_eq!(Span::parse("32h"), Some(Span::Hours(32)));
        assert_eq!(Span::parse("0d"), Some(Span::Days(0)));
        for wrong in ["", "h", "032h", "32", "32m", "-1h", "100000h", "3é", "1 d"] {
            assert_eq!(Span::parse(wrong), None, "{wrong}");
        }
    }
}
