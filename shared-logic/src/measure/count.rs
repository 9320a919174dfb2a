//! `COUNT(x)`: an integer per group.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, UInt64Array};
use arrow::datatypes::UInt64Type;
use datafusion_common::cast::as_primitive_array;
use datafusion_common::{Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};

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
            return exec_err!("COUNT takes one argument, got {}", values.len());
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
            return exec_err!("the state of COUNT is one column, got {}", states.len());
        };
        let states = as_primitive_array::<UInt64Type>(states)?;
        for (group, state) in groups.iter().zip(states.values()) {
            if let Some(count) = self.counts.get_mut(*group) {
                *count += state;
            }
        }
        Ok(())
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut single = Self::default();
        let rows = values.first().map_or(0, |values| values.len());
        let groups: Vec<usize> = (0..rows).collect();
        single.update_batch(values, &groups, filter, rows)?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.counts.capacity() * size_of::<u64>()
    }
}
