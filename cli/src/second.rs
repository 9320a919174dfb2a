//! `seam compare --second-code-base`: where two code bases drift apart.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use comparison::compare::Events;
use comparison::drift::{Drift, drift};
use comparison::judge::Judge;
use comparison::lambda::Options;
use comparison::seam::Seam;
use comparison::second::{Second, Slip, served};
use comparison::truth::Written;
use serde_json::json;
use shared_logic::view::View;

use crate::failure::{OrInput, Outcome};
use crate::print::Format;

/// What a second code base is held against.
pub struct Against<'a> {
    pub view: &'a Arc<View>,
    pub sql: &'a str,
    pub file: &'a Path,
    pub events: Events<'a>,
    pub seam: &'a Seam,
    pub options: &'a Options,
}

/// Computes and prints.
pub fn run(out: &mut impl Write, against: &Against<'_>, slip: &str, format: Format) -> Outcome {
    let slip: Slip = slip.parse().or_input()?;
    let Against { view, events, .. } = *against;
    let second = Second::new(view, against.sql, Written::File(against.file), slip).or_input()?;
    let drift = drift(view, events.rows, events.truth, &second)?;
    let seam = against.seam;
    let served = served(view, events, seam, &second, against.options)?;
    let mut judge = Judge::new(view, events.rows, events.truth);
    let verdict = judge.judge(&served, &seam.end)?;
    let attribution = judge.attribute(&served, &seam.end)?;
    let [.., drifting, approximation] = attribution.changed;
    let minimal = minimal(&drift, events);
    match format {
        Format::Table => {
            writeln!(
                out,
                "second code base, {slip}: as the batch half under the rule version it makes {} of {} groups wrong, {drifting} by drift",
                verdict.difference.wrong, verdict.difference.groups
            )?;
            match &drift.parting {
                None => writeln!(
                    out,
                    "over all events it agrees with the view in all {} groups",
                    drift.groups
                )?,
                Some(parting) => writeln!(
                    out,
                    "over all events it differs in {} of {} groups; they part at {}:{}, and the fewest events that show it are {}",
                    drift.wrong,
                    drift.groups,
                    parting.place,
                    parting.offset,
                    minimal.join(", ")
                )?,
            }
        }
        Format::Json => {
            let parts_at = (drift.parting.as_ref())
                .map(|parting| format!("{}:{}", parting.place, parting.offset));
            let books = &verdict.books;
            writeln!(
                out,
                "{}",
                json!({
                    "architecture": "lambda", "rule": "version", "second_code_base": slip.to_string(),
                    "groups": verdict.difference.groups, "wrong_groups": verdict.difference.wrong,
                    "events": books.counted, "double": books.double, "missing": books.missing,
                    "late": books.late, "drift": drifting, "approximation": approximation,
                    "net_error": books.net(), "drifting_groups": drift.wrong,
                    "parts_at": parts_at, "minimal": minimal,
                })
            )?;
        }
        // A table of its own would not fit below the lines of the rules.
        Format::Csv => {}
    }
    Ok(())
}

/// The events that show a drift.
fn minimal(drift: &Drift, events: Events<'_>) -> Vec<String> {
    let numbers = drift.parting.iter().flat_map(|parting| &parting.minimal);
    let rows = numbers.filter_map(|number| events.rows.get(*number as usize));
    rows.map(|row| format!("{}:{}", row.place, row.offset))
        .collect()
}
