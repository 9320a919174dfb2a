//! Avro records, as the library of the Avro project writes them.

use apache_avro::rabin::Rabin;
use apache_avro::types::Value;
use apache_avro::writer::datum::GenericDatumWriter;
use apache_avro::{Decimal, Schema as Theirs};
use arrow::datatypes::Schema;
use proptest::prelude::*;

use super::*;
use crate::decode::avro::{Avro, AvroSchema, Framing};

const SCHEMA: &str = r#"{"type": "record", "name": "shop.Event", "doc": "an event", "fields": [
    {"name": "tags", "type": {"type": "array", "items": "string"}},
    {"name": "at", "type": {"type": "long", "logicalType": "timestamp-millis"}},
    {"name": "bool", "type": "boolean"},
    {"name": "i8", "type": "int"},
    {"name": "i64", "type": ["null", "long"], "default": null},
    {"name": "f32", "type": "float"},
    {"name": "f64", "type": "double"},
    {"name": "dec", "type": ["null", {"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 3}]},
    {"name": "text", "type": {"type": "enum", "name": "Color", "symbols": ["RED", "GREEN"]}},
    {"name": "date", "type": [{"type": "int", "logicalType": "date"}, "null"]},
    {"name": "inner", "type": {"type": "record", "name": "Inner", "fields": [
        {"name": "again", "type": ["null", "Inner"]},
        {"name": "sums", "type": {"type": "map", "values": {"type": "fixed", "name": "F", "size": 3}}}
    ]}},
    {"name": "other", "type": "Color"}
]}"#;

fn theirs() -> Theirs {
    Theirs::parse_str(SCHEMA).unwrap()
}

/// The columns of `SCHEMA` that the table of these tests has.
fn avro_table(framing: Framing) -> Arc<Table> {
    let schema = AvroSchema::parse(SCHEMA).unwrap();
    let mut table = table(Format::Json).as_ref().clone();
    let fields = (table.schema.fields().iter())
        .filter(|field| schema.holds(field.name()) == Some(true))
        .cloned();
    table.schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    table.format = Format::Avro(Arc::new(Avro { schema, framing }));
    Arc::new(table)
}

/// A record whose values are all there.
fn event() -> Vec<(String, Value)> {
    let some = |branch, value| Value::Union(branch, Box::new(value));
    let inner = |again| {
        let sums = [("a".to_owned(), Value::Fixed(3, vec![1, 2, 3]))];
        Value::Record(vec![
            ("again".into(), again),
            ("sums".into(), Value::Map(sums.into())),
        ])
    };
    let fields = [
        (
            "tags",
            Value::Array(vec![
                Value::String("x".into()),
                Value::String(String::new()),
            ]),
        ),
        ("at", Value::TimestampMillis(-1)),
        ("bool", Value::Boolean(true)),
        ("i8", Value::Int(-128)),
        ("i64", some(1, Value::Long(i64::MIN))),
        ("f32", Value::Float(0.1)),
        ("f64", Value::Double(-1.5)),
        (
            "dec",
            some(1, Value::Decimal(Decimal::from(vec![0xfe, 0x0c]))),
        ),
        ("text", Value::Enum(1, "GREEN".into())),
        ("date", some(0, Value::Date(-1))),
        ("inner", inner(some(1, inner(some(0, Value::Null))))),
        ("other", Value::Enum(0, "RED".into())),
    ];
    fields.map(|(name, value)| (name.to_owned(), value)).into()
}

fn encode(event: Vec<(String, Value)>) -> Vec<u8> {
    let schema = theirs();
    let writer = GenericDatumWriter::builder(&schema).build().unwrap();
    writer.write_value_to_vec(Value::Record(event)).unwrap()
}

/// What column `name` is of records, one text each.
fn column(table: &Arc<Table>, name: &str, records: &[Vec<u8>]) -> Vec<String> {
    let decoder = Decoder::new(table.clone(), &[table.index(name).unwrap()]);
    cells(&decoder, &raw(records.iter().map(Some)))
}

/// What column `name` is of an event that has `value` there.
fn with(name: &str, value: Value) -> String {
    let mut event = event();
    let field = event.iter_mut().find(|(field, _)| field == name);
    field.unwrap().1 = value;
    column(&avro_table(Framing::Bare), name, &[encode(event)]).remove(0)
}

#[test]
fn fields_convert_by_the_rules_of_columns() {
    let record = [encode(event())];
    let table = avro_table(Framing::Bare);
    for (name, expected) in [
        ("at", "1969-12-31T23:59:59.999"),
        ("bool", "true"),
        ("i8", "-128"),
        ("i64", "-9223372036854775808"),
        ("f32", "0.1"),
        ("f64", "-1.5"),
        ("dec", "-0.50"),
        ("text", "GREEN"),
        ("date", "1969-12-31"),
    ] {
        assert_eq!(column(&table, name, &record), [expected], "{name}");
    }
    let some = |branch, value| Value::Union(branch, Box::new(value));
    let decimal = |bytes: &[u8]| some(1, Value::Decimal(Decimal::from(bytes)));
    for (name, value, expected) in [
        ("i64", some(0, Value::Null), "NULL"),
        ("date", some(1, Value::Null), "NULL"),
        (
            "i8",
            Value::Int(128),
            "! expected TINYINT, found 128, which is out of range",
        ),
        ("f32", Value::Float(f32::NAN), "NaN"),
        (
            "dec",
            decimal(&[1]),
            "! expected DECIMAL(6, 2), found 0.001, which has too many fraction digits",
        ),
        // More digits than the schema says are there all the same.
        (
            "dec",
            decimal(&[0x00, 0xff, 0xff, 0xff, 0xff]),
            "! expected DECIMAL(6, 2), found 4294967.295, which has too many fraction digits",
        ),
        (
            "dec",
            decimal(&[0x7f; 17]),
            "! found a decimal of more than 38 digits, which is out of range",
        ),
    ] {
        assert_eq!(with(name, value), expected, "{name}");
    }
    let cells = column(
        &table,
        "at",
        &[encode({
            let mut event = event();
            event[1].1 = Value::TimestampMillis(i64::MAX);
            event
        })],
    );
    assert!(cells[0].starts_with("! expected TIMESTAMP"), "{cells:?}");
}

#[test]
fn decimals_are_twos_complement_of_any_length() {
    let columns = |bytes: &[u8]| {
        let schema = r#"{"type": "record", "name": "r", "fields": [{"name": "d", "type":
            {"type": "bytes", "logicalType": "decimal", "precision": 38}}]}"#;
        let mut record = vec![u8::try_from(bytes.len() * 2).unwrap()];
        record.extend(bytes);
        let records = BinaryArray::from_vec(vec![&record]);
        AvroSchema::parse(schema).unwrap().columns(&records)
    };
    let unscaled = |bytes: &[u8]| {
        let rows = columns(bytes).unwrap();
        array_value_to_string(rows.column(0), 0).unwrap()
    };
    assert_eq!(unscaled(&[]), "0");
    assert_eq!(unscaled(&[0x80]), "-128");
    assert_eq!(unscaled(&[0x00, 0x80]), "128");
    assert_eq!(unscaled(&[[0xff; 30].as_slice(), &[0x7f]].concat()), "-129");
    assert_eq!(unscaled(&[[0x00; 30].as_slice(), &[0xff]].concat()), "255");
    let most = 10_i128.pow(38) - 1;
    assert_eq!(unscaled(&most.to_be_bytes()), most.to_string());
    assert_eq!(
        columns(&[0x7f; 17]).unwrap_err(),
        "record 1, field \"d\": found a decimal of more than 38 digits, which is out of range"
    );
}

