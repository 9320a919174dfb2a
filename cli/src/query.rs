//! `seam query`: SQL over the views in the store.

use std::collections::BTreeMap;
use std::io::{BufWriter, Write, stdout};
use std::sync::Arc;

use arrow::array::RecordBatch;
use serving_layer::error::ServingError;
use serving_layer::question::ask;
use serving_layer::sql::sql;
use serving_layer::together;
use shared_logic::job::Job;
use shared_logic::question::Question;
use view_store::store::Store;

use crate::args::Query;
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::statics;
use crate::print;
use crate::store;

/// Merges the live generations of what the question names and asks.
pub fn run(args: &Query) -> Outcome {
    let store = store::open(&args.store)?;
    let views = views(&store, &args.sql)?;
    if views.is_empty() {
        return Err(Failure::input(format!(
            "{} holds no view yet: run seam batch or seam speed first",
            args.store.store.display()
        )));
    }
    let mut tables = Vec::new();
    for (name, view) in views {
        // Only what the question mentions is read; a name within another costs a reading.
        if args.sql.contains(&name) {
            tables.push((name, rows(&store, &view)?));
        }
    }
    let answer = sql(&tables, &args.sql).or_input()?;
    let mut out = BufWriter::new(stdout().lock());
    print::rows(&mut out, &answer, args.format)?;
    out.flush()?;
    Ok(())
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
    Ok(ask(view, &rows, &statics(view)?)?)
}
