//! What DataFusion's aggregates do, under the laws and beside our own: why ours replace them.
//!
//! Each test states a claim of `docs/measures.md` and fails when a version of the library mends it.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float32Array, Float64Array, Int64Array,
};
use arrow::datatypes::{DataType, Field, Float64Type, Int64Type, Schema};
use datafusion::functions_aggregate as library;
use datafusion::logical_expr::AggregateUDF;
use datafusion::physical_expr::GroupsAccumulatorAdapter;
use datafusion::physical_expr::aggregate::{AggregateExprBuilder, AggregateFunctionExpr};
use datafusion::physical_expr::expressions::{col, lit};
use shared_logic::error::Result;
use shared_logic::laws::{self, Counterexample, Law};
use shared_logic::measure::spread::Spread;
use shared_logic::measure::user::{User, UserMeasure};
use shared_logic::measure::{
    Accumulator, Algebra, EmitTo, Function, Measure, StateColumn, library as adapted,
};

/// An aggregate of DataFusion as a user's measure.
#[derive(Debug)]
struct Library {
    aggregate: AggregateFunctionExpr,
    algebra: Algebra,
}

impl UserMeasure for Library {
    fn name(&self) -> &str {
        self.aggregate.fun().name()
    }

    fn version(&self) -> u32 {
        1
    }

    fn output(&self, _: &[DataType]) -> DataType {
        self.aggregate.field().data_type().clone()
    }

    fn state(&self, _: &[DataType]) -> Vec<StateColumn> {
        let fields = self.aggregate.state_fields().unwrap();
        let types = fields.iter().map(|field| field.data_type().clone());
        types.map(|data_type| ("state", data_type)).collect()
    }

    fn algebra(&self, _: &[DataType]) -> Algebra {
        self.algebra
    }

    fn accumulator(&self, _: &[DataType]) -> Result<Accumulator> {
        if self.aggregate.groups_accumulator_supported() {
            let accumulator = self.aggregate.create_groups_accumulator()?;
            return Ok(Box::new(adapted::Library(accumulator)));
        }
        let aggregate = self.aggregate.clone();
        let factory = move || aggregate.create_accumulator();
        let accumulator = Box::new(GroupsAccumulatorAdapter::new(factory));
        Ok(Box::new(adapted::Library(accumulator)))
    }
}

fn measure(function: Function, values: &ArrayRef) -> Measure {
    Measure {
        function,
        inputs: vec![values.data_type().clone()],
    }
}

fn theirs(function: &Arc<AggregateUDF>, input: &DataType, algebra: Algebra) -> Measure {
    with_constants(function, input, algebra, &[])
}

fn with_constants(
    function: &Arc<AggregateUDF>,
    input: &DataType,
    algebra: Algebra,
    constants: &[f64],
) -> Measure {
    let schema = Arc::new(Schema::new(vec![Field::new("x", input.clone(), true)]));
    let mut arguments = vec![col("x", &schema).unwrap()];
    arguments.extend(constants.iter().map(|constant| lit(*constant)));
    let aggregate = AggregateExprBuilder::new(Arc::clone(function), arguments)
        .schema(schema)
        .alias("x")
        .build()
        .unwrap();
    Measure {
        function: Function::User(User(Arc::new(Library { aggregate, algebra }))),
        inputs: vec![input.clone()],
    }
}

/// The value of the rows folded as one group, by a library function or ours.
fn value(measure: &Measure, values: &ArrayRef) -> Result<ArrayRef> {
    let mut accumulator = measure.accumulator()?.unwrap();
    accumulator.update_batch(
        std::slice::from_ref(values),
        &vec![0; values.len()],
        None,
        1,
    )?;
    accumulator.evaluate(EmitTo::All)
}

fn breaks(measure: &Measure, values: ArrayRef) -> Box<Counterexample> {
    laws::check(measure, &[values]).unwrap_err()
}

#[test]
fn its_integer_sum_wraps() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, 1]));
    let sum = theirs(&library::sum::sum_udaf(), &DataType::Int64, Algebra::Exact);
    let wrapped = value(&sum, &values).unwrap();
    assert_eq!(wrapped.as_primitive::<Int64Type>().value(0), i64::MIN);
    assert!(value(&measure(Function::Sum, &values), &values).is_err());
}

#[test]
fn its_float_sum_depends_on_the_split() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1e16, 1.0, -1e16, 1.0]));
    let sum = theirs(
        &library::sum::sum_udaf(),
        &DataType::Float64,
        Algebra::Exact,
    );
    assert_eq!(breaks(&sum, Arc::clone(&values)).law, Law::Split);
    let lost = value(&sum, &values).unwrap();
    assert_eq!(lost.as_primitive::<Float64Type>().value(0), 1.0);
    let kept = value(&measure(Function::Sum, &values), &values).unwrap();
    assert_eq!(kept.as_primitive::<Float64Type>().value(0), 2.0);
}

#[test]
fn its_first_and_last_value_are_those_merged_first_and_last() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    for function in [
        library::first_last::first_value_udaf(),
        library::first_last::last_value_udaf(),
    ] {
        let picked = theirs(&function, &DataType::Int64, Algebra::Exact);
        let found = laws::check_law(Law::Commutative, &picked, &[Arc::clone(&values)]);
        assert_eq!(found.unwrap_err().rows.len(), 2);
    }
}

#[test]
fn its_percentile_depends_on_the_split() {
    let values: ArrayRef = Arc::new(Float64Array::from_iter_values(
        (0..2_000).map(|n| f64::from(n * n % 1_009)),
    ));
    let function = library::approx_percentile_cont::approx_percentile_cont_udaf();
    let digest = with_constants(&function, &DataType::Float64, Algebra::Canonical, &[0.9]);
    for law in [Law::Chunks, Law::Split] {
        laws::check_law(law, &digest, &[Arc::clone(&values)]).unwrap_err();
    }
}

