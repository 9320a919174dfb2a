//! The contract between a fold and a measure.
//!
//! It is that of DataFusion's accumulators of the same name, so that one is easily made of the other,
//! over Arrow's arrays and errors alone.

use arrow::array::{ArrayRef, BooleanArray};

use crate::error::Result;

/// Which groups leave an accumulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmitTo {
    /// All of them.
    All,
    /// As many as this, those with the lowest numbers; the others move up.
    First(usize),
}

impl EmitTo {
    /// Takes what leaves out of a list with an entry for each group.
    pub fn take_needed<T>(&self, list: &mut Vec<T>) -> Vec<T> {
        match *self {
            Self::All => std::mem::take(list),
            Self::First(count) => {
                let rest = list.split_off(count.min(list.len()));
                std::mem::replace(list, rest)
            }
        }
    }
}

/// One measure for many groups at once, which are numbered from 0.
///
/// A group exists through its rows: `total` never shrinks but by what leaves, and a group is first
/// named when it has a row.
pub trait GroupsAccumulator: Send {
    /// Adds rows: `groups` has the group of each, `total` is how many groups there are now. Where
    /// there is a `filter`, only the rows that it is true for are added.
    ///
    /// # Errors
    /// The arguments are not those of the measure.
    fn update_batch(
        &mut self,
        arguments: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()>;

    /// Adds states that [`Self::state`] wrote: `groups` has the group of each row.
    ///
    /// # Errors
    /// They are no states of the measure.
    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()>;

    /// The finished values of the groups that leave, by number.
    ///
    /// # Errors
    /// A value that is outside the range of its type.
    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef>;

    /// The states of the groups that leave, by number, in the columns that the measure declares.
    ///
    /// # Errors
    /// A state that is too large for a column.
    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>>;

    /// Bytes held, roughly.
    fn size(&self) -> usize;
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_first_groups_leave_and_the_others_move_up() {
        let mut list = vec![1, 2, 3];
        assert_eq!(EmitTo::First(2).take_needed(&mut list), [1, 2]);
        assert_eq!(list, [3]);
        assert_eq!(EmitTo::First(2).take_needed(&mut list), [3]);
        assert_eq!(EmitTo::All.take_needed(&mut list), [] as [i32; 0]);
    }
}
