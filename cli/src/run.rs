//! `seam run`: a view over a file, once.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use comparison::kappa::kappa;
use comparison::lambda::lambda;
use comparison::rule::Rule;
use comparison::run::Logs;
use comparison::seam::{Seam, SeamAt};
use shared_logic::view::View;

use crate::args::{As, Run};
use crate::failure::{OrInput, Outcome};
use crate::job::{Loaded, options};

/// Computes and prints.
pub fn run(args: &Run) -> Outcome {
    args.output.format()?;
    let loaded = Loaded::open(&args.view)?;
    let folds = loaded.folds().iter();
    let rows = folds
        .map(|fold| match args.architecture {
            As::Truth => truth(args, &loaded, fold),
            architecture => layers(args, &loaded, fold, architecture),
        })
        .collect::<Outcome<Vec<_>>>()?;
    args.output.write(&loaded.answer(&rows)?)
}

fn truth(args: &Run, loaded: &Loaded, fold: &View) -> Outcome<RecordBatch> {
    let file = loaded.file(&args.input.input, &fold.table)?;
    let reading = &args.input.reading;
    let truth = loaded.truth(fold, file, reading)?;
    // Who is late, and who is first of equals, is a matter of partitions.
    let partitions = loaded.input(&fold.table, file, reading)?.partitions();
    Ok(truth.dealt(partitions).answer()?.rows)
}

fn layers(args: &Run, loaded: &Loaded, fold: &Arc<View>, architecture: As) -> Outcome<RecordBatch> {
    let file = loaded.file(&args.input.input, &fold.table)?;
    let events = loaded.input(&fold.table, file, &args.input.reading)?;
    let seam = match args.seam_at.parse().or_input()? {
        SeamAt::Offsets(cut) => SeamAt::Offsets(cut.of(&fold.table.topic)),
        seam => seam,
    };
    let options = options(&args.fold);
    let log = &events.input.log;
    // The seam needs no event times: only rules on event time do, and this is none.
    let rows = events.rows(&[]);
    let arrivals = events.arrivals(&rows);
    let all = arrivals.seam(&SeamAt::Share(1.0), Duration::ZERO)?;
    let seam = match architecture {
        As::Lambda => arrivals.seam(&seam, Duration::ZERO).or_input()?,
        As::Speed => Seam {
            cut: all.origin.clone(),
            ..all.clone()
        },
        _ => all.clone(),
    };
    let run = match architecture {
        As::Kappa => kappa(fold, log, &all.origin, &all.end, &options.speed)?,
        _ => lambda(fold, Logs::one(log), Rule::OFFSET, &seam, &options)?,
    };
    let rejected = run.served.rejected;
    if rejected > 0 {
        let of = match loaded.folds() {
            [_] => String::new(),
            _ => format!(" by {}", fold.name),
        };
        eprintln!(
            "seam: {rejected} of {} records could not be read{of} and are in no group; seam rejects lists them",
            rows.len()
        );
    }
    Ok(run.served.rows)
}
