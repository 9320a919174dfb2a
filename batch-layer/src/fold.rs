//! The batch fold: pieces of the log side by side, then one merge.

use std::collections::BTreeMap;
use std::sync::Arc;

use event_log::EventLog;
use rayon::prelude::*;
use shared_logic::admission::Admission;
use shared_logic::fold::Fold;
use shared_logic::identity::TopicPartition;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::Watermark;
use shared_logic::view::View;

use crate::error::BatchError;
use crate::reach::reached;
use crate::read::Piece;

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
}

impl Default for Options {
    fn default() -> Self {
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            chunk_rows: 8192,
            threads,
            admission: Admission::All,
            strict: false,
        }
    }
}

/// Folds the pieces in parallel and merges them.
///
/// # Errors
/// A piece that cannot be read or folded; with `strict`, the first record rejected.
pub fn fold(
    view: &Arc<View>,
    log: &dyn EventLog,
    pieces: &[Piece],
    options: &Options,
) -> Result<Partial, BatchError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()?;
    let mut partials: Vec<Partial> = pool.install(|| {
        let before = match view.lateness {
            Some(_) => reached(view, log, pieces, options.chunk_rows.max(1))?,
            None => vec![None; pieces.len()],
        };
        let pieces = pieces.par_iter().zip(before);
        pieces
            .map(|(piece, before)| fold_piece(view, log, piece, before, options))
            .collect::<Result<_, BatchError>>()
    })?;
    chain(&mut partials);
    Ok(merge(view, &partials)?)
}

fn fold_piece(
    view: &Arc<View>,
    log: &dyn EventLog,
    piece: &Piece,
    before: Option<Watermark>,
    options: &Options,
) -> Result<Partial, BatchError> {
    let mut fold = Fold::new(view)?.admitting(options.admission).correcting();
    fold.begin(piece.place.clone(), piece.range.start, before);
    for chunk in log.read(&piece.place, piece.range.clone(), options.chunk_rows.max(1))? {
        let chunk = chunk?;
        let rejects = fold.push(&chunk)?;
        if let (true, Some(reject)) = (options.strict, rejects.first()) {
            return Err(BatchError::Rejected {
                place: chunk.place.clone(),
                offset: chunk.offset(reject.row),
                reason: reject.reason.clone(),
            });
        }
    }
    Ok(fold.finish()?)
}

/// A piece is folded without knowing the watermark that earlier ones reach, unless the view asks
/// what is late; here it learns it.
fn chain(partials: &mut [Partial]) {
    let mut reached: BTreeMap<TopicPartition, Option<Watermark>> = BTreeMap::new();
    for (place, span) in partials
        .iter_mut()
        .flat_map(|partial| partial.coverage.0.iter_mut())
    {
        let watermark = reached.entry(place.clone()).or_default();
        *span = span.following(*watermark);
        *watermark = span.watermark_after;
    }
}
