//! The virtual clock: what had arrived, and what the log still had, at each instant.

use std::collections::BTreeMap;
use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;

use crate::books::{self, Row};
use crate::seam::micros;

/// When each event arrived, on a clock that begins at 0.
#[derive(Clone, Debug)]
pub struct Clock {
    origin: EventTime,
    /// Where the log begins.
    begins: OffsetVector,
    /// Of each partition: the arrival of each record, and the offset behind it; both ascend.
    arrivals: BTreeMap<TopicPartition, Vec<(Duration, Offset)>>,
    /// All arrivals, ascending.
    all: Vec<Duration>,
}

impl Clock {
    /// A clock that shows 0 at `origin`. `instants` are when the rows arrived, in their order; one
    /// that goes back is taken as the one before.
    pub fn new(rows: &[Row], instants: &[EventTime], origin: EventTime) -> Self {
        let mut clock = Self {
            origin,
            begins: books::origin(rows),
            arrivals: BTreeMap::new(),
            all: vec![],
        };
        let mut last = Duration::ZERO;
        for (row, instant) in rows.iter().zip(instants) {
            let since = instant.0.saturating_sub(origin.0);
            last = last.max(Duration::from_micros(
                u64::try_from(since).unwrap_or_default(),
            ));
            let partition = clock.arrivals.entry(row.place.clone()).or_default();
            partition.push((last, row.offset.plus(1)));
            clock.all.push(last);
        }
        clock
    }

    /// What the clock shows at `at`, as an instant.
    pub fn instant(&self, at: Duration) -> EventTime {
        EventTime(self.origin.0.saturating_add(micros(at)))
    }

    /// What the clock shows at an instant; before it begins, 0.
    pub fn shows(&self, instant: EventTime) -> Duration {
        let since = instant.0.saturating_sub(self.origin.0);
        Duration::from_micros(u64::try_from(since).unwrap_or_default())
    }

    /// Where the log begins.
    pub fn begins(&self) -> &OffsetVector {
        &self.begins
    }

    /// Where each partition ends once everything has arrived that arrives up to `at`.
    pub fn offsets(&self, at: Duration) -> OffsetVector {
        let next = |place: &TopicPartition, arrivals: &Vec<(Duration, Offset)>| {
            let arrived = arrivals.partition_point(|(arrival, _)| *arrival <= at);
            let last = arrived.checked_sub(1).and_then(|last| arrivals.get(last));
            last.map_or(self.begins.get(place), |(_, next)| *next)
        };
        let places = self.arrivals.iter();
        OffsetVector(
            places
                .map(|(place, arrivals)| (place.clone(), next(place, arrivals)))
                .collect(),
        )
    }

    /// Where each partition begins at `at` if records are dropped `age` after they arrived; where the
    /// log does, if they are kept for ever.
    pub fn earliest(&self, at: Duration, age: Option<Duration>) -> OffsetVector {
        match age.and_then(|age| at.checked_sub(age)) {
            Some(gone) => self.offsets(gone),
            None => self.begins.clone(),
        }
    }

    /// The arrivals, ascending.
    pub fn arrivals(&self) -> &[Duration] {
        &self.all
    }

    /// The arrival of the last event.
    pub fn last(&self) -> Duration {
        self.all.last().copied().unwrap_or_default()
    }
}
