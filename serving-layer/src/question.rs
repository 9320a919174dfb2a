//! What a view asks of the rows of its folds, answered.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::compute::cast;
use arrow::datatypes::{Schema, SchemaRef};
use shared_logic::question::Question;
use shared_logic::sql_error::SqlError;

use crate::error::ServingError;
use crate::sql::sql;

/// The answer of `question` over the rows of its folds and of its static tables, each in the order
/// in which the question has them.
///
/// # Errors
/// The question does not fit the rows, or fails while it is computed; the error names the view.
pub fn ask(
    question: &Question,
    folds: &[RecordBatch],
    statics: &[RecordBatch],
) -> Result<RecordBatch, ServingError> {
    let Some(text) = &question.sql else {
        let only = folds.first().cloned();
        return only.ok_or_else(|| {
            ServingError::Question(format!("view {}: its rows are missing", question.name))
        });
    };
    let mut tables = vec![];
    for (fold, rows) in question.folds.iter().zip(folds) {
        tables.push((fold.name.clone(), typed(rows, &fold.schema)?));
    }
    for (table, rows) in question.statics.iter().zip(statics) {
        tables.push((table.name.clone(), typed(rows, &table.schema)?));
    }
    sql(&tables, text).map_err(|error| match error {
        ServingError::Question(message) => {
            ServingError::Question(format!("view {}: {message}", question.name))
        }
        // Its place is one in the text that the compiler made of the view, which nobody wrote.
        ServingError::Sql(SqlError { message, help, .. }) => {
            let help = if help.is_empty() {
                help
            } else {
                format!("; {help}")
            };
            ServingError::Question(format!("view {}: {message}{help}", question.name))
        }
        other => other,
    })
}

/// The columns of the answer, found by planning the question over tables without rows.
///
/// # Errors
/// A question that cannot be planned: a column that is not there, types that do not go together.
pub fn check(question: &Question) -> Result<SchemaRef, ServingError> {
    let empty = |schema: &SchemaRef| RecordBatch::new_empty(Arc::clone(schema));
    let folds: Vec<RecordBatch> = (question.folds.iter())
        .map(|fold| empty(&fold.schema))
        .collect();
    let statics: Vec<RecordBatch> = (question.statics.iter())
        .map(|table| empty(&table.schema))
        .collect();
    Ok(ask(question, &folds, &statics)?.schema())
}

/// The rows in these types: a truth that computed them otherwise may hold them otherwise.
fn typed(rows: &RecordBatch, schema: &SchemaRef) -> Result<RecordBatch, ServingError> {
    if rows.schema() == *schema {
        return Ok(rows.clone());
    }
    let columns = (rows.columns().iter().zip(schema.fields()))
        .map(|(column, field)| cast(column, field.data_type()))
        .collect::<Result<Vec<_>, _>>()?;
    let fields: Vec<_> = (schema.fields().iter())
        .map(|field| field.as_ref().clone().with_nullable(true))
        .collect();
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        columns,
    )?)
}
