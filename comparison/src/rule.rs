//! Seam rules: how a lambda divides the events between its two halves.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use shared_logic::admission::Admission;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::EventTime;

use crate::schedule::Schedule;

/// A seam rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Below the cut's offset batch, from it on speed; exact by construction. As in Fluss.
    Offset,
    /// Batch on one side of an instant of event time, speed on the other. As in Pinot, Flink's
    /// HybridSource and Chronon.
    EventTime(Signs),
    /// The speed layer starts at the newest record when the batch lands. As in home-made lambdas.
    RestartAtLatest,
}

/// Which side takes the events that are exactly at the boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signs {
    /// Batch `<=`, speed `>`: the batch.
    UpToAfter,
    /// Batch `<`, speed `>=`: the speed layer.
    BeforeFrom,
    /// Batch `<=`, speed `>=`: both.
    UpToFrom,
    /// Batch `<`, speed `>`: neither.
    BeforeAfter,
}

impl Rule {
    /// All rules, in the order in which they are shown.
    pub const ALL: [Self; 6] = [
        Self::Offset,
        Self::EventTime(Signs::UpToAfter),
        Self::EventTime(Signs::BeforeFrom),
        Self::EventTime(Signs::UpToFrom),
        Self::EventTime(Signs::BeforeAfter),
        Self::RestartAtLatest,
    ];

    /// What each half takes under this rule.
    pub fn halves(&self, schedule: &Schedule) -> Halves {
        let origin = OffsetVector::default();
        let (cut, end) = (&schedule.cut, &schedule.end);
        let (batch, speed, from) = match self {
            Self::Offset => (Admission::All, Admission::All, cut),
            Self::EventTime(signs) => {
                let (batch, speed) = signs.admissions(schedule.boundary);
                // The speed half is folded again from the log when the batch lands.
                (batch, speed, &origin)
            }
            Self::RestartAtLatest => (Admission::All, Admission::All, &schedule.landing),
        };
        Halves {
            batch: Half {
                ranges: ranges(&origin, cut, end),
                admission: batch,
            },
            speed: Half {
                ranges: ranges(from, end, end),
                admission: speed,
            },
        }
    }

    /// One sentence on why the answer is right or wrong under this rule.
    pub fn why(&self) -> &'static str {
        match self {
            Self::Offset => {
                "every record is on exactly one side of an offset, so nothing is counted twice or lost"
            }
            Self::EventTime(Signs::UpToAfter | Signs::BeforeFrom) => {
                "an event older than the boundary that arrives after the batch has read belongs to the batch, which is closed: late"
            }
            Self::EventTime(Signs::UpToFrom) => {
                "the same late events, and both halves take what is exactly at the boundary: double"
            }
            Self::EventTime(Signs::BeforeAfter) => {
                "the same late events, and neither half takes what is exactly at the boundary: missing"
            }
            Self::RestartAtLatest => {
                "what arrives while the batch runs is after its cut and before the speed layer's start: missing"
            }
        }
    }
}

impl Signs {
    fn admissions(self, boundary: EventTime) -> (Admission, Admission) {
        match self {
            Self::UpToAfter => (Admission::UpTo(boundary), Admission::After(boundary)),
            Self::BeforeFrom => (Admission::Before(boundary), Admission::From(boundary)),
            Self::UpToFrom => (Admission::UpTo(boundary), Admission::From(boundary)),
            Self::BeforeAfter => (Admission::Before(boundary), Admission::After(boundary)),
        }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Offset => "offset",
            Self::EventTime(Signs::UpToAfter) => "event-time <=/>",
            Self::EventTime(Signs::BeforeFrom) => "event-time </>=",
            Self::EventTime(Signs::UpToFrom) => "event-time <=/>=",
            Self::EventTime(Signs::BeforeAfter) => "event-time </>",
            Self::RestartAtLatest => "restart-at-latest",
        })
    }
}

/// Both halves of a lambda.
#[derive(Clone, Debug)]
pub struct Halves {
    /// What the batch layer folds.
    pub batch: Half,
    /// What the speed layer folds.
    pub speed: Half,
}

/// A half: ranges of offsets and a predicate on the events within.
#[derive(Clone, Debug)]
pub struct Half {
    /// A half-open range in each partition.
    pub ranges: BTreeMap<TopicPartition, Range<Offset>>,
    /// Which events of the ranges are taken.
    pub admission: Admission,
}

impl Half {
    /// The first offset it reads in each partition.
    pub fn start(&self) -> OffsetVector {
        let starts = self
            .ranges
            .iter()
            .map(|(place, range)| (place.clone(), range.start));
        OffsetVector(starts.collect())
    }

    /// Whether the half folds the event at `offset` of `place`, which happened at `time`.
    pub fn takes(&self, place: &TopicPartition, offset: Offset, time: EventTime) -> bool {
        self.reads(place, offset) && self.admission.takes(time)
    }

    /// Whether the event is on this half's side of a boundary in event time and arrived after the
    /// half had closed.
    pub fn closed_before(&self, place: &TopicPartition, offset: Offset, time: EventTime) -> bool {
        self.admission != Admission::All
            && self.admission.takes(time)
            && self
                .ranges
                .get(place)
                .is_none_or(|range| offset >= range.end)
    }

    /// Whether the event at `offset` of `place` is in the half's ranges.
    pub fn reads(&self, place: &TopicPartition, offset: Offset) -> bool {
        self.ranges
            .get(place)
            .is_some_and(|range| range.contains(&offset))
    }
}

fn ranges(
    from: &OffsetVector,
    to: &OffsetVector,
    partitions: &OffsetVector,
) -> BTreeMap<TopicPartition, Range<Offset>> {
    let places = partitions.0.keys();
    places
        .map(|place| (place.clone(), from.get(place)..to.get(place)))
        .collect()
}
