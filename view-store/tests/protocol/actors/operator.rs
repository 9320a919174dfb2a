//! An operator: reprocesses, cuts over, rolls back, drops.

use view_store::error::{Error, Refusal, Stale};
use view_store::job::generations::Behind;
use view_store::job::own::Ownership;
use view_store::manifest::GenerationId;

use super::{Result, ahead};
use crate::sim::Actor;
use crate::toy::{Version, fold, places};

pub fn life(actor: &mut Actor) -> Result<()> {
    for _ in 0..1 + actor.rng.below(4) {
        actor.manifest()?;
        match actor.rng.below(6) {
            0 | 1 => reprocess(actor)?,
            2 | 3 => rollback(actor)?,
            4 => change_ones_mind(actor)?,
            _ => drop_one(actor)?,
        }
        actor.pauses(6);
    }
    Ok(())
}

/// Begins a generation, drops it, and begins another one.
fn change_ones_mind(actor: &mut Actor) -> Result<()> {
    let version = new_version(actor);
    let (id, manifest) = actor.job.create_generation(&actor.generation(version))?;
    actor.committed(&manifest);
    actor.pauses(20);
    match actor.job.drop_generation(id) {
        Ok(manifest) => actor.committed(&manifest),
        Err(Error::Refused(Refusal::DropLive(_)) | Error::Stale(_)) => {}
        Err(error) => return Err(error),
    }
    reprocess(actor)
}

fn new_version(actor: &Actor) -> Version {
    actor.history(|history| {
        history.version = history.version.max(1) + 1;
        Version(history.version)
    })
}

/// Builds a generation of new logic beside the live one and cuts over once it has caught up.
fn reprocess(actor: &mut Actor) -> Result<()> {
    let version = new_version(actor);
    let (id, manifest) = actor.job.create_generation(&actor.generation(version))?;
    actor.committed(&manifest);
    let own = actor.job.claim(id, places())?;
    actor.committed(&own.manifest);
    for _ in 0..3 {
        if !feed(actor, &own)? || cut_over(actor, id)? {
            break;
        }
    }
    Ok(())
}

/// Folds up to where the live generation stands, and sometimes a little more; false if somebody
/// else has taken over.
fn feed(actor: &mut Actor, own: &Ownership) -> Result<bool> {
    let manifest = actor.job.manifest()?;
    let generation = manifest.generation(own.generation)?;
    let goal = generation.next.max(&manifest.live()?.next);
    let goal = ahead(&mut actor.rng, &goal, 1);
    if generation.next.reaches(&goal) {
        return Ok(true);
    }
    let version = Version::of(&generation.fingerprint);
    match actor.job.seal(own, &fold(version, &generation.next, &goal)) {
        Ok(manifest) => {
            actor.committed(&manifest);
            Ok(true)
        }
        Err(Error::Stale(_)) => Ok(false),
        Err(error) => Err(error),
    }
}

fn cut_over(actor: &mut Actor, id: GenerationId) -> Result<bool> {
    match actor.job.cut_over(id, Behind::Refused) {
        Ok(manifest) => {
            actor.committed(&manifest);
            actor.seen("cut over");
            Ok(true)
        }
        Err(Error::Refused(Refusal::Behind { .. })) => {
            actor.seen("a target was behind");
            Ok(false)
        }
        Err(Error::Refused(Refusal::AlreadyLive(_)) | Error::Stale(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

/// Goes back to the previous generation, which somebody must have fed in the meantime.
fn rollback(actor: &mut Actor) -> Result<()> {
    let manifest = actor.job.manifest()?;
    if let Some(previous) = manifest.previous
        && actor.rng.chance(70)
    {
        let own = actor.job.claim(previous, places())?;
        feed(actor, &own)?;
    }
    actor.history(|history| history.begin(actor.me));
    match actor.job.rollback(Behind::Refused) {
        Ok(manifest) => {
            actor.committed(&manifest);
            actor.seen("rolled back");
            let asked = actor.history(|history| history.basis(actor.me).cloned());
            if asked.is_some_and(|asked| asked.previous != Some(manifest.live)) {
                actor.red("a rollback went to another generation than was asked for");
            }
        }
        Err(Error::Refused(Refusal::Behind { .. })) => actor.seen("a rollback was behind"),
        Err(Error::Stale(Stale::Live { .. })) => actor.seen("a rival swapped"),
        Err(Error::Refused(Refusal::NoPrevious) | Error::Stale(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}

fn drop_one(actor: &mut Actor) -> Result<()> {
    let all = actor.history(|history| history.generations());
    let Some(id) = actor.rng.pick(&all) else {
        return Ok(());
    };
    match actor.job.drop_generation(*id) {
        Ok(manifest) => {
            actor.committed(&manifest);
            actor.seen("dropped");
        }
        Err(Error::Refused(Refusal::DropLive(_)) | Error::Stale(_)) => {}
        Err(error) => return Err(error),
    }
    Ok(())
}
