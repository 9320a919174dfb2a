//! The batch fold: pieces of the log side by side, then one merge.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::concat_batches;
use event_log::EventLog;
use rayon::prelude::*;
use shared_logic::admission::Admission;
use shared_logic::coverage::Coverage;
use shared_logic::fold::{Fold, FoldError};
use shared_logic::merge::{Parts, divide};
use shared_logic::partial::{Counters, Partial, columns};
use shared_logic::view::View;

use crate::error::BatchError;
use crate::reach::{Reached, reached};
use crate::read::{Piece, abreast};

/// How to fold.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Records per chunk, at least 1.
    pub chunk_rows: usize,
    /// Threads, at least 1.
    pub threads: usize,
    /// Which events to take; all, except under a seam rule that cuts by event time.
    pub admission: Admission,
    /// Whether a record that cannot be read ends the run.
    pub strict: bool,
    /// About how much memory the run may take, in bytes; what exceeds it lands as more segments.
    pub memory: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            chunk_rows: 8192,
            threads,
            admission: Admission::All,
            strict: false,
            memory: None,
        }
    }
}

/// The fold of everything below a cut.
#[derive(Clone, Debug)]
pub struct Folded {
    /// The records it stands for.
    pub coverage: Coverage,
    /// What became of the records that are in no row.
    pub counters: Counters,
    /// One row per window and key, sorted, in chunks one behind the other.
    pub chunks: Vec<RecordBatch>,
}

impl From<Partial> for Folded {
    fn from(partial: Partial) -> Self {
        Self {
            coverage: partial.coverage,
            counters: partial.counters,
            chunks: vec![partial.rows],
        }
    }
}

impl Folded {
    /// The same with its rows in one chunk.
    ///
    /// # Errors
    /// Chunks that are not of this view.
    pub fn whole(self, view: &View) -> Result<Partial, FoldError> {
        Ok(Partial {
            rows: concat_batches(&columns(view), &self.chunks)?,
            coverage: self.coverage,
            counters: self.counters,
        })
    }
}

/// Folds the pieces in parallel, on the threads of the pool that this is called in, and merges them.
///
/// # Errors
/// A piece that cannot be read or folded; with `strict`, the first record rejected.
pub fn fold(
    view: &Arc<View>,
    log: &dyn EventLog,
    pieces: &[Piece],
    options: &Options,
) -> Result<Folded, BatchError> {
    let before = match view.lateness {
        Some(_) => reached(view, log, pieces, options.chunk_rows.max(1))?,
        None => vec![BTreeMap::new(); pieces.len()],
    };
    let partials = (pieces.par_iter().zip(&before))
        .map(|(piece, before)| {
            let mut whole = vec![];
            fold_piece(view, log, piece, before, options, usize::MAX, |partial| {
                whole.push(partial);
                Ok(())
            })?;
            Ok(whole)
        })
        .collect::<Result<Vec<_>, BatchError>>()?;
    let mut partials: Vec<Partial> = partials.into_iter().flatten().collect();
    chain(&mut partials);
    merged(view, &partials)
}

/// Merges the folds of pieces.
pub(crate) fn merged(view: &Arc<View>, partials: &[Partial]) -> Result<Folded, BatchError> {
    let Parts {
        coverage,
        counters,
        parts,
    } = divide(view, &partials.iter().collect::<Vec<_>>())?;
    let mut chunks = (parts.par_iter())
        .map(|part| Ok(view.kept(&coverage, part.merge(view)?)))
        .collect::<Result<Vec<_>, BatchError>>()?;
    if chunks.is_empty() {
        chunks.push(RecordBatch::new_empty(columns(view)));
    }
    Ok(Folded {
        coverage,
        counters,
        chunks,
    })
}

/// Folds a piece and hands it to `done`: as a whole, or in parts of about `size` bytes of state.
pub(crate) fn fold_piece(
    view: &Arc<View>,
    log: &dyn EventLog,
    piece: &Piece,
    before: &Reached,
    options: &Options,
    size: usize,
    mut done: impl FnMut(Partial) -> Result<(), BatchError>,
) -> Result<(), BatchError> {
    let fresh = || {
        let fold = Fold::new(view)?.admitting(options.admission);
        Ok::<_, BatchError>(fold.correcting())
    };
    let mut fold = fresh()?;
    for (place, range) in &piece.ranges {
        let watermark = before.get(place).copied().flatten();
        fold.begin(place.clone(), range.start, watermark);
    }
    for chunk in abreast(log, piece, options.chunk_rows.max(1))? {
        let chunk = chunk?;
        let rejects = fold.push(&chunk)?;
        if let (true, Some(reject)) = (options.strict, rejects.first()) {
            return Err(BatchError::Rejected {
                place: chunk.place.clone(),
                offset: chunk.offset(reject.row),
                reason: reject.reason.clone(),
            });
        }
        if fold.size() > size {
            let full = std::mem::replace(&mut fold, fresh()?);
            for (place, span) in &full.coverage().0 {
                fold.begin(place.clone(), span.next, span.watermark_after);
            }
            done(full.finish()?)?;
        }
    }
    done(fold.finish()?)
}

/// A piece is folded without knowing the watermark that earlier ones reach, unless the view asks
/// what is late; here it learns it.
fn chain(partials: &mut [Partial]) {
    let mut reached = Reached::new();
    for (place, span) in partials
        .iter_mut()
        .flat_map(|partial| partial.coverage.0.iter_mut())
    {
        let watermark = reached.entry(place.clone()).or_default();
        *span = span.following(*watermark);
        *watermark = span.watermark_after;
    }
}
