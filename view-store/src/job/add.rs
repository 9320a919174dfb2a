//! Adding a segment: write the file, then name it.

use std::sync::Arc;

use shared_logic::coverage::{Coverage, Span};
use shared_logic::identity::TopicPartition;

use super::JobStore;
use crate::blobs::{BlobError, Creation};
use crate::error::{Error, Refusal, Stale};
use crate::layout;
use crate::manifest::{Generation, GenerationId, Maker, Manifest, SegmentEntry, Side};
use crate::rule::Rule;
use crate::segment::{FORMAT, Label, Rows, write};

impl JobStore {
    /// Writes `rows` as a segment of `generation` and names it by the edit `name`, which is
    /// given its entry.
    ///
    /// # Errors
    /// Those of `name`, if possible before the file is written.
    pub(super) fn add(
        &self,
        generation: GenerationId,
        maker: Maker,
        rows: Rows<'_>,
        name: impl Fn(&mut Manifest, SegmentEntry) -> Result<(), Error>,
    ) -> Result<Arc<Manifest>, Error> {
        let mut read = self.manifest()?;
        let label = Label {
            format: FORMAT,
            fingerprint: read.generation(generation)?.fingerprint.clone(),
            generation,
            coverage: without_empty_spans(rows.coverage)?,
            counters: rows.counters,
        };
        let encoded = write::encode(rows, &label)?;
        loop {
            let base = read.number;
            let entry = SegmentEntry {
                path: layout::segment(&self.name, base, self.store.entropy.ulid()),
                base,
                maker,
                coverage: label.coverage.clone(),
                counters: label.counters,
                rows: rows.len() as u64,
                bytes: encoded.bytes.len() as u64,
                checksum: encoded.checksum.clone(),
            };
            let edit = |manifest: &mut Manifest| {
                let floor = manifest.floor;
                if self.store.rules.broken(Rule::Base, base >= floor) {
                    return Err(Stale::Base { base, floor }.into());
                }
                name(manifest, entry.clone())
            };
            self.draft(&read, edit)?;
            self.create_segment(&entry.path, encoded.bytes.clone())?;
            match self.commit(read, edit) {
                // gc may have deleted the file; another one will not be older than the floor.
                Err(Error::Stale(Stale::Base { .. })) => read = self.manifest()?,
                named => return named.map(|(manifest, ())| manifest),
            }
        }
    }

    fn create_segment(&self, path: &str, bytes: bytes::Bytes) -> Result<(), Error> {
        match self.store.blobs.create(path, bytes)? {
            Creation::Created => Ok(()),
            Creation::AlreadyThere => Err(BlobError::new(
                "create",
                path,
                "a new name is taken: the source of names repeats itself",
            )
            .into()),
        }
    }
}

/// A span without offsets stands for nothing; a manifest does not name it.
fn without_empty_spans(coverage: &Coverage) -> Result<Coverage, Refusal> {
    let spans = (coverage.0.iter())
        .filter(|(_, span)| span.start != span.next)
        .map(|(place, span)| (place.clone(), *span));
    let coverage = Coverage(spans.collect());
    if coverage.0.is_empty() {
        return Err(Refusal::Nothing);
    }
    Ok(coverage)
}

/// Refuses a fold that the pin's cut divides.
pub(super) fn beside_the_pin(generation: &Generation, coverage: &Coverage) -> Result<(), Stale> {
    match &generation.pin {
        Some(pin) if Side::of(coverage, &pin.cut) == Side::Straddles => Err(Stale::Straddles {
            cut: pin.cut.clone(),
            coverage: spans(coverage),
        }),
        _ => Ok(()),
    }
}

/// `topic/partition:[start, next)` for each span.
pub(super) fn spans(coverage: &Coverage) -> String {
    let one = |(place, span): (&TopicPartition, &Span)| {
        format!("{place}:[{}, {})", span.start, span.next)
    };
    coverage.0.iter().map(one).collect::<Vec<_>>().join(", ")
}
