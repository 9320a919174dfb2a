//! The groups of a fold become the windows that a reader sees.
//!
//! Where a slice is a window nothing is left to do. Hopping and cumulating windows are put together
//! of the slices that they share, and sessions lose the keys that only told them apart.

use std::ops::Range;
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

/// From how many rows on they are merged.
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

/// The rows of one slice in one of its windows.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Member {
    start: i64,
    end: i64,
    rows: Range<u32>,
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
    let ranks = ranks(&interner.finish()?)?;
    let places: Vec<u32> = (ids.iter())
        .map(|key| ranks.get(*key as usize).copied().unwrap_or_default())
        .collect();
    let mut members = members(view, &columns);
    members.retain(|member| {
        only.is_none_or(|only| only.0 == member.start)
            && !view.expired(EventTime(member.end), &partial.coverage)
    });
    members.sort_unstable_by_key(|member| (member.start, member.end, member.rows.start));
    together(view, &columns, &members, &places)
}

/// The slices of a fold with each of their windows.
fn members(view: &View, columns: &Columns) -> Vec<Member> {
    let mut members = vec![];
    let mut next = 0;
    let times: Vec<(&i64, &i64)> = columns.starts.iter().zip(columns.lasts).collect();
    for slice in times.chunk_by(|time, next| time == next) {
        let rows = next..next + slice.len() as u32;
        next = rows.end;
        let Some((start, last)) = slice.first() else {
            continue;
        };
        let windows = match view.window {
            Window::Session { gap } => {
                vec![(EventTime(**start), EventTime(last.saturating_add(gap)))]
            }
            window => window.windows(EventTime(**start)),
        };
        members.extend(windows.into_iter().map(|(start, end)| Member {
            start: start.0,
            end: end.0,
            rows: rows.clone(),
        }));
    }
    members
}

/// Merges the members of each window, which come one behind the other; `ranks` has the place of each
/// row's key among all keys.
fn together(view: &View, columns: &Columns, members: &[Member], ranks: &[u32]) -> Result<Windows> {
    let mut merged = Merged::new(view)?;
    let mut rows: Vec<(u32, u32)> = vec![];
    for window in members.chunk_by(|one, other| (one.start, one.end) == (other.start, other.end)) {
        let Some(Member { start, end, .. }) = window.first() else {
            continue;
        };
        rows.clear();
        for member in window {
            let ranks = ranks.get(member.rows.start as usize..member.rows.end as usize);
            rows.extend(
                ranks
                    .unwrap_or_default()
                    .iter()
                    .copied()
                    .zip(member.rows.clone()),
            );
        }
        // Each slice is in order, and a stable sort merges what it finds in order.
        rows.sort_by_key(|(rank, _)| *rank);
        for group in rows.chunk_by(|(rank, _), (next, _)| rank == next) {
            merged.group(columns, (*start, *end), group.iter().map(|(_, row)| *row));
        }
        if merged.rows.len() >= STEP {
            merged.flush(columns)?;
        }
    }
    merged.finish(columns)
}

/// Windows and keys as far as they are put together.
struct Merged {
    starts: Vec<i64>,
    ends: Vec<i64>,
    /// A row of each, for its keys.
    firsts: Vec<u32>,
    events: Vec<u64>,
    measures: Vec<Option<Accumulator>>,
    /// Rows whose states are not merged yet, and the number of the group of each.
    rows: Vec<u32>,
    groups: Vec<usize>,
}

impl Merged {
    fn new(view: &View) -> Result<Self> {
        Ok(Self {
            starts: vec![],
            ends: vec![],
            firsts: vec![],
            events: vec![],
            measures: fresh(view)?,
            rows: vec![],
            groups: vec![],
        })
    }

    /// Adds a group that is put together of these rows, of which there is at least one.
    #[inline]
    fn group(
        &mut self,
        columns: &Columns,
        (start, end): (i64, i64),
        rows: impl Iterator<Item = u32>,
    ) {
        let (number, first) = (self.firsts.len(), self.rows.len());
        let mut events = 0;
        for row in rows {
            events += columns
                .events
                .get(row as usize)
                .copied()
                .unwrap_or_default();
            self.rows.push(row);
            self.groups.push(number);
        }
        self.firsts.extend(self.rows.get(first));
        self.starts.push(start);
        self.ends.push(end);
        self.events.push(events);
    }

    /// Merges the states of the rows that were added.
    fn flush(&mut self, columns: &Columns) -> Result<()> {
        let total = self.firsts.len();
        let rows = UInt32Array::from(std::mem::take(&mut self.rows));
        for (measure, state) in self.measures.iter_mut().zip(&columns.states) {
            if let Some(measure) = measure {
                let state: Vec<ArrayRef> = state
                    .iter()
                    .map(|column| take(column, &rows, None))
                    .collect::<Result<_, ArrowError>>()?;
                measure.merge_batch(&state, &self.groups, total)?;
            }
        }
        self.groups.clear();
        Ok(())
    }

    fn finish(mut self, columns: &Columns) -> Result<Windows> {
        self.flush(columns)?;
        let firsts = UInt32Array::from(self.firsts);
        let keys = (columns.keys.iter())
            .map(|column| take(column, &firsts, None))
            .collect::<Result<_, ArrowError>>()?;
        Ok(Windows {
            starts: Arc::new(TimestampMicrosecondArray::from(self.starts)),
            ends: Arc::new(TimestampMicrosecondArray::from(self.ends)),
            keys,
            events: self.events,
            measures: self.measures,
        })
    }
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
