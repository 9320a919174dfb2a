#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

fn of(values: &[f64]) -> Histogram {
    let mut histogram = Histogram::default();
    values.iter().for_each(|value| histogram.insert(*value));
    histogram
}

fn merged(one: &Histogram, other: &Histogram) -> Histogram {
    let mut merged = one.clone();
    other
        .buckets()
        .for_each(|(bucket, count)| merged.add(bucket, count));
    merged
}

/// The value that a percentile is of, with NaN as the greatest.
fn exact(values: &[f64], share: f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(|a, b| a.is_nan().cmp(&b.is_nan()).then(a.total_cmp(b)));
    sorted[(share * (sorted.len() - 1) as f64) as usize]
}

fn near(estimate: f64, value: f64) -> bool {
    let same = estimate == value || (estimate.is_nan() && value.is_nan());
    same || (estimate - value).abs() <= 0.01 * value.abs()
}

fn any_float() -> impl Strategy<Value = f64> {
    prop_oneof![
        6 => -1e6..1e6_f64,
        2 => (any::<bool>(), -8.0..8.0_f64).prop_map(|(minus, power)| {
            10_f64.powf(power) * if minus { -1.0 } else { 1.0 }
        }),
        1 => prop_oneof![Just(0.0), Just(-0.0), Just(f64::INFINITY), Just(f64::NEG_INFINITY), Just(f64::NAN)],
    ]
}

proptest! {
    #[test]
    fn percentiles_are_within_one_percent(
        values in proptest::collection::vec(any_float(), 1..200),
        share in 0.0..=1.0_f64,
    ) {
        let estimate = of(&values).percentile(share).unwrap();
        let value = exact(&values, share);
        prop_assert!(near(estimate, value), "{estimate} for {value}");
    }

    #[test]
    fn a_histogram_is_a_function_of_the_values(
        mut values in proptest::collection::vec(prop_oneof![any_float(), any::<f64>()], 0..200),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = of(&values);
        let (left, right) = values.split_at(cut.index(values.len() + 1));
        let (left, right) = (of(left), of(right));
        prop_assert_eq!(&merged(&left, &right), &whole);
        prop_assert_eq!(&merged(&right, &left), &whole);
        values.sort_by(f64::total_cmp);
        prop_assert_eq!(&of(&values), &whole);
        prop_assert!(whole.len() <= 2 * SPAN as usize + 4);
    }

    #[test]
    fn every_float_stands_in_a_bucket_whose_middle_is_near(value in any::<f64>()) {
        prop_assume!(value.is_normal());
        prop_assert!(near(middle(bucket(value)), value), "{value} is in {}", bucket(value));
    }
}

#[test]
fn buckets_are_ordered_as_values() {
    let values = [
        f64::NEG_INFINITY,
        f64::MIN,
        -1.0,
        -f64::MIN_POSITIVE,
        -5e-324,
        0.0,
        5e-324,
        1e-320,
        f64::MIN_POSITIVE,
        0.99,
        1.0,
        1.021,
        1.05,
        2.0,
        f64::MAX,
        f64::INFINITY,
        f64::NAN,
    ];
    assert!(
        values.map(bucket).is_sorted_by(|a, b| a < b),
        "{:?}",
        values.map(bucket)
    );
    assert_eq!(bucket(-0.0), bucket(0.0));
    assert!(near(middle(bucket(f64::MAX)), f64::MAX));
    assert_eq!(middle(bucket(5e-324)), 5e-324);
}

#[test]
fn magnitudes_far_below_the_greatest_are_not_told_apart() {
    let small: Vec<f64> = (0..4000).map(|n| 1.02_f64.powi(n - 8000)).collect();
    let mut histogram = of(&small);
    assert_eq!(histogram.len(), SPAN as usize);
    histogram.insert(1e6);
    histogram.insert(-1e-300);
    assert_eq!(histogram.len(), 3);
    let floor = histogram.percentile(0.5).unwrap();
    assert!((1e-12..1e-11).contains(&floor), "{floor}");
    assert_eq!(
        histogram.percentile(0.0).map(|least| near(least, -1e-300)),
        Some(true)
    );
    assert_eq!(
        histogram.percentile(1.0).map(|most| near(most, 1e6)),
        Some(true)
    );
}

#[test]
fn the_borders_are_powers_of_one_factor() {
    for (n, border) in BORDERS.iter().enumerate() {
        let exact = (n as f64 / f64::from(PER_OCTAVE)).exp2();
        assert!((border - exact).abs() <= f64::EPSILON, "{n}");
    }
}
