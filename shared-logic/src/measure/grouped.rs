//! One state per group: an accumulator for measures whose speed is not what counts.

use std::fmt::Debug;

use crate::error::Result;
use crate::measure::accumulator::{EmitTo, GroupsAccumulator};
use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::buffer::NullBuffer;

use super::seen::valid;

/// A measure told for a single group; [`Grouped`] makes an accumulator of it.
///
/// Two rules are kept by `Grouped`: a row with a NULL in any argument is skipped, and a state whose
/// first column is NULL is that of a group without values.
pub trait GroupState: Clone + Debug + Send + Sync + 'static {
    /// What is kept for a group; the default is a group without values.
    type Group: Default + Debug + Send;
    /// The argument columns in their types.
    type Arguments;
    /// The accumulator columns in their types.
    type Saved;

    /// The argument columns in their types.
    ///
    /// # Errors
    /// They are not those of the measure.
    fn arguments(&self, columns: &[ArrayRef]) -> Result<Self::Arguments>;

    /// Adds a row, in which no argument is NULL.
    fn update(&self, group: &mut Self::Group, arguments: &Self::Arguments, row: usize);

    /// The accumulator columns in their types.
    ///
    /// # Errors
    /// They are not those of the measure.
    fn saved(&self, columns: &[ArrayRef]) -> Result<Self::Saved>;

    /// Adds the state in a row, which is not that of a group without values.
    ///
    /// # Errors
    /// A state that no version of the measure has written.
    fn merge(&self, group: &mut Self::Group, saved: &Self::Saved, row: usize) -> Result<()>;

    /// The accumulator columns of these groups, one row each.
    ///
    /// # Errors
    /// A state that is too large for a column.
    fn save(&self, groups: Vec<Self::Group>) -> Result<Vec<ArrayRef>>;

    /// The finished values of these groups.
    ///
    /// # Errors
    /// A value that is outside the range of its type.
    fn finish(&self, groups: Vec<Self::Group>) -> Result<ArrayRef>;

    /// The bytes that a group holds outside itself.
    fn heap(&self, _group: &Self::Group) -> usize {
        0
    }
}

/// An accumulator that keeps one state per group.
#[derive(Debug)]
pub struct Grouped<S: GroupState> {
    measure: S,
    groups: Vec<S::Group>,
    heap: usize,
}

impl<S: GroupState> Grouped<S> {
    /// No groups yet.
    pub fn new(measure: S) -> Self {
        Self {
            measure,
            groups: vec![],
            heap: 0,
        }
    }

    fn change(
        &mut self,
        number: usize,
        change: impl FnOnce(&S, &mut S::Group) -> Result<()>,
    ) -> Result<()> {
        let Some(group) = self.groups.get_mut(number) else {
            return Ok(());
        };
        let before = self.measure.heap(group);
        change(&self.measure, group)?;
        self.heap = (self.heap + self.measure.heap(group)).saturating_sub(before);
        Ok(())
    }

    fn take(&mut self, emit: EmitTo) -> Vec<S::Group> {
        let groups = emit.take_needed(&mut self.groups);
        self.heap = if self.groups.is_empty() {
            0
        } else {
            let left: usize = groups.iter().map(|group| self.measure.heap(group)).sum();
            self.heap.saturating_sub(left)
        };
        groups
    }
}

impl<S: GroupState> GroupsAccumulator for Grouped<S> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.groups.resize_with(total, S::Group::default);
        let nulls = (values.iter())
            .map(|column| valid(column, filter))
            .fold(None, |all, one| {
                NullBuffer::union(all.as_ref(), one.as_ref())
            });
        let arguments = self.measure.arguments(values)?;
        for (row, number) in groups.iter().enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                self.change(*number, |measure, group| {
                    measure.update(group, &arguments, row);
                    Ok(())
                })?;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let groups = self.take(emit);
        self.measure.finish(groups)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let groups = self.take(emit);
        self.measure.save(groups)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.groups.resize_with(total, S::Group::default);
        let saved = self.measure.saved(states)?;
        let nulls = states.first().and_then(|column| column.logical_nulls());
        for (row, number) in groups.iter().enumerate() {
            if nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row)) {
                self.change(*number, |measure, group| measure.merge(group, &saved, row))?;
            }
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.groups.capacity() * size_of::<S::Group>() + self.heap
    }
}
