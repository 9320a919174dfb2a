//! A speed layer: claims partitions, folds, publishes runs, seals them.

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use shared_logic::partial::Partial;
use view_store::error::{Error, Stale};
use view_store::job::own::Ownership;
use view_store::manifest::Generation;
use view_store::open_fold::OpenFold;

use super::{Result, ahead};
use crate::sim::{Actor, Twist};
use crate::toy::{Version, fold, merge, places};

pub fn life(actor: &mut Actor) -> Result<()> {
    for _ in 0..1 + actor.rng.below(3) {
        let manifest = actor.manifest()?;
        let generation = actor.choose(&manifest);
        let mine: Vec<TopicPartition> = match actor.rng.below(4) {
            0 => places().take(1).collect(),
            1 => places().skip(1).collect(),
            _ => places().collect(),
        };
        let own = actor.job.claim(generation, mine)?;
        actor.committed(&own.manifest);
        stream(actor, &own)?;
        actor.pauses(4);
    }
    Ok(())
}

/// Folds and seals until something makes it resume from the manifest.
fn stream(actor: &mut Actor, own: &Ownership) -> Result<()> {
    let mut open = OpenFold::new(own.manifest.clone(), own.generation)?;
    let version = Version::of(&open.snapshot().fingerprint);
    actor.history(|history| {
        let begun = history
            .open
            .get(&actor.me)
            .map_or(0, |(begun, _)| begun + 1);
        history.open.insert(actor.me, (begun, open.published()));
    });
    for _ in 0..1 + actor.rng.below(9) {
        let run = next_run(actor, own, &open, version);
        open.publish(run)?;
        actor.pause();
        let outcome = match actor.rng.below(10) {
            0..5 => seal(actor, own, &mut open),
            5..7 => actor.job.manifest().and_then(|peers| open.advance(peers)),
            _ => Ok(()),
        };
        match outcome {
            Err(Error::Stale(Stale::Next { place, .. })) => {
                actor.seen("a landing was there first");
                if actor.history(|history| history.overtaken(own, &place)) {
                    actor.red(format!(
                        "the owner of {place} was overtaken, its answer goes back"
                    ));
                }
                return Ok(());
            }
            Err(Error::Stale(Stale::Straddles { .. })) => {
                actor.seen("a seal straddled the pin");
                return seal_up_to_the_pin(actor, own, version);
            }
            Err(Error::Stale(stale)) => {
                if let Stale::Owner { .. } = stale {
                    actor.seen("a zombie sealed");
                }
                return Ok(());
            }
            outcome => outcome?,
        }
    }
    Ok(())
}

/// Some records more in each partition owned; half the time no further than the pin seen.
fn next_run(actor: &mut Actor, own: &Ownership, open: &OpenFold, version: Version) -> Partial {
    let snapshot = open.snapshot();
    let pin = (snapshot.manifest.generation(own.generation).ok()).and_then(|g| g.pin.clone());
    let heeds = actor.rng.chance(50);
    let mut next = ahead(&mut actor.rng, &snapshot.offsets, 3);
    next.0.retain(|place, _| own.epochs.contains_key(place));
    if let Some(pin) = pin.filter(|_| heeds) {
        for (place, next) in &mut next.0 {
            let cut = pin.cut.get(place);
            if snapshot.offsets.get(place) < cut {
                *next = cut.min(*next);
            }
        }
    }
    fold(version, &snapshot.offsets, &next)
}

fn seal(actor: &mut Actor, own: &Ownership, open: &mut OpenFold) -> Result<()> {
    let snapshot = open.snapshot();
    let sealed = merge(snapshot.runs.iter().map(AsRef::as_ref));
    if sealed
        .coverage
        .0
        .values()
        .all(|span| span.start == span.next)
    {
        return Ok(());
    }
    if actor.sim.plan.twist == Twist::DropRuns {
        open.restart(snapshot.manifest.clone())?;
        actor.pause();
    }
    let manifest = actor.job.seal(own, &sealed)?;
    actor.committed(&manifest);
    actor.seen("sealed");
    open.advance(manifest)
}

/// What the open fold held is dropped; what lies below the pin is folded again and sealed.
fn seal_up_to_the_pin(actor: &mut Actor, own: &Ownership, version: Version) -> Result<()> {
    let manifest = actor.job.manifest()?;
    let generation: &Generation = manifest.generation(own.generation)?;
    let Some(pin) = &generation.pin else {
        return Ok(());
    };
    let mut next = OffsetVector::default();
    for place in own.epochs.keys() {
        if generation.next.get(place) < pin.cut.get(place) {
            next.set(place.clone(), pin.cut.get(place));
        }
    }
    if next.0.is_empty() {
        return Ok(());
    }
    match actor.job.seal(own, &fold(version, &generation.next, &next)) {
        Ok(manifest) => {
            actor.committed(&manifest);
            actor.seen("sealed up to the pin");
            Ok(())
        }
        Err(Error::Stale(_)) => Ok(()),
        Err(error) => Err(error),
    }
}
