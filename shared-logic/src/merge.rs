//! Folds of neighbouring ranges become the fold of their union.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Schema, TimestampMicrosecondType};

use crate::coverage::Coverage;
use crate::fold::{Fold, FoldError};
use crate::partial::{self, Counters, Partial};
use crate::view::View;
use crate::window::Window;

/// Rows that no other partial has windows of, and that are at least so many, are taken as they are.
const ALONE: usize = 1024;

/// A part gets no more windows once it has so many rows.
const ROWS: usize = 1 << 20;

/// The fold of everything that `partials` cover, in any order.
///
/// # Errors
/// The first overlap or hole between them, by partition and offsets; then nothing is merged.
pub fn merge<'a>(
    view: &Arc<View>,
    partials: impl IntoIterator<Item = &'a Partial>,
) -> Result<Partial, FoldError> {
    let partials: Vec<&Partial> = partials.into_iter().collect();
    if let [one] = partials.as_slice() {
        return Ok((*one).clone());
    }
    let Parts {
        coverage,
        counters,
        parts,
    } = divide(view, &partials)?;
    let chunks = (parts.iter())
        .map(|part| part.merge(view))
        .collect::<Result<Vec<_>, _>>()?;
    let rows = match <[RecordBatch; 1]>::try_from(chunks) {
        Ok([rows]) => rows,
        Err(chunks) => concat_batches(&partial::columns(view), &chunks)?,
    };
    Ok(Partial {
        rows: view.kept(&coverage, rows),
        coverage,
        counters,
    })
}

/// A merge that is not done yet, divided by windows.
#[derive(Clone, Debug)]
pub struct Parts {
    /// All that is covered.
    pub coverage: Coverage,
    /// What became of the records that are in no row.
    pub counters: Counters,
    /// The rows, ascending: no two parts have a window in common, so they can be merged side by side.
    pub parts: Vec<Part>,
}

/// The rows of some windows.
#[derive(Clone, Debug)]
pub struct Part {
    /// Sorted rows of each partial that has any.
    slices: Vec<RecordBatch>,
}

impl Part {
    /// One row per window and key, sorted.
    ///
    /// # Errors
    /// A measure that cannot be merged; a compiled view has none.
    pub fn merge(&self, view: &Arc<View>) -> Result<RecordBatch, FoldError> {
        if let [alone] = self.slices.as_slice() {
            return Ok(alone.clone());
        }
        let mut fold = Fold::new(view)?;
        for rows in &self.slices {
            fold.absorb(rows)?;
        }
        Ok(fold.finish()?.rows)
    }
}

/// Divides the merge of `partials`, which may be in any order.
///
/// # Errors
/// As for [`merge`].
pub fn divide(view: &View, partials: &[&Partial]) -> Result<Parts, FoldError> {
    divided(view, partials, ALONE, ROWS)
}

fn divided(
    view: &View,
    partials: &[&Partial],
    least_alone: usize,
    enough: usize,
) -> Result<Parts, FoldError> {
    // Asked of all at once: two neighbours may have a third between them in the list.
    let coverage = Coverage::union(partials.iter().map(|partial| &partial.coverage))?;
    let mut counters = Counters::default();
    let mut heads = vec![];
    for partial in partials {
        check(view, &partial.rows)?;
        counters = counters.plus(partial.counters);
        heads.push(Head::new(&partial.rows));
    }
    if let Window::Session { .. } = view.window {
        // A session may reach from one partial into another wherever it starts.
        heads
            .iter_mut()
            .for_each(|head| head.at = head.starts.len());
    }
    let mut parts = vec![];
    while let Some(window) = heads.iter().filter_map(Head::window).min() {
        let mut here = heads.iter().filter(|head| head.window() == Some(window));
        let alone = here.next().is_some() && here.next().is_none();
        let others = heads.iter().filter_map(Head::window);
        let end = match alone {
            // Up to the first window that another one has, too.
            true => others.filter(|other| *other > window).min(),
            false => window.checked_add(1),
        };
        let here = |head: &&mut Head| head.window() == Some(window);
        if alone && let Some(head) = heads.iter_mut().find(here) {
            let run = head.before(end);
            if run >= least_alone {
                close(&mut parts, &mut heads);
                if let Some(head) = heads.iter_mut().find(here) {
                    head.at += run;
                }
                close(&mut parts, &mut heads);
                continue;
            }
        }
        for head in heads.iter_mut().filter(here) {
            head.at += head.before(end);
        }
        if heads.iter().map(|head| head.at - head.from).sum::<usize>() >= enough {
            close(&mut parts, &mut heads);
        }
    }
    close(&mut parts, &mut heads);
    Ok(Parts {
        coverage,
        counters,
        parts,
    })
}

/// Makes a part of what was passed.
fn close(parts: &mut Vec<Part>, heads: &mut [Head]) {
    let passed = heads.iter_mut().filter(|head| head.from < head.at);
    let slices: Vec<RecordBatch> = passed.map(Head::take).collect();
    if !slices.is_empty() {
        parts.push(Part { slices });
    }
}

/// How far the rows of one partial were looked at.
struct Head<'a> {
    rows: &'a RecordBatch,
    starts: &'a [i64],
    /// The first row that is in no part yet.
    from: usize,
    /// The first row not passed.
    at: usize,
}

impl<'a> Head<'a> {
    fn new(rows: &'a RecordBatch) -> Self {
        let starts = (rows.columns().first())
            .and_then(|starts| starts.as_primitive_opt::<TimestampMicrosecondType>());
        Self {
            rows,
            starts: starts.map_or(&[], |starts| starts.values()),
            from: 0,
            at: 0,
        }
    }

    /// The window of the next row.
    fn window(&self) -> Option<i64> {
        self.starts.get(self.at).copied()
    }

    /// How many of the next rows have windows before `end`.
    fn before(&self, end: Option<i64>) -> usize {
        let rest = self.starts.get(self.at..).unwrap_or_default();
        end.map_or(rest.len(), |end| rest.partition_point(|start| *start < end))
    }

    fn take(&mut self) -> RecordBatch {
        let passed = self.rows.slice(self.from, self.at - self.from);
        self.from = self.at;
        passed
    }
}

/// Checks that rows have the columns of the view's partials.
fn check(view: &View, rows: &RecordBatch) -> Result<(), FoldError> {
    let expected = partial::columns(view);
    if rows.schema().fields() == expected.fields() {
        return Ok(());
    }
    Err(FoldError::OtherLogic {
        view: view.name.clone(),
        expected: names(&expected),
        found: names(&rows.schema()),
    })
}

fn names(schema: &Schema) -> String {
    let fields = schema.fields().iter();
    fields
        .map(|field| format!("{} {}", field.name(), field.data_type()))
        .collect::<Vec<_>>()
        .join(", ")
}

#[cfg(test)]
mod tests;
