//! `seam gc`: deletes what no manifest names any more.

use std::collections::BTreeSet;
use std::io::{Write, stdout};

use view_store::store::Store;

use crate::args::Gc;
use crate::failure::{Failure, Outcome};
use crate::store;

/// Manifests that are kept besides the newest, for readers that still use them.
const KEPT: u64 = 1;

/// Collects the garbage of every job.
pub fn run(args: &Gc) -> Outcome {
    let store = store::open(&args.store)?;
    if let Some(mark) = &args.forget {
        forget(&store, mark)?;
    }
    for name in store.jobs()? {
        let report = store.job(&name)?.gc(KEPT)?;
        let held = match &report.held_by {
            Some(mark) => format!(", held by the mark {mark}"),
            None => String::new(),
        };
        writeln!(
            stdout(),
            "{name}: deleted {} manifests and {} segments, floor {}{held}",
            report.manifests.len(),
            report.segments.len(),
            report.floor
        )?;
    }
    Ok(())
}

/// Takes back a mark in every job that has it.
fn forget(store: &Store, mark: &str) -> Outcome {
    let mut marks = BTreeSet::new();
    let mut found = false;
    for name in store.jobs()? {
        let job = store.job(&name)?;
        let manifest = job.manifest()?;
        if manifest.marks.contains_key(mark) {
            job.unmark(mark)?;
            found = true;
        }
        marks.extend(manifest.marks.keys().cloned());
    }
    if found {
        return Ok(());
    }
    let marks: Vec<String> = marks.into_iter().collect();
    Err(Failure::input(match marks.as_slice() {
        [] => format!("there is no mark {mark}, nor any other"),
        marks => format!("there is no mark {mark}: there is {}", marks.join(", ")),
    }))
}
