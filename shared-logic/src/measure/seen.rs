//! Which groups have seen a value: a group of NULLs alone has no sum, minimum or maximum.

use arrow::array::{Array, BooleanArray};
use arrow::buffer::NullBuffer;

/// Marks per group, kept only once a NULL has been met: before that every group has a value,
/// because a group exists through its first row.
#[derive(Debug, Default)]
pub(super) struct Seen {
    groups: usize,
    marks: Option<Vec<bool>>,
}

/// The rows that carry a value and pass the filter; `None` where all do.
pub(super) fn valid(values: &dyn Array, filter: Option<&BooleanArray>) -> Option<NullBuffer> {
    let nulls = values
        .logical_nulls()
        .filter(|nulls| nulls.null_count() > 0);
    let Some(filter) = filter else { return nulls };
    let passed = match filter.nulls() {
        Some(known) => NullBuffer::new(filter.values() & known.inner()),
        None => NullBuffer::new(filter.values().clone()),
    };
    NullBuffer::union(nulls.as_ref(), Some(&passed))
}

impl Seen {
    /// Notes the rows of a chunk: `valid` says which carry a value, `total` how many groups there are.
    pub(super) fn note(&mut self, groups: &[usize], valid: Option<&NullBuffer>, total: usize) {
        if self.marks.is_none() && valid.is_some() {
            self.marks = Some(vec![true; self.groups]);
        }
        self.groups = total;
        let Some(marks) = &mut self.marks else { return };
        marks.resize(total, false);
        let Some(valid) = valid else {
            for group in groups {
                if let Some(mark) = marks.get_mut(*group) {
                    *mark = true;
                }
            }
            return;
        };
        let words = valid.inner().bit_chunks();
        for (groups, mut word) in groups.chunks(64).zip(words.iter_padded()) {
            for group in groups {
                if let Some(mark) = marks.get_mut(*group) {
                    *mark |= word & 1 == 1;
                }
                word >>= 1;
            }
        }
    }

    /// The marks of the first `count` groups as a null buffer; these groups leave.
    pub(super) fn take(&mut self, count: usize) -> Option<NullBuffer> {
        self.groups = self.groups.saturating_sub(count);
        let marks = self.marks.as_mut()?;
        let taken: Vec<bool> = marks.drain(..count.min(marks.len())).collect();
        Some(NullBuffer::from(taken))
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.marks.as_ref().map_or(0, Vec::capacity)
    }
}

/// Calls `each(group, value)` for every row with a value.
#[inline]
pub(super) fn each<T: Copy>(
    groups: &[usize],
    values: &[T],
    valid: Option<&NullBuffer>,
    mut each: impl FnMut(usize, T),
) {
    match valid {
        None => {
            for (group, value) in groups.iter().zip(values) {
                each(*group, *value);
            }
        }
        Some(valid) => {
            for ((group, value), valid) in groups.iter().zip(values).zip(valid.iter()) {
                if valid {
                    each(*group, *value);
                }
            }
        }
    }
}

/// Calls `each(group, value)` for every row, with `neutral` for a row without a value: where NULLs
/// come and go, a branch for each costs more than an addition of nothing.
#[inline]
pub(super) fn each_or<T: Copy>(
    groups: &[usize],
    values: &[T],
    valid: Option<&NullBuffer>,
    neutral: T,
    mut each: impl FnMut(usize, T),
) {
    let Some(valid) = valid else {
        for (group, value) in groups.iter().zip(values) {
            each(*group, *value);
        }
        return;
    };
    let rows = groups.chunks(64).zip(values.chunks(64));
    let words = valid.inner().bit_chunks();
    for ((groups, values), mut word) in rows.zip(words.iter_padded()) {
        for (group, value) in groups.iter().zip(values) {
            each(*group, if word & 1 == 1 { *value } else { neutral });
            word >>= 1;
        }
    }
}
