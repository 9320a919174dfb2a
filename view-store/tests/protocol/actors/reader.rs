//! Queries: of the newest manifest, of a speed layer's open fold, of the past.

use std::sync::Arc;

use view_store::error::{Error, Refusal};
use view_store::manifest::{Manifest, ManifestNumber};
use view_store::snapshot::Snapshot;

use super::Result;
use crate::oracle::{equal, tiles};
use crate::sim::{Actor, Twist};
use crate::toy::{Rows, Version, add_rows};

pub fn life(actor: &mut Actor) -> Result<()> {
    let mut last: Option<(usize, u64, Arc<Snapshot>)> = None;
    for _ in 0..4 + actor.rng.below(8) {
        actor.pauses(4);
        match actor.rng.below(4) {
            0 | 1 => newest(actor)?,
            2 => open_fold(actor, &mut last)?,
            _ if actor.sim.plan.twist == Twist::Probe => probe(actor)?,
            _ => past(actor)?,
        }
    }
    Ok(())
}

/// Merges all of a snapshot and compares it with the truth; false if gc was faster.
pub fn read_all(actor: &Actor, snapshot: &Snapshot) -> Result<bool> {
    if let Err(why) = tiles(
        &snapshot.segments,
        &snapshot.manifest.generation(snapshot.generation)?.next,
    ) {
        actor.red(why);
    }
    let mut rows = Rows::new();
    for segment in snapshot.segments.iter() {
        match actor.job.read(segment, &snapshot.fingerprint) {
            Ok(partial) => add_rows(&mut rows, &partial),
            Err(Error::Retry { .. }) => {
                actor.seen("gc passed a reader");
                return Ok(false);
            }
            Err(error) => return Err(error),
        }
    }
    for run in &snapshot.runs {
        add_rows(&mut rows, run);
    }
    if let Err(why) = equal(&rows, Version::of(&snapshot.fingerprint), &snapshot.offsets) {
        actor.red(format!("a reader: {why}"));
    }
    Ok(true)
}

fn newest(actor: &mut Actor) -> Result<()> {
    let manifest = actor.manifest()?;
    let id = actor.choose(&manifest);
    match actor.job.snapshot(Some(id)) {
        Ok(snapshot) => {
            actor.committed(&snapshot.manifest);
            read_all(actor, &snapshot).map(drop)
        }
        Err(Error::Stale(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Reads what some speed layer has published; while it does not begin anew it never goes back.
fn open_fold(actor: &mut Actor, last: &mut Option<(usize, u64, Arc<Snapshot>)>) -> Result<()> {
    let open = actor.history(|history| history.open.clone());
    let open: Vec<_> = open.into_iter().collect();
    let Some((speed, (begun, published))) = actor.rng.pick(&open).cloned() else {
        return Ok(());
    };
    let snapshot = published.load();
    if let Some((_, _, before)) = last.as_ref().filter(|(s, b, _)| (*s, *b) == (speed, begun))
        && !snapshot.offsets.reaches(&before.offsets)
    {
        actor.red(format!(
            "an open fold went back from {} to {}",
            before.offsets, snapshot.offsets
        ));
    }
    if !snapshot.runs.is_empty() {
        actor.seen("a reader saw runs");
    }
    read_all(actor, &snapshot)?;
    *last = Some((speed, begun, snapshot));
    Ok(())
}

/// Reads a manifest by its number.
fn past(actor: &mut Actor) -> Result<()> {
    let newest = actor.manifest()?.number.0;
    actor.pauses(8);
    let number = ManifestNumber(newest - actor.rng.below(newest.min(12)));
    match actor.job.manifest_at(number) {
        Ok(manifest) => {
            actor.committed(&manifest);
            actor.seen("the past was read");
        }
        Err(Error::Refused(Refusal::NotKept { .. })) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

/// What no reader may do: look for the number that follows on the last one known.
fn probe(actor: &mut Actor) -> Result<()> {
    let mut found: Arc<Manifest> = actor.manifest()?;
    actor.pauses(20);
    while let Ok(next) = actor.job.manifest_at(found.number.next()) {
        found = next;
    }
    actor.committed(&found);
    Ok(())
}
