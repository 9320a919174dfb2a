#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;

use arrow::array::{
    BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int64Array, LargeStringArray, StringArray, Time32SecondArray, TimestampMicrosecondArray,
    TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use arrow::datatypes::{DataType, Field, Int8Type, Schema, TimeUnit};
use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::decode::{Decoded, Decoder};
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::table::TimeUnits;

use super::*;

/// A column of each kind, five rows each, with values that are hard to write.
fn sources() -> Vec<ArrayRef> {
    let texts = vec![
        Some("5"),
        Some("a,\"b\"\r\n\u{1}é"),
        None,
        Some(""),
        Some("2013-01-31"),
    ];
    vec![
        Arc::new(BooleanArray::from(vec![
            Some(true),
            None,
            Some(false),
            Some(true),
            None,
        ])),
        Arc::new(Int64Array::from(vec![
            Some(i64::MIN),
            None,
            Some(0),
            Some(300),
            Some(-1),
        ])),
        Arc::new(UInt64Array::from(vec![u64::MAX, 0, 1, 2, 3])),
        Arc::new(Float64Array::from(vec![
            f64::NAN,
            f64::NEG_INFINITY,
            3.0,
            1e300,
            -0.1,
        ])),
        Arc::new(Float32Array::from(vec![
            f32::INFINITY,
            0.1,
            16_777_216.0,
            1e-40,
            -0.0,
        ])),
        Arc::new(
            Decimal128Array::from(vec![Some(12_345), None, Some(-7), Some(0), Some(100)])
                .with_precision_and_scale(20, 3)
                .unwrap(),
        ),
        Arc::new(StringArray::from(texts.clone())),
        Arc::new(LargeStringArray::from(texts.clone())),
        Arc::new(texts.into_iter().collect::<DictionaryArray<Int8Type>>()),
        Arc::new(Date32Array::from(vec![
            Some(-1),
            None,
            Some(0),
            Some(19_000),
            Some(2_932_896),
        ])),
        Arc::new(TimestampMicrosecondArray::from(vec![
            Some(i64::MIN),
            None,
            Some(-1),
            Some(1_359_609_300_120_000),
            Some(i64::MAX),
        ])),
        Arc::new(TimestampSecondArray::from(vec![
            Some(i64::MAX),
            None,
            Some(-1),
            Some(0),
            Some(86_400),
        ])),
        Arc::new(TimestampMillisecondArray::from(vec![1, 2, 3, 4, 5]).with_timezone("+02:00")),
        Arc::new(TimestampNanosecondArray::from(vec![
            -1,
            1,
            1_001,
            0,
            i64::MAX,
        ])),
        Arc::new(Time32SecondArray::from(vec![0, 1, 2, 3, 86_399])),
        Arc::new(BinaryArray::from_vec(vec![
            b"5", b"true", b"x", b"", b"1e3",
        ])),
    ]
}

fn targets() -> Vec<DataType> {
    vec![
        DataType::Boolean,
        DataType::Int8,
        DataType::Int64,
        DataType::UInt64,
        DataType::Float32,
        DataType::Float64,
        DataType::Decimal128(10, 2),
        DataType::Utf8,
        DataType::Date32,
        DataType::Timestamp(TimeUnit::Microsecond, None),
    ]
}

fn table(format: &Format, target: &DataType) -> Table {
    let fields = vec![
        Field::new("x", target.clone(), true),
        Field::new("n", DataType::Int64, true),
    ];
    Table {
        name: "things".into(),
        schema: Arc::new(Schema::new(fields)),
        topic: Topic::new("things"),
        format: format.clone(),
        units: TimeUnits::default(),
        event_time: 0,
        partition_by: None,
        arrival: None,
        watermark_delay: 0,
    }
}

fn decode(table: &Table, payload: Payload) -> Decoded {
    let chunk = Chunk {
        place: TopicPartition::new("things", 0),
        start: Offset(0),
        next: Offset(5),
        offsets: None,
        arrivals: None,
        payload,
    };
    Decoder::new(Arc::new(table.clone()), &[0, 1])
        .decode(&chunk)
        .unwrap()
}

/// Whatever the column and whatever the table makes of it: the raw record makes the same of it.
#[test]
fn a_row_decodes_to_what_its_columns_decode_to() {
    for format in [Format::Json, Format::Csv] {
        for target in targets() {
            for source in sources() {
                let what = format!("{} as {target} in {format}", source.data_type());
                let table = table(&format, &target);
                let numbers: ArrayRef = Arc::new(Int64Array::from(vec![1, 2, 3, 4, 5]));
                let source = RecordBatch::try_from_iter_with_nullable([
                    ("x", source, true),
                    ("n", numbers, true),
                ])
                .unwrap();
                let typed = decode(&table, Payload::Typed(source.clone()));
                let values = Rows::new(&table, &source, &typed.columns).unwrap().values();
                let nothing = BinaryArray::new_null(5);
                let raw = Raw {
                    keys: nothing.clone(),
                    values: values.clone(),
                    headers: nothing,
                };
                let again = decode(&table, Payload::Raw(raw));
                let lines: Vec<_> = values
                    .iter()
                    .flatten()
                    .map(String::from_utf8_lossy)
                    .collect();
                assert_eq!(again.columns, typed.columns, "{what}: {lines:#?}");
                let wrong = |decoded: &Decoded| {
                    decoded
                        .faults
                        .iter()
                        .map(|fault| (fault.row, fault.column))
                        .collect::<Vec<_>>()
                };
                assert_eq!(wrong(&again), wrong(&typed), "{what}: {lines:#?}");
            }
        }
    }
}

#[test]
fn bytes_that_are_no_text_fail_in_json_as_they_do_in_columns() {
    let table = table(&Format::Json, &DataType::Utf8);
    let source = RecordBatch::try_from_iter([
        (
            "x",
            Arc::new(BinaryArray::from_vec(vec![b"\xff\x00", b"ok"])) as ArrayRef,
        ),
        ("n", Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef),
    ])
    .unwrap();
    let typed = decode(&table, Payload::Typed(source.clone()));
    assert_eq!(typed.faults.len(), 1);
    let values = Rows::new(&table, &source, &typed.columns).unwrap().values();
    assert_eq!(values.value(0), b"{\"x\":{\"hex\":\"ff00\"},\"n\":1}");
    assert_eq!(values.value(1), b"{\"x\":\"ok\",\"n\":2}");
}

/// Lines that are broken in their file, but would be a record of another table.
#[test]
fn a_broken_record_stays_broken_with_its_text() {
    let lines: [&[u8]; 5] = [b"1,2", b"{}", b"\"a", b"\xff,2", b"1,2,3"];
    for format in [Format::Json, Format::Csv] {
        let table = table(&format, &DataType::Utf8);
        let nothing: ArrayRef = Arc::new(StringArray::new_null(5));
        let reasons: ArrayRef = Arc::new(StringArray::from(vec!["ragged"; 5]));
        let source: ArrayRef = Arc::new(BinaryArray::from_vec(lines.to_vec()));
        let source = RecordBatch::try_from_iter([
            ("x", nothing.clone()),
            ("n", nothing),
            (BROKEN, reasons),
            (SOURCE, source),
        ])
        .unwrap();
        let typed = decode(&table, Payload::Typed(source.clone()));
        assert_eq!(typed.faults.len(), 5);
        let values = Rows::new(&table, &source, &typed.columns).unwrap().values();
        let nothing = BinaryArray::new_null(5);
        let raw = Raw {
            keys: nothing.clone(),
            values: values.clone(),
            headers: nothing,
        };
        let again = decode(&table, Payload::Raw(raw));
        assert_eq!(again.columns, typed.columns);
        for (row, fault) in again.faults.iter().enumerate() {
            assert_eq!((fault.row, fault.column), (row, None), "{format}");
        }
        assert_eq!(again.faults.len(), 5, "{format}");
    }
}

#[test]
fn columns_that_the_table_lacks_are_kept_in_json() {
    let table = table(&Format::Json, &DataType::Int8);
    let source = RecordBatch::try_from_iter([
        ("n", Arc::new(StringArray::from(vec!["7"])) as ArrayRef),
        (
            "extra \"x\"",
            Arc::new(TimestampMillisecondArray::from(vec![1_500])) as ArrayRef,
        ),
        ("x", Arc::new(StringArray::from(vec!["300"])) as ArrayRef),
    ])
    .unwrap();
    let typed = decode(&table, Payload::Typed(source.clone()));
    let values = Rows::new(&table, &source, &typed.columns).unwrap().values();
    assert_eq!(
        std::str::from_utf8(values.value(0)).unwrap(),
        "{\"n\":7,\"extra \\\"x\\\"\":\"1970-01-01T00:00:01.5Z\",\"x\":\"300\"}"
    );
}
