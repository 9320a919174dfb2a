#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::array::{
    ArrayRef, AsArray, BinaryArray, Decimal256Array, Int64Array, LargeBinaryArray, ListArray,
    StringArray, TimestampMicrosecondArray, UInt64Array,
};
use arrow::compute::take_record_batch;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType, i256};
use bytes::Bytes;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use shared_logic::coverage::Span;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::Partial;

use super::*;
use crate::error::{Error, Refusal};
use crate::manifest::{Maker, ManifestNumber, SegmentEntry};
use crate::segment::read::{decode, decode_between};
use crate::segment::write::{Encoded, encode};

/// Groups in order: windows of three keys, the first of which is NULL.
fn partial(groups: i64) -> Partial {
    let windows = (0..groups).map(|n| n / 3 * 3_600_000_000);
    let keys: StringArray = (0..groups)
        .map(|n| (n % 3 > 0).then(|| format!("key-{}", n % 3)))
        .collect();
    let sketches: BinaryArray = (0..groups).map(|n| Some(n.to_be_bytes())).collect();
    let sums = Decimal256Array::from_iter_values((0..groups).map(i256::from));
    let large: LargeBinaryArray = (0..groups)
        .map(|n| (n % 4 > 0).then(|| vec![7; n as usize % 50]))
        .collect();
    // Lists of 0 to 4 values, and NULL.
    let list = |n: i64| (n % 6 < 5).then(|| (0..n % 6).map(Some).collect::<Vec<_>>());
    let lists = ListArray::from_iter_primitive::<Int64Type, _, _>((0..groups).map(list));
    let times =
        ListArray::from_iter_primitive::<TimestampMicrosecondType, _, _>((0..groups).map(list));
    let columns: [(&str, ArrayRef); 9] = [
        (
            "window_start",
            Arc::new(TimestampMicrosecondArray::from_iter_values(windows)),
        ),
        ("key_0", Arc::new(keys)),
        ("key_1", Arc::new(Int64Array::from_iter_values(0..groups))),
        (
            "events",
            Arc::new(UInt64Array::from_iter_values(0..groups as u64)),
        ),
        ("sketch", Arc::new(sketches)),
        ("sum", Arc::new(sums)),
        ("large", Arc::new(large)),
        ("list", Arc::new(lists)),
        ("times", Arc::new(times)),
    ];
    let span = Span {
        start: Offset(5),
        next: Offset(10),
        records: 5,
        watermark_before: None,
        watermark_after: None,
        last: None,
    };
    Partial {
        coverage: Coverage([(TopicPartition::new("flights", 0), span)].into()),
        counters: Counters {
            rejected: 1,
            filtered: 2,
            late: 0,
        },
        rows: RecordBatch::try_from_iter_with_nullable(
            columns.map(|(name, column)| (name, column, true)),
        )
        .unwrap(),
    }
}

fn logic() -> Fingerprint {
    Fingerprint("0123".into())
}

fn label(partial: &Partial) -> Label {
    Label {
        format: FORMAT,
        fingerprint: logic(),
        generation: GenerationId(1),
        coverage: partial.coverage.clone(),
        counters: partial.counters,
        narrow: vec![],
    }
}

fn written(partial: &Partial) -> (SegmentEntry, Encoded) {
    let encoded = encode(partial, &label(partial)).unwrap();
    let entry = SegmentEntry {
        path: "jobs/j/segments/s.parquet".into(),
        base: ManifestNumber(1),
        maker: Maker::Speed,
        coverage: partial.coverage.clone(),
        counters: partial.counters,
        rows: partial.rows.num_rows() as u64,
        bytes: encoded.bytes.len() as u64,
        checksum: encoded.checksum.clone(),
    };
    (entry, encoded)
}

#[test]
fn a_partial_comes_back_as_it_was() {
    for groups in [0, 1, 5_000, 70_000] {
        let partial = partial(groups);
        let (entry, encoded) = written(&partial);
        assert_eq!(decode(&entry, encoded.bytes, &logic()).unwrap(), partial);
    }
}

