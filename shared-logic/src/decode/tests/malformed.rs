//! Broken records are rejected as a whole, and alike whatever was asked for.

use super::*;

/// The faults of one record for every single column, for all, and for none.
fn faults(format: Format, record: Option<&[u8]>) -> Vec<Vec<Fault>> {
    let table = table(format);
    let width = table.schema.fields().len();
    let mut wanted: Vec<Vec<usize>> = (0..width).map(|index| vec![index]).collect();
    wanted.push((0..width).rev().collect());
    wanted.push(Vec::new());
    (wanted.iter())
        .map(|wanted| {
            let decoded = Decoder::new(table.clone(), wanted)
                .decode(&raw([record]))
                .unwrap();
            assert_eq!(decoded.columns.num_rows(), 1);
            decoded.faults
        })
        .collect()
}

fn assert_broken(format: Format, record: Option<&[u8]>, reason: &str) {
    let whole = vec![Fault {
        row: 0,
        column: None,
        reason: reason.into(),
    }];
    let shown = record.map(String::from_utf8_lossy);
    for found in faults(format, record) {
        assert_eq!(found, whole, "{shown:?}");
    }
}

#[test]
fn broken_json_is_one_fault_whatever_columns_are_asked_for() {
    let deep = format!("{{\"x\":{}{}}}", "[".repeat(129), "]".repeat(129));
    for (record, reason) in [
        ("", "broken JSON: expected an object at byte 0"),
        ("[1]", "broken JSON: expected an object at byte 0"),
        ("5", "broken JSON: expected an object at byte 0"),
        ("{", "broken JSON: expected a field name at byte 1"),
        ("{\"i32\":1", "broken JSON: expected ',' or '}' at byte 8"),
        (
            "{\"i32\":1,}",
            "broken JSON: expected a field name at byte 9",
        ),
        (
            "{\"i32\":1}x",
            "broken JSON: expected nothing after the object at byte 9",
        ),
        (
            "{\"i32\":1}{}",
            "broken JSON: expected nothing after the object at byte 9",
        ),
        ("{\"i32\" 1}", "broken JSON: expected ':' at byte 7"),
        ("{\"i32\":}", "broken JSON: expected a value at byte 7"),
        ("{\"i32\":01}", "broken JSON: expected ',' or '}' at byte 8"),
        ("{\"i32\":1.}", "broken JSON: expected a digit at byte 9"),
        ("{\"i32\":+1}", "broken JSON: expected a value at byte 7"),
        ("{\"i32\":-}", "broken JSON: expected a digit at byte 8"),
        ("{\"i32\":1e}", "broken JSON: expected a digit at byte 9"),
        ("{\"i32\":tru}", "broken JSON: expected true at byte 7"),
        ("{i32:1}", "broken JSON: expected a field name at byte 1"),
        (
            "{\"x\":\"\\u12g4\"}",
            "broken JSON: expected four hexadecimal digits at byte 10",
        ),
        (
            "{\"x\":\"\\q\"}",
            "broken JSON: expected an escape at byte 7",
        ),
        (
            "{\"x\":\"\\ud800\"}",
            "broken JSON: expected the second half of a surrogate pair at byte 12",
        ),
        (
            "{\"x\":\"\\udc00\"}",
            "broken JSON: expected the first half of a surrogate pair at byte 12",
        ),
        (
            "{\"x\":\"a\nb\"}",
            "broken JSON: expected no control character in a string at byte 7",
        ),
        (
            "{\"x\":\"abc}",
            "broken JSON: expected the end of a string at byte 10",
        ),
        (
            "{\"x\":[1,{\"y\":[}]}",
            "broken JSON: expected a value at byte 14",
        ),
        ("{\"x\":[1,2}", "broken JSON: expected ',' or ']' at byte 9"),
        ("{\"x\":[1,]}", "broken JSON: expected a value at byte 8"),
        ("{\"x\":{\"y\"}}", "broken JSON: expected ':' at byte 9"),
        (
            &deep,
            "broken JSON: expected at most 128 levels of nesting at byte 133",
        ),
    ] {
        assert_broken(Format::Json, Some(record.as_bytes()), reason);
    }
    assert_broken(Format::Json, None, "no value, a tombstone");
    assert_broken(
        Format::Json,
        Some(b"{\"x\":\"\xff\"}"),
        "invalid UTF-8 at byte 6",
    );
}

