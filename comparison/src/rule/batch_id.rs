//! `batch-id`: event time is counted in batches, and a batch is on one side as a whole.

use shared_logic::admission::Admission;

use super::SeamRule;
use crate::halves::Halves;
use crate::seam::Seam;

/// The batch has every batch that was complete when it read; the speed layer answers for the ids
/// behind the last of them, or for that one too.
pub(super) struct BatchId {
    /// Whether the reader asks the speed layer for the last batch as well: an off-by-one.
    pub(super) inclusive: bool,
}

impl SeamRule for BatchId {
    fn name(&self) -> &'static str {
        match self.inclusive {
            false => "batch-id exclusive",
            true => "batch-id inclusive",
        }
    }

    fn seen_in(&self) -> &'static str {
        "Summingbird"
    }

    fn why(&self) -> &'static str {
        match self.inclusive {
            false => {
                "right where events arrive in the order of their batches: one that comes after its batch was read is late"
            }
            true => "the same late events, and the last batch is asked of both halves: double",
        }
    }

    fn halves(&self, seam: &Seam) -> Halves {
        let first_open = seam.interval_start(0);
        let from = match self.inclusive {
            false => first_open,
            true => seam.interval_start(-1),
        };
        Halves::by_time(seam, Admission::Before(first_open), Admission::From(from))
    }
}
