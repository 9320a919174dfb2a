//! What is read from JSON lines, CSV and Parquet, and what is not.

use polars::prelude::{
    DataFrame, DataType, IntoColumn, NamedFrom, ParquetWriter, Series, TimeUnit,
};

use super::*;

const COUNTS: &str = "k, COUNT(*) AS c, SUM(n) AS s";
const BY_KEY: &str = "GROUP BY window_start, window_end, k";

#[test]
fn a_broken_line_is_an_event_that_no_view_folds() {
    let sql = job("COUNT(*) AS c", "GROUP BY window_start, window_end");
    let text = "\u{FEFF}{\"at\": 0, \"s\": 1}\r\n\n{\"at\": 0, \"s\": 1\n[]\n{\"at\": 0, \"s\": 1}";
    let truth = open(&sql, "events.ndjson", text).unwrap();
    assert_eq!(truth.rows(), 4);
    assert_eq!(truth.passes().iter().collect::<Vec<_>>(), [0, 3]);
    assert_eq!(truth.event_times(), [Some(0), None, None, Some(0)]);
}

#[test]
fn a_value_that_does_not_convert_rejects_only_where_it_is_used() {
    let lines = [
        r#"{"at": 0, "n": 1.0, "k": "a"}"#,
        r#"{"at": 0, "n": "1", "k": "a"}"#,
        r#"{"at": 0, "n": 1.5, "k": "a"}"#,
        r#"{"at": 0, "n": 2147483648, "k": "a"}"#,
        r#"{"at": 0, "n": true, "k": "a"}"#,
        r#"{"at": 0, "n": 2, "k": 3}"#,
        r#"{"at": 0, "n": 4, "k": "a", "x": "oops", "m": []}"#,
    ];
    assert_eq!(rows(&job(COUNTS, BY_KEY), &lines), ["a | 2 | 5"]);
    let by_key = "GROUP BY window_start, window_end, k";
    assert_eq!(rows(&job("k, COUNT(*) AS c", by_key), &lines), ["a | 6"]);
    let all = "GROUP BY window_start, window_end";
    assert_eq!(rows(&job("COUNT(*) AS c", all), &lines), ["7"]);
    // Used by WHERE alone, and NULL does not pass where an unreadable value is rejected.
    assert_eq!(
        rows(
            &job("COUNT(*) AS c", &format!("WHERE n IS NULL OR n > 1 {all}")),
            &lines
        ),
        ["2"]
    );
}

#[test]
fn not_null_rejects_only_where_it_is_used() {
    let text = "{\"at\": 0}\n{\"at\": 0, \"s\": 3}\n{\"at\": 0, \"s\": 40000}";
    let sum = job("SUM(s) AS c", "GROUP BY window_start, window_end");
    assert_eq!(open(&sum, "e.json", text).unwrap().passes().len(), 1);
    let count = job("COUNT(*) AS c", "GROUP BY window_start, window_end");
    assert_eq!(open(&count, "e.json", text).unwrap().passes().len(), 3);
}

#[test]
fn csv_says_the_same_as_json() {
    let json = [
        r#"{"at": 1, "k": "a", "n": 1}"#,
        r#"{"at": "1970-01-01", "k": "", "n": 2}"#,
        r#"{"at": 12000, "n": 3}"#,
        r#"{"at": 1, "k": "a,\"b\"", "n": 4}"#,
        r#"{"at": 1, "k": "a\nb", "n": 8}"#,
    ];
    let expected = rows(&job(COUNTS, BY_KEY), &json);
    assert_eq!(
        expected,
        [
            " | 1 | 2",
            "a | 1 | 1",
            "a\nb | 1 | 8",
            "a,\"b\" | 1 | 4",
            "NULL | 1 | 3"
        ]
    );
    let csv = "n,more,k,at\n1,,a,1\n2,,\"\",1970-01-01\n3,,,12000\n4,\"x\",\"a,\"\"b\"\"\",1\n\
               8,,\"a\nb\",1\n5,,a\n6,,a,1,\nx,,a,1\n7,,\"a,1\n";
    let truth = open(&job(COUNTS, BY_KEY), "events.csv", csv).unwrap();
    assert_eq!(shown(&truth.answer().unwrap().rows), expected);
    assert_eq!(truth.rows(), 9);
}

#[test]
fn a_broken_record_of_csv_is_one_event() {
    let csv = "at,k,n,s\n1,a,1,1\n2,a,2\n3,\"a,3,1\n4,a\"b,4,1\n5,a,5,1\n";
    let truth = open(&job(COUNTS, BY_KEY), "events.csv", csv).unwrap();
    assert_eq!(truth.rows(), 5);
    assert_eq!(shown(&truth.answer().unwrap().rows), ["a | 2 | 6"]);
}

#[test]
fn numbers_count_the_units_of_the_table() {
    let sql = job("COUNT(*) AS c", "GROUP BY window_start, window_end");
    let sql = sql.replace(
        "event_time = 'at'",
        "event_time = 'at', time_unit = 'ns, at S'",
    );
    let text = "{\"at\": 1.5}\n{\"at\": \"1970-01-02\"}\n{\"at\": 1e15}";
    let truth = open(&sql, "events.jsonl", text).unwrap();
    let times = [Some(1_500_000), Some(86_400_000_000), None];
    assert_eq!(truth.event_times(), times);
    let sql = sql.replace("ns, at S", "ns");
    let truth = open(&sql, "events.jsonl", "{\"at\": -1}\n{\"at\": 1e15}").unwrap();
    assert_eq!(truth.event_times(), [Some(-1), Some(1_000_000_000_000)]);
}

