//! The rows that a difference may be in.

use std::cmp::Ordering;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, BooleanArray, RecordBatch, UInt64Array, make_comparator};
use arrow::compute::{SortOptions, filter_record_batch, take_record_batch};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::error::ArrowError;
use arrow::row::{RowConverter, SortField};
use hashbrown::HashSet;
use shared_logic::coverage::Coverage;
use shared_logic::fold::FoldError;
use shared_logic::merge::merge;
use shared_logic::partial::{self, Partial};
use shared_logic::time::EventTime;
use shared_logic::view::View;
use shared_logic::window::Window;

/// Which groups of a view may have changed: those of some rows, and those whose windows these share.
///
/// A window is touched as a whole: with all its slices, so that it can be put together of what is
/// touched. Of a window that is not, any part may be there as well, always the same one.
pub(super) struct Touched {
    /// Slices in which the keys below are touched; sorted and disjoint.
    slices: Vec<Range<i64>>,
    keys: HashSet<Box<[u8]>>,
    /// The same keys as columns, in the order of rows; none where rows are not sorted by them.
    columns: Vec<ArrayRef>,
    converter: RowConverter,
    /// The columns of a partial that a key is made of.
    by: Vec<usize>,
    /// Slices in which every key is touched.
    whole: Vec<Range<i64>>,
}

impl Touched {
    /// The groups that `fresh`, folds of some events, have rows of.
    pub(super) fn by(view: &View, fresh: &[Partial]) -> Result<Self, FoldError> {
        let mut touched = Self::nothing(view)?;
        for partial in fresh {
            touched.add(view, &partial.rows)?;
        }
        touched.sorted(view)
    }

    /// The groups that `before` and `after`, folds of what may be different events, have other rows
    /// of.
    pub(super) fn between(
        view: &Arc<View>,
        before: &[Arc<Partial>],
        after: &[Arc<Partial>],
    ) -> Result<Self, FoldError> {
        let mut touched = Self::nothing(view)?;
        let fields = partial::columns(view);
        let fields = fields.fields().iter();
        let types = fields.map(|field| SortField::new(field.data_type().clone()));
        let converter = RowConverter::new(types.collect())?;
        let encoded = |partials: &[Arc<Partial>]| {
            let merged = together(view, partials)?.into_iter();
            let encoded = merged.map(|rows| Ok((converter.convert_columns(rows.columns())?, rows)));
            encoded.collect::<Result<Vec<_>, FoldError>>()
        };
        let (before, after) = (encoded(before)?, encoded(after)?);
        for (side, other) in [(&before, &after), (&after, &before)] {
            let other = other.iter().flat_map(|(encoded, _)| encoded);
            let other: HashSet<_> = other.collect();
            for (encoded, rows) in side {
                let changed = encoded.iter().map(|row| !other.contains(&row));
                let changed = BooleanArray::from(changed.collect::<Vec<_>>());
                touched.add(view, &filter_record_batch(rows, &changed)?)?;
            }
        }
        touched.sorted(view)
    }

    fn nothing(view: &View) -> Result<Self, ArrowError> {
        let (times, keys): (usize, Vec<usize>) = match view.window {
            // The other keys have their session's bounds in common.
            Window::Session { .. } => (2, view.sessions_by.clone()),
            _ => (1, (0..view.keys.len()).collect()),
        };
        let types = keys.iter().filter_map(|key| view.keys.get(*key));
        Ok(Self {
            slices: vec![],
            keys: HashSet::new(),
            columns: vec![],
            converter: RowConverter::new(types.cloned().map(SortField::new).collect())?,
            by: keys.iter().map(|key| times + key).collect(),
            whole: vec![],
        })
    }

