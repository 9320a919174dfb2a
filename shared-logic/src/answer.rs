//! Merged accumulators become the rows that a reader sees.

use std::sync::Arc;

use crate::measure::accumulator::EmitTo;
use arrow::array::{
    ArrayRef, AsArray, Int64Array, RecordBatch, RecordBatchOptions, TimestampMicrosecondArray,
    UInt64Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use arrow::util::display::array_value_to_string;

use crate::measure::sum::SumOverflow;
use crate::partial::Partial;
use crate::present::ProjectionError;
use crate::time::EventTime;
use crate::view::View;
use crate::window::{WINDOW_END, WINDOW_START, Window};
use crate::windows::{Windows, windows};

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
        source: ArrowError,
    },
}

/// The answer of `view` over what `partial` covers: one row per window and key, in that order; in a
/// view of rows one for each event.
///
/// # Errors
/// A sum that does not fit its type, or an expression of the SELECT list that fails.
pub fn answer(view: &View, partial: &Partial) -> Result<RecordBatch, AnswerError> {
    answered(view, partial, None)
}

/// The rows of [`answer`] whose window starts at `start`.
///
/// # Errors
/// Those of [`answer`].
pub fn answer_at(
    view: &View,
    partial: &Partial,
    start: EventTime,
) -> Result<RecordBatch, AnswerError> {
    answered(view, partial, Some(start))
}

/// The rows of [`answer`] with what names each.
#[derive(Clone, Debug)]
pub struct Named {
    /// The window, where the view has one, and the keys, called as they are written in GROUP BY; no
    /// two rows are alike.
    pub names: RecordBatch,
    /// The columns of the answer, row by row.
    pub rows: RecordBatch,
    /// The first instant after each row's window; `i64::MAX` microseconds where there is none.
    pub ends: TimestampMicrosecondArray,
}

/// The answer with the window and the keys of each row, whether they are shown or not; in a view of
/// rows, alike events are one row.
///
/// # Errors
/// Those of [`answer`].
pub fn named_answer(view: &View, partial: &Partial) -> Result<Named, AnswerError> {
    let compute = |source: ArrowError| AnswerError::Compute {
        view: view.name.clone(),
        source,
    };
    let (finished, _) = finished(view, partial, None)?;
    let ends = finished
        .column_by_name(WINDOW_END)
        .and_then(|ends| ends.as_primitive_opt::<TimestampMicrosecondType>())
        .cloned()
        .ok_or_else(|| compute(ArrowError::SchemaError("the windows have no end".into())))?;
    let without = match view.window {
        Window::All => 2,
        _ => 0,
    };
    let mut fields = vec![];
    let mut columns = vec![];
    let grouped = (view.projection.group.iter()).zip(finished.schema_ref().fields());
    for ((name, field), column) in grouped.zip(finished.columns()).skip(without) {
        fields.push(field.as_ref().clone().with_name(name));
        columns.push(Arc::clone(column));
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(finished.num_rows()));
    let schema = Arc::new(Schema::new(fields));
    let names = RecordBatch::try_new_with_options(schema, columns, &rows).map_err(compute)?;
    Ok(Named {
        names,
        rows: shown(view, &finished)?,
        ends,
    })
}

fn answered(
    view: &View,
    partial: &Partial,
    only: Option<EventTime>,
) -> Result<RecordBatch, AnswerError> {
    let (finished, events) = finished(view, partial, only)?;
    let shown = shown(view, &finished)?;
    match view.rows {
        true => repeated(&shown, &events).map_err(|source| AnswerError::Compute {
            view: view.name.clone(),
            source,
        }),
        false => Ok(shown),
    }
}

/// The SELECT list of each row.
fn shown(view: &View, finished: &RecordBatch) -> Result<RecordBatch, AnswerError> {
    (view.projection.apply(finished)).map_err(|source| AnswerError::Show {
        view: view.name.clone(),
        source,
    })
}

/// Window, keys and finished measures, and how many events each row has.
fn finished(
    view: &View,
    partial: &Partial,
    only: Option<EventTime>,
) -> Result<(RecordBatch, Vec<u64>), AnswerError> {
    let compute = |source: ArrowError| AnswerError::Compute {
        view: view.name.clone(),
        source,
    };
    let mut windows = windows(view, partial, only).map_err(compute)?;
    let mut finished = named(view, &windows);
    for (n, measure) in view.measures.iter().enumerate() {
        let values = match windows.measures.get_mut(n).and_then(Option::as_mut) {
            None => counts(&windows.events).map_err(compute)?,
            Some(accumulator) => {
                (accumulator.evaluate(EmitTo::All)).map_err(|source| match overflow(&source) {
                    Some(overflow) => AnswerError::Overflow {
                        view: view.name.clone(),
                        group: group(&finished, overflow.row),
                        overflow: overflow.to_string(),
                    },
                    None => compute(source),
                })?
            }
        };
        finished.push((
            Field::new(format!("measure_{n}"), measure.output(), true),
            values,
        ));
    }
    let (fields, columns): (Vec<Field>, Vec<ArrayRef>) = finished.into_iter().unzip();
    let finished = RecordBatch::try_new(Arc::new(Schema::new(fields)), columns).map_err(compute)?;
    Ok((finished, windows.events))
}

fn overflow(error: &ArrowError) -> Option<&SumOverflow> {
    match error {
        ArrowError::ExternalError(source) => source.downcast_ref(),
        _ => None,
    }
}

/// Window and key of a row, for errors; a view without windows has no window to tell.
fn group(columns: &[(Field, ArrayRef)], row: usize) -> String {
    let told = columns
        .iter()
        .filter(|(field, _)| field.name() != WINDOW_END);
    let values = told.map(|(_, column)| array_value_to_string(column, row).unwrap_or_default());
    values.collect::<Vec<_>>().join(", ")
}

/// Window and keys: what the SELECT list is written in besides the measures.
fn named(view: &View, windows: &Windows) -> Vec<(Field, ArrayRef)> {
    let timestamp = DataType::Timestamp(TimeUnit::Microsecond, None);
    let bounds = [(WINDOW_START, &windows.starts), (WINDOW_END, &windows.ends)];
    let mut columns: Vec<(Field, ArrayRef)> = (bounds.into_iter())
        .map(|(name, bound)| {
            let field = Field::new(name, timestamp.clone(), false);
            (field, Arc::clone(bound))
        })
        .collect();
    for (n, (key, data_type)) in windows.keys.iter().zip(&view.keys).enumerate() {
        let field = Field::new(format!("key_{n}"), data_type.clone(), true);
        columns.push((field, Arc::clone(key)));
    }
    columns
}

/// `COUNT(*)` of each group.
fn counts(events: &[u64]) -> Result<ArrayRef, ArrowError> {
    let counts = events.iter().map(|count| {
        i64::try_from(*count)
            .map_err(|_| ArrowError::ComputeError(format!("{count} rows do not fit BIGINT")))
    });
    let counts: Vec<i64> = counts.collect::<Result<_, _>>()?;
    Ok(Arc::new(Int64Array::from(counts)))
}

/// Each row as often as its group has events.
fn repeated(rows: &RecordBatch, events: &[u64]) -> Result<RecordBatch, ArrowError> {
    let times = (0_u64..).zip(events);
    let places = times.flat_map(|(row, events)| (0..*events).map(move |_| row));
    take_record_batch(rows, &UInt64Array::from_iter_values(places))
}
