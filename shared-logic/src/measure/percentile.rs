//! `APPROX_PERCENTILE(x, share)`: a histogram with logarithmic buckets per group.

use std::sync::Arc;

use crate::error::Result;
use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;

use super::StateColumn;
use super::function::Share;
use super::grouped::GroupState;
use super::histogram::Histogram;
use super::value::{Float, Lists, Value, column, list_type, lists};

/// The accumulator columns: buckets, ascending, and how many values each has.
pub(super) fn state() -> Vec<StateColumn> {
    vec![
        ("buckets", list_type(&DataType::Int32)),
        ("counts", list_type(&DataType::UInt64)),
    ]
}

/// The value that this share of the others does not exceed.
#[derive(Clone, Debug)]
pub(super) struct Percentile(pub(super) Share);

impl GroupState for Percentile {
    type Group = Histogram;
    type Arguments = Float64Array;
    type Saved = (Lists<i64>, Lists<u64>);

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        Float::column(column(columns, 0)?)
    }

    fn update(&self, group: &mut Histogram, arguments: &Float64Array, row: usize) {
        group.insert(arguments.value(row));
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Self::Saved> {
        Ok((
            Lists::read(column(columns, 0)?)?,
            Lists::read(column(columns, 1)?)?,
        ))
    }

    fn merge(
        &self,
        group: &mut Histogram,
        (buckets, counts): &Self::Saved,
        row: usize,
    ) -> Result<()> {
        for (bucket, count) in buckets.row(row).zip(counts.row(row)) {
            // It was written from 32 bits.
            group.add(i32::try_from(bucket).unwrap_or(i32::MAX), count);
        }
        Ok(())
    }

    fn save(&self, groups: Vec<Histogram>) -> Result<Vec<ArrayRef>> {
        let buckets =
            |group: &Histogram| group.buckets().map(|(bucket, _)| bucket.into()).collect();
        let counts = |group: &Histogram| group.buckets().map(|(_, count)| count).collect();
        Ok(vec![
            lists::<i64>(groups.iter().map(buckets).collect(), &DataType::Int32)?,
            lists::<u64>(groups.iter().map(counts).collect(), &DataType::UInt64)?,
        ])
    }

    fn finish(&self, groups: Vec<Histogram>) -> Result<ArrayRef> {
        let shown = groups.iter().map(|group| group.percentile(self.0.get()));
        Ok(Arc::new(Float64Array::from_iter(shown)))
    }

    fn heap(&self, group: &Histogram) -> usize {
        // A node of the tree has room for 11 entries and is two thirds full on average.
        group.len() * (size_of::<i32>() + size_of::<u64>()) * 3 / 2
    }
}
