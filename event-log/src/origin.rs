//! Where a view begins in a log.

use std::collections::BTreeMap;
use std::str::FromStr;

use shared_logic::coverage::OffsetVector;
use shared_logic::decode::instant;
use shared_logic::identity::{Offset, Partition};
use shared_logic::time::EventTime;

use crate::{EventLog, LogError};

/// A place to begin, as `--from` names it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// The first record that is left.
    #[default]
    Earliest,
    /// Behind the last record that is there now.
    Latest,
    /// The first record that arrived at or after an instant.
    Since(EventTime),
    /// An offset of each partition.
    Offsets(BTreeMap<Partition, Offset>),
}

impl FromStr for Origin {
    type Err = LogError;

    fn from_str(text: &str) -> Result<Self, LogError> {
        let offset = |part: &str| {
            let (partition, offset) = part.trim().strip_prefix('p')?.split_once('=')?;
            Some((
                Partition(partition.parse().ok()?),
                Offset(offset.parse().ok()?),
            ))
        };
        let offsets = || -> Option<BTreeMap<_, _>> {
            let parts: Vec<_> = text.split(',').map(offset).collect::<Option<_>>()?;
            let count = parts.len();
            let offsets: BTreeMap<_, _> = parts.into_iter().collect();
            (offsets.len() == count).then_some(offsets)
        };
        match text {
            "earliest" => Ok(Self::Earliest),
            "latest" => Ok(Self::Latest),
            _ => instant(text)
                .map(Self::Since)
                .or_else(|| offsets().map(Self::Offsets))
                .ok_or_else(|| {
                    LogError::Refused(format!(
                        "{text:?} is no place to begin: write earliest, latest, an instant of arrival such as 2024-01-31T12:00:00Z, or an offset for each partition such as p0=12,p1=40"
                    ))
                }),
        }
    }
}

impl Origin {
    /// The offsets of this origin in a log.
    ///
    /// # Errors
    /// The log cannot be asked. [`LogError::Refused`] where a partition is left out or does not
    /// exist, [`LogError::Expired`] and [`LogError::Beyond`] where an offset is not in the log.
    pub fn offsets(&self, log: &dyn EventLog) -> Result<OffsetVector, LogError> {
        let offsets = match self {
            Self::Earliest => return log.start(),
            Self::Latest => return log.end(),
            Self::Since(instant) => {
                let mut offsets = OffsetVector::default();
                for place in log.partitions()? {
                    let first = log.since(&place, *instant)?;
                    offsets.set(place, first);
                }
                return Ok(offsets);
            }
            Self::Offsets(offsets) => offsets,
        };
        let places = log.partitions()?;
        let there =
            |partition: &Partition| places.iter().any(|place| place.partition == *partition);
        if let Some(partition) = offsets.keys().find(|partition| !there(partition)) {
            return Err(LogError::Refused(format!(
                "there is no partition {partition} to begin in: the topic has {}",
                places.len()
            )));
        }
        let mut vector = OffsetVector::default();
        for place in places {
            let bounds = log.bounds(&place)?;
            let at = *offsets.get(&place.partition).ok_or_else(|| {
                LogError::Refused(format!(
                    "it is not said where to begin in {place}: name an offset for each partition, this one has {} to {}",
                    bounds.start, bounds.end
                ))
            })?;
            if at < bounds.start {
                let (asked, first) = (at, bounds.start);
                return Err(LogError::Expired {
                    place,
                    asked,
                    first,
                });
            }
            if at > bounds.end {
                let (asked, end) = (at, bounds.end);
                return Err(LogError::Beyond { place, asked, end });
            }
            vector.set(place, at);
        }
        Ok(vector)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use arrow::array::{BinaryArray, Int64Array};
    use shared_logic::chunk::{Payload, Raw};
    use shared_logic::identity::TopicPartition;

    use super::*;
    use crate::memory::MemoryLog;

    /// Two partitions whose record `n` arrived `n` seconds after 1970; the first three have expired.
    fn log() -> MemoryLog {
        let log = MemoryLog::default();
        for (partition, count) in [(0, 10_i64), (1, 5)] {
            let place = TopicPartition::new("t", partition);
            let nothing = BinaryArray::new_null(count as usize);
            let raw = Raw {
                keys: nothing.clone(),
                values: nothing.clone(),
                headers: nothing,
            };
            let arrivals = Int64Array::from_iter_values((0..count).map(|n| n * 1_000_000));
            log.append(&place, Payload::Raw(raw), Some(arrivals))
                .unwrap();
            log.expire(&place, Offset(3));
        }
        log
    }

    fn offsets(text: &str) -> Result<String, LogError> {
        Ok(text.parse::<Origin>()?.offsets(&log())?.to_string())
    }

    #[test]
    fn every_way_to_say_where_to_begin_is_offsets() {
        for (text, expected) in [
            ("earliest", "t/0:3,t/1:3"),
            ("latest", "t/0:10,t/1:5"),
            ("1970-01-01T00:00:04Z", "t/0:4,t/1:4"),
            ("1970-01-01T00:00:03.5Z", "t/0:4,t/1:4"),
            ("1970-01-01T00:00:07Z", "t/0:7,t/1:5"),
            ("1970-01-01", "t/0:3,t/1:3"),
            ("p1=5,p0=3", "t/0:3,t/1:5"),
        ] {
            assert_eq!(offsets(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        for (text, expected) in [
            (
                "yesterday",
                "\"yesterday\" is no place to begin: write earliest",
            ),
            ("p0=1,p0=2", "is no place to begin"),
            ("p0=4", "it is not said where to begin in t/1"),
            (
                "p0=4,p1=4,p2=4",
                "there is no partition 2 to begin in: the topic has 2",
            ),
            ("p0=2,p1=4", "offset 2 of t/0 has expired"),
            ("p0=4,p1=6", "offset 6 of t/1 is beyond the end"),
        ] {
            let told = offsets(text).unwrap_err().to_string();
            assert!(told.contains(expected), "{text}: {told}");
        }
    }
}
