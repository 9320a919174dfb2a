//! `seam explain`: what a view maintains.

use std::io::{Write, stdout};

use batch_layer::engine::{Unlowered, lowers};

use crate::args::Explain;
use crate::failure::Outcome;
use crate::job::Loaded;

/// Prints the plan.
pub fn run(args: &Explain) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let engines = match lowers(&loaded.view) {
        Ok(()) => "fold, polars".to_owned(),
        Err(Unlowered { what, why }) => format!("fold; not polars, because of {what}: {why}"),
    };
    let text = loaded.view.explain();
    writeln!(
        stdout(),
        "{}\n  {:<11} {engines}",
        text.trim_end(),
        "engines"
    )?;
    Ok(())
}
