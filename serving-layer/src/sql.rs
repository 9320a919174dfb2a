//! Questions in SQL over the answers of views.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{cast, concat_batches};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use datafusion::common::TableReference;
use datafusion::datasource::MemTable;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::error::ServingError;
use crate::exact::exact;
use crate::mistake::mistake;
use crate::steady::steady;

/// Answers `question`, in which each of `tables` can be named.
///
/// Equal rows come in the order of all their columns, and rows that nothing sorts by window, then by
/// column. Texts are Utf8 and times in microseconds, whatever functions return. Sums of integers do not
/// wrap.
///
/// # Errors
/// The question does not parse, names what is not there, or fails while it is computed.
pub fn sql(tables: &[(String, RecordBatch)], question: &str) -> Result<RecordBatch, ServingError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    runtime.block_on(async {
        // One partition: what is left to chance between several is left to nothing.
        let mut config = SessionConfig::new()
            .with_information_schema(true)
            .with_target_partitions(1);
        config.options_mut().sql_parser.collect_spans = true;
        let context = SessionContext::new_with_config(config);
        for (name, rows) in tables {
            let table = MemTable::try_new(rows.schema(), vec![vec![rows.clone()]])?;
            // The name as it is: fold names have points in them.
            context.register_table(TableReference::bare(name.as_str()), Arc::new(table))?;
        }
        let names: Vec<&str> = tables.iter().map(|(name, _)| name.as_str()).collect();
        let wrong = |error| ServingError::Sql(mistake(question, &names, &error));
        let plan = (context.state().create_logical_plan(question).await).map_err(wrong)?;
        let answer = context.execute_logical_plan(steady(exact(plan)?)?).await?;
        let schema = Arc::new(answer.schema().as_arrow().clone());
        let chunks = answer.collect().await?;
        let schema = chunks.first().map_or(schema, RecordBatch::schema);
        plain(&concat_batches(&schema, &chunks)?)
    })
}

/// The rows in the types that views have.
fn plain(rows: &RecordBatch) -> Result<RecordBatch, ServingError> {
    let mut fields = vec![];
    let mut columns: Vec<ArrayRef> = vec![];
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let data_type = match field.data_type() {
            DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
            // Numbers of rows are BIGINT in SQL.
            DataType::UInt64 => DataType::Int64,
            DataType::Timestamp(_, None) => DataType::Timestamp(TimeUnit::Microsecond, None),
            other => other.clone(),
        };
        columns.push(match data_type == *field.data_type() {
            true => Arc::clone(column),
            false => cast(column, &data_type)?,
        });
        fields.push(Field::new(field.name(), data_type, field.is_nullable()));
    }
    let options = arrow::array::RecordBatchOptions::new().with_row_count(Some(rows.num_rows()));
    let schema = Arc::new(Schema::new(fields));
    Ok(RecordBatch::try_new_with_options(
        schema, columns, &options,
    )?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