    fn add(&mut self, view: &View, rows: &RecordBatch) -> Result<(), ArrowError> {
        let mut before = None;
        for start in starts(rows) {
            if before == Some(start) {
                continue;
            }
            before = Some(start);
            match view.window {
                Window::All | Window::Session { .. } => self.slices.push(i64::MIN..i64::MAX),
                _ => {
                    let windows = view.window.windows(EventTime(*start)).into_iter();
                    self.slices
                        .extend(windows.map(|(start, end)| start.0..end.0));
                }
            }
            // Windows that follow on one another overlap: tidy before there are many.
            if self.slices.len() >= 4096 {
                tidy(&mut self.slices);
            }
        }
        if !self.by.is_empty() {
            let keys = self.converter.convert_columns(&self.columns(rows))?;
            for key in &keys {
                if !self.keys.contains(key.as_ref()) {
                    self.keys.insert(key.as_ref().into());
                }
            }
        }
        Ok(())
    }

    /// All that was added, so that it can be looked for.
    fn sorted(mut self, view: &View) -> Result<Self, FoldError> {
        tidy(&mut self.slices);
        // Sessions are not sorted by their keys.
        if !matches!(view.window, Window::Session { .. }) && !self.by.is_empty() {
            let parser = self.converter.parser();
            let mut keys: Vec<_> = self.keys.iter().map(AsRef::as_ref).collect();
            keys.sort_unstable();
            let keys = keys.into_iter().map(|key| parser.parse(key));
            self.columns = self.converter.convert_rows(keys)?;
        }
        Ok(self)
    }

    /// The same and every window that ends after one of two times and not after the other.
    pub(super) fn and_ending(mut self, view: &View, one: EventTime, other: EventTime) -> Self {
        let (from, to) = (one.min(other), one.max(other));
        if from < to {
            self.whole.push(match view.window {
                Window::Tumble { size, .. }
                | Window::Hop { size, .. }
                | Window::Cumulate { size, .. } => from.0.saturating_sub(size)..to.0,
                Window::All | Window::Session { .. } => i64::MIN..i64::MAX,
            });
            tidy(&mut self.whole);
        }
        self
    }

    /// The same and every window that is no longer kept once `after` has been read.
    pub(super) fn and_expired(self, view: &View, before: &Coverage, after: &Coverage) -> Self {
        match (view.kept_from(before), view.kept_from(after)) {
            (from, Some(to)) => self.and_ending(view, from.unwrap_or(EventTime(i64::MIN)), to),
            (_, None) => self,
        }
    }

    /// The times of all slices touched; `None` if there are none.
    pub(super) fn times(&self) -> Option<Range<i64>> {
        let all = || self.slices.iter().chain(&self.whole);
        let start = all().map(|range| range.start).min()?;
        Some(start..all().map(|range| range.end).max()?)
    }

    /// The rows of `partial` that are touched; it stands for the same records.
    pub(super) fn of(&self, partial: &Partial) -> Result<Partial, ArrowError> {
        let rows = &partial.rows;
        let starts = starts(rows);
        let mut found: Vec<u64> = vec![];
        for range in &self.whole {
            found.extend(places(starts, range).map(|row| row as u64));
        }
        for range in &self.slices {
            let places = places(starts, range);
            if places.is_empty() {
                continue;
            }
            let slice = rows.slice(places.start, places.len());
            if self.by.is_empty() {
                found.extend(places.map(|row| row as u64));
                continue;
            }
            match self.columns.is_empty() {
                true => self.scan(&slice, places.start, &mut found)?,
                false => self.search(&slice, starts, places, &mut found)?,
            }
        }
        if !self.whole.is_empty() {
            found.sort_unstable();
            found.dedup();
        }
        let rows = match found.len() == rows.num_rows() {
            true => rows.clone(),
            false => take_record_batch(rows, &UInt64Array::from(found))?,
        };
        Ok(Partial {
            coverage: partial.coverage.clone(),
            counters: partial.counters,
            rows,
        })
    }

