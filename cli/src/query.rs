//! `seam query`: SQL over the views in the store.

mod shell;

use std::sync::Arc;

use arrow::array::RecordBatch;
use serving_layer::error::ServingError;
use serving_layer::reading::Reading;
use serving_layer::sql::sql;
use shared_logic::job::Job;
use shared_logic::parse::suggest;
use view_store::job::JobStore;
use view_store::store::Store;

use crate::args::Query;
use crate::failure::{Failure, Outcome};
use crate::store;

/// Answers the question of the command line, or those of the standard input.
pub fn run(args: &Query) -> Outcome {
    args.output.format()?;
    let store = store::open(&args.store)?;
    if store.jobs()?.is_empty() {
        return Err(Failure::input(format!(
            "{} holds no view yet: run seam batch or seam speed first",
            args.store.store.display()
        )));
    }
    match args.sql.as_ref().or(args.command.as_ref()) {
        Some(question) => args.output.write(&ask(&store, question)?),
        None => shell::run(&store, &args.output),
    }
}

/// Merges the live generation of every job and asks.
fn ask(store: &Store, question: &str) -> Outcome<RecordBatch> {
    let mut tables = Vec::new();
    let names = store.jobs()?;
    for name in &names {
        // Only what the question mentions is read; a name within another costs a reading.
        if question.contains(name) {
            tables.push((name.clone(), rows(&store.job(name)?)?));
        }
    }
    sql(&tables, question).map_err(|error| match error {
        ServingError::Sql(mut error) => {
            // What was not read can be meant all the same.
            if let Some(name) = error.message.strip_prefix("unknown table ") {
                let names: Vec<&str> = names.iter().map(String::as_str).collect();
                error.help = suggest(name, "views", &names);
            }
            Failure::sql(error, question)
        }
        other => Failure::Input(other.into()),
    })
}

/// The answer of a job's live generation, by the SQL that the manifest keeps.
fn rows(job: &JobStore) -> Outcome<RecordBatch> {
    let snapshot = job.snapshot(None)?;
    let generation = snapshot.manifest.generation(snapshot.generation)?;
    let compiled = Job::compile(job.name(), &generation.sql)?;
    let view = Arc::clone(compiled.view(Some(&generation.view))?);
    Ok(Reading::of(&view, job, Arc::new(snapshot))?.rows()?)
}
