#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;

use super::*;
use crate::builder::{ViewBuilder, count, sum};
use crate::chunk::Chunk;
use crate::fold::Fold;
use crate::identity::{Offset, TopicPartition};
use crate::merge::merge;
use crate::table::Table;

fn view(measure: &str) -> Arc<View> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, false),
        Field::new("value", DataType::Int64, true),
    ]);
    let table = Arc::new(Table::new("events", columns, "at").unwrap());
    let second = std::time::Duration::from_secs(1);
    let builder = ViewBuilder::over(&table).tumble(second);
    match measure {
        "count" => builder.measure("n", count()),
        _ => builder.measure("total", sum("value")),
    }
    .build()
    .unwrap()
}

fn chunk(start: u64, values: &[i64]) -> Chunk {
    let values = (start..).zip(values);
    let values = values.map(|(at, value)| format!(r#"{{"at": {}, "value": {value}}}"#, at * 700));
    Chunk::raw(TopicPartition::new("events", 0), Offset(start), values)
}

fn folded(start: u64, values: &[i64]) -> Partial {
    let mut fold = Fold::new(&view("sum")).unwrap();
    fold.push(&chunk(start, values)).unwrap();
    fold.finish().unwrap()
}

#[test]
fn a_fold_goes_on_where_a_saved_one_ends() {
    let view = view("sum");
    let saved = folded(0, &[1, 2, 3]).save(&view).unwrap();
    let first = Partial::restore(&view, &saved).unwrap();
    assert_eq!(first, folded(0, &[1, 2, 3]));
    let mut fold = Fold::after(&view, &first.coverage).unwrap();
    fold.push(&chunk(3, &[4, 5])).unwrap();
    let both = merge(&view, [&first, &fold.finish().unwrap()]).unwrap();
    assert_eq!(both, folded(0, &[1, 2, 3, 4, 5]));
}

#[test]
fn an_empty_fold_is_saved_too() {
    let view = view("sum");
    let empty = Fold::new(&view).unwrap().finish().unwrap();
    let saved = empty.save(&view).unwrap();
    assert_eq!(Partial::restore(&view, &saved).unwrap(), empty);
}

#[test]
fn another_view_is_refused() {
    let saved = folded(0, &[1]).save(&view("sum")).unwrap();
    let error = Partial::restore(&view("count"), &saved).unwrap_err();
    assert!(matches!(error, SavedError::OtherLogic { .. }), "{error}");
}

#[test]
fn a_later_format_is_refused_before_anything_else() {
    let mut saved = folded(0, &[1]).save(&view("sum")).unwrap();
    saved[8] = 2;
    let error = Partial::restore(&view("sum"), &saved)
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "the state was saved in format 2, this version reads 1: update it"
    );
}

/// Bytes that any version must restore; `SEAMLINE`, format 1.
#[test]
fn the_format_stays_as_it_was_published() {
    let saved = folded(0, &[1]).save(&view("sum")).unwrap();
    assert_eq!(&saved[..12], b"SEAMLINE\x01\0\0\0");
    let length = u32::from_le_bytes(saved[12..16].try_into().unwrap()) as usize;
    let header = std::str::from_utf8(&saved[16..16 + length]).unwrap();
    let fingerprint = view("sum").fingerprint.0.clone();
    assert_eq!(
        header,
        format!(
            r#"{{"kind":"view","fingerprint":"{fingerprint}","partitions":null,"coverage":{{"events/0":{{"start":0,"next":1,"records":1,"watermark_before":null,"watermark_after":0,"last":{{"offset":0,"checksum":28894847}}}}}},"counters":{{"rejected":0,"filtered":0}}}}"#
        )
    );
}

proptest! {
    #[test]
    fn a_flipped_bit_anywhere_is_an_error(at in any::<prop::sample::Index>(), bit in 0..8_u32) {
        let mut saved = folded(0, &[1, 2]).save(&view("sum")).unwrap();
        let at = at.index(saved.len());
        saved[at] ^= 1 << bit;
        let error = Partial::restore(&view("sum"), &saved).unwrap_err();
        let expected = match at {
            0..8 => matches!(error, SavedError::Foreign(_)),
            8..12 => matches!(error, SavedError::Format { .. }),
            _ => matches!(error, SavedError::Damaged { .. }),
        };
        prop_assert!(expected, "{}: {}", at, error);
    }

    #[test]
    fn a_part_of_it_is_an_error(length in any::<prop::sample::Index>()) {
        let saved = folded(0, &[1, 2]).save(&view("sum")).unwrap();
        let length = length.index(saved.len());
        prop_assert!(Partial::restore(&view("sum"), &saved[..length]).is_err());
    }
}
