//! `ARG_MIN(x, y)` and `ARG_MAX(x, y)`: the x where y is at its extreme, of several the earliest.

use std::cmp::Ordering;

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::extreme::Side;
use super::grouped::{GroupState, Grouped};
use super::moment::{self, Moment, Moments};
use super::scalar::{Scalar, Scalars, array};
use super::value::{Value, column, with_value};
use super::{Accumulator, StateColumn};
use crate::error::Result;

/// The accumulator columns over values and measures of these types.
pub(super) fn state(value: &DataType, by: &DataType) -> Vec<StateColumn> {
    let mut columns = vec![("value", value.clone()), ("by", by.clone())];
    columns.extend(moment::columns());
    columns
}

/// The accumulator for values compared by another column.
pub(super) fn accumulator(side: Side, value: &DataType, by: &DataType) -> Result<Accumulator> {
    with_value!(by, V => Box::new(Grouped::new(Arg::<V> {
        side,
        value: value.clone(),
        by: by.clone(),
        kept: std::marker::PhantomData,
    })))
}

/// The value where another one, kept as `B`, is at its extreme.
#[derive(Clone, Debug)]
struct Arg<B> {
    side: Side,
    value: DataType,
    by: DataType,
    kept: std::marker::PhantomData<B>,
}

/// The best row of a group.
#[derive(Debug)]
struct Best<B> {
    by: B,
    moment: Moment,
    value: Scalar,
}

/// Values, what they are compared by, and when they were.
#[derive(Debug)]
struct Rows<B: Value> {
    values: Scalars,
    by: B::Column,
    moments: Moments,
}

impl<B: Value> Rows<B> {
    fn read(columns: &[ArrayRef]) -> Result<Self> {
        Ok(Self {
            values: Scalars::read(column(columns, 0)?)?,
            by: B::column(column(columns, 1)?)?,
            moments: Moments::read(columns)?,
        })
    }
}

impl<B: Value> Arg<B> {
    fn offer(&self, group: &mut Option<Best<B>>, rows: &Rows<B>, row: usize) {
        let (by, moment) = (B::at(&rows.by, row), rows.moments.get(row));
        let better = group.as_ref().is_none_or(|kept| {
            let order = match self.side {
                Side::Min => by.cmp(&kept.by),
                Side::Max => kept.by.cmp(&by),
            };
            order.then(moment.cmp(&kept.moment)) == Ordering::Less
        });
        if better {
            let value = rows.values.at(row);
            *group = Some(Best { by, moment, value });
        }
    }
}

impl<B: Value> GroupState for Arg<B> {
    type Group = Option<Best<B>>;
    type Arguments = Rows<B>;
    type Saved = Rows<B>;

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Rows<B>> {
        Rows::read(columns)
    }

    fn update(&self, group: &mut Self::Group, arguments: &Rows<B>, row: usize) {
        self.offer(group, arguments, row);
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Rows<B>> {
        Rows::read(columns)
    }

    fn merge(&self, group: &mut Self::Group, saved: &Rows<B>, row: usize) -> Result<()> {
        self.offer(group, saved, row);
        Ok(())
    }

    fn save(&self, groups: Vec<Self::Group>) -> Result<Vec<ArrayRef>> {
        let moments: Vec<_> = (groups.iter())
            .map(|group| group.as_ref().map(|best| best.moment))
            .collect();
        let by = (groups.iter())
            .map(|group| group.as_ref().map(|best| best.by.clone()))
            .collect();
        let by = B::array(by, &self.by)?;
        let mut columns = vec![self.finish(groups)?, by];
        columns.extend(moment::arrays(&moments));
        Ok(columns)
    }

    fn finish(&self, groups: Vec<Self::Group>) -> Result<ArrayRef> {
        let values = groups.into_iter().map(|group| group.map(|best| best.value));
        array(values.collect(), &self.value)
    }

    fn heap(&self, group: &Self::Group) -> usize {
        let of = |best: &Best<B>| best.by.heap() + best.value.heap();
        group.as_ref().map_or(0, of)
    }
}
