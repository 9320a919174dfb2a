//! `seam verify`: the laws of each measure, tried on the user's own events.

use std::io::{BufWriter, Write, stdout};

use event_log::EventLog;
use shared_logic::laws::{self, Law};
use shared_logic::measure::Measure;

use crate::args::Verify;
use crate::failure::{Failure, Outcome};
use crate::job::Loaded;

/// Tries every law on every measure; the first that is broken is shown by the fewest rows.
pub fn run(args: &Verify) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let log = loaded
        .input(&args.input.input, &args.input.reading)?
        .input
        .log;
    let mut chunks = vec![];
    for place in log.partitions()? {
        let bounds = log.bounds(&place)?;
        let end = bounds.end.min(bounds.start.plus(u64::from(args.rows)));
        for chunk in log.read(&place, bounds.start..end, 8192)? {
            chunks.push(chunk?);
        }
    }
    let view = &loaded.view;
    let rows = laws::rows(view, &chunks)?;
    let mut out = BufWriter::new(stdout().lock());
    for (measure, arguments) in view.measures.iter().zip(&rows) {
        let count = arguments.first().map_or(0, |column| column.len());
        if let Err(broken) = laws::check(measure, arguments) {
            out.flush()?;
            let name = name(measure);
            return Err(Failure::Failed(anyhow::anyhow!(
                "{name} breaks a law: {broken}"
            )));
        }
        let told = match arguments.is_empty() {
            true => "every group counts its events; nothing to split".to_owned(),
            false => format!("{} laws hold on {count} events", Law::ALL.len()),
        };
        writeln!(
            out,
            "{:<28} {:<10} {told}",
            name(measure),
            measure.algebra().to_string()
        )?;
    }
    if view.measures.is_empty() {
        writeln!(
            out,
            "view {} has no measures: its groups are counted",
            view.name
        )?;
    }
    out.flush()?;
    Ok(())
}

fn name(measure: &Measure) -> String {
    let types: Vec<String> = (measure.inputs.iter())
        .map(shared_logic::table::type_name)
        .collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    measure.function.call(&types)
}
