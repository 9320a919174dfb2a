//! A lambda whose batch half is the second code base.

use std::sync::Arc;

use arrow::array::{AsArray, BooleanArray, RecordBatch};
use arrow::compute::{cast, concat_batches, filter_record_batch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use shared_logic::view::View;

use super::Second;
use crate::compare::Events;
use crate::error::ComparisonError;
use crate::lambda::{Options, lambda};
use crate::rule::Rule;
use crate::run::Served;
use crate::seam::{Seam, micros};

/// What is served if batches are computed by `second` and the stream by the view, under the rule
/// `version`: the intervals of the one and those of the other have no window in common.
///
/// # Errors
/// Intervals that are no multiple of the view's window, and what either half fails of.
pub fn served(
    view: &Arc<View>,
    events: Events<'_>,
    seam: &Seam,
    second: &Second,
    options: &Options,
) -> Result<Served, ComparisonError> {
    let window = view.window.grid().map_or(1, |(size, _)| size);
    if micros(seam.interval) % window != 0 {
        return Err(ComparisonError::Choice(format!(
            "batches of {:?} do not end where windows do",
            seam.interval
        )));
    }
    let shared = lambda(view, events.logs, Rule::VERSION, seam, options)?.served;
    let batch = &shared.halves.batch;
    let numbered = (0_u32..).zip(events.rows);
    let below: Vec<u32> = numbered
        .filter(|(_, row)| {
            let taken = row.time.is_some_and(|time| batch.admission.takes(time));
            taken && batch.reads(&row.place, row.offset)
        })
        .map(|(number, _)| number)
        .collect();
    let boundary = seam.interval_start(0);
    let starts = shared.rows.column_by_name("window_start");
    let starts = starts.map(|starts| starts.as_primitive::<TimestampMicrosecondType>());
    let above = starts.map(|starts| {
        let above = starts
            .values()
            .iter()
            .map(|start| Some(*start >= boundary.0));
        above.collect::<BooleanArray>()
    });
    let speed = match above {
        Some(above) => filter_record_batch(&shared.rows, &above)?,
        None => shared.rows.clone(),
    };
    let rows = concat_batches(
        &speed.schema(),
        [&like(&second.rows(&below)?, &speed)?, &speed],
    )?;
    let counts = rows.column_by_name(second.counts());
    let counts = counts.map(|counts| counts.as_primitive::<Int64Type>());
    Ok(Served {
        counted: counts.map_or(0, |counts| {
            counts.values().iter().sum::<i64>().unsigned_abs()
        }),
        rows,
        ..shared
    })
}

/// The rows in the types of another answer.
fn like(rows: &RecordBatch, other: &RecordBatch) -> Result<RecordBatch, ComparisonError> {
    let columns = rows.columns().iter().zip(other.columns());
    let columns = columns.map(|(column, like)| cast(column, like.data_type()));
    Ok(RecordBatch::try_new(
        other.schema(),
        columns.collect::<Result<_, _>>()?,
    )?)
}
