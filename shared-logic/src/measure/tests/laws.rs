//! Every measure over every type keeps every law.

use arrow::array::{
    Date32Array, Float32Array, Int8Array, TimestampMicrosecondArray, UInt32Array, UInt64Array,
};
use arrow::datatypes::{DataType, TimeUnit};
use proptest::prelude::*;

use super::*;
use crate::laws;
use crate::measure::function::Share;
use crate::measure::spread::Spread;

const TIMESTAMP: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// All types that measures are built over.
const TYPES: [DataType; 11] = [
    DataType::Int8,
    DataType::Int64,
    DataType::UInt64,
    DataType::Float32,
    DataType::Float64,
    DataType::Decimal128(10, 2),
    DataType::Decimal128(38, 4),
    DataType::Utf8,
    DataType::Boolean,
    DataType::Date32,
    TIMESTAMP,
];

/// Values of a type, few enough to meet again, with those at its ends.
pub(super) fn column(data_type: &DataType, seeds: &[Option<usize>]) -> ArrayRef {
    macro_rules! of {
        ($array:ty, $values:expr) => {{
            let values = $values;
            let each = seeds
                .iter()
                .map(|seed| seed.map(|seed| values[seed % values.len()].clone()));
            Arc::new(<$array>::from_iter(each)) as ArrayRef
        }};
    }
    let (inf, nan) = (f64::INFINITY, f64::NAN);
    match data_type {
        DataType::Int8 => of!(Int8Array, [0, 1, 1, 5, -3, i8::MAX, i8::MIN]),
        DataType::Int64 => of!(Int64Array, [0, 1, 1, 5, -3, i64::MAX, i64::MIN]),
        DataType::UInt64 => of!(UInt64Array, [0, 1, 1, 5, 7, u64::MAX]),
        DataType::Float32 => of!(
            Float32Array,
            [0.0, -0.0, 1.5, 1.5, -2.25, f32::MAX, f32::MIN_POSITIVE]
        ),
        DataType::Float64 => of!(
            Float64Array,
            [
                0.0, -0.0, 0.1, 0.1, -7.5, 1e16, -1e16, 1e-300, nan, -nan, inf, -inf, 1e300
            ]
        ),
        DataType::Decimal128(precision, scale) => {
            let most = 10_i128.pow(u32::from(*precision)) - 1;
            let values = of!(Decimal128Array, [0, 1, 1, 250, -125, most, -most]);
            let values = values.as_primitive::<Decimal128Type>().clone();
            Arc::new(values.with_precision_and_scale(*precision, *scale).unwrap())
        }
        DataType::Utf8 => of!(StringArray, ["", "a", "a", "b", "ab", "ü", "\u{10ffff}"]),
        DataType::Boolean => of!(BooleanArray, [true, false]),
        DataType::Date32 => of!(Date32Array, [0, 1, 1, -719_162, 20_000, i32::MAX]),
        _ => of!(
            TimestampMicrosecondArray,
            [0, 1, 1, -1, 1_700_000_000_000_000, i64::MIN]
        ),
    }
}

/// Event times with ties, partitions, and offsets that no two events of a partition share.
pub(super) fn moments(seeds: &[usize]) -> [ArrayRef; 3] {
    let at = seeds.iter().map(|seed| (seed % 4) as i64 - 2);
    let partition = seeds.iter().map(|seed| (seed / 4 % 3) as u32);
    // Against the order of arrival, so that the first to come is not the first.
    let offset = (0..seeds.len() as u64).rev();
    [
        Arc::new(TimestampMicrosecondArray::from_iter_values(at)),
        Arc::new(UInt32Array::from_iter_values(partition)),
        Arc::new(UInt64Array::from_iter_values(offset)),
    ]
}

/// All measures that apply to these types.
fn measures(first: &DataType, second: &DataType) -> Vec<Measure> {
    let mut functions = vec![Function::Count];
    functions.extend([
        Function::Min,
        Function::Max,
        Function::First,
        Function::Last,
    ]);
    functions.extend([Function::CountDistinct, Function::ApproxCountDistinct]);
    functions.extend([Function::ArrayAgg, Function::TopK(1), Function::TopK(3)]);
    if crate::measure::types::is_number(first) {
        functions.extend([Function::Sum, Function::Avg, Function::Median]);
        let spreads = [
            Spread::VarPop,
            Spread::VarSamp,
            Spread::StddevPop,
            Spread::StddevSamp,
        ];
        functions.extend(spreads.map(Function::Spread));
        let shares = [0.0, 0.5, 0.99, 1.0].map(|share| Share::new(share).unwrap());
        functions.extend(shares.map(Function::ApproxPercentile));
    }
    match first {
        DataType::Utf8 => functions.push(Function::StringAgg(", ".into())),
        DataType::Boolean => functions.extend([Function::BoolAnd, Function::BoolOr]),
        _ => {}
    }
    let one = |function| Measure {
        function,
        inputs: vec![first.clone()],
    };
    let two = |function| Measure {
        function,
        inputs: vec![first.clone(), second.clone()],
    };
    (functions.into_iter().map(one))
        .chain([two(Function::ArgMin), two(Function::ArgMax)])
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_measure_keeps_every_law(
        first in 0..TYPES.len(),
        second in 0..TYPES.len(),
        rows in proptest::collection::vec(
            (proptest::option::weighted(0.8, 0..40_usize), proptest::option::weighted(0.8, 0..40_usize), 0..12_usize),
            0..12,
        ),
    ) {
        let (first, second) = (&TYPES[first], &TYPES[second]);
        let values: Vec<_> = rows.iter().map(|row| row.0).collect();
        let by: Vec<_> = rows.iter().map(|row| row.1).collect();
        let places: Vec<_> = rows.iter().map(|row| row.2).collect();
        for measure in measures(first, second) {
            let columns = [column(first, &values), column(second, &by)];
            let mut arguments = columns[..measure.inputs.len()].to_vec();
            if measure.function.ordered() {
                arguments.extend(moments(&places));
            }
            if let Err(found) = laws::check(&measure, &arguments) {
                prop_assert!(false, "{found}");
            }
        }
    }
}

#[test]
fn large_states_keep_the_laws() {
    let values: ArrayRef = Arc::new(Int64Array::from_iter_values((0..30_000).map(|n| n * n)));
    for function in [
        Function::ApproxCountDistinct,
        Function::ApproxPercentile(Share::HALF),
        Function::CountDistinct,
        Function::TopK(100),
    ] {
        let inputs = vec![DataType::Int64];
        let measure = Measure { function, inputs };
        laws::check_law(laws::Law::Split, &measure, &[Arc::clone(&values)]).unwrap();
        laws::check_law(laws::Law::Encoded, &measure, &[Arc::clone(&values)]).unwrap();
    }
}
