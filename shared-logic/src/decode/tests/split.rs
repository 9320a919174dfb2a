//! Decoding does not depend on how records are grouped or on which columns are asked for.

use proptest::prelude::*;

use super::*;

/// A record that is often right and sometimes wrong in one of many ways.
fn record() -> impl Strategy<Value = Option<String>> {
    let value = prop_oneof![
        4 => (-200_i64..200).prop_map(|n| n.to_string()),
        2 => Just("null".to_owned()),
        2 => "\"[a-z\\\\\\\\]{0,3}\"",
        2 => Just("\"2013-01-31T05:15:00.5Z\"".to_owned()),
        1 => Just("1.5".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("[{\"at\":1},\"]\"]".to_owned()),
        1 => Just("nul".to_owned()),
    ];
    let name = prop::sample::select(vec![
        "at", "bool", "i8", "i32", "f64", "dec", "text", "date", "?",
    ]);
    let field = (name, value).prop_map(|(name, value)| format!("{name:?}: {value}"));
    prop_oneof![
        1 => Just(None),
        20 => prop::collection::vec(field, 0..8).prop_map(|list| Some(format!("{{{}}}", list.join(" ,")))),
    ]
}

fn decode(records: &[Option<String>], wanted: &[usize]) -> Decoded {
    Decoder::new(table(Format::Json), wanted)
        .decode(&raw(records.to_vec()))
        .unwrap()
}

proptest! {
    #[test]
    fn any_split_gives_the_same_columns_and_faults(
        records in prop::collection::vec(record(), 0..12),
        cut in 0_usize..12,
    ) {
        let all: Vec<usize> = (0..14).collect();
        let whole = decode(&records, &all);
        let (left, right) = records.split_at(cut.min(records.len()));
        let single = records.chunks(1).collect::<Vec<_>>();
        for parts in [vec![left, right], single] {
            let (mut rows, mut faults, mut first) = (Vec::new(), Vec::new(), 0);
            for part in parts {
                let decoded = decode(part, &all);
                rows.push(decoded.columns);
                faults.extend(decoded.faults.into_iter().map(|fault| Fault { row: fault.row + first, ..fault }));
                first += part.len();
            }
            let rows = arrow::compute::concat_batches(whole.columns.schema_ref(), &rows).unwrap();
            prop_assert_eq!(&rows, &whole.columns);
            prop_assert_eq!(&faults, &whole.faults);
        }
    }

    #[test]
    fn fewer_columns_leave_the_others_as_they_are(
        records in prop::collection::vec(record(), 0..12),
        wanted in prop::sample::subsequence((0..14).collect::<Vec<usize>>(), 0..14).prop_shuffle(),
    ) {
        let all: Vec<usize> = (0..14).collect();
        let (whole, some) = (decode(&records, &all), decode(&records, &wanted));
        for (at, index) in wanted.iter().enumerate() {
            prop_assert_eq!(some.columns.column(at), whole.columns.column(*index));
        }
        let asked_for = |fault: &&Fault| fault.column.is_none_or(|index| wanted.contains(&index));
        let expected: Vec<Fault> = whole.faults.iter().filter(asked_for).cloned().collect();
        prop_assert_eq!(some.faults, expected);
    }
}
