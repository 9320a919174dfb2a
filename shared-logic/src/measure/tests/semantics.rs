//! What measures say of NULLs, NaN, infinities, −0.0 and the ends of types.

use arrow::array::{Date32Array, TimestampMicrosecondArray, UInt64Array};
use arrow::datatypes::DataType;
use arrow::util::display::array_value_to_string;

use super::laws::moments;
use super::*;
use crate::measure::function::Share;
use crate::measure::spread::Spread;

/// The finished value of one group, as text; rows are in the order of their moments.
fn shown(function: Function, columns: &[ArrayRef]) -> String {
    let inputs = columns.iter().map(|column| column.data_type().clone());
    let measure = Measure {
        inputs: inputs.collect(),
        function,
    };
    let rows = columns[0].len();
    let mut arguments = columns.to_vec();
    if measure.function.ordered() {
        let [_, partition, offset] = moments(&vec![0; rows]);
        let at = TimestampMicrosecondArray::from_iter_values(0..rows as i64);
        arguments.extend([Arc::new(at) as ArrayRef, partition, offset]);
    }
    let mut accumulator = measure.accumulator().unwrap().unwrap();
    accumulator
        .update_batch(&arguments, &vec![0; rows], None, 1)
        .unwrap();
    let value = accumulator.evaluate(EmitTo::All).unwrap();
    match value.is_null(0) {
        true => "NULL".to_owned(),
        false => array_value_to_string(&value, 0).unwrap(),
    }
}

fn floats(values: &[f64]) -> ArrayRef {
    Arc::new(Float64Array::from(values.to_vec()))
}

fn percentile(share: f64) -> Function {
    Function::ApproxPercentile(Share::new(share).unwrap())
}

#[test]
fn a_group_of_nulls_alone_has_no_value_and_counts_zero() {
    let none: ArrayRef = Arc::new(Int64Array::from(vec![None::<i64>, None]));
    for function in [Function::CountDistinct, Function::ApproxCountDistinct] {
        assert_eq!(shown(function, std::slice::from_ref(&none)), "0");
    }
    for function in [
        Function::Spread(Spread::VarPop),
        Function::First,
        Function::Last,
        percentile(0.5),
        Function::Median,
        Function::ArrayAgg,
        Function::TopK(2),
    ] {
        assert_eq!(shown(function, std::slice::from_ref(&none)), "NULL");
    }
    let known: ArrayRef = Arc::new(Int64Array::from(vec![1, 2]));
    for columns in [[Arc::clone(&none), Arc::clone(&known)], [known, none]] {
        assert_eq!(shown(Function::ArgMin, &columns), "NULL");
        assert_eq!(shown(Function::ArgMax, &columns), "NULL");
    }
}

#[test]
fn nan_is_the_greatest_value_and_one_value() {
    let values = floats(&[1.0, f64::NAN, -f64::NAN, f64::INFINITY]);
    let over = |function| shown(function, std::slice::from_ref(&values));
    assert_eq!(over(Function::CountDistinct), "3");
    assert_eq!(over(Function::ApproxCountDistinct), "3");
    assert_eq!(over(Function::TopK(3)), "[NaN, NaN, inf]");
    assert_eq!(over(Function::Median), "NaN");
    assert_eq!(over(percentile(1.0)), "NaN");
    assert_eq!(over(percentile(0.4)), "inf");
    assert_eq!(over(Function::Spread(Spread::VarPop)), "NaN");
    let names: ArrayRef = Arc::new(StringArray::from(vec!["one", "nan", "-nan", "inf"]));
    let by = [names, values];
    assert_eq!(shown(Function::ArgMax, &by), "nan");
    assert_eq!(shown(Function::ArgMin, &by), "one");
}

#[test]
fn zero_has_one_sign_where_values_are_compared() {
    let values = floats(&[-0.0, 0.0]);
    let over = |function| shown(function, std::slice::from_ref(&values));
    assert_eq!(over(Function::CountDistinct), "1");
    assert_eq!(over(Function::ApproxCountDistinct), "1");
    assert_eq!(over(Function::ArrayAgg), "[0.0, 0.0]");
    assert_eq!(over(Function::First), "-0.0");
    let names: ArrayRef = Arc::new(StringArray::from(vec!["minus", "plus"]));
    let by = [names, values];
    assert_eq!(shown(Function::ArgMax, &by), "minus");
    assert_eq!(shown(Function::ArgMin, &by), "minus");
}