#[test]
fn its_median_of_integers_is_an_integer() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let median = theirs(
        &library::median::median_udaf(),
        &DataType::Int64,
        Algebra::Exact,
    );
    let halved = value(&median, &values).unwrap();
    assert_eq!(halved.as_primitive::<Int64Type>().value(0), 1);
    let ours = value(&measure(Function::Median, &values), &values).unwrap();
    assert_eq!(ours.as_primitive::<Float64Type>().value(0), 1.5);
}

#[test]
fn its_list_is_in_the_order_of_merging_and_keeps_nulls() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![Some(1), None]));
    let list = theirs(
        &library::array_agg::array_agg_udaf(),
        &DataType::Int64,
        Algebra::Exact,
    );
    let kept = value(&list, &values).unwrap();
    assert_eq!(kept.as_list::<i32>().value(0).len(), 2);
    let values: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    let found = laws::check_law(Law::Commutative, &list, &[values]).unwrap_err();
    assert_eq!(found.rows.len(), 2, "{found}");
}

#[test]
fn its_variance_is_lost_when_large_numbers_are_merged() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1e160]));
    let variance = theirs(
        &library::variance::var_pop_udaf(),
        &DataType::Float64,
        Algebra::Exact,
    );
    let found = laws::check_law(Law::Identity, &variance, &[Arc::clone(&values)]).unwrap_err();
    assert_eq!((found.left.as_str(), found.right.as_str()), ("0.0", "NaN"));
    let ours = measure(Function::Spread(Spread::VarPop), &values);
    let mut part = ours.accumulator().unwrap().unwrap();
    part.update_batch(&[values], &[0], None, 1).unwrap();
    let mut whole = ours.accumulator().unwrap().unwrap();
    whole
        .merge_batch(&part.state(EmitTo::All).unwrap(), &[0], 1)
        .unwrap();
    let kept = whole.evaluate(EmitTo::All).unwrap();
    assert_eq!(kept.as_primitive::<Float64Type>().value(0), 0.0);
}

#[test]
fn its_variance_of_large_integers_is_rounded_before_it_is_computed() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, i64::MAX - 1, i64::MAX - 2]));
    let doubles = arrow::compute::cast(&values, &DataType::Float64).unwrap();
    let variance = theirs(
        &library::variance::var_samp_udaf(),
        &DataType::Float64,
        Algebra::Bounded,
    );
    let rounded = value(&variance, &doubles).unwrap();
    assert_eq!(rounded.as_primitive::<Float64Type>().value(0), 0.0);
}

#[test]
fn its_sketch_keeps_the_laws_over_the_types_that_it_takes() {
    let function = library::approx_distinct::approx_distinct_udaf();
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values((0..500).map(|n| n * n)));
    let sketch = theirs(&function, &DataType::Int64, Algebra::Canonical);
    laws::check(&sketch, &[values]).unwrap();
    let refused: [ArrayRef; 2] = [
        Arc::new(Float64Array::from(vec![0.0])),
        Arc::new(Float32Array::from(vec![0.0])),
    ];
    for values in refused {
        let sketch = theirs(&function, values.data_type(), Algebra::Canonical);
        let error = value(&sketch, &values).unwrap_err().to_string();
        assert!(error.contains("not implemented"), "{error}");
    }
}

#[test]
fn its_distinct_count_tells_zeros_apart() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![0.0, -0.0, f64::NAN, -f64::NAN]));
    let function = library::count::count_udaf();
    let schema = Arc::new(Schema::new(vec![Field::new("x", DataType::Float64, true)]));
    let aggregate = AggregateExprBuilder::new(function, vec![col("x", &schema).unwrap()])
        .schema(schema)
        .alias("x")
        .distinct()
        .build()
        .unwrap();
    let algebra = Algebra::Exact;
    let distinct = Measure {
        function: Function::User(User(Arc::new(Library { aggregate, algebra }))),
        inputs: vec![DataType::Float64],
    };
    let theirs = value(&distinct, &values).unwrap();
    let ours = value(&measure(Function::CountDistinct, &values), &values).unwrap();
    let count = |value: &ArrayRef| value.as_primitive::<Int64Type>().value(0);
    assert_eq!((count(&theirs), count(&ours)), (4, 2));
}

#[test]
fn its_conditions_keep_the_laws() {
    let values: ArrayRef = Arc::new(BooleanArray::from(vec![
        None,
        Some(true),
        Some(false),
        None,
    ]));
    for function in [
        library::bool_and_or::bool_and_udaf(),
        library::bool_and_or::bool_or_udaf(),
    ] {
        let measure = theirs(&function, &DataType::Boolean, Algebra::Exact);
        laws::check(&measure, &[Arc::clone(&values)]).unwrap();
    }
}

#[test]
fn its_extremes_of_doubles_depend_on_where_a_nan_stands() {
    let values: ArrayRef = Arc::new(Float64Array::from(vec![1.0, f64::NAN, 0.0]));
    let max = theirs(
        &library::min_max::max_udaf(),
        &DataType::Float64,
        Algebra::Exact,
    );
    assert_eq!(breaks(&max, Arc::clone(&values)).law, Law::Split);
    let wrong = value(&max, &values).unwrap();
    assert_eq!(wrong.as_primitive::<Float64Type>().value(0), 0.0);
    let ours = value(&measure(Function::Max, &values), &values).unwrap();
    assert!(ours.as_primitive::<Float64Type>().value(0).is_nan());
}
