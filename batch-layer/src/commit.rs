//! The batch commit: pin a cut, fold everything below it, land one segment in one edit.

use std::sync::Arc;

use event_log::EventLog;
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::manifest::{GenerationId, Manifest};
use view_store::segment::Rows;

use crate::error::BatchError;
use crate::fold::{Options, fold};
use crate::read::plan;

/// Each thread gets a few pieces, so that one slow piece does not hold up the rest.
const PIECES_PER_THREAD: usize = 4;

/// What a batch run did.
#[derive(Clone, Debug)]
pub struct Landing {
    /// Where it stopped reading.
    pub cut: OffsetVector,
    /// The manifest that names its segment.
    pub manifest: Arc<Manifest>,
    /// Records read.
    pub records: u64,
    /// Records that could not be read.
    pub rejected: u64,
    /// Rows of the segment: one per window and key.
    pub rows: usize,
}

/// Folds `[origin, cut)` of `log` and replaces the generation's segments below the cut with the
/// result. The speed layer above goes on undisturbed.
///
/// # Errors
/// The cut lies within a segment, the log cannot be read, or another batch run has pinned since:
/// nothing has changed then but the pin.
pub fn run(
    view: &Arc<View>,
    log: &dyn EventLog,
    job: &JobStore,
    generation: GenerationId,
    cut: &OffsetVector,
    options: &Options,
) -> Result<Landing, BatchError> {
    let pin = job.pin(generation, cut.clone())?;
    let origin = job
        .manifest()?
        .generation(generation)
        .map_err(view_store::error::Error::from)?
        .origin
        .clone();
    let threads = options.threads.max(1);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .build()?;
    pool.install(|| {
        let pieces = plan(&origin, cut, threads.saturating_mul(PIECES_PER_THREAD));
        let folded = fold(view, log, &pieces, options)?;
        let segment = Rows {
            coverage: &folded.coverage,
            counters: folded.counters,
            chunks: &folded.chunks,
        };
        let manifest = job.land(generation, &pin, segment)?;
        Ok(Landing {
            cut: cut.clone(),
            manifest,
            records: folded.coverage.records(),
            rejected: folded.counters.rejected,
            rows: folded.chunks.iter().map(|chunk| chunk.num_rows()).sum(),
        })
    })
}