#[test]
fn a_broken_record_is_rejected_alone_wherever_it_breaks_off() {
    let whole = encode(event());
    let mut records: Vec<Vec<u8>> = (0..whole.len()).map(|end| whole[..end].to_vec()).collect();
    records.push([whole.as_slice(), &[0]].concat());
    let table = avro_table(Framing::Bare);
    let all: Vec<usize> = (0..table.schema.fields().len()).collect();
    for broken in records {
        let three = [&whole, &broken, &whole];
        for wanted in [all.as_slice(), &[3], &[]] {
            let decoder = Decoder::new(table.clone(), wanted);
            let decoded = decoder.decode(&raw(three.map(Some))).unwrap();
            let alone = decoder.decode(&raw([Some(&whole)])).unwrap();
            for row in [0, 2] {
                assert_eq!(decoded.columns.slice(row, 1), alone.columns);
            }
            let [fault] = decoded.faults.as_slice() else {
                panic!("{:?}", decoded.faults);
            };
            assert_eq!((fault.row, fault.column), (1, None));
            assert!(
                fault.reason.starts_with("broken Avro: expected "),
                "{}",
                fault.reason
            );
        }
    }
    let nothing: Option<&[u8]> = None;
    let decoded = Decoder::new(table, &all).decode(&raw([nothing])).unwrap();
    assert_eq!(decoded.faults[0].reason, "no value, a tombstone");
}

#[test]
fn what_is_broken_says_where() {
    let schema = AvroSchema::parse(
        r#"{"type": "record", "name": "r", "fields": [
            {"name": "b", "type": "boolean"},
            {"name": "i", "type": "int"},
            {"name": "u", "type": ["null", "string"]},
            {"name": "e", "type": {"type": "enum", "name": "E", "symbols": ["A"]}},
            {"name": "a", "type": {"type": "array", "items": "null"}}
        ]}"#,
    )
    .unwrap();
    let length = |bytes: &[u8]| {
        schema
            .length(bytes)
            .map_err(|reason| reason.replace("broken Avro: expected ", ""))
    };
    assert_eq!(length(&[1, 2, 2, 2, b'x', 0, 0, 9, 9]), Ok(7));
    // Nulls in any number take no time; a block may say how long it is.
    let many = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1];
    assert_eq!(
        length(&[[0, 0, 0, 0].as_slice(), &many, &[3, 0, 0]].concat()),
        Ok(17)
    );
    for (bytes, reason) in [
        (&[2_u8] as &[u8], "0 or 1 at byte 0"),
        (
            &[0, 0x80, 0x80, 0x80, 0x80, 0x10],
            "an integer of at most 32 bits at byte 1",
        ),
        (&[0, 0x80], "an integer of at most 64 bits at byte 1"),
        (
            &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2],
            "an integer of at most 64 bits at byte 1",
        ),
        (&[0, 0, 4], "the number of a branch at byte 2"),
        (&[0, 0, 1], "the number of a branch at byte 2"),
        (&[0, 0, 2, 1], "a length that is not negative at byte 4"),
        (&[0, 0, 2, 4, b'x'], "as much text as announced at byte 4"),
        (&[0, 0, 2, 2, 0xff], "a text in UTF-8 at byte 3"),
        (&[0, 0, 0, 2], "the number of a symbol at byte 3"),
        (
            &[0, 0, 0, 0, 3, 2, 0],
            "a block as long as announced at byte 4",
        ),
    ] {
        assert_eq!(length(bytes), Err(reason.to_owned()), "{bytes:?}");
    }
}

