//! Which value becomes what, in each type and each form of input.

use arrow::array::{
    BooleanArray, Date32Array, DictionaryArray, Float64Array, Int32Array, Int64Array,
    LargeStringArray, StringArray, StringViewArray, TimestampMillisecondArray,
    TimestampNanosecondArray,
};
use arrow::datatypes::{Int8Type, TimestampMicrosecondType};

use super::*;

#[test]
fn json_values_convert_strictly() {
    for (column, value, expected) in [
        ("bool", "true", "true"),
        ("bool", "\"true\"", "! expected BOOLEAN, found \"true\""),
        ("bool", "1", "! expected BOOLEAN, found 1"),
        ("i8", "-128", "-128"),
        (
            "i8",
            "128",
            "! expected TINYINT, found 128, which is out of range",
        ),
        ("i16", "32767", "32767"),
        ("i32", "12", "12"),
        ("i32", "3.0", "3"),
        ("i32", "3e2", "300"),
        ("i32", "-0", "0"),
        (
            "i32",
            "3.5",
            "! expected INT, found 3.5, which has too many fraction digits",
        ),
        (
            "i32",
            "2147483648",
            "! expected INT, found 2147483648, which is out of range",
        ),
        ("i32", "\"abc\"", "! expected INT, found \"abc\""),
        ("i32", "\"5\"", "! expected INT, found \"5\""),
        ("i32", "true", "! expected INT, found true"),
        ("i32", "[1]", "! expected INT, found [1]"),
        ("i32", "null", "NULL"),
        ("i64", "9223372036854775807", "9223372036854775807"),
        ("i64", "-9223372036854775808", "-9223372036854775808"),
        (
            "i64",
            "1e400",
            "! expected BIGINT, found 1e400, which is out of range",
        ),
        (
            "u8",
            "-1",
            "! expected UInt8, found -1, which is out of range",
        ),
        ("u64", "18446744073709551615", "18446744073709551615"),
        ("f32", "0.1", "0.1"),
        ("f64", "1", "1.0"),
        ("f64", "-1.5e-3", "-0.0015"),
        (
            "f64",
            "1e400",
            "! expected DOUBLE, found 1e400, which is out of range",
        ),
        ("f64", "\"1\"", "! expected DOUBLE, found \"1\""),
        ("f64", "\"-Infinity\"", "-inf"),
        ("dec", "1.2", "1.20"),
        ("dec", "\"-9999.99\"", "-9999.99"),
        ("dec", "1.230", "1.23"),
        (
            "dec",
            "1.234",
            "! expected DECIMAL(6, 2), found 1.234, which has too many fraction digits",
        ),
        (
            "dec",
            "10000",
            "! expected DECIMAL(6, 2), found 10000, which is out of range",
        ),
        ("dec", "true", "! expected DECIMAL(6, 2), found true"),
        ("text", "\"a\\u00e9\\n\\ud83d\\ude00\\\"\"", "aé\n😀\""),
        ("text", "\"\"", ""),
        ("text", "5", "! expected VARCHAR, found 5"),
        ("text", "false", "! expected VARCHAR, found false"),
        (
            "text",
            "{\"a\":\"b\"}",
            "! expected VARCHAR, found {\"a\":\"b\"}",
        ),
        ("date", "\"1969-12-31\"", "1969-12-31"),
        ("date", "\"2013-01-31T00:00:00Z\"", "2013-01-31"),
        (
            "date",
            "\"2013-01-31T00:00:01Z\"",
            "! expected DATE, found \"2013-01-31T00:00:01Z\", which has too many fraction digits",
        ),
        ("date", "5", "! expected DATE, found 5"),
        (
            "at",
            "\"2013-01-31 05:15:00.25+01:00\"",
            "2013-01-31T04:15:00.250",
        ),
        ("at", "\"1969-12-31\"", "1969-12-31T00:00:00"),
        ("at", "1359609300123", "2013-01-31T05:15:00.123"),
        ("at", "-1.5", "1969-12-31T23:59:59.998500"),
        (
            "at",
            "0.0001",
            "! expected TIMESTAMP, found 0.0001, which has too many fraction digits",
        ),
        (
            "at",
            "1e300",
            "! expected TIMESTAMP, found 1e300, which is out of range",
        ),
        ("at", "\"soon\"", "! expected TIMESTAMP, found \"soon\""),
        ("at", "null", "! NULL, but column at is NOT NULL"),
        ("bytes", "null", "NULL"),
        ("bytes", "\"x\"", "! expected BYTEA, found \"x\""),
    ] {
        assert_eq!(json(column, value), expected, "{column} {value}");
    }
}

