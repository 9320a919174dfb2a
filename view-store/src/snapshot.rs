//! A snapshot: exactly what one query reads, and the offsets that it stands for.

use std::sync::Arc;

use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::partial::Partial;
use shared_logic::view::Fingerprint;

use crate::error::{Error, Refusal, Stale};
use crate::manifest::{GenerationId, Manifest, SegmentEntry};

/// A manifest's segments of one generation, and the runs of an open fold above them.
///
/// Merged, they are the fold of everything below `offsets`, once.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// The manifest that names the segments.
    pub manifest: Arc<Manifest>,
    /// The generation.
    pub generation: GenerationId,
    /// Its logic, which [`read`](crate::job::JobStore::read) asks for.
    pub fingerprint: Fingerprint,
    /// Its segments.
    pub segments: Arc<[SegmentEntry]>,
    /// What is folded above them and not yet sealed, oldest first.
    pub runs: Vec<Arc<Partial>>,
    /// The records that segments and runs stand for, with the watermarks reached.
    pub coverage: Coverage,
    /// The next offset in each partition: the view is exact up to here.
    pub offsets: OffsetVector,
}

impl Snapshot {
    /// The snapshot of a generation as `manifest` has it, without an open fold.
    ///
    /// # Errors
    /// The manifest has no such generation.
    pub fn of(manifest: Arc<Manifest>, id: GenerationId) -> Result<Self, Error> {
        let generation = manifest.generation(id)?;
        let coverage = generation.coverage().map_err(|error| Error::Corrupt {
            path: crate::layout::manifest(&manifest.job, manifest.number),
            why: error.to_string(),
        })?;
        Ok(Self {
            generation: id,
            fingerprint: generation.fingerprint.clone(),
            segments: generation.segments.clone().into(),
            runs: Vec::new(),
            coverage,
            offsets: generation.next.clone(),
            manifest,
        })
    }

    /// The same with `runs` on top, each where the one before it ends.
    ///
    /// # Errors
    /// One of them does not start where the snapshot ends ([`Stale::Next`]), or its watermark does
    /// not follow.
    pub(crate) fn with(&self, runs: impl IntoIterator<Item = Arc<Partial>>) -> Result<Self, Error> {
        let mut with = self.clone();
        for run in runs {
            for (place, span) in &run.coverage.0 {
                let (place, next) = (place.clone(), with.offsets.get(place));
                if span.start != next {
                    let start = span.start;
                    return Err(Stale::Next { place, start, next }.into());
                }
                let whole = match with.coverage.0.get(&place) {
                    Some(below) => below.join(span, &place).map_err(Refusal::Prefix)?,
                    None => *span,
                };
                with.offsets.set(place.clone(), span.next);
                with.coverage.0.insert(place, whole);
            }
            with.runs.push(run);
        }
        Ok(with)
    }
}
