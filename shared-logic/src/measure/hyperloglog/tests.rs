#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;

fn of(values: impl IntoIterator<Item = u64>) -> HyperLogLog {
    let mut sketch = HyperLogLog::default();
    for value in values {
        sketch.insert(&value.to_le_bytes());
    }
    sketch
}

#[test]
fn the_error_stays_within_four_standard_deviations() {
    for count in [1_u64, 2, 10, 100, 1_000, 4_000, 20_000, 100_000, 1_000_000] {
        let estimate = of(0..count).estimate() as f64;
        let error = (estimate - count as f64).abs() / count as f64;
        assert!(error <= 4.0 * 0.0081, "{count} was estimated as {estimate}");
    }
    assert_eq!(of([]).estimate(), 0);
}

#[test]
fn small_sets_are_counted_nearly_exactly() {
    for count in 0..200 {
        assert!(
            of(0..count).estimate().abs_diff(count) <= 1 + count / 50,
            "{count}"
        );
    }
}

#[test]
fn the_bytes_of_a_sketch_stay_as_they_were_published() {
    let mut sketch = HyperLogLog::default();
    for word in ["batch", "speed", "seam", "batch"] {
        sketch.insert(word.as_bytes());
    }
    let hex: Vec<String> = sketch
        .to_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    assert_eq!(hex.join(""), "b01402472b058e3f01");
}

proptest! {
    #[test]
    fn a_sketch_is_a_function_of_the_set(
        mut values in proptest::collection::vec(0..9000_u64, 0..9000),
        cut in any::<prop::sample::Index>(),
    ) {
        let whole = of(values.iter().copied());
        let (left, right) = values.split_at(cut.index(values.len() + 1));
        let mut merged = of(right.iter().copied());
        merged.merge(&of(left.iter().copied()));
        prop_assert_eq!(&merged, &whole);
        prop_assert_eq!(merged.to_bytes(), whole.to_bytes());
        values.sort_unstable();
        values.dedup();
        prop_assert_eq!(of(values).to_bytes(), whole.to_bytes());
    }

    #[test]
    fn bytes_are_read_back_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
        if let Some(sketch) = HyperLogLog::from_bytes(&bytes) {
            prop_assert_eq!(sketch.to_bytes(), bytes);
        }
    }
}

#[test]
fn every_size_is_read_back() {
    for count in [0, 1, 5, 4_000, 6_000, 100_000] {
        let sketch = of(0..count);
        assert_eq!(
            HyperLogLog::from_bytes(&sketch.to_bytes()),
            Some(sketch),
            "{count}"
        );
    }
}
