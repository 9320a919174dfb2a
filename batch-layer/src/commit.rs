//! The batch commit: pin a cut, fold everything below it, land one segment in one edit.

use std::sync::Arc;

use event_log::EventLog;
use event_log::archive::Archive;
use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::fold::FoldError;
use shared_logic::partial::{Counters, Partial};
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::job::land::Written;
use view_store::manifest::{GenerationId, Manifest};
use view_store::segment::Rows;

use crate::engine::{Engine, by_fold, by_polars, lowers, pieces};
use crate::error::BatchError;
use crate::fold::Options;
use crate::spill::{Spilled, fold_within};

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
    /// Records that came too late for the view.
    pub late: u64,
    /// Rows of the segment: one per window and key; of several segments, one in each.
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
    land(job, generation, cut, options, |origin| {
        match options.memory {
            None => by_fold(view, log, origin, cut, options).map(Spilled::Folded),
            Some(memory) => {
                let pieces = pieces(origin, cut, options.threads);
                let write = |partial: &Partial| Ok(job.write_part(generation, partial)?);
                fold_within(view, log, &pieces, options, memory, &write)
            }
        }
    })
}

/// [`run`] over an archive, with an engine of choice.
///
/// # Errors
/// Those of [`run`], and a view that the engine does not compute.
pub fn run_on(
    engine: Engine,
    view: &Arc<View>,
    archive: &Archive,
    job: &JobStore,
    generation: GenerationId,
    cut: &OffsetVector,
    options: &Options,
) -> Result<Landing, BatchError> {
    match engine {
        Engine::Fold => run(view, archive, job, generation, cut, options),
        Engine::Polars => {
            lowers(view)?;
            land(job, generation, cut, options, |origin| {
                by_polars(view, archive, origin, cut, options).map(Spilled::Folded)
            })
        }
    }
}

/// Pins the cut, lets `[origin, cut)` be folded, and lands the result.
fn land(
    job: &JobStore,
    generation: GenerationId,
    cut: &OffsetVector,
    options: &Options,
    fold: impl FnOnce(&OffsetVector) -> Result<Spilled, BatchError> + Send,
) -> Result<Landing, BatchError> {
    let pin = job.pin(generation, cut.clone())?;
    let manifest = job.manifest()?;
    let origin = &manifest
        .generation(generation)
        .map_err(view_store::error::Error::from)?
        .origin;
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(options.threads.max(1))
        .build()?;
    // The segment is encoded on the same threads.
    pool.install(|| {
        let (coverage, counters, rows, manifest) = match fold(origin)? {
            Spilled::Folded(folded) => {
                let segment = Rows {
                    coverage: &folded.coverage,
                    counters: folded.counters,
                    chunks: &folded.chunks,
                };
                let manifest = job.land(generation, &pin, segment)?;
                let rows = segment.len();
                (folded.coverage, folded.counters, rows, manifest)
            }
            Spilled::Written(parts) => {
                let manifest = job.land_all(generation, &pin, &parts)?;
                let coverage = Coverage::union(parts.iter().map(Written::coverage));
                let none = Counters::default();
                let counters = (parts.iter()).fold(none, |sum, part| sum.plus(part.counters()));
                let rows = parts.iter().map(|part| part.rows() as usize).sum();
                (coverage.map_err(FoldError::from)?, counters, rows, manifest)
            }
        };
        Ok(Landing {
            cut: cut.clone(),
            manifest,
            records: coverage.records(),
            rejected: counters.rejected,
            late: counters.late,
            rows,
        })
    })
}