#[test]
fn csv_fields_are_text_that_converts() {
    for (column, field, expected) in [
        ("bool", "TRUE", "true"),
        ("bool", "False", "false"),
        ("bool", "yes", "! expected BOOLEAN, found \"yes\""),
        ("i32", "-12", "-12"),
        ("i32", "+12", "12"),
        ("i32", "12.0", "12"),
        ("i32", "", "NULL"),
        ("i32", " 1", "! expected INT, found \" 1\""),
        ("i32", "\"1\"", "1"),
        ("f64", "2.5", "2.5"),
        ("f64", "inf", "! expected DOUBLE, found \"inf\""),
        ("f64", "NaN", "NaN"),
        ("dec", "7.25", "7.25"),
        ("text", "a b", "a b"),
        ("text", "\"a, \"\"b\"\"\"", "a, \"b\""),
        ("text", "", "NULL"),
        ("text", "\"\"", ""),
        ("text", "5", "5"),
        ("date", "2013-01-31", "2013-01-31"),
        ("at", "2013-01-31T05:15", "2013-01-31T05:15:00"),
        ("at", "1359609300123", "2013-01-31T05:15:00.123"),
        ("at", "", "! NULL, but column at is NOT NULL"),
    ] {
        assert_eq!(csv(column, field), expected, "{column} {field}");
    }
}

#[test]
fn instants_are_numbers_of_the_tables_unit() {
    use TimeUnit::{Microsecond, Millisecond, Nanosecond, Second};
    let range = ", which is out of range";
    let fraction = ", which has too many fraction digits";
    for (unit, value, expected) in [
        (Second, "1359609300.123456", "2013-01-31T05:15:00.123456"),
        (Second, "-0.000001", "1969-12-31T23:59:59.999999"),
        (Second, "1.0000001", fraction),
        (Second, "9223372036.775807", "2262-04-11T23:47:16.775807"),
        (Second, "9223372036854.775808", range),
        (Second, "-9223372036854.775809", range),
        (Second, "9223372036855", range),
        (Millisecond, "-1", "1969-12-31T23:59:59.999"),
        (Millisecond, "9223372036854776", range),
        (
            Microsecond,
            "1359609300123456",
            "2013-01-31T05:15:00.123456",
        ),
        (Microsecond, "1.3596093e15", "2013-01-31T05:15:00"),
        (Microsecond, "0.5", fraction),
        (Microsecond, "9223372036854775808", range),
        (Microsecond, "-9223372036854775809", range),
        (
            Nanosecond,
            "1359609300123456789",
            "2013-01-31T05:15:00.123456",
        ),
        (Nanosecond, "-1", "1969-12-31T23:59:59.999999"),
        (
            Nanosecond,
            "9223372036854775807",
            "2262-04-11T23:47:16.854775",
        ),
        (Nanosecond, "9223372036854775808000", range),
        (Nanosecond, "0.5", fraction),
    ] {
        let expected = match expected.starts_with(',') {
            true => format!("! expected TIMESTAMP, found {value}{expected}"),
            false => expected.to_owned(),
        };
        assert_eq!(at(unit, value), expected, "{value} {unit:?}");
    }
    // The last instant of all is one.
    let mut table = table(Format::Json).as_ref().clone();
    table.units.others = Second;
    let last = raw([
        Some("{\"at\":9223372036854.775807}"),
        Some("{\"at\":-9223372036854.775808}"),
    ]);
    let decoded = Decoder::new(Arc::new(table), &[0]).decode(&last).unwrap();
    let times = decoded
        .columns
        .column(0)
        .as_primitive::<TimestampMicrosecondType>();
    assert_eq!(times.values(), &[i64::MAX, i64::MIN]);
    assert_eq!(decoded.faults, []);
    // A text says it all itself.
    let text = "\"2013-01-31T05:15:00Z\"";
    assert_eq!(at(Nanosecond, text), "2013-01-31T05:15:00");
}

#[test]
fn columns_of_integers_count_the_tables_unit() {
    let mut table = table(Format::Json).as_ref().clone();
    table.units.columns.insert("at".into(), TimeUnit::Second);
    let decoder = Decoder::new(Arc::new(table), &[0]);
    let numbers: ArrayRef = Arc::new(Int64Array::from(vec![-1, i64::MAX]));
    let shown = cells(&decoder, &typed("at", numbers));
    assert_eq!(shown[0], "1969-12-31T23:59:59");
    assert!(shown[1].ends_with("which is out of range"), "{}", shown[1]);
    // Instants have a unit of their own.
    let instants: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![5]));
    assert_eq!(
        cells(&decoder, &typed("at", instants)),
        ["1970-01-01T00:00:00.005"]
    );
}

