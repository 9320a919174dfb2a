//! Which row of the chunk a row is, after rows were left out.

use arrow::array::BooleanArray;

use super::Reject;
use super::expression::Failure;

/// The rows still there, as the masks that left others out.
pub(super) struct Selection {
    rows: usize,
    masks: Vec<BooleanArray>,
}

impl Selection {
    /// All of `rows` rows.
    pub(super) fn new(rows: usize) -> Self {
        Self {
            rows,
            masks: vec![],
        }
    }

    /// Leaves out the rows where `keep` is not true.
    pub(super) fn narrow(&mut self, keep: BooleanArray) {
        self.masks.push(keep);
    }

    /// The rows still there, by their number in the chunk.
    pub(super) fn kept(&self) -> Vec<usize> {
        let mut rows: Vec<usize> = (0..self.rows).collect();
        for mask in &self.masks {
            rows = (rows.into_iter().zip(mask))
                .filter_map(|(row, keep)| (keep == Some(true)).then_some(row))
                .collect();
        }
        rows
    }

    /// Adds rows that failed to the rejects, each row once and with its first reason.
    pub(super) fn reject(&self, mut failures: Vec<Failure>, rejects: &mut Vec<Reject>) {
        if failures.is_empty() {
            return;
        }
        failures.sort_by_key(|(row, _)| *row);
        failures.dedup_by_key(|(row, _)| *row);
        let rows = self.origin(failures.iter().map(|(row, _)| *row));
        for (row, (_, reason)) in rows.into_iter().zip(failures) {
            rejects.push(Reject { row, reason });
        }
    }

    /// Which rows of the chunk some of those still there are.
    pub(super) fn origin(&self, left: impl Iterator<Item = usize>) -> Vec<usize> {
        let rows = self.kept();
        left.filter_map(|row| rows.get(row).copied()).collect()
    }
}
