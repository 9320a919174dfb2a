//! Who collects garbage, and who needs some of it.

use view_store::error::{Error, Refusal};
use view_store::manifest::ManifestNumber;

use super::Result;
use super::reader::read_all;
use crate::sim::Actor;

/// Collects garbage, with more or less patience for slow readers.
pub fn gc(actor: &mut Actor) -> Result<()> {
    for _ in 0..2 + actor.rng.below(4) {
        actor.pauses(8);
        actor.manifest()?;
        let keep = [0, 0, 1, 5][actor.rng.below(4) as usize];
        match actor.job.gc(keep) {
            Ok(report) if !report.segments.is_empty() => actor.seen("gc deleted segments"),
            Ok(_) => {}
            Err(Error::Retry { .. }) => actor.seen("a gc was passed by another"),
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Marks a manifest, comes back to it later, and finds all of it.
pub fn savepoint(actor: &mut Actor) -> Result<()> {
    for _ in 0..2 {
        actor.pauses(10);
        let manifest = actor.manifest()?;
        let back = actor.rng.below(manifest.number.0.min(4));
        let number = ManifestNumber(manifest.number.0 - back);
        let name = format!("savepoint-{}", actor.me);
        match actor.job.mark(&name, number) {
            Err(Error::Refused(Refusal::NotKept { .. })) => {
                actor.seen("a mark came too late");
                continue;
            }
            marked => actor.committed(&*marked?),
        }
        actor.pauses(30);
        let marked = match actor.job.manifest_at(number) {
            Err(Error::Refused(error)) => actor.red(format!("mark {name}: {error}")),
            marked => marked?,
        };
        actor.committed(&marked);
        for id in marked.generations.keys() {
            let snapshot = view_store::snapshot::Snapshot::of(marked.clone(), *id)?;
            if !read_all(actor, &snapshot)? {
                actor.red(format!("a segment that mark {name} needs is gone"));
            }
        }
        actor.seen("a mark was kept");
        actor.committed(&*actor.job.unmark(&name)?);
    }
    Ok(())
}
