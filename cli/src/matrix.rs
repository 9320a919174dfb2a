//! `seam compare --matrix`: is an answer a matter of how the log is read?

use std::io::Write;
use std::sync::Arc;

use comparison::compare::Events;
use comparison::matrix::{Judging, Way, matrix};
use serde_json::json;
use shared_logic::view::View;

use crate::failure::Outcome;
use crate::print::{self, Format};

/// Groups that are named where many differ.
const NAMED: usize = 3;

/// Computes and prints: a row for each way to read the log.
pub fn run(out: &mut impl Write, view: &Arc<View>, events: Events<'_>, format: Format) -> Outcome {
    let cells = matrix(view, events)?;
    let told = |differ: &[String], groups: usize| match differ {
        [] => "equal".to_owned(),
        _ => {
            let names = differ.iter().take(NAMED).map(String::as_str);
            let more = if differ.len() > NAMED { ", …" } else { "" };
            let names = names.collect::<Vec<_>>().join(", ");
            format!("{} of {groups} differ: {names}{more}", differ.len())
        }
    };
    match format {
        Format::Table => {
            let judgings = Judging::ALL.map(|judging| judging.to_string());
            let header: Vec<&str> = std::iter::once("against the live run")
                .chain(judgings.iter().map(String::as_str))
                .collect();
            let mut table = print::sheet(&header);
            for way in Way::ALL {
                let here = cells.iter().filter(|cell| cell.way == way);
                let here = here.map(|cell| told(&cell.differ, cell.groups));
                table.add_row(std::iter::once(way.to_string()).chain(here));
            }
            writeln!(out, "{table}")?;
        }
        Format::Json => {
            for cell in &cells {
                let (way, judging) = (cell.way.to_string(), cell.judging.to_string());
                let line = json!({"way": way, "judging": judging, "groups": cell.groups, "differ": cell.differ});
                writeln!(out, "{line}")?;
            }
        }
        Format::Csv => {
            writeln!(out, "way,judging,groups,differ")?;
            for cell in &cells {
                let (way, judging) = (&cell.way, &cell.judging);
                writeln!(
                    out,
                    "\"{way}\",{judging},{},{}",
                    cell.groups,
                    cell.differ.len()
                )?;
            }
        }
    }
    Ok(())
}
