//! Landing: the segment of a batch run replaces all segments below its cut.

use std::sync::Arc;

use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::identity::TopicPartition;
use shared_logic::partial::Counters;

use super::JobStore;
use crate::error::{Error, Refusal, Stale};
use crate::manifest::{Generation, GenerationId, Maker, Manifest, Pin, SegmentEntry, Side};
use crate::rule::Rule;
use crate::segment::Rows;

impl JobStore {
    /// Replaces exactly the segments below the pin's cut by `rows`, in one edit, and removes the
    /// pin. Where the cut is ahead of the manifest, the generation then stands at the cut.
    ///
    /// # Errors
    /// - [`Stale::Pin`]: another run has pinned since;
    /// - [`Refusal::Coverage`]: the fold does not cover all from the origin to the cut;
    /// - [`Refusal::Records`], [`Refusal::Prefix`]: the batch read another history than the
    ///   segments stand for;
    /// - there is no such job or generation.
    pub fn land<'a>(
        &self,
        generation: GenerationId,
        pin: &Pin,
        rows: impl Into<Rows<'a>>,
    ) -> Result<Arc<Manifest>, Error> {
        self.add(generation, Maker::Batch, rows.into(), |manifest, entry| {
            self.name_landed(manifest, generation, pin, vec![entry])
        })
    }

    /// Writes a part of what a batch run will land; [`land_all`](Self::land_all) names it.
    ///
    /// # Errors
    /// - [`Refusal::Nothing`], [`Refusal::Rows`];
    /// - there is no such job or generation.
    pub fn write_part<'a>(
        &self,
        generation: GenerationId,
        rows: impl Into<Rows<'a>>,
    ) -> Result<Written, Error> {
        let entry = self.write(generation, Maker::Batch, rows.into())?;
        Ok(Written(entry))
    }

    /// [`land`](Self::land) for a batch run in parts, which become a segment each: they replace
    /// exactly the segments below the pin's cut, in one edit.
    ///
    /// # Errors
    /// Those of [`land`](Self::land), where the parts together cover all from the origin to the cut,
    /// and [`Stale::Base`] where a gc has passed since the first part was written: run the batch
    /// again.
    pub fn land_all(
        &self,
        generation: GenerationId,
        pin: &Pin,
        parts: &[Written],
    ) -> Result<Arc<Manifest>, Error> {
        let entries: Vec<SegmentEntry> = parts.iter().map(|part| part.0.clone()).collect();
        let landed = self.commit(self.manifest()?, |manifest| {
            for entry in &entries {
                self.not_below_the_floor(manifest, entry)?;
            }
            self.name_landed(manifest, generation, pin, entries.clone())
        });
        landed.map(|(manifest, ())| manifest)
    }

    fn name_landed(
        &self,
        manifest: &mut Manifest,
        id: GenerationId,
        pin: &Pin,
        entries: Vec<SegmentEntry>,
    ) -> Result<(), Error> {
        let generation = manifest.generation_mut(id)?;
        let held = generation.pin.as_ref().is_some_and(|now| now.id == pin.id);
        if self.store.rules.broken(Rule::PinHeld, held) {
            return Err(Stale::Pin(pin.id.clone()).into());
        }
        let parts = entries.iter().map(|entry| &entry.coverage);
        let coverage = Coverage::union(parts).map_err(Refusal::Prefix)?;
        covers_exactly(&coverage, &generation.origin, &pin.cut)?;
        let below = |segment: &SegmentEntry| Side::of(&segment.coverage, &pin.cut) == Side::Below;
        if self.store.rules.keep(Rule::Records) {
            same_records(generation, below, &coverage)?;
        }
        generation.segments.retain(|segment| !below(segment));
        generation.next = generation.next.max(&pin.cut);
        generation.segments.extend(entries);
        if held {
            generation.pin = None;
        }
        Ok(())
    }
}

/// A part of a batch run's result that is written and that no manifest names yet.
#[derive(Clone, Debug)]
pub struct Written(SegmentEntry);

impl Written {
    /// The records that it stands for.
    pub fn coverage(&self) -> &Coverage {
        &self.0.coverage
    }

    /// What became of those that are in no row.
    pub fn counters(&self) -> Counters {
        self.0.counters
    }

    /// How many rows it has.
    pub fn rows(&self) -> u64 {
        self.0.rows
    }
}

/// Checks that in each partition `coverage` is `[origin, cut)`.
fn covers_exactly(
    coverage: &Coverage,
    origin: &OffsetVector,
    cut: &OffsetVector,
) -> Result<(), Refusal> {
    let places = cut.0.keys().chain(coverage.0.keys());
    for place in places {
        let must = (origin.get(place), cut.get(place));
        let span = coverage.0.get(place);
        let does = span.map_or((must.0, must.0), |span| (span.start, span.next));
        if does != must {
            let show = |(start, next)| format!("[{start}, {next})");
            return Err(Refusal::Coverage {
                place: place.clone(),
                found: show(does),
                expected: show(must),
            });
        }
    }
    Ok(())
}

/// Checks that the segments to be replaced hold as many records as the batch read, in each
/// partition that they cover up to the cut.
fn same_records(
    generation: &Generation,
    below: impl Fn(&SegmentEntry) -> bool,
    landed: &Coverage,
) -> Result<(), Refusal> {
    for (place, span) in &landed.0 {
        if generation.next.get(place) < span.next {
            continue;
        }
        let named: u64 = (generation.segments.iter())
            .filter(|segment| below(segment))
            .filter_map(|segment| segment.coverage.0.get(place))
            .map(|span| span.records)
            .sum();
        if named != span.records {
            return Err(Refusal::Records {
                place: TopicPartition::clone(place),
                cut: span.next,
                named,
                found: span.records,
            });
        }
    }
    Ok(())
}
