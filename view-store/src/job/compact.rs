//! Compaction: one segment in place of several, without a look at any event.

use std::collections::BTreeSet;
use std::sync::Arc;

use shared_logic::coverage::Coverage;
use shared_logic::partial::{Counters, Partial};

use super::JobStore;
use super::add::{beside_the_pin, spans};
use crate::error::{Error, Refusal, Stale};
use crate::manifest::{GenerationId, Maker, Manifest, SegmentEntry};
use crate::rule::Rule;

impl JobStore {
    /// Replaces `segments` by `merged`, the merge of what [`read`](Self::read) gives for them.
    ///
    /// # Errors
    /// - [`Refusal::Merge`]: `merged` does not stand for exactly what `segments` do;
    /// - [`Stale::Segment`]: one of them was replaced in the meantime; [`Stale::Straddles`]: they
    ///   lie on both sides of the pin. Choose others;
    /// - there is no such job or generation.
    pub fn compact(
        &self,
        generation: GenerationId,
        segments: &[SegmentEntry],
        merged: &Partial,
    ) -> Result<Arc<Manifest>, Error> {
        stands_for(segments, merged)?;
        self.add(
            generation,
            Maker::Compaction,
            merged.into(),
            |manifest, entry| self.name_compacted(manifest, generation, segments, entry),
        )
    }

    fn name_compacted(
        &self,
        manifest: &mut Manifest,
        id: GenerationId,
        replaced: &[SegmentEntry],
        entry: SegmentEntry,
    ) -> Result<(), Error> {
        let generation = manifest.generation_mut(id)?;
        let named: BTreeSet<&str> = paths(&generation.segments).collect();
        let gone = paths(replaced).find(|path| !named.contains(path));
        if let Some(path) = gone
            && self.store.rules.keep(Rule::Named)
        {
            return Err(Stale::Segment(path.to_owned()).into());
        }
        if self.store.rules.keep(Rule::CompactAtPin) {
            beside_the_pin(generation, &entry.coverage)?;
        }
        let replaced: BTreeSet<&str> = paths(replaced).collect();
        (generation.segments).retain(|segment| !replaced.contains(segment.path.as_str()));
        generation.segments.push(entry);
        Ok(())
    }
}

fn paths(segments: &[SegmentEntry]) -> impl Iterator<Item = &str> {
    segments.iter().map(|segment| segment.path.as_str())
}

/// Checks that `merged` covers and counts what `segments` do.
fn stands_for(segments: &[SegmentEntry], merged: &Partial) -> Result<(), Refusal> {
    let union = Coverage::union(segments.iter().map(|segment| &segment.coverage))
        .map_err(|error| Refusal::Merge(error.to_string()))?;
    if union != merged.coverage {
        return Err(Refusal::Merge(format!(
            "it covers {}, they cover {}, or records or watermarks differ",
            spans(&merged.coverage),
            spans(&union)
        )));
    }
    let counters = (segments.iter()).fold(Counters::default(), |sum, segment| {
        sum.plus(segment.counters)
    });
    if counters != merged.counters {
        return Err(Refusal::Merge(format!(
            "it counts {:?}, they count {counters:?}",
            merged.counters
        )));
    }
    Ok(())
}
