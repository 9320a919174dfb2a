//! One group out of many: a search in each segment, then a merge of what was found.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use shared_logic::answer::{answer, answer_at};
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;
use shared_logic::view::View;
use shared_logic::window::Window;

use crate::error::ServingError;

/// The answer for the windows that start at `window_start` and one key: one row, or none where no
/// event fell there; several of a cumulating window. A view without windows has one group a key,
/// whatever the start.
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
    let grouped = view.keys.get(..view.grouped).unwrap_or_default();
    if types != grouped {
        let message = format!(
            "view {} is grouped by {grouped:?}, the key given is {types:?}",
            view.name
        );
        return Err(ServingError::Question(message));
    }
    let found = (partials.iter())
        .map(|partial| {
            let found = find(view, &partial.rows, window_start, key)?;
            Ok(Partial {
                rows: take_record_batch(&partial.rows, &UInt64Array::from(found))?,
                ..partial.as_ref().clone()
            })
        })
        .collect::<Result<Vec<_>, ServingError>>()?;
    let merged = merge(view, &found)?;
    Ok(match view.window.is_slice() {
        true => answer(view, &merged)?,
        false => answer_at(view, &merged, window_start)?,
    })
}

/// The rows of a segment that the windows at `window_start` and `key` are made of, perhaps more.
fn find(
    view: &View,
    rows: &RecordBatch,
    window_start: EventTime,
    key: &[ArrayRef],
) -> Result<Vec<u64>, ServingError> {
    let Some((starts, others)) = rows.columns().split_first() else {
        return Ok(vec![]);
    };
    let starts = starts.as_primitive::<TimestampMicrosecondType>().values();
    let sessions = matches!(view.window, Window::Session { .. });
    let keys = others.iter().skip(usize::from(sessions));
    let comparators = (keys.zip(key))
        .map(|(column, key)| make_comparator(column, key, SortOptions::default()))
        .collect::<Result<Vec<_>, _>>()?;
    let compare = |row: usize| {
        let orders = comparators.iter().map(|compare| compare(row, 0));
        orders.fold(Ordering::Equal, Ordering::then)
    };
    let range = match view.window {
        // Where a session starts is known once all its parts are merged.
        Window::Session { .. } => {
            let all = (0..starts.len()).filter(|row| compare(*row) == Ordering::Equal);
            return Ok(all.map(|row| row as u64).collect());
        }
        Window::All => i64::MIN..i64::MAX,
        Window::Tumble { size, .. } | Window::Hop { size, .. } | Window::Cumulate { size, .. } => {
            window_start.0..window_start.0.saturating_add(size)
        }
    };
    let mut found = vec![];
    let mut low = starts.partition_point(|start| *start < range.start);
    while let Some(start) = starts.get(low).filter(|start| range.contains(start)) {
        let high = starts.partition_point(|other| other <= start);
        found.extend(search(low, high, compare).map(|row| row as u64));
        low = high;
    }
    Ok(found)
}

/// The row from `low` to `high`, sorted, that compares equal.
fn search(mut low: usize, mut high: usize, compare: impl Fn(usize) -> Ordering) -> Option<usize> {
    while low < high {
        let middle = low + (high - low) / 2;
        match compare(middle) {
            Ordering::Less => low = middle + 1,
            Ordering::Greater => high = middle,
            Ordering::Equal => return Some(middle),
        }
    }
    None
}
