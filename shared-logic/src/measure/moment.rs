//! Where an event stands in the order of all events: event time, partition, offset.
//!
//! The order is total, since no two events share an identity, and it depends on neither chunks nor
//! the order of arrival.

use std::sync::Arc;

use crate::error::{Result, fail};
use arrow::array::{ArrayRef, AsArray, TimestampMicrosecondArray, UInt32Array, UInt64Array};
use arrow::datatypes::{DataType, TimeUnit, TimestampMicrosecondType, UInt32Type, UInt64Type};

use super::StateColumn;
use super::value::{Lists, lists};

/// The place of one event; a view reads one topic, so the topic is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    at: i64,
    partition: u32,
    offset: u64,
}

/// The accumulator columns of a moment.
pub(super) fn columns() -> [StateColumn; 3] {
    [
        ("at", DataType::Timestamp(TimeUnit::Microsecond, None)),
        ("partition", DataType::UInt32),
        ("offset", DataType::UInt64),
    ]
}

/// Moments in their columns.
#[derive(Clone, Debug)]
pub(super) struct Moments {
    at: TimestampMicrosecondArray,
    partition: UInt32Array,
    offset: UInt64Array,
}

impl Moments {
    /// Reads the last three columns of a measure's arguments or state.
    pub(super) fn read(columns: &[ArrayRef]) -> Result<Self> {
        if let [.., at, partition, offset] = columns
            && let Some(at) = at.as_primitive_opt::<TimestampMicrosecondType>()
            && let Some(partition) = partition.as_primitive_opt::<UInt32Type>()
            && let Some(offset) = offset.as_primitive_opt::<UInt64Type>()
        {
            return Ok(Self {
                at: at.clone(),
                partition: partition.clone(),
                offset: offset.clone(),
            });
        }
        fail!("a measure that depends on order needs event time, partition and offset")
    }

    /// The moment in a row.
    pub(super) fn get(&self, row: usize) -> Moment {
        Moment {
            at: self.at.value(row),
            partition: self.partition.value(row),
            offset: self.offset.value(row),
        }
    }
}

/// The columns of these moments.
pub(super) fn arrays(moments: &[Option<Moment>]) -> [ArrayRef; 3] {
    let each = || moments.iter();
    let at = each().map(|moment| moment.map(|moment| moment.at));
    let partition = each().map(|moment| moment.map(|moment| moment.partition));
    let offset = each().map(|moment| moment.map(|moment| moment.offset));
    [
        Arc::new(TimestampMicrosecondArray::from_iter(at)),
        Arc::new(UInt32Array::from_iter(partition)),
        Arc::new(UInt64Array::from_iter(offset)),
    ]
}

/// Lists of moments in their columns.
#[derive(Debug)]
pub(super) struct MomentLists {
    at: Lists<i64>,
    partition: Lists<u64>,
    offset: Lists<u64>,
}

impl MomentLists {
    /// Reads the last three columns of a measure's state.
    pub(super) fn read(columns: &[ArrayRef]) -> Result<Self> {
        match columns {
            [.., at, partition, offset] => Ok(Self {
                at: Lists::read(at)?,
                partition: Lists::read(partition)?,
                offset: Lists::read(offset)?,
            }),
            _ => fail!("the state of an ordered measure lacks its moments"),
        }
    }

    /// The moments in a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = Moment> + '_ {
        let parts = (self.at.row(row).zip(self.partition.row(row))).zip(self.offset.row(row));
        parts.map(|((at, partition), offset)| Moment {
            at,
            // It was written from 32 bits.
            partition: u32::try_from(partition).unwrap_or(u32::MAX),
            offset,
        })
    }
}

/// The columns of these lists of moments.
pub(super) fn lists_of(groups: &[Vec<Moment>]) -> Result<[ArrayRef; 3]> {
    fn each<T>(groups: &[Vec<Moment>], part: impl Fn(&Moment) -> T) -> Vec<Vec<T>> {
        let of = |group: &Vec<Moment>| group.iter().map(&part).collect();
        groups.iter().map(of).collect()
    }
    let [(_, time), (_, partition), (_, offset)] = columns();
    Ok([
        lists::<i64>(each(groups, |moment| moment.at), &time)?,
        lists::<u64>(
            each(groups, |moment| u64::from(moment.partition)),
            &partition,
        )?,
        lists::<u64>(each(groups, |moment| moment.offset), &offset)?,
    ])
}
