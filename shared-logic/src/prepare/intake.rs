//! The first look at a chunk: which rows are admitted and can be read, and in which window they are.

use arrow::array::{Array, BooleanArray, PrimitiveArray};
use arrow::compute;
use arrow::datatypes::TimestampMicrosecondType;

use super::{Prepare, PrepareError, Reject};
use crate::admission::Admission;
use crate::decode::Decoded;
use crate::time::EventTime;
use crate::window::Window;

/// What the first look found.
pub(super) struct Taken {
    /// The start of every row's slice, for a session its time; any number where there is none.
    pub(super) starts: Vec<i64>,
    /// The rows to go on with; `None` means all.
    pub(super) keep: Option<BooleanArray>,
    pub(super) rejects: Vec<Reject>,
    pub(super) latest: Option<EventTime>,
}

/// Looks at the event time, the faults and the forbidden NULLs of a chunk.
pub(super) fn take(
    prepare: &Prepare,
    decoded: &Decoded,
    times: &PrimitiveArray<TimestampMicrosecondType>,
    admission: Admission,
) -> Result<Taken, PrepareError> {
    let latest = compute::max(times).map(EventTime);
    let all = latest
        .filter(|_| times.null_count() == 0)
        .and_then(|latest| {
            let earliest = compute::min(times).map(EventTime)?;
            one_slice(prepare.window, earliest, latest)
        });
    let (starts, outside) = match all {
        Some(start) => (vec![start.0; times.len()], vec![]),
        None => starts(prepare.window, times.values()),
    };
    let forbidden = (prepare.required.iter())
        .filter_map(|at| decoded.columns.columns().get(*at))
        .any(|column| column.null_count() > 0);
    let spotless = decoded.faults.is_empty()
        && times.null_count() == 0
        && outside.is_empty()
        && !forbidden
        && admission == Admission::All;
    if spotless {
        return Ok(Taken {
            starts,
            keep: None,
            rejects: vec![],
            latest,
        });
    }
    let reasons = reasons(prepare, decoded, times, &outside);
    let mut rejects = vec![];
    let mut keep = Vec::with_capacity(starts.len());
    for ((row, time), reason) in times.iter().enumerate().zip(reasons) {
        let admitted = time.is_none_or(|time| admission.takes(EventTime(time)));
        keep.push(admitted && reason.is_none());
        if let (true, Some(reason)) = (admitted, reason) {
            rejects.push(Reject { row, reason });
        }
    }
    Ok(Taken {
        starts,
        keep: Some(BooleanArray::from(keep)),
        rejects,
        latest,
    })
}

/// The start of the slice that all times from `earliest` to `latest` fall into, if there is one: most
/// chunks of a log lie in it.
fn one_slice(window: Window, earliest: EventTime, latest: EventTime) -> Option<EventTime> {
    let slice = window.slice(earliest)?;
    let one = match window {
        Window::All => true,
        Window::Session { .. } => earliest == latest,
        _ => latest < slice.end,
    };
    one.then_some(slice.start)
}

/// The start of each time's slice, and the rows whose window is outside the number range.
///
/// Events come nearly in order, so the slice of the row before is tried first.
fn starts(window: Window, times: &[i64]) -> (Vec<i64>, Vec<usize>) {
    let mut starts = Vec::with_capacity(times.len());
    let mut outside = vec![];
    let mut start = 0;
    let mut inside = 0..0;
    for (row, time) in times.iter().enumerate() {
        if !inside.contains(time) {
            match window.slice(EventTime(*time)) {
                Some(found) => {
                    start = found.start.0;
                    inside = match window {
                        Window::All => i64::MIN..i64::MAX,
                        Window::Session { .. } => start..start.saturating_add(1),
                        _ => start..found.end.0,
                    };
                }
                None => outside.push(row),
            }
        }
        starts.push(start);
    }
    (starts, outside)
}

/// The name of a column of the table that is read.
fn named(prepare: &Prepare, column: usize) -> Option<&str> {
    let at = prepare.columns.iter().position(|read| *read == column)?;
    Some(prepare.schema.fields().get(at)?.name())
}

/// The first thing wrong with each row.
fn reasons(
    prepare: &Prepare,
    decoded: &Decoded,
    times: &PrimitiveArray<TimestampMicrosecondType>,
    outside: &[usize],
) -> Vec<Option<String>> {
    let mut reasons: Vec<Option<String>> = vec![None; times.len()];
    let mut wrong = |row: usize, reason: &dyn Fn() -> String| {
        if let Some(slot @ None) = reasons.get_mut(row) {
            *slot = Some(reason());
        }
    };
    for fault in &decoded.faults {
        if fault
            .column
            .is_none_or(|column| prepare.columns.contains(&column))
        {
            wrong(
                fault.row,
                &|| match fault.column.and_then(|column| named(prepare, column)) {
                    Some(name) if !fault.reason.contains(name) => {
                        format!("column {name}: {}", fault.reason)
                    }
                    _ => fault.reason.clone(),
                },
            );
        }
    }
    let required = std::iter::once(&prepare.event_time).chain(&prepare.required);
    for at in required {
        let Some(column) = decoded.columns.columns().get(*at) else {
            continue;
        };
        let name = prepare
            .schema
            .fields()
            .get(*at)
            .map_or("", |field| field.name());
        if let Some(nulls) = column.nulls() {
            for row in (0..nulls.len()).filter(|row| nulls.is_null(*row)) {
                wrong(row, &|| format!("{name} is NULL"));
            }
        }
    }
    for row in outside {
        if times.is_valid(*row) {
            wrong(*row, &|| {
                let time = EventTime(times.value(*row));
                format!("the window of {time} is outside the range of timestamps")
            });
        }
    }
    reasons
}
