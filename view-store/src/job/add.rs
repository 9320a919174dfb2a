//! Adding a segment: write the file, then name it.

use std::sync::Arc;

use shared_logic::coverage::{Coverage, Span};
use shared_logic::identity::TopicPartition;

use super::JobStore;
use crate::blobs::{BlobError, Creation};
use crate::error::{Error, Refusal, Stale};
use crate::layout;
use crate::manifest::{
    Generation, GenerationId, Maker, Manifest, ManifestNumber, SegmentEntry, Side,
};
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
        let (label, encoded) = encode(&read, generation, rows)?;
        loop {
            let base = read.number;
            let entry = self.entry(base, maker, &label, rows.len() as u64, &encoded);
            let edit = |manifest: &mut Manifest| {
                self.not_below_the_floor(manifest, &entry)?;
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

    /// Writes `rows` as a segment of `generation` that no manifest names yet.
    ///
    /// # Errors
    /// There is nothing in it, or the storage fails.
    pub(super) fn write(
        &self,
        generation: GenerationId,
        maker: Maker,
        rows: Rows<'_>,
    ) -> Result<SegmentEntry, Error> {
        let read = self.manifest()?;
        let (label, encoded) = encode(&read, generation, rows)?;
        let entry = self.entry(read.number, maker, &label, rows.len() as u64, &encoded);
        self.create_segment(&entry.path, encoded.bytes)?;
        Ok(entry)
    }

    fn entry(
        &self,
        base: ManifestNumber,
        maker: Maker,
        label: &Label,
        rows: u64,
        encoded: &write::Encoded,
    ) -> SegmentEntry {
        SegmentEntry {
            path: layout::segment(&self.name, base, self.store.entropy.ulid()),
            base,
            maker,
            coverage: label.coverage.clone(),
            counters: label.counters,
            rows,
            bytes: encoded.bytes.len() as u64,
            checksum: encoded.checksum.clone(),
        }
    }

    /// Refuses to name a segment that gc may have deleted.
    pub(super) fn not_below_the_floor(
        &self,
        manifest: &Manifest,
        entry: &SegmentEntry,
    ) -> Result<(), Stale> {
        let (base, floor) = (entry.base, manifest.floor);
        match self.store.rules.broken(Rule::Base, base >= floor) {
            true => Err(Stale::Base { base, floor }),
            false => Ok(()),
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

/// A segment's label and bytes.
fn encode(
    manifest: &Manifest,
    generation: GenerationId,
    rows: Rows<'_>,
) -> Result<(Label, write::Encoded), Error> {
    let label = Label {
        format: FORMAT,
        fingerprint: manifest.generation(generation)?.fingerprint.clone(),
        generation,
        coverage: without_empty_spans(rows.coverage)?,
        counters: rows.counters,
        narrow: vec![],
    };
    let encoded = write::encode(rows, &label)?;
    Ok((label, encoded))
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
