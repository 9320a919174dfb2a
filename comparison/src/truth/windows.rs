//! Which windows an event is in.

use polars::prelude::{Column, DataFrame, DataType, GroupsIndicator, PlSmallStr};
use shared_logic::window::Window;

use super::TruthError;
use super::plan::{self, Plan};

/// A row in one of its windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) row: usize,
    pub(super) start: i64,
    pub(super) end: i64,
}

/// The windows, start and end, of an event at `time`; for a session that of the event alone. `None`
/// where one of them reaches beyond the instants of 64 bits.
pub(super) fn windows(window: Window, time: i64) -> Option<Vec<(i64, i64)>> {
    let time = i128::from(time);
    let floor = |width: i64, offset: i64| {
        let (width, offset) = (i128::from(width), i128::from(offset));
        (time - offset).div_euclid(width) * width + offset
    };
    let mut found: Vec<(i128, i128)> = vec![];
    match window {
        // The bounds mean nothing, but they are the same for all.
        Window::All => found.push((0, i128::from(i64::MAX))),
        Window::Tumble { size, offset } => {
            let start = floor(size, offset);
            found.push((start, start + i128::from(size)));
        }
        Window::Hop {
            size,
            slide,
            offset,
        } => {
            let mut start = floor(slide, offset);
            while start + i128::from(size) > time {
                found.push((start, start + i128::from(size)));
                start -= i128::from(slide);
            }
        }
        Window::Cumulate { size, step, offset } => {
            let start = floor(size, offset);
            let mut end = start + i128::from(step);
            while end <= start + i128::from(size) {
                if time < end {
                    found.push((start, end));
                }
                end += i128::from(step);
            }
        }
        Window::Session { gap } => found.push((time, time + i128::from(gap))),
    }
    let narrow =
        |(start, end): (i128, i128)| Some((i64::try_from(start).ok()?, i64::try_from(end).ok()?));
    found.into_iter().map(narrow).collect()
}

/// The rows of `frame`, which happened at `times`, each in all of its windows.
pub(super) fn spread(
    plan: &Plan,
    frame: &DataFrame,
    times: &[i64],
) -> Result<Vec<Placed>, TruthError> {
    if let Window::Session { gap } = plan.window {
        return sessions(plan, frame, times, gap);
    }
    let mut placed = vec![];
    for (row, time) in times.iter().enumerate() {
        let windows = windows(plan.window, *time).unwrap_or_default();
        placed.extend(
            windows
                .into_iter()
                .map(|(start, end)| Placed { row, start, end }),
        );
    }
    Ok(placed)
}

/// Walks through the events of each key by time: one that is more than the gap behind the last one
/// begins another session.
fn sessions(
    plan: &Plan,
    frame: &DataFrame,
    times: &[i64],
    gap: i64,
) -> Result<Vec<Placed>, TruthError> {
    let mut placed = vec![];
    for mut rows in members(plan, frame)? {
        let time = |row: &usize| times.get(*row).copied().unwrap_or_default();
        rows.sort_by_key(time);
        let apart =
            |a: &usize, b: &usize| i128::from(time(b)) - i128::from(time(a)) > i128::from(gap);
        for session in rows.chunk_by(|a, b| !apart(a, b)) {
            let (Some(first), Some(last)) = (session.first(), session.last()) else {
                continue;
            };
            let (start, end) = (time(first), time(last).saturating_add(gap));
            placed.extend(session.iter().map(|row| Placed {
                row: *row,
                start,
                end,
            }));
        }
    }
    Ok(placed)
}

/// The rows of each key that sessions are found by.
fn members(plan: &Plan, frame: &DataFrame) -> Result<Vec<Vec<usize>>, TruthError> {
    // A key that is the same everywhere: there may be no other, and Polars groups by a single
    // decimal only with a feature that is off.
    let mut keys = vec![Column::full_null(
        "same".into(),
        frame.height(),
        &DataType::Boolean,
    )];
    for number in 0..plan.sessions.len() {
        keys.push(frame.column(&plan::session(number))?.clone());
    }
    let names: Vec<PlSmallStr> = keys.iter().map(|key| key.name().clone()).collect();
    let frame = DataFrame::new(frame.height(), keys)?;
    let groups = frame.group_by(names)?;
    let rows = |group: GroupsIndicator| match group {
        GroupsIndicator::Idx((_, rows)) => rows.iter().map(|row| *row as usize).collect(),
        GroupsIndicator::Slice([first, count]) => (first..first + count)
            .map(|row| row as usize)
            .collect::<Vec<_>>(),
    };
    Ok(groups.get_groups().iter().map(rows).collect())
}
