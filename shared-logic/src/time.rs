//! Event time and watermarks, all in microseconds since 1970 UTC.

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

#[cfg(test)]
mod tests {
    use super::*;

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
}