#[test]
fn broken_csv_is_one_fault_whatever_columns_are_asked_for() {
    let wide = |field: &str| format!("{field}{}", ",".repeat(13));
    assert_broken(
        Format::Csv,
        Some(b"1,2"),
        "broken CSV: expected 14 fields, found 2",
    );
    assert_broken(
        Format::Csv,
        Some(b""),
        "broken CSV: expected 14 fields, found 1",
    );
    assert_broken(Format::Csv, None, "no value, a tombstone");
    let quotes = [
        ("\"a", "broken CSV: a quote is not closed"),
        (
            "\"a\"b",
            "broken CSV: expected ',' or the end after a closing quote",
        ),
        (
            "a\"b\"",
            "broken CSV: a quote within a field that has none around it",
        ),
    ];
    for (field, reason) in quotes {
        assert_broken(Format::Csv, Some(wide(field).as_bytes()), reason);
    }
}

#[test]
fn an_empty_object_has_only_nulls() {
    let reason = "NULL, but column at is NOT NULL";
    for record in ["{}", " { } ", "{\"at\":null,\"x\":[[],{},[{}]]}"] {
        let found = faults(Format::Json, Some(record.as_bytes()));
        let asks_for_it = |nth: usize| nth == 0 || nth == 14;
        for (nth, found) in found.into_iter().enumerate() {
            let reasons: Vec<&str> = found.iter().map(|fault| fault.reason.as_str()).collect();
            assert_eq!(
                reasons,
                if asks_for_it(nth) {
                    vec![reason]
                } else {
                    vec![]
                }
            );
        }
    }
}

#[test]
fn the_last_of_two_equal_names_counts() {
    let table = table(Format::Json);
    let decoder = Decoder::new(table, &[4]);
    let twice = raw([
        Some("{\"i32\":\"no\",\"i32\":2}"),
        Some("{\"i\\u00332\":1,\"i32\":2,\"i3\\u0032\":3}"),
    ]);
    assert_eq!(cells(&decoder, &twice), ["2", "3"]);
}

/// Takes no field.
struct Nobody;

impl<'a> scan::Fields<'a> for Nobody {
    fn known(&self, _: usize) -> Option<&'a str> {
        None
    }

    fn name(&mut self, _: usize, _: token::Text<'a>, _: &'a str) {}

    fn value(&mut self, _: usize, _: token::Token<'a>) {}
}

/// Whatever one byte is changed to, and wherever the text is cut, our scanner takes exactly what
/// another parser takes.
#[test]
fn the_scanner_agrees_with_serde_json() {
    let whole = br#" {"a":[1,-2.5e+7,{"b":"x\u00e9\n\"y"},[],{}],"long":"0123456789abcdef0123","t":true,"f":false,"n":null , "z":{"q":[[0.0]]},"\ud83d\ude00":"\ud83d\ude00"} "#;
    let compare = |record: &[u8]| {
        let ours =
            std::str::from_utf8(record).is_ok_and(|text| scan::object(text, &mut Nobody).is_ok());
        let theirs =
            serde_json::from_slice::<serde_json::Map<String, serde_json::Value>>(record).is_ok();
        assert_eq!(ours, theirs, "{}", String::from_utf8_lossy(record));
    };
    for at in 0..whole.len() {
        compare(&whole[..at]);
        compare(&whole[at..]);
        for byte in 0..=u8::MAX {
            let mut record = whole.to_vec();
            record[at] = byte;
            compare(&record);
        }
        let mut twice = whole.to_vec();
        twice.insert(at, whole[at]);
        compare(&twice);
    }
}
