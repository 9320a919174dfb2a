//! A snapshot: exactly what one query reads, and the offsets that it stands for.

use std::sync::Arc;

use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::partial::Partial;
use shared_logic::view::Fingerprint;

use crate::error::{Error, Stale};
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

    /// The same with `run` on top.
    pub(crate) fn with(&self, run: Arc<Partial>) -> Result<Self, Error> {
        for (place, span) in &run.coverage.0 {
            let next = self.offsets.get(place);
            if span.start != next {
                return Err(Error::Stale(Stale::Next {
                    place: place.clone(),
                    start: span.start,
                    next,
                }));
            }
        }
        let coverage = (self.coverage.join(&run.coverage))
            .map_err(|error| Error::Refused(crate::error::Refusal::Prefix(error)))?;
        let mut runs = self.runs.clone();
        let offsets = self.offsets.max(&coverage.next());
        runs.push(run);
        Ok(Self {
            runs,
            coverage,
            offsets,
            ..self.clone()
        })
    }
}
