//! The same over a topic: records on their own, with gaps between their offsets, timestamps that go
//! back and a beginning that has expired; the batch half reads a Parquet archive of it.

use std::sync::Arc;
use std::time::Duration;

use apache_avro::Schema;
use apache_avro::writer::datum::GenericDatumWriter;
use arrow::array::{BinaryArray, Int64Array};
use comparison::compare::{Events, compare};
use comparison::lambda::Options;
use comparison::recorded::Recorded;
use comparison::rule::Rule;
use comparison::run::Logs;
use comparison::seam::{Arrivals, SeamAt};
use event_log::EventLog;
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, archive};
use event_log::memory::MemoryLog;
use proptest::prelude::*;
use shared_logic::chunk::{Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::job::Job;

use super::{SCHEMA, avro, field, json, sql, values};

/// How a record lies in the topic.
#[derive(Clone, Debug)]
struct Laid {
    partition: u32,
    /// Its timestamp in seconds, if it has one.
    taken: Option<i64>,
    /// The offsets before it that no record has.
    gap: u64,
    tombstone: bool,
}

fn laid() -> impl Strategy<Value = Vec<Laid>> {
    let one = (
        0..3_u32,
        prop_oneof![6 => (0..40_i64).prop_map(Some), 1 => Just(None)],
        prop_oneof![6 => Just(0_u64), 1 => 1..4_u64],
        prop::bool::weighted(0.05),
    );
    let one = one.prop_map(|(partition, taken, gap, tombstone)| Laid {
        partition,
        taken,
        gap,
        tombstone,
    });
    prop::collection::vec(one, 30)
}

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("e", partition)
}

fn topic(records: &[Vec<u8>], laid: &[Laid], expired: u64) -> MemoryLog {
    let log = MemoryLog::new((0..3).map(place));
    for (record, laid) in records.iter().zip(laid) {
        let place = place(laid.partition);
        log.skip(&place, laid.gap);
        let nothing = BinaryArray::new_null(1);
        let value = (!laid.tombstone).then_some(record.as_slice());
        let raw = Raw {
            keys: nothing.clone(),
            values: BinaryArray::from_iter([value]),
            headers: nothing,
        };
        let taken = Int64Array::from(vec![laid.taken.map(|taken| taken * 1_000_000)]);
        log.append(&place, Payload::Raw(raw), Some(taken)).unwrap();
    }
    log.expire(&place(0), Offset(expired));
    log
}

/// Every rule over a topic explains its errors to the last event, and the exact ones make none.
fn agree(log: &MemoryLog, sql: &str, share: f64, takes: u64) {
    let job = Job::compile("test", sql).unwrap();
    let view = &job.views[0];
    let end = log.end().unwrap();
    let recorded = Recorded::read(log, &end, view, sql, None).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let files = Archive::open(folder.path(), &view.table.topic, Arc::clone(&view.table)).unwrap();
    archive(log, &files, Some(&end), ArchiveOptions::default()).unwrap();
    let events = Events {
        logs: Logs {
            batch: &files,
            speed: log,
        },
        rows: &recorded.rows,
        truth: &recorded.truth,
    };
    let arrivals = Arrivals {
        rows: &recorded.rows,
        instants: recorded.instants.as_deref(),
    };
    let takes = match recorded.instants {
        Some(_) => Duration::from_secs(takes),
        None => Duration::ZERO,
    };
    let seam = arrivals.seam(&SeamAt::Share(share), takes).unwrap();
    let report = compare(
        view,
        events,
        &Rule::ALL,
        &seam.aligned(view),
        &Options::default(),
    )
    .unwrap();
    let rejected = (recorded.truth.rows() - recorded.truth.passes().len() as usize) as u64;
    for line in &report.lines {
        let name = line.run.rule.map(|rule| rule.to_string());
        assert!(line.explained(), "{name:?}: {:?}", line.books);
        if line.run.rule.is_none_or(|rule| rule == Rule::OFFSET) {
            assert_eq!(line.difference.wrong, 0, "{name:?}");
            assert_eq!(line.run.served.rejected, rejected, "{name:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_topic_of_json_means_the_same_to_all(
        records in prop::collection::vec(json(), 0..30), laid in laid(), expired in 0..6_u64,
        share in 0.0..1.0, takes in 0..9_u64,
    ) {
        let records: Vec<_> = records.into_iter().map(String::into_bytes).collect();
        let log = topic(&records, &laid, expired);
        agree(&log, &sql("format = 'json', time_unit = 'ms, seen s'"), share, takes);
    }

    #[test]
    fn a_topic_of_csv_means_the_same_to_all(
        records in prop::collection::vec((values(), 0..40), 0..30), laid in laid(),
        expired in 0..6_u64, share in 0.0..1.0, takes in 0..9_u64,
    ) {
        let record = |(values, what): (Vec<String>, i32)| {
            let mut fields: Vec<String> = values.into_iter().map(field).collect();
            match what {
                0 => fields.truncate(8),
                1 => fields.push(String::new()),
                2 => fields[3] = "\"more".into(),
                3 => fields[3] = "mo\"re".into(),
                _ => {}
            }
            let end = ["", "\n", "\r\n"][what as usize % 3];
            (fields.join(",") + end).into_bytes()
        };
        let records: Vec<_> = records.into_iter().map(record).collect();
        let log = topic(&records, &laid, expired);
        agree(&log, &sql("format = 'csv'"), share, takes);
    }

    #[test]
    fn a_topic_of_avro_means_the_same_to_all(
        records in prop::collection::vec((avro(), 0..40), 0..30), laid in laid(),
        expired in 0..6_u64, share in 0.0..1.0, takes in 0..9_u64, registry: bool,
    ) {
        let schema = Schema::parse_str(SCHEMA).unwrap();
        // Computed from the specification by hand, apart from the two sides that read it.
        let print = 0xaf1a_8fea_eccf_00d2_u64.to_le_bytes();
        let record = |(value, what): (_, i32)| {
            let writer = GenericDatumWriter::builder(&schema).build().unwrap();
            let mut datum = writer.write_value_to_vec(value).unwrap();
            match what {
                0 => datum.push(0),
                1 => datum.truncate(datum.len() / 2),
                _ => {}
            }
            let mut record = match (registry, what % 2) {
                (true, _) => vec![u8::from(what == 2), 0, 0, 0, 7],
                (false, 0) => [&[0xC3, 0x01], print.as_slice()].concat(),
                (false, _) => vec![],
            };
            record.append(&mut datum);
            record
        };
        let records: Vec<_> = records.into_iter().map(record).collect();
        let log = topic(&records, &laid, expired);
        let format = if registry { "avro-confluent" } else { "avro" };
        let options = format!("format = '{format}', schema = '{SCHEMA}', time_unit = 'us'");
        agree(&log, &sql(&options), share, takes);
    }
}
