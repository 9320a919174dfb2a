//! Values without an order of their own: all of them for `MEDIAN(x)`, each once for
//! `COUNT(DISTINCT x)`, the greatest for `TOP_K(x, k)`.
//!
//! The state is one sorted list per group, so it is the same however the events were split.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::Result;
use arrow::array::{ArrayRef, Int64Array};
use arrow::datatypes::DataType;

use super::grouped::{GroupState, Grouped};
use super::median;
use super::value::{Lists, Value, column, list_type, lists, with_value};
use super::{Accumulator, StateColumn};

/// Which values are kept, and what is made of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Keep {
    /// All, for the median.
    All,
    /// Each value once, to count them.
    Distinct,
    /// The greatest ones, to list them.
    Top(usize),
}

/// The accumulator columns over values of this type.
pub(super) fn state(input: &DataType) -> Vec<StateColumn> {
    vec![("values", list_type(input))]
}

/// The accumulator for values of this type.
pub(super) fn accumulator(input: &DataType, keep: Keep) -> Result<Accumulator> {
    with_value!(input, V => Box::new(Grouped::new(Collect::<V> {
        keep,
        input: input.clone(),
        kept: PhantomData,
    })))
}

/// Values of a column of type `input`, kept as `V`.
#[derive(Clone, Debug)]
struct Collect<V> {
    keep: Keep,
    input: DataType,
    kept: PhantomData<V>,
}

/// The values of a group: some in their final form, then those that came since.
#[derive(Debug)]
struct Values<V> {
    values: Vec<V>,
    tidy: usize,
    heap: usize,
}

impl<V> Default for Values<V> {
    fn default() -> Self {
        Self {
            values: vec![],
            tidy: 0,
            heap: 0,
        }
    }
}

impl<V: Value> Values<V> {
    fn push(&mut self, value: V, keep: Keep) {
        self.heap += value.heap();
        self.values.push(value);
        // Tidied only after doubling, so a value is sorted a logarithmic number of times.
        let limit = match keep {
            Keep::All => usize::MAX,
            Keep::Distinct => 2 * self.tidy + 16,
            Keep::Top(k) => 2 * k + 16,
        };
        if self.values.len() >= limit {
            self.tidy(keep);
        }
    }

    /// Brings the values into their final form: sorted, and without those that are not kept.
    fn tidy(&mut self, keep: Keep) {
        // A stable sort makes use of the part that is sorted already.
        self.values.sort();
        match keep {
            Keep::All => {}
            Keep::Distinct => self.values.dedup(),
            Keep::Top(k) => drop(self.values.drain(..self.values.len().saturating_sub(k))),
        }
        self.tidy = self.values.len();
        if keep != Keep::All {
            self.heap = self.values.iter().map(Value::heap).sum();
        }
    }

    fn into_tidy(mut self, keep: Keep) -> Vec<V> {
        self.tidy(keep);
        self.values
    }
}

impl<V: Value> GroupState for Collect<V> {
    type Group = Values<V>;
    type Arguments = V::Column;
    type Saved = Lists<V>;

    fn arguments(&self, columns: &[ArrayRef]) -> Result<V::Column> {
        V::column(column(columns, 0)?)
    }

    fn update(&self, group: &mut Values<V>, arguments: &V::Column, row: usize) {
        group.push(V::at(arguments, row), self.keep);
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Lists<V>> {
        Lists::read(column(columns, 0)?)
    }

    fn merge(&self, group: &mut Values<V>, saved: &Lists<V>, row: usize) -> Result<()> {
        for value in saved.row(row) {
            group.push(value, self.keep);
        }
        Ok(())
    }

    fn save(&self, groups: Vec<Values<V>>) -> Result<Vec<ArrayRef>> {
        let groups = groups.into_iter().map(|group| group.into_tidy(self.keep));
        Ok(vec![lists(groups.collect(), &self.input)?])
    }

    fn finish(&self, groups: Vec<Values<V>>) -> Result<ArrayRef> {
        let groups = groups.into_iter().map(|group| group.into_tidy(self.keep));
        match self.keep {
            Keep::All => median::medians(groups.collect(), &self.input),
            Keep::Distinct => {
                let counts = groups.map(|values| i64::try_from(values.len()).ok());
                Ok(Arc::new(Int64Array::from_iter(counts)))
            }
            Keep::Top(_) => {
                let greatest_first = groups.map(|values| values.into_iter().rev().collect());
                lists(greatest_first.collect::<Vec<Vec<V>>>(), &self.input)
            }
        }
    }

    fn heap(&self, group: &Values<V>) -> usize {
        group.values.capacity() * size_of::<V>() + group.heap
    }
}
