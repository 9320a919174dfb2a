//! `offset`: every record is on exactly one side of an offset.

use shared_logic::admission::Admission;

use super::{Handover, SeamRule};
use crate::halves::{Halves, Piece};
use crate::seam::Seam;

/// Below the cut batch, from it on speed.
pub(super) struct AtOffset;

impl SeamRule for AtOffset {
    fn name(&self) -> &'static str {
        "offset"
    }

    fn seen_in(&self) -> &'static str {
        "Fluss, Seamline"
    }

    fn why(&self) -> &'static str {
        "every record is on exactly one side of an offset, so nothing is counted twice or lost"
    }

    fn halves(&self, seam: &Seam) -> Halves {
        Halves {
            batch: Piece::new(&seam.origin, &seam.cut, &seam.end, Admission::All),
            speed: vec![Piece::new(&seam.cut, &seam.end, &seam.end, Admission::All)],
            closed: seam.cut.clone(),
            chained: true,
        }
    }

    fn handover(&self) -> Handover {
        Handover::OneWrite
    }
}
