//! `seam compare --observed`: a system that is not ours, measured against the truth.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Write, stdout};
use std::path::Path;
use std::sync::Arc;

use comparison::observed::{Agreement, Observed};
use serde_json::{Map, Value, json};
use shared_logic::view::View;

use crate::args::Compare;
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::Loaded;
use crate::print::{self, Format};
use crate::source::Source;

/// Reads both, and prints how far they agree. A system that is wrong is no failure of ours.
pub fn run(args: &Compare, loaded: &Loaded, view: &Arc<View>, path: &Path) -> Outcome {
    let wrong = |why: String| Failure::input(format!("{}: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let names: BTreeMap<String, String> = args.map.iter().cloned().collect();
    let observed = Observed::read(&text, view, &names).map_err(wrong)?;
    let source = Source::open(args, loaded, view)?;
    let found = observed
        .against(&source.truth, source.instants.as_deref())
        .or_input()?;
    let fields = fields(&found);
    let mut out = stdout().lock();
    match args.format {
        Format::Json => {
            let object: Map<String, Value> = fields.into_iter().collect();
            writeln!(out, "{}", Value::Object(object))?;
        }
        Format::Csv => {
            let (names, values): (Vec<String>, Vec<String>) = fields
                .into_iter()
                .map(|(name, value)| (name, value.to_string()))
                .unzip();
            writeln!(out, "{}\n{}", names.join(","), values.join(","))?;
        }
        Format::Table => {
            let mut table = print::sheet(&["observed against the truth", ""]);
            for (name, value) in fields {
                table.add_row([name.replace('_', " "), value.to_string()]);
            }
            print::numbers_right(&mut table, 1);
            let when = match observed.says_when() {
                true => "each row against the events that had arrived when it was seen",
                false => "all rows against all events: the file has no column as_of",
            };
            writeln!(out, "{table}\n{when}")?;
        }
    }
    Ok(())
}

fn fields(found: &Agreement) -> Vec<(String, Value)> {
    let consistency = &found.consistency;
    let mut fields = vec![
        ("rows".to_owned(), json!(found.rows)),
        ("moments".to_owned(), json!(found.moments)),
        ("mismatch_ratio".to_owned(), json!(consistency.mismatch)),
        ("missing_ratio".to_owned(), json!(consistency.missing)),
        ("extra_ratio".to_owned(), json!(consistency.extra)),
    ];
    let errors = consistency.smape.iter();
    fields.extend(errors.map(|(column, error)| (format!("smape_{column}"), json!(error))));
    fields
}
