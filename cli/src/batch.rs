//! `seam batch`: the archive below a cut, landed as one segment.

use std::io::{Write, stdout};
use std::path::Path;

use batch_layer::commit;
use batch_layer::engine::{Engine, lowers};
use batch_layer::fold::Options;
use comparison::seam::offsets;
use event_log::EventLog;
use event_log::archive::Archive;
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;

use crate::args::{self, Batch};
use crate::failure::{Failure, Outcome};
use crate::job::{Loaded, options};
use crate::store;

/// Pins, folds and lands: fold by fold, all at the same cut.
pub fn run(args: &Batch) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    // All is looked at before anything is done, so that no fold is left behind the others.
    let work = loaded.folds().iter().map(|view| work(args, view));
    let work = work.collect::<Outcome<Vec<_>>>()?;
    let store = store::open(&args.store)?;
    let mut ends = store::Ends::default();
    for (view, (archive, cut)) in loaded.folds().iter().zip(work) {
        let cut = match cut {
            Some(cut) => cut,
            None => ends.of(view, &archive)?,
        };
        let job = store::job(&store, view)?;
        let generation = store::generation(&job, &loaded, view, &archive.start()?)?;
        let options = Options {
            memory: args.memory,
            ..options(&args.fold).batch
        };
        let engine = match args.engine {
            args::Engine::Fold => Engine::Fold,
            args::Engine::Polars => Engine::Polars,
        };
        let landing = commit::run_on(engine, view, &archive, &job, generation, &cut, &options)?;
        writeln!(
            stdout(),
            "landed {} records{} below {} as {} rows in generation {generation}, manifest {}; {} rejected, {} late",
            landing.records,
            store::of(&loaded, view),
            landing.cut,
            landing.rows,
            landing.manifest.number,
            landing.rejected,
            landing.late
        )?;
    }
    Ok(())
}

/// The archive that a fold reads, and the cut that was asked for.
fn work(args: &Batch, view: &View) -> Outcome<(Archive, Option<OffsetVector>)> {
    let archive = store::archive(&args.store, &args.archive, view)?.only(view.prepare.columns());
    let end = archive.end()?;
    if end.0.is_empty() {
        return Err(Failure::input(format!(
            "the archive of topic {} in {} is empty: run seam archive first",
            view.table.topic,
            store::archive_folder(&args.store, &args.archive)
                .map_or("".into(), Path::to_string_lossy)
        )));
    }
    let cut = match &args.cut {
        None => None,
        Some(text) => Some(offsets(text).map(|cut| cut.of(&view.table.topic)).ok_or_else(|| {
            Failure::input(format!(
                "cannot read the cut {text:?}: expected offsets such as flights/0:12,flights/1:7"
            ))
        })?),
    };
    if let Some(cut) = &cut
        && let Some(place) = end.behind(cut).next()
    {
        return Err(Failure::input(format!(
            "the cut {place}:{} is beyond the archive, which ends at {}: run seam archive first",
            cut.get(place),
            end.get(place)
        )));
    }
    if args.engine == args::Engine::Polars {
        if args.memory.is_some() {
            return Err(Failure::input(
                "Polars keeps to no limit of memory: leave out --memory, or use --engine fold",
            ));
        }
        lowers(view).map_err(|error| Failure::input(error.to_string()))?;
    }
    Ok((archive, cut))
}
