//! `seam explain`: what a view maintains.

use std::io::{Write, stdout};

use crate::args::Explain;
use crate::failure::Outcome;
use crate::job::Loaded;

/// Prints the plan.
pub fn run(args: &Explain) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let text = loaded.view.explain();
    write!(
        stdout(),
        "{text}{}",
        if text.ends_with('\n') { "" } else { "\n" }
    )?;
    Ok(())
}
