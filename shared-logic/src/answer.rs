//! Merged accumulators become the rows that a reader sees.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType, UInt64Type};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;
use datafusion_common::DataFusionError;
use datafusion_expr::EmitTo;

use crate::measure::sum::SumOverflow;
use crate::partial::Partial;
use crate::present::ProjectionError;
use crate::time::EventTime;
use crate::view::View;

/// Why merged accumulators could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum AnswerError {
    /// A sum is outside the range of its SQL type. It is kept exactly: cast the argument to a wider
    /// type to see it.
    #[error("view {view}, group {group}: {overflow}, sum a DECIMAL(38, 0) or a DOUBLE instead")]
    Overflow {
        /// The view.
        view: String,
        /// Window and key of the group.
        group: String,
        /// The sum and the type.
        overflow: String,
    },
    /// An expression of the SELECT list failed.
    #[error("view {view}: {source}")]
    Show {
        /// The view.
        view: String,
        /// The group and what failed there.
        source: ProjectionError,
    },
    /// The accumulators are not those of the view.
    #[error("view {view}: {source}")]
    Compute {
        /// The view.
        view: String,
        /// What failed.
        source: DataFusionError,
    },
}

/// The answer of `view` over what `partial` covers: one row per window and key, in that order.
///
/// # Errors
/// A sum that does not fit its type, or an expression of the SELECT list that fails.
pub fn answer(view: &View, partial: &Partial) -> Result<RecordBatch, AnswerError> {
    let failed = |source: DataFusionError| match overflow(&source) {
        Some(overflow) => AnswerError::Overflow {
            view: view.name.clone(),
            group: group(view, &partial.rows, overflow.row),
            overflow: overflow.to_string(),
        },
        None => AnswerError::Compute {
            view: view.name.clone(),
            source,
        },
    };
    let finished = finish(view, &partial.rows).map_err(failed)?;
    let shown = |source| AnswerError::Show {
        view: view.name.clone(),
        source,
    };
    view.projection.apply(&finished).map_err(shown)
}

fn overflow(error: &DataFusionError) -> Option<&SumOverflow> {
    match error {
        DataFusionError::External(source) => source.downcast_ref(),
        _ => None,
    }
}

fn group(view: &View, rows: &RecordBatch, row: usize) -> String {
    let columns = rows.columns().iter().take(1 + view.keys.len());
    let values = columns.map(|column| array_value_to_string(column, row).unwrap_or_default());
    values.collect::<Vec<_>>().join(", ")
}

/// Window, keys and finished measures: what the SELECT list is written in.
fn finish(view: &View, rows: &RecordBatch) -> Result<RecordBatch, DataFusionError> {
    let missing = || ArrowError::SchemaError("a partial lacks a column".into());
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    let mut columns = rows.columns().iter().cloned();
    let mut next = || columns.next().ok_or_else(missing);

    let starts = next()?;
    let ends: TimestampMicrosecondArray = (starts.as_primitive::<TimestampMicrosecondType>())
        .unary(|start| view.window.end(EventTime(start)).0);
    let mut fields = vec![
        Field::new("window_start", timestamp.clone(), false),
        Field::new("window_end", timestamp, false),
    ];
    let mut finished: Vec<ArrayRef> = vec![starts, Arc::new(ends)];
    for (n, key) in view.keys.iter().enumerate() {
        fields.push(Field::new(format!("key_{n}"), key.clone(), true));
        finished.push(next()?);
    }
    let events = next()?;
    let groups: Vec<usize> = (0..rows.num_rows()).collect();
    for (n, measure) in view.measures.iter().enumerate() {
        fields.push(Field::new(format!("measure_{n}"), measure.output(), true));
        finished.push(match measure.accumulator()? {
            None => {
                let counts = events.as_primitive::<UInt64Type>();
                let counts: Int64Array = counts.try_unary(|count| {
                    i64::try_from(count).map_err(|_| {
                        ArrowError::ComputeError(format!("{count} rows do not fit BIGINT"))
                    })
                })?;
                Arc::new(counts)
            }
            Some(mut accumulator) => {
                let state = measure
                    .state()
                    .iter()
                    .map(|_| next())
                    .collect::<Result<Vec<_>, _>>()?;
                accumulator.merge_batch(&state, &groups, rows.num_rows())?;
                accumulator.evaluate(EmitTo::All)?
            }
        });
    }
    Ok(RecordBatch::try_new(
        Arc::new(Schema::new(fields)),
        finished,
    )?)
}
