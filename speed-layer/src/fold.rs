//! The speed fold: one step of each partition, side by side, each a run of the open fold.

use std::sync::Arc;

use event_log::EventLog;
use rayon::prelude::*;
use shared_logic::admission::Admission;
use shared_logic::coverage::Coverage;
use shared_logic::fold::Fold;
use shared_logic::partial::Partial;
use shared_logic::view::View;

use crate::error::SpeedError;
use crate::read::Piece;

/// How to fold.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// Records per chunk, at least 1.
    pub chunk_rows: usize,
    /// Offsets per partition between two published snapshots.
    pub publish_every: u64,
    /// Offsets per partition between two checkpoints.
    pub checkpoint_every: u64,
    /// Which events to take; all, except under a seam rule that cuts by event time.
    pub admission: Admission,
    /// Whether a record that cannot be read ends the run.
    pub strict: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            chunk_rows: 8192,
            publish_every: 65_536,
            checkpoint_every: 1_048_576,
            admission: Admission::All,
            strict: false,
        }
    }
}

/// Folds the pieces, each from the watermark that `reached` ends with in its partition.
///
/// # Errors
/// A piece that cannot be read or folded; with `strict`, the first record rejected.
pub fn fold(
    view: &Arc<View>,
    log: &dyn EventLog,
    pieces: &[Piece],
    reached: &Coverage,
    options: &Options,
) -> Result<Vec<Partial>, SpeedError> {
    pieces
        .par_iter()
        .map(|piece| fold_piece(view, log, piece, reached, options))
        .collect()
}

fn fold_piece(
    view: &Arc<View>,
    log: &dyn EventLog,
    piece: &Piece,
    reached: &Coverage,
    options: &Options,
) -> Result<Partial, SpeedError> {
    let watermark = reached
        .0
        .get(&piece.place)
        .and_then(|span| span.watermark_after);
    let mut fold = Fold::new(view)?.admitting(options.admission);
    fold.begin(piece.place.clone(), piece.range.start, watermark);
    for chunk in log.read(&piece.place, piece.range.clone(), options.chunk_rows.max(1))? {
        let chunk = chunk?;
        let rejects = fold.push(&chunk)?;
        if let (true, Some(reject)) = (options.strict, rejects.first()) {
            return Err(SpeedError::Rejected {
                place: chunk.place.clone(),
                offset: chunk.offset(reject.row),
                reason: reject.reason.clone(),
            });
        }
    }
    Ok(fold.finish()?)
}
