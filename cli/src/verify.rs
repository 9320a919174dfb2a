//! `seam verify`: the laws of each measure, tried on the user's own events.

use std::io::{BufWriter, Write, stdout};
use std::sync::Arc;

use event_log::EventLog;
use shared_logic::laws::{self, Law};
use shared_logic::measure::Measure;
use shared_logic::view::View;

use crate::args::Verify;
use crate::failure::{Failure, Outcome};
use crate::job::Loaded;

/// Tries every law on every measure; the first that is broken is shown by the fewest rows.
pub fn run(args: &Verify) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let mut out = BufWriter::new(stdout().lock());
    for view in loaded.folds() {
        fold(args, &loaded, view, &mut out)?;
    }
    out.flush()?;
    Ok(())
}

fn fold(args: &Verify, loaded: &Loaded, view: &Arc<View>, out: &mut impl Write) -> Outcome {
    let file = loaded.file(&args.input.input, &view.table)?;
    let log = loaded
        .input(&view.table, file, &args.input.reading)?
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
    if loaded.folds().len() > 1 {
        writeln!(out, "{}", view.name)?;
    }
    let rows = laws::rows(view, &chunks)?;
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
    Ok(())
}

fn name(measure: &Measure) -> String {
    let types: Vec<String> = (measure.inputs.iter())
        .map(shared_logic::table::type_name)
        .collect();
    let types: Vec<&str> = types.iter().map(String::as_str).collect();
    measure.function.call(&types)
}
