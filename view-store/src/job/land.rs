//! Landing: the segment of a batch run replaces all segments below its cut.

use std::sync::Arc;

use shared_logic::coverage::{Coverage, OffsetVector};
use shared_logic::identity::TopicPartition;

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
            self.name_landed(manifest, generation, pin, entry)
        })
    }

    fn name_landed(
        &self,
        manifest: &mut Manifest,
        id: GenerationId,
        pin: &Pin,
        entry: SegmentEntry,
    ) -> Result<(), Error> {
        let generation = manifest.generation_mut(id)?;
        let held = generation.pin.as_ref().is_some_and(|now| now.id == pin.id);
        if self.store.rules.broken(Rule::PinHeld, held) {
            return Err(Stale::Pin(pin.id.clone()).into());
        }
        covers_exactly(&entry.coverage, &generation.origin, &pin.cut)?;
        let below = |segment: &SegmentEntry| Side::of(&segment.coverage, &pin.cut) == Side::Below;
        if self.store.rules.keep(Rule::Records) {
            same_records(generation, below, &entry.coverage)?;
        }
        generation.segments.retain(|segment| !below(segment));
        generation.next = generation.next.max(&pin.cut);
        generation.segments.push(entry);
        if held {
            generation.pin = None;
        }
        Ok(())
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