#[test]
fn nesting_has_a_bound() {
    let schema = AvroSchema::parse(
        r#"{"type": "record", "name": "r", "fields": [{"name": "r", "type": ["null", "r"]}]}"#,
    )
    .unwrap();
    let nested = |levels: usize| schema.length(&[vec![2; levels], vec![0]].concat());
    assert_eq!(nested(128), Ok(129));
    let reason = "broken Avro: expected at most 128 levels of nesting at byte 129";
    assert_eq!(nested(1_000_000), Err(reason.into()));
}

#[test]
fn what_stands_before_a_record_is_passed() {
    let record = encode(event());
    // The canonical form, which the fingerprint is of, knows no logical types.
    let plain = SCHEMA
        .replace(
            r#"{"type": "long", "logicalType": "timestamp-millis"}"#,
            "\"long\"",
        )
        .replace(r#"{"type": "int", "logicalType": "date"}"#, "\"int\"")
        .replace(
            r#"{"type": "bytes", "logicalType": "decimal", "precision": 8, "scale": 3}"#,
            "\"bytes\"",
        );
    assert!(!plain.contains("logicalType"));
    let print = Theirs::parse_str(&plain)
        .unwrap()
        .fingerprint::<Rabin>()
        .bytes;
    let single = [[0xC3, 0x01].as_slice(), &print, &record].concat();
    let foreign = [[0xC3, 0x01].as_slice(), &[7; 8], &record].concat();
    let numbered = [[0, 0, 0, 1, 44].as_slice(), &record].concat();
    let found = |framing, record: &[u8]| {
        let cell = column(&avro_table(framing), "text", &[record.to_vec()]).remove(0);
        if cell.starts_with("! broken Avro") {
            "!".to_owned()
        } else {
            cell
        }
    };
    for (record, bare, confluent) in [
        (&record, "GREEN", "!"),
        (&single, "GREEN", "!"),
        (&foreign, "!", "!"),
        (&numbered, "!", "GREEN"),
        (&vec![], "!", "!"),
        (&vec![0, 0, 0, 1], "!", "!"),
    ] {
        assert_eq!(found(Framing::Bare, record), bare, "{record:?}");
        assert_eq!(found(Framing::Confluent, record), confluent, "{record:?}");
    }
}

#[test]
fn a_field_that_the_schema_lacks_is_named_with_those_that_it_has() {
    let mut table = avro_table(Framing::Bare).as_ref().clone();
    table.schema = Arc::new(Schema::new(vec![Field::new(
        "nothing",
        DataType::Utf8,
        true,
    )]));
    let error = Decoder::new(Arc::new(table), &[0])
        .decode(&raw([Some(b"")]))
        .unwrap_err();
    assert!(
        error.to_string().contains("has no column \"nothing\""),
        "{error}"
    );
    assert!(
        error.to_string().contains("it has tags, at, bool,"),
        "{error}"
    );
}

proptest! {
    /// Whatever a byte is changed to, our reader takes what the library takes, but for integers of
    /// more bits than 64, of which the library drops some, and for blocks that are not as long as
    /// they say, which the library does not look at (a 1 inserted at 41 makes one).
    #[test]
    fn we_take_what_the_library_takes(at in 0_usize..80, byte: u8, flip in 0_usize..3) {
        let mut record = encode(event());
        let at = at.min(record.len() - 1);
        match flip {
            0 => record[at] = byte,
            1 => record.insert(at, byte),
            _ => drop(record.remove(at)),
        }
        let schema = theirs();
        let reader = apache_avro::reader::datum::GenericDatumReader::builder(&schema).build().unwrap();
        let mut rest = record.as_slice();
        let taken = reader.read_value(&mut rest).is_ok() && rest.is_empty();
        let length = AvroSchema::parse(SCHEMA).unwrap().length(&record);
        let stricter = |reason: &String| {
            reason.contains("at most 64 bits") || reason.contains("as long as announced")
        };
        if !length.as_ref().is_err_and(stricter) {
            prop_assert_eq!(length == Ok(record.len()), taken, "{:?}", record);
        }
    }
}
