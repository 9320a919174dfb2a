//! `seam query`: SQL over the views in the store.

use std::io::{BufWriter, Write, stdout};
use std::sync::Arc;

use arrow::array::RecordBatch;
use serving_layer::reading::Reading;
use serving_layer::sql::sql;
use shared_logic::job::Job;
use view_store::job::JobStore;

use crate::args::Query;
use crate::failure::{Failure, OrInput, Outcome};
use crate::print;
use crate::store;

/// Merges the live generation of every job and asks.
pub fn run(args: &Query) -> Outcome {
    let store = store::open(&args.store)?;
    let names = store.jobs()?;
    if names.is_empty() {
        return Err(Failure::input(format!(
            "{} holds no view yet: run seam batch or seam speed first",
            args.store.store.display()
        )));
    }
    let mut tables = Vec::new();
    for name in names {
        // Only what the question mentions is read; a name within another costs a reading.
        if args.sql.contains(&name) {
            tables.push((name.clone(), rows(&store.job(&name)?)?));
        }
    }
    let answer = sql(&tables, &args.sql).or_input()?;
    let mut out = BufWriter::new(stdout().lock());
    print::rows(&mut out, &answer, args.format)?;
    out.flush()?;
    Ok(())
}

/// The answer of a job's live generation, by the SQL that the manifest keeps.
fn rows(job: &JobStore) -> Outcome<RecordBatch> {
    let snapshot = job.snapshot(None)?;
    let generation = snapshot.manifest.generation(snapshot.generation)?;
    let compiled = Job::compile(job.name(), &generation.sql)?;
    let view = Arc::clone(compiled.view(Some(&generation.view))?);
    Ok(Reading::of(&view, job, Arc::new(snapshot))?.rows()?)
}
