//! One group out of many: a binary search in each segment, then a merge of what was found.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, make_comparator};
use arrow::compute::SortOptions;
use arrow::datatypes::TimestampMicrosecondType;
use shared_logic::answer::answer;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::error::ServingError;

/// The answer for one window and key: one row, or none where no event fell there.
///
/// `key` holds one array of one row for each grouping key, in the key's type.
///
/// # Errors
/// The key does not fit the view, or the partials do not tile.
pub fn point(
    view: &Arc<View>,
    partials: &[Arc<Partial>],
    window_start: EventTime,
    key: &[ArrayRef],
) -> Result<RecordBatch, ServingError> {
    let types: Vec<_> = key
        .iter()
        .map(|column| column.data_type().clone())
        .collect();
    if types != view.keys {
        let message = format!(
            "view {} is grouped by {:?}, the key given is {types:?}",
            view.name, view.keys
        );
        return Err(ServingError::Question(message));
    }
    let found = (partials.iter())
        .map(|partial| {
            let at = search(&partial.rows, window_start, key)?;
            let rows = at.map_or_else(
                || partial.rows.slice(0, 0),
                |row| partial.rows.slice(row, 1),
            );
            Ok(Partial {
                rows,
                ..partial.as_ref().clone()
            })
        })
        .collect::<Result<Vec<_>, ServingError>>()?;
    Ok(answer(view, &merge(view, &found)?)?)
}

/// The row of `window_start` and `key` in rows sorted by both.
fn search(
    rows: &RecordBatch,
    window_start: EventTime,
    key: &[ArrayRef],
) -> Result<Option<usize>, ServingError> {
    let Some((starts, others)) = rows.columns().split_first() else {
        return Ok(None);
    };
    let starts = starts.as_primitive::<TimestampMicrosecondType>().values();
    let first = starts.partition_point(|start| *start < window_start.0);
    let last = starts.partition_point(|start| *start <= window_start.0);
    let comparators = (others.iter().zip(key))
        .map(|(column, key)| make_comparator(column, key, SortOptions::default()))
        .collect::<Result<Vec<_>, _>>()?;
    let compare = |row: usize| {
        let orders = comparators.iter().map(|compare| compare(row, 0));
        orders.fold(Ordering::Equal, Ordering::then)
    };
    let (mut low, mut high) = (first, last);
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Ok(Some(middle)),
        }
    }
    Ok(None)
}