#[test]
fn infinities_are_values() {
    let values = floats(&[f64::NEG_INFINITY, 1.0, f64::INFINITY]);
    let over = |function| shown(function, std::slice::from_ref(&values));
    assert_eq!(over(Function::Median), "1.0");
    assert_eq!(over(percentile(0.0)), "-inf");
    assert_eq!(over(percentile(1.0)), "inf");
    assert_eq!(over(Function::Spread(Spread::VarSamp)), "NaN");
    let halves = floats(&[f64::NEG_INFINITY, f64::INFINITY]);
    assert_eq!(shown(Function::Median, &[halves]), "NaN");
    let large = floats(&[f64::MAX, f64::MAX]);
    assert_eq!(shown(Function::Median, &[large]), format!("{:?}", f64::MAX));
}

#[test]
fn medians_of_large_integers_and_decimals_are_exact() {
    let signed: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, i64::MIN]));
    assert_eq!(shown(Function::Median, &[signed]), "-0.5");
    let unsigned: ArrayRef = Arc::new(UInt64Array::from(vec![u64::MAX, u64::MAX]));
    assert_eq!(
        shown(Function::Median, &[unsigned]),
        "1.8446744073709552e19"
    );
    let decimal = |precision, values: Vec<i128>| -> ArrayRef {
        let values = Decimal128Array::from(values);
        Arc::new(values.with_precision_and_scale(precision, 2).unwrap())
    };
    assert_eq!(shown(Function::Median, &[decimal(10, vec![1, 2])]), "0.015");
    let most = 10_i128.pow(38) - 1;
    let widest = decimal(38, vec![most, most - 1]);
    assert_eq!(
        shown(Function::Median, &[widest]),
        "999999999999999999999999999999999999.98"
    );
    let opposite = decimal(38, vec![3, -4]);
    assert_eq!(shown(Function::Median, &[opposite]), "0.00");
}

#[test]
fn the_variance_of_integers_is_exact_at_the_end_of_their_range() {
    let values: ArrayRef = Arc::new(Int64Array::from(vec![i64::MAX, i64::MAX - 1, i64::MAX - 2]));
    let variance = Function::Spread(Spread::VarSamp);
    assert_eq!(shown(variance.clone(), &[values]), "1.0");
    let ends: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, i64::MAX]));
    assert_eq!(shown(variance, &[ends]), "1.7014118346046923e38");
    let one: ArrayRef = Arc::new(Int64Array::from(vec![7]));
    let over = |spread| shown(Function::Spread(spread), std::slice::from_ref(&one));
    assert_eq!(over(Spread::VarPop), "0.0");
    assert_eq!(over(Spread::VarSamp), "NULL");
}

#[test]
fn dates_times_texts_and_booleans_are_kept_as_they_are() {
    let dates: ArrayRef = Arc::new(Date32Array::from(vec![0, 20_000, -1]));
    let times: ArrayRef = Arc::new(TimestampMicrosecondArray::from(vec![1, 0, -1]));
    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![false, true, false]));
    let texts: ArrayRef = Arc::new(StringArray::from(vec!["b", "", "ü"]));
    let over = |function, column: &ArrayRef| shown(function, std::slice::from_ref(column));
    assert_eq!(over(Function::TopK(2), &dates), "[2024-10-04, 1970-01-01]");
    assert_eq!(over(Function::Last, &dates), "1969-12-31");
    assert_eq!(over(Function::Last, &times), "1969-12-31T23:59:59.999999");
    assert_eq!(over(Function::CountDistinct, &flags), "2");
    assert_eq!(over(Function::ArrayAgg, &flags), "[false, true, false]");
    assert_eq!(over(Function::TopK(2), &texts), "[ü, b]");
    assert_eq!(over(Function::StringAgg("|".into()), &texts), "b||ü");
    assert_eq!(shown(Function::ArgMax, &[texts, times]), "b");
}

#[test]
fn bytes_that_are_no_sketch_are_an_error() {
    let measure = Measure {
        function: Function::ApproxCountDistinct,
        inputs: vec![DataType::Int64],
    };
    let broken = arrow::array::LargeBinaryArray::from(vec![&b"1234"[..]]);
    let mut accumulator = measure.accumulator().unwrap().unwrap();
    let error = accumulator.merge_batch(&[Arc::new(broken)], &[0], 1);
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("4 bytes are no HyperLogLog sketch"),
        "{error}"
    );
}
