#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::fs::{self, File};
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Int32Array, RecordBatch, StringArray, TimestampMillisecondArray};
use parquet::arrow::ArrowWriter;
use shared_logic::identity::Topic;
use shared_logic::table::{Format, TimeUnits};

use super::*;
use crate::EventLog;
use crate::partitioner::partition_of;

fn table(partition_by: Option<usize>) -> Table {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    Table {
        name: "flights".into(),
        schema: Arc::new(Schema::new(vec![
            Field::new("scheduled", instant, false),
            Field::new("delay", DataType::Int32, true),
            Field::new("origin", DataType::Utf8, true),
        ])),
        topic: Topic::new("flights"),
        format: Format::Json,
        units: TimeUnits::default(),
        event_time: 0,
        partition_by,
        arrival: None,
        watermark_delay: 0,
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }

    fn parquet(&self) -> PathBuf {
        let path = self.0.path().join("flights.parquet");
        let rows = RecordBatch::try_from_iter([
            (
                "seen",
                Arc::new(TimestampMillisecondArray::from(vec![3, 1, 2, 1])) as ArrayRef,
            ),
            (
                "origin",
                Arc::new(StringArray::from(vec![
                    Some("JFK"),
                    None,
                    Some("LAX"),
                    Some("JFK"),
                ])),
            ),
            ("delay", Arc::new(Int32Array::from(vec![30, 10, 20, 11]))),
            (
                "scheduled",
                Arc::new(TimestampMillisecondArray::from(vec![0; 4])),
            ),
        ])
        .unwrap();
        let mut writer =
            ArrowWriter::try_new(File::create(&path).unwrap(), rows.schema(), None).unwrap();
        writer.write(&rows).unwrap();
        writer.close().unwrap();
        path
    }
}

/// The delays in the order of arrival, each with its partition and offset.
fn delays(input: &Input, table: &Table) -> Vec<(String, u32, u64)> {
    let decoder = Decoder::new(Arc::new(table.clone()), &[1]);
    let at = |partition: Partition, offset: Offset| {
        let place = TopicPartition::new("flights", partition.0);
        let chunk = input
            .log
            .read(&place, offset..offset.plus(1), 1)
            .unwrap()
            .next()
            .unwrap();
        let decoded = decoder.decode(&chunk.unwrap()).unwrap();
        match decoded.faults.first() {
            Some(fault) => fault.reason.clone(),
            None => {
                arrow::util::display::array_value_to_string(decoded.columns.column(0), 0).unwrap()
            }
        }
    };
    (input.assignment.iter())
        .map(|(partition, offset)| (at(*partition, *offset), partition.0, offset.0))
        .collect()
}

