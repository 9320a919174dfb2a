//! WHERE, keys and arguments, compiled to run over the columns that they use.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{Field, Schema};
use datafusion_common::DFSchema;
use datafusion_expr::Expr;
use datafusion_expr::utils::split_conjunction;
use sqlparser::tokenizer::Location;

use super::aggregate::Aggregate;
use super::context::Context;
use super::plan::{Planned, refused};
use crate::prepare::{Filter, Prepare};
use crate::sql_error::SqlError;
use crate::table::Table;
use crate::window::Window;

/// Compiles what runs on every event.
///
/// # Errors
/// An expression that DataFusion cannot run.
pub(super) fn prepare(
    context: &Context,
    table: &Table,
    window: Window,
    filter: Option<&Planned>,
    keys: &[Planned],
    aggregates: &[Aggregate],
) -> Result<Prepare, SqlError> {
    let arguments = aggregates.iter().flat_map(|one| &one.arguments);
    let inputs = used(context, keys.iter().chain(arguments));
    let all: BTreeSet<usize> = inputs.union(&used(context, filter)).copied().collect();
    // The window's bounds come after the table's columns.
    let bounds = table.schema.fields().len();
    let mut columns: BTreeSet<usize> = all.iter().copied().filter(|at| *at < bounds).collect();
    columns.insert(table.event_time);
    let mut seen: Vec<usize> = columns.iter().copied().collect();
    if all.iter().any(|at| *at >= bounds) {
        if !window.is_slice() {
            let message = "window_start and window_end are not known yet when an event is folded";
            let help = "an event is in several windows, or in a session that still grows: use them in SELECT alone";
            return Err(SqlError::new(Location::empty(), message, help));
        }
        seen.extend([bounds, bounds + 1]);
    }
    let place = |index: usize| seen.iter().position(|seen| *seen == index);
    let project = |indices: &[usize]| {
        context
            .project(indices)
            .map_err(|error| refused(Location::empty(), &error))
    };
    let wide = project(&seen)?;
    let narrow = project(&inputs.iter().copied().collect::<Vec<_>>())?;
    let list = |one: &Aggregate| {
        let list = one.arguments.iter().map(|one| one.run(&narrow));
        list.collect::<Result<Vec<_>, _>>()
    };
    let required = columns.iter().copied().filter(|at| {
        let field = table.schema.fields().get(*at);
        field.is_some_and(|field| !field.is_nullable())
    });
    Ok(Prepare {
        schema: Arc::new(nullable(wide.as_arrow())),
        event_time: place(table.event_time).unwrap_or_default(),
        required: required.filter_map(place).collect(),
        window,
        filter: filter.map(|filter| condition(filter, &wide)).transpose()?,
        inputs: inputs.into_iter().filter_map(place).collect(),
        keys: keys
            .iter()
            .map(|key| key.run(&narrow))
            .collect::<Result<_, _>>()?,
        arguments: aggregates.iter().map(list).collect::<Result<_, _>>()?,
        moments: aggregates.iter().any(|one| one.measure.function.ordered()),
        columns: columns.into_iter().collect(),
    })
}

/// The columns that some expressions name.
fn used<'e>(context: &Context, exprs: impl IntoIterator<Item = &'e Planned>) -> BTreeSet<usize> {
    (exprs.into_iter())
        .flat_map(|planned| Expr::column_refs(&planned.expr))
        .filter_map(|column| context.index(&column.name))
        .collect()
}

fn condition(filter: &Planned, schema: &DFSchema) -> Result<Filter, SqlError> {
    let parts = split_conjunction(&filter.expr).into_iter();
    Ok(Filter {
        whole: filter.run(schema)?,
        parts: parts
            .map(|part| filter.part(part, schema))
            .collect::<Result<_, _>>()?,
    })
}

fn nullable(schema: &Schema) -> Schema {
    let nullable = |field: &Arc<Field>| field.as_ref().clone().with_nullable(true);
    Schema::new(schema.fields().iter().map(nullable).collect::<Vec<_>>())
}
