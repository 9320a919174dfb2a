//! `event-time`: batch on one side of an instant of event time, speed on the other.

use shared_logic::admission::Admission;
use shared_logic::time::EventTime;

use super::SeamRule;
use crate::halves::Halves;
use crate::seam::Seam;

const MILLISECOND: i64 = 1_000;
const DAY: i64 = 86_400_000_000;

/// Divided at the seam's boundary, or near it.
pub(super) struct EventTimes(pub(super) Signs);

/// Who takes the events at the boundary, and where that is.
#[derive(Clone, Copy)]
pub(super) enum Signs {
    /// Batch `<=`, speed `>`: the batch.
    UpToAfter,
    /// Batch `<`, speed `>=`: the speed layer.
    BeforeFrom,
    /// Batch `<=`, speed `>=`: both.
    UpToFrom,
    /// Batch `<`, speed `>`: neither.
    BeforeAfter,
    /// Batch `<=`, speed from a millisecond later on: as if time went by in milliseconds.
    MillisecondLater,
    /// Batch `<=`, speed `>`, both a day earlier: the log is trusted with the last day.
    DayEarlier,
}

impl SeamRule for EventTimes {
    fn name(&self) -> &'static str {
        match self.0 {
            Signs::UpToAfter => "event-time <=/>",
            Signs::BeforeFrom => "event-time </>=",
            Signs::UpToFrom => "event-time <=/>=",
            Signs::BeforeAfter => "event-time </>",
            Signs::MillisecondLater => "event-time +1ms",
            Signs::DayEarlier => "event-time -1d",
        }
    }

    fn seen_in(&self) -> &'static str {
        match self.0 {
            Signs::MillisecondLater => "Flink HybridSource",
            Signs::DayEarlier => "Pinot",
            _ => "Pinot, Flink HybridSource, Chronon",
        }
    }

    fn why(&self) -> &'static str {
        match self.0 {
            Signs::UpToAfter | Signs::BeforeFrom => {
                "an event older than the boundary that arrives after the batch has read belongs to the batch, which is closed: late"
            }
            Signs::UpToFrom => {
                "the same late events, and both halves take what is exactly at the boundary: double"
            }
            Signs::BeforeAfter => {
                "the same late events, and neither half takes what is exactly at the boundary: missing"
            }
            Signs::MillisecondLater => {
                "the same late events, and neither half takes what happened less than a millisecond after the boundary: missing"
            }
            Signs::DayEarlier => {
                "the speed half goes back a day before the boundary: right unless an event is a day late, and paid for by folding that day twice"
            }
        }
    }

    fn halves(&self, seam: &Seam) -> Halves {
        let at = seam.boundary;
        let moved = |by: i64| EventTime(at.0.saturating_add(by));
        let (batch, speed) = match self.0 {
            Signs::UpToAfter => (Admission::UpTo(at), Admission::After(at)),
            Signs::BeforeFrom => (Admission::Before(at), Admission::From(at)),
            Signs::UpToFrom => (Admission::UpTo(at), Admission::From(at)),
            Signs::BeforeAfter => (Admission::Before(at), Admission::After(at)),
            Signs::MillisecondLater => (Admission::UpTo(at), Admission::From(moved(MILLISECOND))),
            Signs::DayEarlier => (Admission::UpTo(moved(-DAY)), Admission::After(moved(-DAY))),
        };
        Halves::by_time(seam, batch, speed)
    }
}
