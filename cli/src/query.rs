//! `seam query`: SQL over the views in the store.

mod shell;

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::RecordBatch;
use serving_layer::error::ServingError;
use serving_layer::question::ask as answered;
use serving_layer::sql::sql;
use serving_layer::together;
use shared_logic::job::Job;
use shared_logic::parse::suggest;
use shared_logic::question::Question;
use view_store::store::Store;

use crate::args::Query;
use crate::failure::{Failure, Outcome};
use crate::job::statics;
use crate::store;

/// Answers the question of the command line, or those of the standard input.
pub fn run(args: &Query) -> Outcome {
    args.output.format()?;
    let store = store::open(&args.store)?;
    if store.jobs()?.is_empty() {
        return Err(Failure::input(format!(
            "{} holds no view yet: run seam batch or seam speed first",
            args.store.store
        )));
    }
    match args.sql.as_ref().or(args.command.as_ref()) {
        Some(question) => args.output.write(&ask(&store, question)?),
        None => shell::run(&store, &args.output),
    }
}

/// Merges the live generations of what the question names and asks.
fn ask(store: &Store, question: &str) -> Outcome<RecordBatch> {
    let mut tables = Vec::new();
    let views = views(store, question)?;
    for (name, view) in &views {
        // Only what the question mentions is read; a name within another costs a reading.
        if question.contains(name) {
            tables.push((name.clone(), rows(store, view)?));
        }
    }
    sql(&tables, question).map_err(|error| match error {
        ServingError::Sql(mut error) => {
            // What was not read can be meant all the same.
            if let Some(name) = error.message.strip_prefix("unknown table ") {
                let names: Vec<&str> = views.keys().map(String::as_str).collect();
                error.help = suggest(name, "views", &names);
            }
            Failure::sql(error, question)
        }
        other => Failure::Input(other.into()),
    })
}

/// The views of all jobs, by the SQL that the manifests of what they maintain keep.
fn views(store: &Store, sql: &str) -> Outcome<BTreeMap<String, Arc<Question>>> {
    let mut views: BTreeMap<String, Arc<Question>> = BTreeMap::new();
    for name in store.jobs()? {
        let snapshot = store.job(&name)?.snapshot(None)?;
        let generation = snapshot.manifest.generation(snapshot.generation)?;
        let job = match Job::compile(&name, &generation.sql) {
            Ok(job) => job,
            // What is not asked for need not compile.
            Err(_) if !sql.contains(&name) => continue,
            Err(error) => return Err(error.into()),
        };
        for view in &job.questions {
            let reads = view.folds.iter().any(|fold| fold.name == name);
            // A job knows best what is called as itself.
            if reads
                && sql.contains(&view.name)
                && let Some(doubt) = generation.delivery.doubt()
            {
                let delivery = generation.delivery;
                eprintln!("seam: {name} is fed {delivery}: its answer {doubt}");
            }
            if reads && (view.name == name || !views.contains_key(&view.name)) {
                views.insert(view.name.clone(), Arc::clone(view));
            }
        }
    }
    Ok(views)
}

/// The answer of a view over the live generations of its folds.
fn rows(store: &Store, view: &Question) -> Outcome<RecordBatch> {
    let rows = together::rows(view, store).map_err(|error| match error {
        ServingError::Missing { .. }
        | ServingError::OtherLogic { .. }
        | ServingError::Apart { .. } => Failure::input(error.to_string()),
        error => error.into(),
    })?;
    Ok(answered(view, &rows, &statics(view)?)?)
}
