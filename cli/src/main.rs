//! The `seam` command: parse, call, print.
//!
//! ```text
//!   args ──▶ job (view, log) ──▶ batch, speed, reprocess ──▶ store ──▶ query ──▶ print
//!                          └───▶ run, compare, demo ─────────────────────────▶ print
//! ```
//!
//! Deliberately thin: nothing is computed here that a library cannot compute without it.

mod archive;
mod args;
mod batch;
mod bytes;
#[cfg(feature = "kafka")]
mod cluster;
mod compare;
mod demo;
mod explain;
mod failure;
#[cfg(feature = "kafka")]
mod follow;
mod gc;
mod generate;
mod init;
mod job;
mod matrix;
mod observe;
mod output;
mod page;
mod pains;
mod play;
mod print;
mod query;
mod rejects;
mod reprocess;
mod run;
mod second;
mod source;
mod speed;
mod store;
mod verify;
mod views;

use std::process::ExitCode;

use clap::Parser;

use args::{Command, Seam};

fn main() -> ExitCode {
    let result = match Seam::parse().command {
        Command::Demo(args) => demo::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Run(args) => run::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Pains(args) => pains::run(&args),
        Command::Generate(args) => generate::run(&args),
        Command::Archive(args) => archive::run(&args),
        Command::Batch(args) => batch::run(&args),
        Command::Speed(args) => speed::run(&args),
        Command::Reprocess(args) => reprocess::run(&args),
        Command::Query(args) => query::run(&args),
        Command::Views(args) => views::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Verify(args) => verify::run(&args),
        Command::Rejects(args) => rejects::run(&args),
        Command::Gc(args) => gc::run(&args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}
