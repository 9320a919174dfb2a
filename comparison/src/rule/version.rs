//! `version`: the newest version of an interval of event time wins.

use shared_logic::admission::Admission;

use super::{Handover, SeamRule};
use crate::halves::Halves;
use crate::seam::Seam;

/// A landing overshadows what the speed layer has of the intervals that it covers.
pub(super) struct Version;

impl SeamRule for Version {
    fn name(&self) -> &'static str {
        "version"
    }

    fn seen_in(&self) -> &'static str {
        "Druid"
    }

    fn why(&self) -> &'static str {
        "an interval is served by one half as a whole, so nothing is double; what arrives for an interval that a batch has taken over is refused until the next batch: late"
    }

    fn halves(&self, seam: &Seam) -> Halves {
        let open = seam.interval_start(0);
        Halves::by_time(seam, Admission::Before(open), Admission::From(open))
    }

    fn handover(&self) -> Handover {
        Handover::OneWrite
    }
}
