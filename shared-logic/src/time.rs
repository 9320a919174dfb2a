//! Event time, watermarks and tumbling windows, all in microseconds since 1970 UTC.

use std::fmt;

use serde::{Deserialize, Serialize};

/// When an event happened: microseconds since 1970-01-01T00:00:00Z, negative before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventTime(pub i64);

impl fmt::Display for EventTime {
    /// ISO 8601 in UTC; the bare number where the calendar ends.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match arrow::temporal_conversions::timestamp_us_to_datetime(self.0) {
            Some(time) => {
                let fraction = format!(".{:06}", self.0.rem_euclid(1_000_000));
                let fraction = fraction.trim_end_matches('0').trim_end_matches('.');
                write!(f, "{}{fraction}Z", time.format("%Y-%m-%dT%H:%M:%S"))
            }
            None => write!(f, "{}us", self.0),
        }
    }
}

/// How far a partition's event time has come: the greatest event time among its earlier records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Watermark(pub EventTime);

impl fmt::Display for Watermark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Windows of one size, side by side: `[start, start + size)`, aligned to 1970 plus `offset`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Tumble {
    /// The length of a window in microseconds; positive.
    pub size: i64,
    /// How far window starts are moved from 1970, in microseconds; in `[0, size)`.
    pub offset: i64,
}

impl Tumble {
    /// The start of the window that `time` falls into; floors, also before 1970.
    ///
    /// `None` where the window's start or end is outside the number range.
    #[inline]
    pub fn start(&self, time: EventTime) -> Option<EventTime> {
        let into = time.0.checked_sub(self.offset)?.rem_euclid(self.size);
        let start = time.0.checked_sub(into)?;
        start.checked_add(self.size)?;
        Some(EventTime(start))
    }

    /// The end of the window that starts at `start`; saturates.
    pub fn end(&self, start: EventTime) -> EventTime {
        EventTime(start.0.saturating_add(self.size))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_floor_on_both_sides_of_1970() {
        let hour = Tumble {
            size: 10,
            offset: 0,
        };
        let starts = [-11, -10, -1, 0, 9, 10].map(|t| hour.start(EventTime(t)).map(|s| s.0));
        assert_eq!(
            starts,
            [Some(-20), Some(-10), Some(-10), Some(0), Some(0), Some(10)]
        );
    }

    #[test]
    fn instants_are_printed_without_needless_digits() {
        let shown = [0, -1, 1_500_000, i64::MAX].map(|time| EventTime(time).to_string());
        assert_eq!(
            shown,
            [
                "1970-01-01T00:00:00Z",
                "1969-12-31T23:59:59.999999Z",
                "1970-01-01T00:00:01.5Z",
                "9223372036854775807us"
            ]
        );
    }

    #[test]
    fn an_offset_moves_every_window() {
        let moved = Tumble {
            size: 10,
            offset: 3,
        };
        assert_eq!(moved.start(EventTime(2)), Some(EventTime(-7)));
        assert_eq!(moved.start(EventTime(3)), Some(EventTime(3)));
    }

    #[test]
    fn the_ends_of_time_have_no_window() {
        let hour = Tumble {
            size: 10,
            offset: 0,
        };
        assert_eq!(hour.start(EventTime(i64::MIN)), None);
        assert_eq!(hour.start(EventTime(i64::MAX)), None);
    }
}