    /// Appends the places of rows with a key that is touched, by a look at every row.
    fn scan(
        &self,
        rows: &RecordBatch,
        from: usize,
        found: &mut Vec<u64>,
    ) -> Result<(), ArrowError> {
        let keys = self.converter.convert_columns(&self.columns(rows))?;
        let touched = (from..)
            .zip(&keys)
            .filter(|(_, key)| self.keys.contains(key.as_ref()));
        found.extend(touched.map(|(row, _)| row as u64));
        Ok(())
    }

    /// The same where the rows of each slice are sorted by key, as the keys are: both are gone
    /// through side by side, and what the other does not have is leapt over.
    fn search(
        &self,
        rows: &RecordBatch,
        starts: &[i64],
        places: Range<usize>,
        found: &mut Vec<u64>,
    ) -> Result<(), ArrowError> {
        let columns = self.columns(rows);
        let comparators = (columns.iter().zip(&self.columns))
            .map(|(column, keys)| make_comparator(column, keys, SortOptions::default()))
            .collect::<Result<Vec<_>, _>>()?;
        let compare = |row: usize, key: usize| {
            let orders = comparators
                .iter()
                .map(|compare| compare(row - places.start, key));
            orders.fold(Ordering::Equal, Ordering::then)
        };
        let keys = self.columns.first().map_or(0, |keys| keys.len());
        let mut row = places.start;
        while let Some(start) = starts.get(row).filter(|_| row < places.end) {
            let rest = starts.get(row..places.end).unwrap_or_default();
            let end = row + rest.partition_point(|other| other <= start);
            let mut key = 0;
            while row < end && key < keys {
                match compare(row, key) {
                    Ordering::Less => row = leap(row..end, |row| compare(row, key).is_lt()),
                    Ordering::Greater => key = leap(key..keys, |key| compare(row, key).is_gt()),
                    // Where all of a slice was merged there is one row of a key.
                    Ordering::Equal => {
                        found.push(row as u64);
                        (row, key) = (row + 1, key + 1);
                    }
                }
            }
            row = end;
        }
        Ok(())
    }

    fn columns(&self, rows: &RecordBatch) -> Vec<ArrayRef> {
        let columns = self.by.iter().filter_map(|at| rows.columns().get(*at));
        columns.cloned().collect()
    }
}

/// The rows of partials: merged, if there is nothing between them.
fn together(view: &Arc<View>, partials: &[Arc<Partial>]) -> Result<Vec<RecordBatch>, FoldError> {
    match merge(view, partials.iter().map(Arc::as_ref)) {
        Ok(merged) => Ok(vec![merged.rows]),
        Err(FoldError::Coverage(_)) => Ok(partials
            .iter()
            .map(|partial| partial.rows.clone())
            .collect()),
        Err(error) => Err(error),
    }
}

/// The slices of a partial's rows, ascending.
fn starts(rows: &RecordBatch) -> &[i64] {
    let starts = rows.columns().first();
    let starts = starts.and_then(|starts| starts.as_primitive_opt::<TimestampMicrosecondType>());
    starts.map_or(&[], |starts| starts.values())
}

/// The first of these that is not below, or their end. Those below come first, `range.start` among
/// them. Looks as many times as twice the logarithm of how far it is.
fn leap(range: Range<usize>, below: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut step) = (range.start, 1);
    while low + step < range.end && below(low + step) {
        low += step;
        step *= 2;
    }
    let mut high = range.end.min(low + step);
    low += 1;
    while low < high {
        let middle = low + (high - low) / 2;
        match below(middle) {
            true => low = middle + 1,
            false => high = middle,
        }
    }
    low
}

fn places(starts: &[i64], range: &Range<i64>) -> Range<usize> {
    let before = |end: i64| starts.partition_point(|start| *start < end);
    before(range.start)..before(range.end)
}

/// Sorts ranges and joins those that overlap or touch.
fn tidy(ranges: &mut Vec<Range<i64>>) {
    ranges.sort_unstable_by_key(|range| range.start);
    ranges.dedup_by(|next, before| {
        let joins = next.start <= before.end;
        if joins {
            before.end = before.end.max(next.end);
        }
        joins
    });
}