#[test]
fn rows_between_two_times_come_back_alone() {
    let partial = partial(70_000);
    let (entry, encoded) = written(&partial);
    let times = partial
        .rows
        .column(0)
        .as_primitive::<TimestampMicrosecondType>();
    let (first, last) = (times.value(0), times.value(times.len() - 1));
    for range in [
        first..last,
        first + 1..last,
        last..last + 1,
        first..first,
        first - 9..last + 9,
    ] {
        let within = |row: &u64| range.contains(&times.value(*row as usize));
        let rows: Vec<u64> = (0..times.len() as u64).filter(within).collect();
        let expected = Partial {
            rows: take_record_batch(&partial.rows, &UInt64Array::from(rows)).unwrap(),
            ..partial.clone()
        };
        let found = decode_between(&entry, encoded.bytes.clone(), &logic(), &range);
        assert_eq!(found.unwrap(), expected, "{range:?}");
    }
}

#[test]
fn a_flipped_byte_anywhere_is_an_error_that_names_the_file() {
    let (entry, encoded) = written(&partial(7));
    for place in 0..encoded.bytes.len() {
        let mut bytes = encoded.bytes.to_vec();
        bytes[place] ^= 0x10;
        match decode(&entry, bytes.into(), &logic()) {
            Err(Error::Corrupt { path, .. }) => assert_eq!(path, entry.path),
            other => panic!("byte {place}: {other:?}"),
        }
    }
}

#[test]
fn a_byte_too_many_or_too_few_is_an_error() {
    let (entry, encoded) = written(&partial(7));
    let short = encoded.bytes.slice(..encoded.bytes.len() - 1);
    let long = [&encoded.bytes[..], b"x"].concat();
    for bytes in [short, long.into(), Bytes::new()] {
        let error = decode(&entry, bytes, &logic()).unwrap_err().to_string();
        assert!(error.contains("bytes long"), "{error}");
    }
}

#[test]
fn other_logic_is_an_error_that_says_what_to_do() {
    let (entry, encoded) = written(&partial(7));
    let error = decode(&entry, encoded.bytes, &Fingerprint("4567".into())).unwrap_err();
    assert!(matches!(error, Error::OtherLogic { .. }));
    assert!(error.to_string().contains("seam reprocess"), "{error}");
}

#[test]
fn a_manifest_that_says_something_else_than_the_file_is_noticed() {
    let (entry, encoded) = written(&partial(7));
    let changes: [fn(&mut SegmentEntry); 4] = [
        |entry| entry.rows += 1,
        |entry| entry.counters.filtered += 1,
        |entry| entry.coverage.0.clear(),
        |entry| entry.checksum.row_groups[0].end += 1,
    ];
    for change in changes {
        let mut entry = entry.clone();
        change(&mut entry);
        let error = decode(&entry, encoded.bytes.clone(), &logic()).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
    }
}

#[test]
fn rows_out_of_order_or_twice_are_refused() {
    let sorted = partial(7);
    let twice = arrow::compute::concat_batches(
        &sorted.rows.schema(),
        [&sorted.rows, &sorted.rows.slice(6, 1)],
    );
    let backwards = arrow::compute::concat_batches(
        &sorted.rows.schema(),
        [&sorted.rows.slice(3, 4), &sorted.rows.slice(0, 3)],
    );
    for rows in [twice.unwrap(), backwards.unwrap()] {
        let partial = Partial {
            rows,
            ..sorted.clone()
        };
        let refused = encode(&partial, &label(&partial)).unwrap_err();
        assert!(matches!(refused, Refusal::Rows(_)), "{refused}");
    }
}

#[test]
fn rows_without_a_window_are_refused() {
    let mut partial = partial(7);
    partial.rows = partial.rows.project(&[3, 4]).unwrap();
    assert!(encode(&partial, &label(&partial)).is_err());
}

#[test]
fn pages_are_small_and_keys_have_bloom_filters() {
    let (_, encoded) = written(&partial(70_000));
    let options = parquet::arrow::arrow_reader::ArrowReaderOptions::new()
        .with_page_index_policy(parquet::file::metadata::PageIndexPolicy::Required);
    let reader =
        ParquetRecordBatchReaderBuilder::try_new_with_options(encoded.bytes, options).unwrap();
    let metadata = reader.metadata();
    assert_eq!(metadata.num_row_groups(), 2);
    let group = metadata.row_group(0);
    let blooms: Vec<bool> = (group.columns().iter())
        .map(|column| column.bloom_filter_offset().is_some())
        .collect();
    let keys = [false, true, true, false, false, false, false, false, false];
    assert_eq!(blooms, keys);
    assert_eq!(group.sorting_columns().unwrap().len(), 3);
    let pages = &metadata.offset_index().unwrap()[0][0];
    assert_eq!(pages.page_locations().len(), 64);
    assert!(metadata.column_index().is_some());
}
