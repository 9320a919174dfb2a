//! `seam speed`: the log from where the store stands to its end, sealed at checkpoints.

use std::io::{Write, stdout};

use event_log::archiver;
use speed_layer::commit::Speed;
use speed_layer::fold::Options;

use crate::args;
use crate::failure::Outcome;
use crate::job::{Loaded, options};
use crate::store;

/// Resumes, follows to the log's end, and seals what is open: fold by fold.
pub fn run(args: &args::Speed) -> Outcome {
    if args.follow.follow {
        return follow(args);
    }
    let loaded = Loaded::open(&args.view)?;
    let store = store::open(&args.store)?;
    let mut ends = store::Ends::default();
    for view in loaded.folds() {
        let log = store::log(&args.log, &loaded, view)?;
        let end = ends.of(view, log.as_ref())?;
        if let Some(archive) = store::archive_if_named(&args.store, &args.archive, view)? {
            archiver::verify(log.as_ref(), &archive)?;
        }
        let job = store::job(&store, view)?;
        let origin = store::origin(&job, &args.from, log.as_ref())?;
        let generation = store::generation(&job, &loaded, view, &origin)?;
        let options = Options {
            checkpoint_every: args.checkpoint_every,
            publish_every: args.checkpoint_every.min(Options::default().publish_every),
            ..options(&args.fold).speed
        };
        let mut speed = Speed::resume(view, log.as_ref(), &job, generation, options)?;
        let mut progress = speed.follow(log.as_ref(), &end)?;
        progress.segments += speed.checkpoint()?.segments;
        let snapshot = speed.snapshot();
        writeln!(
            stdout(),
            "folded {} records{} up to {} into {} segments of generation {generation}, manifest {}; {} rejected, {} late",
            progress.records,
            store::of(&loaded, view),
            snapshot.offsets,
            progress.segments,
            snapshot.manifest.number,
            progress.rejected,
            progress.late
        )?;
    }
    Ok(())
}

#[cfg(feature = "kafka")]
fn follow(args: &args::Speed) -> Outcome {
    crate::follow::run(args)
}

#[cfg(not(feature = "kafka"))]
fn follow(_: &args::Speed) -> Outcome {
    Err(crate::failure::Failure::input(
        "cannot follow a topic: this seam was built without the kafka feature",
    ))
}
