//! `seam batch`: the archive below a cut, landed as one segment.

use std::io::{Write, stdout};

use batch_layer::commit;
use batch_layer::engine::{Engine, lowers};
use batch_layer::fold::Options;
use comparison::schedule::offsets;
use event_log::EventLog;

use crate::args::{self, Batch};
use crate::failure::{Failure, Outcome};
use crate::job::{Loaded, options};
use crate::store;

/// Pins, folds and lands.
pub fn run(args: &Batch) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let archive =
        store::archive(&args.store.store, &loaded.view)?.only(loaded.view.prepare.columns());
    let end = archive.end()?;
    if end.0.is_empty() {
        return Err(Failure::input(format!(
            "the archive of topic {} in {} is empty: run seam archive first",
            loaded.view.table.topic,
            args.store.store.display()
        )));
    }
    let cut = match &args.cut {
        None => end.clone(),
        Some(text) => offsets(text).ok_or_else(|| {
            Failure::input(format!(
                "cannot read the cut {text:?}: expected offsets such as flights/0:12,flights/1:7"
            ))
        })?,
    };
    if let Some(place) = end.behind(&cut).next() {
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
        lowers(&loaded.view).map_err(|error| Failure::input(error.to_string()))?;
    }
    let job = store::job(&store::open(&args.store)?, &loaded.view)?;
    let generation = store::generation(&job, &loaded, &archive.start()?)?;
    let options = Options {
        memory: args.memory,
        ..options(&args.fold).batch
    };
    let engine = match args.engine {
        args::Engine::Fold => Engine::Fold,
        args::Engine::Polars => Engine::Polars,
    };
    let view = &loaded.view;
    let landing = commit::run_on(engine, view, &archive, &job, generation, &cut, &options)?;
    writeln!(
        stdout(),
        "landed {} records below {} as {} rows in generation {generation}, manifest {}; {} rejected, {} late",
        landing.records,
        landing.cut,
        landing.rows,
        landing.manifest.number,
        landing.rejected,
        landing.late
    )?;
    Ok(())
}
