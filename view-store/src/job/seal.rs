//! Sealing: a checkpoint of the speed layer becomes a segment, and its offsets durable with it.

use std::sync::Arc;

use shared_logic::identity::Offset;
use shared_logic::partial::Partial;

use super::JobStore;
use super::add::beside_the_pin;
use super::own::Ownership;
use crate::error::{Error, Refusal, Stale};
use crate::manifest::{Maker, Manifest, SegmentEntry};
use crate::rule::Rule;

impl JobStore {
    /// Adds `partial` on top of the generation owned, in one edit with the offsets it advances.
    ///
    /// It must start where the manifest stands in each partition it touches. At a pin's cut ahead
    /// the caller seals what is below and what is above apart.
    ///
    /// # Errors
    /// - [`Stale`]: another owner or a landing was there first, or the pin's cut lies within: drop
    ///   the fold and resume;
    /// - [`Refusal::Nothing`], [`Refusal::NotClaimed`], [`Refusal::Rows`];
    /// - [`Refusal::Prefix`]: the fold does not follow on the watermark of the segments below.
    pub fn seal(&self, ownership: &Ownership, partial: &Partial) -> Result<Arc<Manifest>, Error> {
        self.add(
            ownership.generation,
            Maker::Speed,
            partial.into(),
            |manifest, entry| self.name_sealed(manifest, ownership, entry),
        )
    }

    fn name_sealed(
        &self,
        manifest: &mut Manifest,
        ownership: &Ownership,
        entry: SegmentEntry,
    ) -> Result<(), Error> {
        let rules = self.store.rules;
        let generation = manifest.generation_mut(ownership.generation)?;
        for (place, span) in &entry.coverage.0 {
            let held = ownership.epochs.get(place).copied();
            let held = held.ok_or_else(|| Refusal::NotClaimed(place.clone()))?;
            let now = generation.owners.get(place).copied().unwrap_or_default();
            if rules.broken(Rule::Epoch, held == now) {
                let place = place.clone();
                return Err(Stale::Owner { place, held, now }.into());
            }
            let next: Offset = generation.next.get(place);
            if rules.broken(Rule::Next, span.start == next) {
                let (place, start) = (place.clone(), span.start);
                return Err(Stale::Next { place, start, next }.into());
            }
        }
        if rules.keep(Rule::SealAtPin) {
            beside_the_pin(generation, &entry.coverage)?;
        }
        for (place, span) in &entry.coverage.0 {
            generation.next.set(place.clone(), span.next);
        }
        generation.segments.push(entry);
        Ok(())
    }
}
