//! `seam reprocess`: a generation of new logic beside the live one, then the swap.

use std::io::{Write, stdout};
use std::sync::Arc;

use batch_layer::commit;
use event_log::{EventLog, archiver};
use shared_logic::view::View;
use speed_layer::commit::Speed;
use view_store::job::JobStore;
use view_store::job::generations::Behind;
use view_store::manifest::GenerationId;

use crate::args::{From, Reprocess};
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::{Loaded, options};
use crate::store;

/// Builds and catches up; swaps if asked to: fold by fold.
pub fn run(args: &Reprocess) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let store = store::open(&args.store)?;
    let behind = if args.behind {
        Behind::Allowed
    } else {
        Behind::Refused
    };
    let mut built = vec![];
    let mut ends = store::Ends::default();
    for view in loaded.folds() {
        let job = store::job(&store, view)?;
        let of = store::of(&loaded, view);
        if args.rollback {
            let manifest = job.rollback(behind).or_input()?;
            writeln!(
                stdout(),
                "rolled back{of}: generation {} is live, manifest {}",
                manifest.live,
                manifest.number
            )?;
            continue;
        }
        let generation = build(args, &loaded, view, &job, &mut ends)?;
        let manifest = job.manifest()?;
        writeln!(
            stdout(),
            "generation {generation}{of} stands at {}, generation {} is live",
            manifest.generation(generation)?.next,
            manifest.live
        )?;
        built.push((job, generation, of));
    }
    // All folds have caught up before the first is swapped.
    for (job, generation, of) in built {
        if args.cutover && job.manifest()?.live != generation {
            let manifest = job.cut_over(generation, behind).or_input()?;
            writeln!(
                stdout(),
                "cut over{of}: generation {} is live, manifest {}",
                manifest.live,
                manifest.number
            )?;
        }
    }
    Ok(())
}

fn build(
    args: &Reprocess,
    loaded: &Loaded,
    view: &Arc<View>,
    job: &JobStore,
    ends: &mut store::Ends,
) -> Outcome<GenerationId> {
    let archive = match args.from {
        From::Log => None,
        From::Archive | From::Hybrid => Some(store::archive(&args.store, &args.archive, view)?),
    };
    let log = match args.from {
        From::Archive => None,
        From::Log | From::Hybrid => Some(store::log(&args.log, loaded, view)?),
    };
    if let (Some(archive), Some(log)) = (&archive, &log) {
        archiver::verify(log.as_ref(), archive)?;
    }
    let first: &dyn EventLog = match (&archive, &log) {
        (Some(archive), _) => archive,
        (None, Some(log)) => log.as_ref(),
        (None, None) => return Err(Failure::input("nothing to read from")),
    };
    let origin = first.start()?;
    let known = job
        .manifest()
        .ok()
        .and_then(|m| m.generation_of(&view.fingerprint));
    let generation = match known {
        Some(generation) => generation,
        None => {
            job.create_generation(&store::new_generation(loaded, view, &origin))?
                .0
        }
    };
    let options = options(&args.fold);
    if let Some(archive) = &archive {
        let cut = archive.end()?;
        let stands = job.manifest()?.generation(generation)?.next.clone();
        if !stands.reaches(&cut) {
            commit::run(view, archive, job, generation, &cut, &options.batch)?;
        }
    }
    if let Some(log) = &log {
        let end = ends.of(view, log.as_ref())?;
        let mut speed = Speed::resume(view, log.as_ref(), job, generation, options.speed)?;
        speed.follow(log.as_ref(), &end)?;
        speed.checkpoint()?;
    }
    Ok(generation)
}
