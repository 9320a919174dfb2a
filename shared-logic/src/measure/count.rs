//! `COUNT(x)`: an integer per group.

use std::sync::Arc;

use crate::error::{Result, fail};
use crate::measure::accumulator::{EmitTo, GroupsAccumulator};
use arrow::array::{ArrayRef, AsArray, BooleanArray, Int64Array, UInt64Array};
use arrow::datatypes::UInt64Type;

use super::seen::valid;

/// Rows with a value, per group.
#[derive(Debug, Default)]
pub struct Count {
    counts: Vec<u64>,
}

impl Count {
    /// The counts of the groups that leave.
    pub(super) fn take(&mut self, emit: EmitTo) -> Vec<u64> {
        emit.take_needed(&mut self.counts)
    }
}

impl GroupsAccumulator for Count {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.counts.resize(total, 0);
        let [values] = values else {
            return fail!("COUNT takes one argument, got {}", values.len());
        };
        let valid = valid(values, filter);
        for (row, group) in groups.iter().enumerate() {
            if valid.as_ref().is_none_or(|valid| valid.is_valid(row))
                && let Some(count) = self.counts.get_mut(*group)
            {
                *count += 1;
            }
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let counts = self.take(emit);
        let counts = counts.into_iter().map(|count| i64::try_from(count).ok());
        Ok(Arc::new(Int64Array::from_iter(counts)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let counts = self.take(emit);
        Ok(vec![Arc::new(UInt64Array::from(counts))])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.counts.resize(total, 0);
        let [states] = states else {
            return fail!("the state of COUNT is one column, got {}", states.len());
        };
        let Some(states) = states.as_primitive_opt::<UInt64Type>() else {
            return fail!("the state of COUNT is UInt64, got {}", states.data_type());
        };
        for (group, state) in groups.iter().zip(states.values()) {
            if let Some(count) = self.counts.get_mut(*group) {
                *count += state;
            }
        }
        Ok(())
    }

    fn size(&self) -> usize {
        self.counts.capacity() * size_of::<u64>()
    }
}
