//! `FIRST_VALUE(x)` and `LAST_VALUE(x)`: the value of the earliest or latest event.

use arrow::array::ArrayRef;
use arrow::datatypes::DataType;

use super::StateColumn;
use super::grouped::GroupState;
use super::moment::{self, Moment, Moments};
use super::scalar::{Scalar, Scalars, array};
use super::value::column;
use crate::error::Result;

/// Which event's value is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    First,
    Last,
}

/// The value at one end of the order of events.
#[derive(Clone, Debug)]
pub(super) struct Pick {
    end: End,
    input: DataType,
}

/// The accumulator columns over values of this type.
pub(super) fn state(input: &DataType) -> Vec<StateColumn> {
    let mut columns = vec![("value", input.clone())];
    columns.extend(moment::columns());
    columns
}

impl Pick {
    pub(super) fn new(end: End, input: &DataType) -> Self {
        Self {
            end,
            input: input.clone(),
        }
    }

    fn offer(&self, group: &mut Option<(Moment, Scalar)>, saved: &Picked, row: usize) {
        let moment = saved.moments.get(row);
        let better = (group.as_ref()).is_none_or(|(kept, _)| match self.end {
            End::First => moment < *kept,
            End::Last => moment > *kept,
        });
        if better {
            *group = Some((moment, saved.values.at(row)));
        }
    }
}

/// Values and when they were.
#[derive(Debug)]
pub(super) struct Picked {
    values: Scalars,
    moments: Moments,
}

impl Picked {
    fn read(columns: &[ArrayRef]) -> Result<Self> {
        Ok(Self {
            values: Scalars::read(column(columns, 0)?)?,
            moments: Moments::read(columns)?,
        })
    }
}

impl GroupState for Pick {
    type Group = Option<(Moment, Scalar)>;
    type Arguments = Picked;
    type Saved = Picked;

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Picked> {
        Picked::read(columns)
    }

    fn update(&self, group: &mut Self::Group, arguments: &Picked, row: usize) {
        self.offer(group, arguments, row);
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Picked> {
        Picked::read(columns)
    }

    fn merge(&self, group: &mut Self::Group, saved: &Picked, row: usize) -> Result<()> {
        self.offer(group, saved, row);
        Ok(())
    }

    fn save(&self, groups: Vec<Self::Group>) -> Result<Vec<ArrayRef>> {
        let moments: Vec<_> = (groups.iter())
            .map(|group| group.as_ref().map(|(moment, _)| *moment))
            .collect();
        let mut columns = vec![self.finish(groups)?];
        columns.extend(moment::arrays(&moments));
        Ok(columns)
    }

    fn finish(&self, groups: Vec<Self::Group>) -> Result<ArrayRef> {
        let values = groups
            .into_iter()
            .map(|group| group.map(|(_, value)| value));
        array(values.collect(), &self.input)
    }

    fn heap(&self, group: &Self::Group) -> usize {
        group.as_ref().map_or(0, |(_, value)| value.heap())
    }
}
