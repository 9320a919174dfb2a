//! `seam run`: a view over a file, once.

use comparison::kappa::kappa;
use comparison::lambda::lambda;
use comparison::rule::Rule;
use comparison::schedule::{Schedule, SeamAt};
use shared_logic::coverage::OffsetVector;

use crate::args::{As, Run};
use crate::failure::{OrInput, Outcome};
use crate::job::{Loaded, options};

/// Computes and prints.
pub fn run(args: &Run) -> Outcome {
    args.output.format()?;
    let loaded = Loaded::open(&args.view)?;
    let rows = match args.architecture {
        As::Truth => {
            let (file, reading) = (&args.input.input, &args.input.reading);
            let truth = loaded.truth(&args.view, file, reading)?;
            // Who is late, and who is first of equals, is a matter of partitions.
            let partitions = loaded.input(file, reading)?.partitions();
            let truth = truth.dealt(partitions);
            truth.answer()?.rows
        }
        architecture => layers(args, &loaded, architecture)?,
    };
    args.output.write(&rows)
}

fn layers(args: &Run, loaded: &Loaded, architecture: As) -> Outcome<arrow::array::RecordBatch> {
    let events = loaded.input(&args.input.input, &args.input.reading)?;
    let seam: SeamAt = args.seam_at.parse().or_input()?;
    let options = options(&args.fold);
    let view = &loaded.view;
    let log = &events.input.log;
    // The seam needs no event times: only rules on event time do, and this is none.
    let rows = events.rows(&[]);
    let arrivals = events.arrivals(&rows);
    let all = arrivals.schedule(&SeamAt::Share(1.0), 0)?;
    let schedule = match architecture {
        As::Lambda => arrivals.schedule(&seam, 0).or_input()?,
        As::Speed => Schedule {
            cut: OffsetVector::default(),
            ..all.clone()
        },
        _ => all.clone(),
    };
    let run = match architecture {
        As::Kappa => kappa(view, log, &all.end, &options.speed)?,
        _ => lambda(view, log, Rule::Offset, &schedule, &options)?,
    };
    let rejected = run.rejected;
    if rejected > 0 {
        eprintln!(
            "seam: {rejected} of {} records could not be read and are in no group; seam rejects lists them",
            rows.len()
        );
    }
    Ok(run.rows)
}
