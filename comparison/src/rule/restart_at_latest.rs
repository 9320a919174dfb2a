//! `restart-at-latest`: processing time divides, by when the speed layer happened to be started.

use shared_logic::admission::Admission;

use super::SeamRule;
use crate::halves::{Halves, Piece};
use crate::seam::Seam;

/// The speed layer starts at the newest record when the batch lands.
pub(super) struct RestartAtLatest;

impl SeamRule for RestartAtLatest {
    fn name(&self) -> &'static str {
        "restart-at-latest"
    }

    fn seen_in(&self) -> &'static str {
        "home-made lambdas"
    }

    fn why(&self) -> &'static str {
        "what arrives while the batch runs is after its cut and before the speed layer's start: missing"
    }

    fn halves(&self, seam: &Seam) -> Halves {
        Halves {
            batch: Piece::new(&seam.origin, &seam.cut, &seam.end, Admission::All),
            speed: vec![Piece::new(
                &seam.landing,
                &seam.end,
                &seam.end,
                Admission::All,
            )],
            closed: seam.cut.clone(),
            chained: false,
        }
    }
}