#[test]
fn parquet_converts_where_its_types_are_others() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.parquet");
    let columns = vec![
        Series::new("at".into(), [Some(0_i64), Some(1), None, Some(2)]).into_column(),
        Series::new("k".into(), ["a", "a", "a", "b"]).into_column(),
        Series::new("n".into(), [Some(1.0), Some(1.5), Some(2.0), Some(3.0)]).into_column(),
    ];
    let mut frame = DataFrame::new(4, columns).unwrap();
    ParquetWriter::new(fs::File::create(&path).unwrap())
        .finish(&mut frame)
        .unwrap();
    let truth = Truth::open(&path, &job(COUNTS, BY_KEY), None, None, None).unwrap();
    assert_eq!(
        shown(&truth.answer().unwrap().rows),
        ["a | 1 | 1", "b | 1 | 3"]
    );
    assert_eq!(truth.event_times(), [Some(0), Some(1000), None, Some(2000)]);

    let nanos = Series::new("at".into(), [-1_i64, 1_000_999])
        .cast(&DataType::Datetime(TimeUnit::Nanoseconds, None))
        .unwrap();
    let mut frame = DataFrame::new(2, vec![nanos.into_column()]).unwrap();
    let nanos = folder.path().join("nanos.parquet");
    ParquetWriter::new(fs::File::create(&nanos).unwrap())
        .finish(&mut frame)
        .unwrap();
    let sql = job("COUNT(*) AS c", "GROUP BY window_start, window_end");
    let truth = Truth::open(&nanos, &sql, None, None, None).unwrap();
    assert_eq!(truth.event_times(), [Some(-1), Some(1000)]);

    let sql = job("SUM(m) AS s", "GROUP BY window_start, window_end");
    let error = Truth::open(&path, &sql, None, None, None)
        .unwrap_err()
        .to_string();
    assert!(error.contains("has no column \"m\""), "{error}");
}

#[test]
fn events_are_ordered_and_have_their_arrival() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.jsonl");
    let text = r#"{"at": 1, "k": "c", "came": 30, "s": 1}
{"at": 2, "k": "a", "came": "1970-01-01T00:00:00.010Z", "s": 1}
broken
{"at": 3, "k": "b", "came": 30.0, "s": 1}
{"at": 4, "k": 5, "came": 40, "s": 1}"#;
    fs::write(&path, text).unwrap();
    let sql = job("k, COUNT(*) AS c", BY_KEY);
    let open = |order, arrival| Truth::open(&path, &sql, Some("v"), order, arrival);
    let times = |truth: &Truth| {
        let times = truth.event_times().iter();
        times
            .map(|micros| micros.unwrap_or_default() / 1000)
            .collect::<Vec<_>>()
    };

    let plain = open(None, Some("came")).unwrap();
    assert_eq!(times(&plain), [1, 2, 0, 3, 4]);
    assert_eq!(
        plain.arrivals(),
        Some([30_000, 10_000, 10_000, 30_000, 40_000].as_slice())
    );

    // The broken record came with the one before.
    let ordered = open(Some("came"), Some("came")).unwrap();
    assert_eq!(times(&ordered), [2, 0, 1, 3, 4]);
    assert_eq!(
        ordered.arrivals(),
        Some([10_000, 10_000, 30_000, 30_000, 40_000].as_slice())
    );
    assert_eq!(
        shown(
            &ordered
                .fold_of(&[0, 1, 3], &ordered.all().read)
                .unwrap()
                .rows
        ),
        ["a | 1", "b | 1"]
    );

    // What has no value, or none that can be read, comes last.
    let by_key = open(Some("k"), Some("came")).unwrap();
    assert_eq!(times(&by_key), [2, 3, 1, 0, 4]);
    assert_eq!(
        by_key.arrivals(),
        Some([10_000, 30_000, 30_000, 10_000, 40_000].as_slice())
    );
    assert_eq!(times(&open(Some("came"), None).unwrap()), [2, 1, 3, 4, 0]);
    assert_eq!(open(Some("k"), None).unwrap().arrivals(), None);

    let error = open(None, Some("k")).unwrap_err().to_string();
    assert!(
        error.contains("record 1: column \"k\" holds no instant"),
        "{error}"
    );
    let error = open(None, Some("late")).unwrap_err().to_string();
    assert!(
        error.contains("record 1: column \"late\" holds no instant"),
        "{error}"
    );
}

#[test]
fn equal_values_keep_the_order_of_the_file() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("events.csv");
    let line = |number: i64| format!("{number},{}\n", number % 3);
    let text: String = (0..3000).map(line).collect();
    fs::write(&path, format!("at,n\n{text}")).unwrap();
    let sql = job("COUNT(*) AS c", "GROUP BY window_start, window_end");
    let truth = Truth::open(&path, &sql, None, Some("n"), None).unwrap();
    let times = truth.event_times();
    assert!(times.chunks(1000).all(|part| part.is_sorted()));
    assert_eq!(times[..2], [Some(0), Some(3000)]);
}

#[test]
fn the_view_and_the_file_must_be_known() {
    let sql = job("COUNT(*) AS c", "GROUP BY window_start, window_end");
    assert!(matches!(
        open(&sql, "events.txt", ""),
        Err(TruthError::Format(_))
    ));
    let missing = std::path::Path::new("missing.jsonl");
    let error = Truth::open(missing, &sql, None, None, None).unwrap_err();
    assert!(matches!(error, TruthError::File { .. }), "{error}");
    let error = Truth::open(missing, &sql, Some("w"), None, None)
        .unwrap_err()
        .to_string();
    assert_eq!(error, "there is no view w, only: v");
}
