//! `ARRAY_AGG(x)` and `STRING_AGG(x, separator)`: all values in the order of the events.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::Result;
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::DataType;

use super::grouped::{GroupState, Grouped};
use super::moment::{self, Moment, MomentLists, Moments};
use super::value::{Lists, Value, column, list_type, lists, texts, with_value};
use super::{Accumulator, StateColumn};

/// What is made of the values.
#[derive(Clone, Debug)]
pub(super) enum Shown {
    /// A list.
    List,
    /// One text, with this between the values.
    Joined(Arc<str>),
}

/// The accumulator columns over values of this type: lists, all of the same length in a row.
pub(super) fn state(input: &DataType) -> Vec<StateColumn> {
    let moment = moment::columns();
    let columns = std::iter::once(("values", input.clone())).chain(moment);
    columns
        .map(|(name, data_type)| (name, list_type(&data_type)))
        .collect()
}

/// The accumulator for values of this type.
pub(super) fn accumulator(input: &DataType, shown: &Shown) -> Result<Accumulator> {
    with_value!(input, V => Box::new(Grouped::new(Sequence::<V> {
        input: input.clone(),
        shown: shown.clone(),
        kept: PhantomData,
    })))
}

/// Values of a column of type `input`, kept as `V`.
#[derive(Clone, Debug)]
struct Sequence<V> {
    input: DataType,
    shown: Shown,
    kept: PhantomData<V>,
}

/// The values of a group, in any order until it leaves.
#[derive(Debug)]
struct Items<V> {
    items: Vec<(Moment, V)>,
    heap: usize,
}

impl<V> Default for Items<V> {
    fn default() -> Self {
        Self {
            items: vec![],
            heap: 0,
        }
    }
}

impl<V: Value> Items<V> {
    fn push(&mut self, moment: Moment, value: V) {
        self.heap += value.heap();
        self.items.push((moment, value));
    }

    fn into_ordered(mut self) -> (Vec<Moment>, Vec<V>) {
        self.items.sort();
        self.items.into_iter().unzip()
    }
}

fn ordered<V: Value>(groups: Vec<Items<V>>) -> (Vec<Vec<Moment>>, Vec<Vec<V>>) {
    groups.into_iter().map(Items::into_ordered).unzip()
}

impl<V: Value> GroupState for Sequence<V> {
    type Group = Items<V>;
    type Arguments = (V::Column, Moments);
    type Saved = (Lists<V>, MomentLists);

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Self::Arguments> {
        Ok((V::column(column(columns, 0)?)?, Moments::read(columns)?))
    }

    fn update(&self, group: &mut Items<V>, (values, moments): &Self::Arguments, row: usize) {
        group.push(moments.get(row), V::at(values, row));
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Self::Saved> {
        let values = Lists::read(column(columns, 0)?)?;
        Ok((values, MomentLists::read(columns)?))
    }

    fn merge(
        &self,
        group: &mut Items<V>,
        (values, moments): &Self::Saved,
        row: usize,
    ) -> Result<()> {
        for (moment, value) in moments.row(row).zip(values.row(row)) {
            group.push(moment, value);
        }
        Ok(())
    }

    fn save(&self, groups: Vec<Items<V>>) -> Result<Vec<ArrayRef>> {
        let (moments, values) = ordered(groups);
        let mut columns = vec![lists(values, &self.input)?];
        columns.extend(moment::lists_of(&moments)?);
        Ok(columns)
    }

    fn finish(&self, groups: Vec<Items<V>>) -> Result<ArrayRef> {
        let (_, values) = ordered(groups);
        let list = lists(values, &self.input)?;
        match &self.shown {
            Shown::List => Ok(list),
            Shown::Joined(separator) => joined(&list, separator),
        }
    }

    fn heap(&self, group: &Items<V>) -> usize {
        group.items.capacity() * size_of::<(Moment, V)>() + group.heap
    }
}

/// The texts of each list in one.
fn joined(list: &ArrayRef, separator: &str) -> Result<ArrayRef> {
    let joined = list.as_list::<i32>().iter().map(|texts| {
        let texts = texts?;
        let texts: Vec<&str> = texts.as_string::<i32>().iter().flatten().collect();
        Some(texts.join(separator))
    });
    texts(joined.collect())
}
