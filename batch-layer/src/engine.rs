//! Which engine folds a batch: the fold that the speed layer runs, too, or Polars.
//!
//! Polars groups by slice and key what the archive holds in typed columns, and leaves the same
//! accumulator columns as the fold; whatever it cannot say (a measure that needs an order, a value
//! that may not convert) is said by name before anything is read, and files with records that
//! cannot be read are folded by the fold.

mod aggregate;
mod lower;
mod polars;
mod rows;

use std::ops::Range;
use std::sync::Arc;

use event_log::EventLog;
use event_log::archive::Archive;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::merge::merge;
use shared_logic::view::View;

use crate::error::BatchError;
use crate::fold::{Folded, Options, fold};
use crate::read::{Piece, plan};

pub use lower::Unlowered;
pub use rows::HandOver;

/// Each thread gets a few pieces, so that one slow piece does not hold up the rest.
const PIECES_PER_THREAD: usize = 4;

/// What computes the segment of a batch run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// The fold of `shared-logic`, which the speed layer runs, too.
    Fold,
    /// Polars' streaming group-by, over an archive.
    Polars,
}

/// Whether Polars can compute the view, and else what it cannot say.
///
/// # Errors
/// The first part of the view that is not lowered.
pub fn lowers(view: &View) -> Result<(), Unlowered> {
    polars::Query::new(view).map(|_| ())
}

/// The pieces of `[origin, cut)` for so many threads.
pub(crate) fn pieces(origin: &OffsetVector, cut: &OffsetVector, threads: usize) -> Vec<Piece> {
    plan(origin, cut, threads.saturating_mul(PIECES_PER_THREAD))
}

/// The fold of `[origin, cut)` by the fold.
///
/// # Errors
/// A range that cannot be read or folded.
pub fn by_fold(
    view: &Arc<View>,
    log: &dyn EventLog,
    origin: &OffsetVector,
    cut: &OffsetVector,
    options: &Options,
) -> Result<Folded, BatchError> {
    fold(view, log, &pieces(origin, cut, options.threads), options)
}

/// The same by Polars. Ranges of files with records that cannot be read are folded by the fold, and
/// so is everything where an event time is so far out that its window could leave the number range,
/// or, where the run is strict, missing.
///
/// # Errors
/// A view that is not lowered, or a range that cannot be read.
pub fn by_polars(
    view: &Arc<View>,
    archive: &Archive,
    origin: &OffsetVector,
    cut: &OffsetVector,
    options: &Options,
) -> Result<Folded, BatchError> {
    let query = polars::Query::new(view)?;
    let mut rest: Vec<(TopicPartition, Range<Offset>)> = vec![];
    let mut partials = vec![];
    for (place, end) in &cut.0 {
        let range = origin.get(place)..*end;
        let clean = polars::clean(archive, place, &range)?;
        let mut next = range.start;
        for stretch in &clean {
            rest.push((place.clone(), next..stretch.range.start));
            next = stretch.range.end;
            match query.fold(view, archive, place, stretch, options.strict)? {
                Some(partial) => partials.push(partial),
                None => rest.push((place.clone(), stretch.range.clone())),
            }
        }
        rest.push((place.clone(), next..range.end));
    }
    let whole = partials.is_empty();
    rest.retain(|(_, range)| whole || !range.is_empty());
    for (place, range) in rest {
        let before = archive.watermark(&place, range.start)?;
        let piece = Piece {
            ranges: vec![(place, range)],
        };
        let mut partial = fold(view, archive, &[piece], options)?.whole(view)?;
        for span in partial.coverage.0.values_mut() {
            *span = span.following(before);
        }
        partials.push(partial);
    }
    Ok(merge(view, &partials)?.into())
}
