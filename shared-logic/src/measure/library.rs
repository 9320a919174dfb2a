//! An accumulator of DataFusion's as one of ours, for users' measures that are made of its
//! aggregates.

use arrow::array::{ArrayRef, BooleanArray};

use super::accumulator::{EmitTo, GroupsAccumulator};
use crate::error::Result;

/// An accumulator of DataFusion's.
///
/// Whether its states may be merged in any order is not known of every one: ask [`crate::laws`].
pub struct Library(pub Box<dyn datafusion_expr::GroupsAccumulator>);

fn theirs(emit: EmitTo) -> datafusion_expr::EmitTo {
    match emit {
        EmitTo::All => datafusion_expr::EmitTo::All,
        EmitTo::First(count) => datafusion_expr::EmitTo::First(count),
    }
}

impl GroupsAccumulator for Library {
    fn update_batch(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        Ok(self.0.update_batch(arguments, groups, filter, total)?)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        Ok(self.0.merge_batch(states, groups, total)?)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(self.0.evaluate(theirs(emit))?)
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(self.0.state(theirs(emit))?)
    }

    fn size(&self) -> usize {
        self.0.size()
    }
}
