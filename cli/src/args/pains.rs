//! The options of `seam pains`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::print::Format;

/// `seam pains`.
#[derive(Debug, Args)]
pub struct Pains {
    /// What to do with them.
    #[command(subcommand)]
    pub command: PainsCommand,
}

/// What can be done with the pains.
#[derive(Debug, Subcommand)]
pub enum PainsCommand {
    /// Name them.
    List,
    /// Tell one, and turn its knob through all positions.
    Run {
        /// L1 to L8, or K1 to K5.
        #[arg(value_name = "ID")]
        id: String,
        /// How what was found is printed.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Run all of them.
    All {
        /// A page with all lessons and all positions of their knobs, in one file that needs neither
        /// seam nor a network; FILE.json and FILE.csv go beside it.
        #[arg(long, value_name = "FILE.html")]
        report: Option<PathBuf>,
        /// How what was found is printed.
        #[arg(long, value_enum, default_value = "table")]
        format: Format,
    },
    /// Check the answers to an exercise.
    Check {
        /// L1 to L8, or K1 to K5.
        #[arg(value_name = "ID")]
        id: String,
        /// The answers: name = value, a line each.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}
