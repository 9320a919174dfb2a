//! `seam explain`: what a view maintains, and what it asks of that when it is read.

use std::io::{Write, stdout};

use batch_layer::engine::{Unlowered, lowers};
use shared_logic::table::type_name;

use crate::args::Explain;
use crate::failure::Outcome;
use crate::job::Loaded;

/// Prints the plan.
pub fn run(args: &Explain) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let mut out = stdout().lock();
    let question = &loaded.question;
    if question.plain().is_none() {
        write!(out, "{}", question.explain())?;
        let mut label = "shows";
        for field in serving_layer::question::check(question)?.fields() {
            let shown = type_name(field.data_type());
            writeln!(out, "  {label:<11} {} {shown}", field.name())?;
            label = "";
        }
    }
    for fold in loaded.folds() {
        let engines = match lowers(fold) {
            Ok(()) => "fold, polars".to_owned(),
            Err(Unlowered { what, why }) => format!("fold; not polars, because of {what}: {why}"),
        };
        let text = fold.explain();
        let text = match question.plain() {
            Some(_) => text,
            None => format!("\n{}", text.replacen("view ", "maintains ", 1)),
        };
        writeln!(out, "{}\n  {:<11} {engines}", text.trim_end(), "engines")?;
    }
    Ok(())
}