fn reason(result: Result<Input, LogError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn lines_of_json_are_kept_as_they_are_with_their_keys() {
    let folder = Folder::new();
    let path = folder.file(
        "flights.jsonl",
        "{\"delay\":1,\"origin\":\"JFK\"}\r\n\n  \n{\"delay\":2,\"origin\":\"L\\u0041X\"}\nbroken\n{\"delay\":4}",
    );
    let table = table(Some(2));
    let input = Input::open(path, &table, 4, None, None).unwrap();
    let (jfk, lax) = (
        partition_of(Some(b"JFK"), 4).0,
        partition_of(Some(b"LAX"), 4).0,
    );
    assert_ne!(jfk, lax);
    let dealt = delays(&input, &table);
    assert_eq!(dealt[0], ("1".into(), jfk, 0));
    assert_eq!(dealt[1], ("2".into(), lax, u64::from(lax == jfk)));
    assert_eq!(dealt[2].0, "broken JSON: expected an object at byte 0");
    assert_eq!((dealt[2].1, dealt[3].1), (0, 0));
    assert_eq!(dealt.len(), 4);
    assert_eq!(input.log.partitions().unwrap().len(), 4);
    assert!(input.arrivals.is_none());
    let chunk = input
        .log
        .read(
            &TopicPartition::new("flights", lax),
            Offset(0)..Offset(1),
            1,
        )
        .unwrap()
        .next()
        .unwrap();
    let Payload::Raw(raw) = chunk.unwrap().payload else {
        panic!("raw")
    };
    assert_eq!(
        raw.values.value(0),
        b"{\"delay\":2,\"origin\":\"L\\u0041X\"}"
    );
    assert_eq!(raw.keys.value(0), b"LAX");
}

#[test]
fn without_a_key_rows_are_dealt_in_turn() {
    let folder = Folder::new();
    let lines: String = (0..7).map(|n| format!("{{\"delay\":{n}}}\n")).collect();
    let table = table(None);
    let input = Input::open(folder.file("x.ndjson", &lines), &table, 3, None, None).unwrap();
    let expected: Vec<_> = (0..7)
        .map(|n| (n.to_string(), n % 3, u64::from(n / 3)))
        .collect();
    assert_eq!(delays(&input, &table), expected);
}

#[test]
fn parquet_is_sorted_stably_and_arrivals_go_with_the_rows() {
    let folder = Folder::new();
    let table = table(Some(2));
    let path = folder.parquet();
    let input = Input::open(&path, &table, 2, Some("seen"), Some("seen")).unwrap();
    let order: Vec<String> = delays(&input, &table)
        .into_iter()
        .map(|(delay, ..)| delay)
        .collect();
    assert_eq!(order, ["10", "11", "20", "30"]);
    assert_eq!(
        input.arrivals.as_ref().unwrap(),
        &[1000, 1000, 2000, 3000].map(EventTime)
    );
    assert_eq!(
        input.assignment[0],
        (Partition(0), Offset(0)),
        "no key is partition 0"
    );
    for (at, arrival) in input
        .assignment
        .iter()
        .zip(input.arrivals.as_ref().unwrap())
    {
        let place = TopicPartition::new("flights", at.0.0);
        let chunk = input
            .log
            .read(&place, at.1..at.1.plus(1), 1)
            .unwrap()
            .next()
            .unwrap()
            .unwrap();
        assert_eq!(chunk.arrivals.unwrap().value(0), arrival.0);
        assert!(matches!(chunk.payload, Payload::Typed(rows) if rows.num_columns() == 4));
    }
    let by_table = Input::open(&path, &table, 2, Some("delay"), None).unwrap();
    let order: Vec<String> = delays(&by_table, &table)
        .into_iter()
        .map(|(delay, ..)| delay)
        .collect();
    assert_eq!(order, ["10", "11", "20", "30"]);
}

#[test]
fn csv_is_read_by_the_names_of_its_header() {
    let folder = Folder::new();
    let path = folder.file(
        "flights.csv",
        "origin,scheduled,more,delay\n\"New, York\",2013-01-01,x,7\n,2013-01-02,,\nLAX,2013-01-03,y,late\n",
    );
    let table = table(Some(2));
    let input = Input::open(path, &table, 3, None, None).unwrap();
    let dealt = delays(&input, &table);
    assert_eq!(dealt[0].1, partition_of(Some(b"New, York"), 3).0);
    assert_eq!((dealt[1].0.as_str(), dealt[1].1), ("", 0));
    assert_eq!(dealt[2].0, "expected INT, found \"late\"");
}

#[test]
fn a_broken_record_of_csv_is_rejected_alone() {
    let folder = Folder::new();
    let path = folder.file(
        "flights.csv",
        "\u{FEFF}delay,scheduled,origin\r\n1,2013-01-01,a\r\n2,2013-01-01\n3,2013-01-01,a,b\n\
         4,2013-01-01,\"a\n \n5,2013-01-01,a\"b\n6,2013-01-01,\"a\nb\"\n7,2013-01-01,",
    );
    let table = table(Some(2));
    let input = Input::open(path, &table, 1, None, None).unwrap();
    let delays = delays(&input, &table);
    let found: Vec<&str> = delays.iter().map(|(delay, ..)| delay.as_str()).collect();
    assert_eq!(
        found,
        [
            "1",
            "broken CSV: expected 3 fields as in the header, found 2",
            "broken CSV: expected 3 fields as in the header, found 4",
            "broken CSV: a quote is not closed",
            "broken CSV: a quote within a field that has none around it",
            "6",
            "7",
        ]
    );
}

#[test]
fn an_empty_field_of_csv_is_null_and_an_empty_text_is_not() {
    let folder = Folder::new();
    let path = folder.file(
        "flights.csv",
        "delay,scheduled,origin\n1,2013-01-01,\n2,2013-01-01,\"\"\n\"\",2013-01-01,x\n",
    );
    let table = table(Some(2));
    let input = Input::open(path, &table, 1, None, None).unwrap();
    let place = TopicPartition::new("flights", 0);
    let chunk = input.log.read(&place, Offset(0)..Offset(3), 3).unwrap();
    let chunk = chunk.map(Result::unwrap).next().unwrap();
    let decoded = Decoder::new(Arc::new(table), &[2, 1])
        .decode(&chunk)
        .unwrap();
    let origins = decoded.columns.column(0).as_string::<i32>();
    assert_eq!(
        origins.iter().collect::<Vec<_>>(),
        [None, Some(""), Some("x")]
    );
    let faults: Vec<_> = decoded
        .faults
        .iter()
        .map(|fault| (fault.row, &*fault.reason))
        .collect();
    assert_eq!(faults, [(2, "expected INT, found \"\"")]);
}

#[test]
fn a_file_split_here_falls_like_a_keyed_topic_whatever_its_form() {
    let folder = Folder::new();
    let table = table(Some(1));
    let json = folder.file(
        "x.jsonl",
        "{\"delay\":5}\n{\"delay\":5.0}\n{\"delay\":-3}\n",
    );
    let csv = folder.file(
        "x.csv",
        "scheduled,delay,origin\n2013-01-01,5,a\n2013-01-01,+5,a\n2013-01-01,-3,a\n",
    );
    let expected: Vec<Partition> = [b"5".as_slice(), b"5", b"-3"]
        .map(|key| partition_of(Some(key), 5))
        .into();
    for path in [json, csv] {
        let input = Input::open(path, &table, 5, None, None).unwrap();
        let partitions: Vec<Partition> = input
            .assignment
            .iter()
            .map(|(partition, _)| *partition)
            .collect();
        assert_eq!(partitions, expected);
    }
}

#[test]
fn arrivals_must_be_there_but_malformed_lines_have_none_of_their_own() {
    let folder = Folder::new();
    let table = table(None);
    let open = |text: &str| Input::open(folder.file("x.jsonl", text), &table, 1, None, Some("at"));
    let good = open("?\n{\"at\":\"1970-01-01T00:00:01Z\"}\n{\n{\"at\":3}\n").unwrap();
    assert_eq!(
        good.arrivals.unwrap(),
        [1_000_000, 1_000_000, 1_000_000, 3000].map(EventTime)
    );
    assert!(
        reason(open("{\"at\":1}\n{}\n")).ends_with("x.jsonl: record 2 has no \"at\", its arrival")
    );
    assert!(
        reason(open("{\"at\":\"soon\"}\n"))
            .contains("record 1, column \"at\": expected TIMESTAMP, found \"soon\"")
    );
    assert_eq!(open("").unwrap().arrivals.unwrap(), []);
}

#[test]
fn rows_without_a_value_to_sort_by_come_last() {
    let folder = Folder::new();
    let table = table(None);
    let path = folder.file(
        "x.jsonl",
        "{\"delay\":2}\n?\n{\"delay\":null}\n{\"delay\":1}\n{\"delay\":2.0}\n",
    );
    let input = Input::open(path, &table, 1, Some("delay"), None).unwrap();
    let order: Vec<String> = delays(&input, &table)
        .into_iter()
        .map(|(delay, ..)| delay)
        .collect();
    assert_eq!(
        order,
        [
            "1",
            "2",
            "2",
            "broken JSON: expected an object at byte 0",
            ""
        ]
    );
}

#[test]
fn what_is_wrong_with_a_file_is_one_line_that_names_it() {
    let folder = Folder::new();
    let table = table(None);
    let open = |path: PathBuf| reason(Input::open(path, &table, 1, None, None));
    assert!(open(folder.0.path().join("none.jsonl")).contains("none.jsonl could not be read"));
    assert!(
        open(folder.file("x.txt", ""))
            .ends_with("the name must end in .parquet, .jsonl, .csv or .avro")
    );
    assert!(
        open(folder.file("x.csv", ""))
            .contains("it is empty; a CSV file needs a line with the names")
    );
    assert!(open(folder.file("x.csv", "a,b\n")).ends_with(
        "x.csv: it has no column \"scheduled\", which table flights declares; it has a, b"
    ));
    assert!(
        open(folder.file("x.csv", "scheduled,\"delay,origin\n1,2\n")).ends_with(
            "its first line, the names of its columns, is broken CSV: a quote is not closed"
        )
    );
    assert!(
        open(folder.file("x.parquet", "PAR1 and more")).contains("it cannot be read as Parquet")
    );
    assert!(open(folder.file("x.json", " [{}]")).contains("not an array of objects"));
    let lacking = Input::open(folder.parquet(), &table, 1, None, Some("when"));
    assert!(
        reason(lacking)
            .ends_with("it has no column \"when\"; it has seen, origin, delay, scheduled")
    );
    assert!(matches!(
        Input::open("x.csv", &table, 0, None, None),
        Err(LogError::Refused(_))
    ));
}