#[test]
fn columns_convert_by_the_same_rules() {
    let ints: ArrayRef = Arc::new(Int64Array::from(vec![Some(5), None, Some(300)]));
    assert_eq!(columns("i64", ints.clone()), ["5", "NULL", "300"]);
    assert_eq!(
        columns("i8", ints.clone()),
        [
            "5",
            "NULL",
            "! expected TINYINT, found 300, which is out of range"
        ]
    );
    assert_eq!(columns("f64", ints.clone()), ["5.0", "NULL", "300.0"]);
    assert_eq!(columns("dec", ints.clone()), ["5.00", "NULL", "300.00"]);
    assert_eq!(
        columns("text", ints.clone()),
        [
            "! expected VARCHAR, found 5",
            "NULL",
            "! expected VARCHAR, found 300"
        ]
    );
    assert_eq!(
        columns("at", ints),
        [
            "1970-01-01T00:00:00.005",
            "! NULL, but column at is NOT NULL",
            "1970-01-01T00:00:00.300"
        ]
    );

    let floats: ArrayRef = Arc::new(Float64Array::from(vec![3.0, 3.7, f64::NAN]));
    assert_eq!(
        columns("i32", floats.clone()),
        [
            "3",
            "! expected INT, found 3.7, which has too many fraction digits",
            "! expected INT, found \"NaN\""
        ]
    );
    assert_eq!(columns("f32", floats), ["3.0", "3.7", "NaN"]);

    let flags: ArrayRef = Arc::new(BooleanArray::from(vec![true]));
    assert_eq!(columns("i32", flags), ["! expected INT, found true"]);
}

#[test]
fn every_kind_of_text_column_is_text() {
    let texts = ["5", "x"];
    let kinds: [ArrayRef; 4] = [
        Arc::new(StringArray::from(texts.to_vec())),
        Arc::new(LargeStringArray::from(texts.to_vec())),
        Arc::new(StringViewArray::from(texts.to_vec())),
        Arc::new(texts.into_iter().collect::<DictionaryArray<Int8Type>>()),
    ];
    for kind in kinds {
        assert_eq!(columns("text", kind.clone()), texts);
        assert_eq!(columns("i32", kind), ["5", "! expected INT, found \"x\""]);
    }
    let bytes: ArrayRef = Arc::new(BinaryArray::from(vec![b"ok".as_slice(), b"\xff"]));
    assert_eq!(
        columns("text", bytes),
        ["ok", "! expected VARCHAR, found bytes that are no UTF-8"]
    );
}

#[test]
fn instants_of_any_unit_are_floored_to_microseconds_in_utc() {
    let nanos: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![-1, 1_999]));
    assert_eq!(
        columns("at", nanos),
        ["1969-12-31T23:59:59.999999", "1970-01-01T00:00:00.000001"]
    );
    let zoned: ArrayRef =
        Arc::new(TimestampMillisecondArray::from(vec![1_500]).with_timezone("+02:00"));
    assert_eq!(columns("at", zoned.clone()), ["1970-01-01T00:00:01.500"]);
    assert_eq!(
        columns("date", zoned),
        ["! expected DATE, found \"1970-01-01T00:00:01.5Z\", which has too many fraction digits"]
    );
    let days: ArrayRef = Arc::new(Date32Array::from(vec![-1]));
    assert_eq!(columns("at", days), ["1969-12-31T00:00:00"]);
    let huge: ArrayRef = Arc::new(TimestampMillisecondArray::from(vec![i64::MAX, 0]));
    let cells = columns("at", huge);
    assert!(cells[0].starts_with("! expected TIMESTAMP"), "{cells:?}");
    assert_eq!(cells[1], "1970-01-01T00:00:00");
}

#[test]
fn a_column_of_the_right_type_is_not_copied() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![1, 2, 3]));
    let table = table(Format::Json);
    let decoder = Decoder::new(table.clone(), &[table.index("i32").unwrap()]);
    let decoded = decoder.decode(&typed("i32", array.clone())).unwrap();
    assert!(Arc::ptr_eq(decoded.columns.column(0), &array));
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    let array: ArrayRef = Arc::new(Int32Array::from(vec![1]));
    let error = Decoder::new(table(Format::Json), &[0])
        .decode(&typed("i32", array))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "the input of things/0 has no column \"at\", which table things declares; it has i32: correct CREATE TABLE or the input"
    );
    let error = Decoder::new(table(Format::Json), &[99])
        .decode(&raw([Some("{}")]))
        .unwrap_err();
    assert!(error.to_string().contains("no column number 99"), "{error}");
}
