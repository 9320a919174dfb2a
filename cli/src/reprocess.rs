//! `seam reprocess`: a generation of new logic beside the live one, then the swap.

use std::io::{Write, stdout};

use batch_layer::commit;
use event_log::EventLog;
use speed_layer::commit::Speed;
use view_store::job::JobStore;
use view_store::job::generations::Behind;
use view_store::manifest::GenerationId;

use crate::args::{From, Reprocess};
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::{Loaded, options};
use crate::store;

/// Builds and catches up; swaps if asked to.
pub fn run(args: &Reprocess) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let job = store::job(&store::open(&args.store)?, &loaded.view)?;
    let behind = if args.behind {
        Behind::Allowed
    } else {
        Behind::Refused
    };
    if args.rollback {
        let manifest = job.rollback(behind).or_input()?;
        writeln!(
            stdout(),
            "rolled back: generation {} is live, manifest {}",
            manifest.live,
            manifest.number
        )?;
        return Ok(());
    }
    let generation = build(args, &loaded, &job)?;
    let manifest = job.manifest()?;
    writeln!(
        stdout(),
        "generation {generation} stands at {}, generation {} is live",
        manifest.generation(generation)?.next,
        manifest.live
    )?;
    if args.cutover && manifest.live != generation {
        let manifest = job.cut_over(generation, behind).or_input()?;
        writeln!(
            stdout(),
            "cut over: generation {} is live, manifest {}",
            manifest.live,
            manifest.number
        )?;
    }
    Ok(())
}

fn build(args: &Reprocess, loaded: &Loaded, job: &JobStore) -> Outcome<GenerationId> {
    let archive = match args.from {
        From::Log => None,
        From::Archive | From::Hybrid => Some(store::archive(&args.store.store, &loaded.view)?),
    };
    let log = match args.from {
        From::Archive => None,
        From::Log | From::Hybrid => Some(store::log(&args.log, loaded)?),
    };
    let first: &dyn EventLog = match (&archive, &log) {
        (Some(archive), _) => archive,
        (None, Some(log)) => log.as_ref(),
        (None, None) => return Err(Failure::input("nothing to read from")),
    };
    let origin = first.start()?;
    let known = job
        .manifest()
        .ok()
        .and_then(|m| m.generation_of(&loaded.view.fingerprint));
    let generation = match known {
        Some(generation) => generation,
        None => {
            job.create_generation(&store::new_generation(loaded, &origin))?
                .0
        }
    };
    let options = options(&args.fold);
    if let Some(archive) = &archive {
        let cut = archive.end()?;
        let stands = job.manifest()?.generation(generation)?.next.clone();
        if !stands.reaches(&cut) {
            commit::run(&loaded.view, archive, job, generation, &cut, &options.batch)?;
        }
    }
    if let Some(log) = &log {
        let end = log.end()?;
        let mut speed = Speed::resume(&loaded.view, log.as_ref(), job, generation, options.speed)?;
        speed.follow(log.as_ref(), &end)?;
        speed.checkpoint()?;
    }
    Ok(generation)
}
