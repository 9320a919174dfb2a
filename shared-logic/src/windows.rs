//! The groups of a fold become the windows that a reader sees.
//!
//! Where a slice is a window nothing is left to do. Hopping and cumulating windows are put together
//! of the slices that they share, and sessions lose the keys that only told them apart.

use std::sync::Arc;

use crate::error::Result;
use arrow::array::{ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray, UInt32Array};
use arrow::compute::take;
use arrow::datatypes::{TimestampMicrosecondType, UInt64Type};
use arrow::error::ArrowError;

use crate::group::intern::Interner;
use crate::group::ranks;
use crate::measure::Accumulator;
use crate::partial::Partial;
use crate::time::EventTime;
use crate::view::View;
use crate::window::Window;

/// How many rows are merged at a time.
const STEP: usize = 65_536;

/// Windows and keys, sorted by start, then end, then key with NULLs first.
pub(crate) struct Windows {
    pub(crate) starts: ArrayRef,
    pub(crate) ends: ArrayRef,
    /// The keys of GROUP BY.
    pub(crate) keys: Vec<ArrayRef>,
    /// How many events each has.
    pub(crate) events: Vec<u64>,
    /// Each measure with its state merged; `None` for `COUNT(*)`.
    pub(crate) measures: Vec<Option<Accumulator>>,
}

/// The columns of a partial.
struct Columns<'a> {
    starts: &'a [i64],
    lasts: &'a [i64],
    keys: Vec<ArrayRef>,
    events: &'a [u64],
    states: Vec<Vec<ArrayRef>>,
}

/// One group in one of its windows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Member {
    start: i64,
    end: i64,
    rank: u32,
    row: u32,
}

/// The windows of what `partial` covers; those that start at `only`, if that is given.
///
/// # Errors
/// The partial is not of this view.
pub(crate) fn windows(view: &View, partial: &Partial, only: Option<EventTime>) -> Result<Windows> {
    let columns = columns(view, &partial.rows)?;
    if view.window.is_slice() && only.is_none() {
        return as_they_are(view, &columns);
    }
    let types = view.keys.get(..view.grouped).unwrap_or_default();
    let mut interner = Interner::new(types)?;
    let mut ids = vec![];
    interner.intern(&columns.keys, columns.starts.len(), &mut ids)?;
    let distinct = interner.finish()?;
    let ranks = ranks(&distinct)?;
    let mut members = vec![];
    let mut slice: Option<(i64, Vec<(EventTime, EventTime)>)> = None;
    for ((row, key), (start, last)) in (0_u32..)
        .zip(&ids)
        .zip(columns.starts.iter().zip(columns.lasts))
    {
        let rank = ranks.get(*key as usize).copied().unwrap_or_default();
        if let Window::Session { gap } = view.window {
            let window = (EventTime(*start), EventTime(last.saturating_add(gap)));
            slice = Some((*start, vec![window]));
        } else if slice.as_ref().is_none_or(|(known, _)| known != start) {
            slice = Some((*start, view.window.windows(EventTime(*start))));
        }
        for (start, end) in slice.iter().flat_map(|(_, windows)| windows) {
            let asked = only.is_none_or(|only| only == *start);
            if asked && !view.expired(*end, &partial.coverage) {
                members.push(Member {
                    start: start.0,
                    end: end.0,
                    rank,
                    row,
                });
            }
        }
    }
    members.sort_unstable();
    together(view, &columns, &members)
}

/// Merges the members of each window and key.
fn together(view: &View, columns: &Columns, members: &[Member]) -> Result<Windows> {
    let mut firsts: Vec<Member> = vec![];
    let mut places = Vec::with_capacity(members.len());
    for member in members {
        let known = firsts.last().is_some_and(|first| {
            (first.start, first.end, first.rank) == (member.start, member.end, member.rank)
        });
        if !known {
            firsts.push(*member);
        }
        places.push(firsts.len() - 1);
    }
    let mut events = vec![0; firsts.len()];
    for (member, place) in members.iter().zip(&places) {
        let more = columns.events.get(member.row as usize).copied();
        if let (Some(events), Some(more)) = (events.get_mut(*place), more) {
            *events += more;
        }
    }
    let mut measures = fresh(view)?;
    for (members, places) in members.chunks(STEP).zip(places.chunks(STEP)) {
        let rows = UInt32Array::from_iter_values(members.iter().map(|member| member.row));
        for (measure, state) in measures.iter_mut().zip(&columns.states) {
            if let Some(measure) = measure {
                let state: Vec<ArrayRef> = state
                    .iter()
                    .map(|column| take(column, &rows, None))
                    .collect::<Result<_, ArrowError>>()?;
                measure.merge_batch(&state, places, firsts.len())?;
            }
        }
    }
    let rows = UInt32Array::from_iter_values(firsts.iter().map(|first| first.row));
    let keys = (columns.keys.iter())
        .map(|column| take(column, &rows, None))
        .collect::<Result<_, ArrowError>>()?;
    let times = |time: fn(&Member) -> i64| -> ArrayRef {
        let times = firsts.iter().map(time);
        Arc::new(TimestampMicrosecondArray::from_iter_values(times))
    };
    Ok(Windows {
        starts: times(|first| first.start),
        ends: times(|first| first.end),
        keys,
        events,
        measures,
    })
}

/// The groups of a fold whose slices are windows.
fn as_they_are(view: &View, columns: &Columns) -> Result<Windows> {
    let groups: Vec<usize> = (0..columns.starts.len()).collect();
    let mut measures = fresh(view)?;
    for (measure, state) in measures.iter_mut().zip(&columns.states) {
        if let Some(measure) = measure {
            measure.merge_batch(state, &groups, groups.len())?;
        }
    }
    let ends = columns.starts.iter().map(|start| match view.window {
        Window::Tumble { size, .. } => start.saturating_add(size),
        _ => i64::MAX,
    });
    Ok(Windows {
        starts: Arc::new(TimestampMicrosecondArray::from(columns.starts.to_vec())),
        ends: Arc::new(TimestampMicrosecondArray::from_iter_values(ends)),
        keys: columns.keys.clone(),
        events: columns.events.to_vec(),
        measures,
    })
}

fn fresh(view: &View) -> Result<Vec<Option<Accumulator>>> {
    let measures = view.measures.iter();
    measures.map(|measure| measure.accumulator()).collect()
}

/// Takes a partial apart.
fn columns<'a>(view: &View, rows: &'a RecordBatch) -> Result<Columns<'a>> {
    let missing = || ArrowError::SchemaError("a partial lacks a column".into());
    let mut columns = rows.columns().iter();
    let mut next = || columns.next().ok_or_else(missing);
    let times = |column: &'a ArrayRef| {
        let times = column.as_primitive_opt::<TimestampMicrosecondType>();
        times
            .map(|times| times.values().as_ref())
            .ok_or_else(missing)
    };
    let starts = times(next()?)?;
    let lasts = match view.window {
        Window::Session { .. } => times(next()?)?,
        _ => starts,
    };
    let mut keys = (view.keys.iter())
        .map(|_| next().cloned())
        .collect::<Result<Vec<_>, _>>()?;
    keys.truncate(view.grouped);
    let events = next()?
        .as_primitive_opt::<UInt64Type>()
        .ok_or_else(missing)?;
    let states = (view.measures.iter())
        .map(|measure| measure.state().iter().map(|_| next().cloned()).collect())
        .collect::<Result<_, _>>()?;
    Ok(Columns {
        starts,
        lasts,
        keys,
        events: events.values(),
        states,
    })
}

#[cfg(test)]
mod tests;
