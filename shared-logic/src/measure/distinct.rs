//! `APPROX_COUNT_DISTINCT(x)`: a HyperLogLog sketch per group.

use std::marker::PhantomData;
use std::sync::Arc;

use crate::error::{Result, fail};
use arrow::array::{ArrayRef, AsArray, Int64Array, LargeBinaryArray};
use arrow::datatypes::DataType;

use super::Accumulator;
use super::grouped::{GroupState, Grouped};
use super::hyperloglog::HyperLogLog;
use super::value::{Value, column, with_value};

/// The accumulator for values of this type.
pub(super) fn accumulator(input: &DataType) -> Result<Accumulator> {
    with_value!(input, V => Box::new(Grouped::new(Distinct::<V>(PhantomData))))
}

/// Sketches of values kept as `V`.
#[derive(Clone, Debug)]
struct Distinct<V>(PhantomData<V>);

impl<V: Value> GroupState for Distinct<V> {
    type Group = HyperLogLog;
    type Arguments = V::Column;
    type Saved = LargeBinaryArray;

    fn arguments(&self, columns: &[ArrayRef]) -> Result<V::Column> {
        V::column(column(columns, 0)?)
    }

    fn update(&self, group: &mut HyperLogLog, arguments: &V::Column, row: usize) {
        V::bytes(arguments, row, |bytes| group.insert(bytes));
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<LargeBinaryArray> {
        match column(columns, 0)?.as_binary_opt::<i64>() {
            Some(sketches) => Ok(sketches.clone()),
            None => fail!("a HyperLogLog sketch is kept as binary"),
        }
    }

    fn merge(&self, group: &mut HyperLogLog, saved: &LargeBinaryArray, row: usize) -> Result<()> {
        match HyperLogLog::from_bytes(saved.value(row)) {
            Some(sketch) => {
                group.merge(&sketch);
                Ok(())
            }
            None => fail!("{} bytes are no HyperLogLog sketch", saved.value(row).len()),
        }
    }

    fn save(&self, groups: Vec<HyperLogLog>) -> Result<Vec<ArrayRef>> {
        let sketches = groups.iter().map(|sketch| {
            let bytes = sketch.to_bytes();
            (!bytes.is_empty()).then_some(bytes)
        });
        Ok(vec![Arc::new(LargeBinaryArray::from_iter(sketches))])
    }

    fn finish(&self, groups: Vec<HyperLogLog>) -> Result<ArrayRef> {
        let counts = groups
            .iter()
            .map(|sketch| i64::try_from(sketch.estimate()).ok());
        Ok(Arc::new(Int64Array::from_iter(counts)))
    }

    fn heap(&self, group: &HyperLogLog) -> usize {
        group.heap()
    }
}
