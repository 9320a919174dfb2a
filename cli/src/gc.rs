//! `seam gc`: deletes what no manifest names any more.

use std::io::{Write, stdout};

use crate::args::Gc;
use crate::failure::Outcome;
use crate::store;

/// Manifests that are kept besides the newest, for readers that still use them.
const KEPT: u64 = 1;

/// Collects the garbage of every job.
pub fn run(args: &Gc) -> Outcome {
    let store = store::open(&args.store)?;
    for name in store.jobs()? {
        let report = store.job(&name)?.gc(KEPT)?;
        writeln!(
            stdout(),
            "{name}: deleted {} manifests and {} segments, floor {}",
            report.manifests.len(),
            report.segments.len(),
            report.floor
        )?;
    }
    Ok(())
}
