#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use crate::error::Result;
use arrow::array::{AsArray, Float64Array, Int64Array};
use arrow::datatypes::{DataType, Float64Type};

use super::*;
use crate::measure::grouped::{GroupState, Grouped};
use crate::measure::user::{User, UserMeasure};
use crate::measure::{Accumulator, Algebra, Function, StateColumn};

/// A mean that is kept as a mean, which cannot be merged.
#[derive(Clone, Debug)]
struct MeanOfMeans;

impl UserMeasure for MeanOfMeans {
    fn name(&self) -> &str {
        "MEAN_OF_MEANS"
    }

    fn version(&self) -> u32 {
        1
    }

    fn output(&self, _: &[DataType]) -> DataType {
        DataType::Float64
    }

    fn state(&self, _: &[DataType]) -> Vec<StateColumn> {
        vec![("mean", DataType::Float64)]
    }

    fn algebra(&self, _: &[DataType]) -> Algebra {
        Algebra::Bounded
    }

    fn accumulator(&self, _: &[DataType]) -> Result<Accumulator> {
        Ok(Box::new(Grouped::new(self.clone())))
    }
}

impl GroupState for MeanOfMeans {
    /// Sum and count.
    type Group = (f64, u32);
    type Arguments = Float64Array;
    type Saved = Float64Array;

    fn arguments(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        Ok(columns[0].as_primitive::<Float64Type>().clone())
    }

    fn update(&self, (sum, count): &mut (f64, u32), values: &Float64Array, row: usize) {
        *sum += values.value(row);
        *count += 1;
    }

    fn saved(&self, columns: &[ArrayRef]) -> Result<Float64Array> {
        self.arguments(columns)
    }

    fn merge(&self, group: &mut (f64, u32), means: &Float64Array, row: usize) -> Result<()> {
        self.update(group, means, row);
        Ok(())
    }

    fn save(&self, groups: Vec<(f64, u32)>) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.finish(groups)?])
    }

    fn finish(&self, groups: Vec<(f64, u32)>) -> Result<ArrayRef> {
        let mean = |(sum, count): (f64, u32)| (count > 0).then(|| sum / f64::from(count));
        Ok(Arc::new(Float64Array::from_iter(
            groups.into_iter().map(mean),
        )))
    }
}

fn mean_of_means() -> Measure {
    Measure {
        function: Function::User(User(Arc::new(MeanOfMeans))),
        inputs: vec![DataType::Float64],
    }
}

#[test]
fn a_mean_of_means_is_refuted_by_three_rows() {
    let values = (0..200).map(|n| (n % 5 > 0).then(|| f64::from(n * n % 7)));
    let values: ArrayRef = Arc::new(values.collect::<Float64Array>());
    let found = check(&mean_of_means(), &[values]).unwrap_err();
    assert_eq!(
        found.to_string(),
        "MEAN_OF_MEANS(DOUBLE) breaks the law: split anywhere and merged equals the whole
  row 7: 0.0
    ---- cut
  row 8: 1.0
  row 9: 4.0
  whole:            1.6666666666666667
  split and merged: 1.25"
    );
    // It is smallest: whichever row is left out, the law holds.
    assert_eq!(
        (found.law, found.rows.len(), found.cuts.as_slice()),
        (Law::Split, 3, &[1][..])
    );
    for out in 0..3 {
        let rows = (0..3)
            .filter(|row| *row != out)
            .map(|row| found.rows[row].values[0].clone());
        let rows: Float64Array = rows.map(|text| text.parse::<f64>().ok()).collect();
        check(&mean_of_means(), &[Arc::new(rows)]).unwrap();
    }
}

#[test]
fn a_measure_that_keeps_the_laws_passes_over_many_rows() {
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values((0..5_000).map(|n| n * n % 97)));
    for function in [Function::Avg, Function::Median, Function::CountDistinct] {
        let inputs = vec![DataType::Int64];
        check(&Measure { function, inputs }, &[Arc::clone(&values)]).unwrap();
    }
}

#[test]
fn a_state_that_is_not_as_declared_is_found() {
    /// Declares another column than it has.
    #[derive(Debug)]
    struct Misdeclared;

    impl UserMeasure for Misdeclared {
        fn name(&self) -> &str {
            "MISDECLARED"
        }

        fn version(&self) -> u32 {
            1
        }

        fn output(&self, _: &[DataType]) -> DataType {
            DataType::Float64
        }

        fn state(&self, _: &[DataType]) -> Vec<StateColumn> {
            vec![("mean", DataType::Float32)]
        }

        fn algebra(&self, _: &[DataType]) -> Algebra {
            Algebra::Bounded
        }

        fn accumulator(&self, inputs: &[DataType]) -> Result<Accumulator> {
            MeanOfMeans.accumulator(inputs)
        }
    }
    let measure = Measure {
        function: Function::User(User(Arc::new(Misdeclared))),
        inputs: vec![DataType::Float64],
    };
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, 2.0]));
    let found = check(&measure, &[values]).unwrap_err();
    assert_eq!((found.law, found.rows.len()), (Law::Encoded, 1));
    assert!(found.right.contains("declared are [Float32]"), "{found}");
}
