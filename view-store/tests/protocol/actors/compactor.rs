//! A compactor: merges neighbours, and does not look at the pin before it asks.

use shared_logic::coverage::Coverage;
use view_store::error::{Error, Stale};

use super::Result;
use crate::sim::Actor;
use crate::toy::merge;

pub fn life(actor: &mut Actor) -> Result<()> {
    for _ in 0..2 + actor.rng.below(6) {
        actor.pauses(8);
        let manifest = actor.manifest()?;
        let id = actor.choose(&manifest);
        let generation = manifest.generation(id)?;
        let mut segments = generation.segments.clone();
        segments.sort_by_key(|segment| {
            segment
                .coverage
                .0
                .values()
                .map(|span| span.next.0)
                .sum::<u64>()
        });
        let from = actor.rng.below(segments.len().max(1) as u64) as usize;
        let many = 2 + actor.rng.below(2) as usize;
        let chosen: Vec<_> = segments.into_iter().skip(from).take(many).collect();
        let union = Coverage::union(chosen.iter().map(|segment| &segment.coverage));
        if chosen.len() < 2 || union.is_err() {
            continue;
        }
        let mut partials = Vec::new();
        for segment in &chosen {
            match actor.job.read(segment, &generation.fingerprint) {
                Ok(partial) => partials.push(partial),
                Err(Error::Retry { .. }) => break,
                Err(error) => return Err(error),
            }
        }
        if partials.len() < chosen.len() {
            continue;
        }
        match actor.job.compact(id, &chosen, &merge(&partials)) {
            Ok(manifest) => {
                actor.committed(&manifest);
                actor.seen("compacted");
            }
            Err(Error::Stale(Stale::Segment(_))) => actor.seen("a segment was replaced"),
            Err(Error::Stale(Stale::Straddles { .. })) => {
                actor.seen("a compaction straddled the pin")
            }
            Err(Error::Stale(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
