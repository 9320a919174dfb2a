//! The laws of logs, over a real broker: `scripts/kafka.sh start`, then set `KAFKA_BROKERS` to what
//! it prints and run these tests with `--ignored`.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/broker.rs"]
mod broker;
#[path = "support/laws.rs"]
mod laws;
#[path = "support/records.rs"]
mod records;

use std::time::Duration;

use arrow::array::Array;
use broker::{TIMEOUT, cluster, create, produce, producer, topic};
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, archive};
use event_log::generate::{clicks, write_json_lines};
use event_log::input::Input;
use event_log::kafka::{Cluster, KafkaLog, KafkaSink};
use event_log::memory::MemoryLog;
use event_log::{EventLog, LogError};
use laws::check;
use rdkafka::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::mocking::MockCluster;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};

use records::{decode, read, table, values};
use shared_logic::chunk::{Chunk, Payload};
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::time::EventTime;

const RANGES: [std::ops::Range<u64>; 8] = [0..100, 0..1, 3..3, 5..6, 2..17, 9..40, 33..100, 12..12];

/// The broker that the client library brings for tests: no server, and no transactions.
#[test]
fn a_broker_within_this_process_keeps_the_laws() {
    let broker = MockCluster::new(1).unwrap();
    let topic = Topic::new("mocked");
    broker.create_topic(topic.as_str(), 2, 1).unwrap();
    let addresses = broker.bootstrap_servers();
    let producer: BaseProducer = ClientConfig::new()
        .set("bootstrap.servers", &addresses)
        .create()
        .unwrap();
    produce(&producer, &topic, 0, &values(40));
    let log =
        KafkaLog::connect_compacted_as_log(&Cluster::new(&addresses), &topic, TIMEOUT).unwrap();
    let places = log.partitions().unwrap();
    assert_eq!(places.len(), 2);
    assert_eq!(log.bounds(&places[0]).unwrap(), Offset(0)..Offset(40));
    assert_eq!(log.bounds(&places[1]).unwrap(), Offset(0)..Offset(0));
    check(&log, &places[0], &table(), RANGES, &[1, 7, 1000]);
    let memory = MemoryLog::raw([(places[0].clone(), values(40))]);
    let ours = decode(&table(), &read(&log, &places[0], 0..40, 9).unwrap());
    let theirs = decode(&table(), &read(&memory, &places[0], 0..40, 9).unwrap());
    assert_eq!((ours.columns, ours.faults), (theirs.columns, theirs.faults));
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn kafka_keeps_the_laws() {
    let topic = topic("laws");
    create(&topic, 1, "delete");
    produce(&producer(&[]), &topic, 0, &values(40));
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    let place = TopicPartition {
        topic,
        ..log.partitions().unwrap().remove(0)
    };
    assert_eq!(log.bounds(&place).unwrap(), Offset(0)..Offset(40));
    check(&log, &place, &table(), RANGES, &[1, 7, 1000]);
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn transactions_leave_gaps_that_are_passed() {
    let topic = topic("transactions");
    create(&topic, 1, "delete");
    let producer = producer(&[("transactional.id", topic.as_str())]);
    producer.init_transactions(TIMEOUT).unwrap();
    let records = values(30);
    for (turn, part) in records.chunks(10).enumerate() {
        producer.begin_transaction().unwrap();
        produce(&producer, &topic, 0, part);
        match turn {
            1 => producer.abort_transaction(TIMEOUT).unwrap(),
            _ => producer.commit_transaction(TIMEOUT).unwrap(),
        }
    }
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    let place = log.partitions().unwrap().remove(0);
    // 30 records and three markers; the last offset is a marker.
    assert_eq!(log.bounds(&place).unwrap(), Offset(0)..Offset(33));
    let all = decode(&table(), &read(&log, &place, 0..33, 1000).unwrap());
    assert_eq!(all.offsets, (0..10).chain(22..32).collect::<Vec<u64>>());
    check(&log, &place, &table(), RANGES, &[1, 7, 1000]);
    // Aborted records and markers alone.
    let nothing = read(&log, &place, 10..22, 1000).unwrap();
    assert_eq!(nothing.iter().map(|chunk| chunk.rows()).sum::<usize>(), 0);
    // What is still open is not there yet.
    producer.begin_transaction().unwrap();
    produce(&producer, &topic, 0, &records);
    assert_eq!(log.bounds(&place).unwrap().end, Offset(33));

    let root = tempfile::tempdir().unwrap();
    let copy = Archive::open(root.path(), &topic, table()).unwrap();
    let options = ArchiveOptions {
        file_rows: 3,
        ..ArchiveOptions::default()
    };
    archive(&log, &copy, None, options).unwrap();
    check(&copy, &place, &table(), RANGES, &[1, 7, 1000]);
    assert_eq!(
        decode(&table(), &read(&copy, &place, 0..33, 5).unwrap()),
        all
    );
    producer.abort_transaction(TIMEOUT).unwrap();
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn keys_headers_and_times_come_along() {
    let topic = topic("headers");
    create(&topic, 1, "delete");
    let producer = producer(&[]);
    let header = |key, value| Header { key, value };
    let headers = OwnedHeaders::new()
        .insert(header("from", Some(b"here".as_slice())))
        .insert(header("raw", Some(b"\xff\x00".as_slice())))
        .insert(header("none", None::<&[u8]>));
    let record = BaseRecord::to(topic.as_str())
        .key("k")
        .payload("{}")
        .timestamp(1234)
        .headers(headers);
    producer.send(record).map_err(|(error, _)| error).unwrap();
    producer.flush(TIMEOUT).unwrap();
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    let chunk = read(&log, &log.partitions().unwrap()[0], 0..1, 10)
        .unwrap()
        .remove(0);
    assert_eq!(chunk.arrivals.unwrap().value(0), 1_234_000);
    let Payload::Raw(raw) = chunk.payload else {
        panic!("raw")
    };
    assert_eq!(
        (raw.keys.value(0), raw.values.value(0)),
        (b"k".as_slice(), b"{}".as_slice())
    );
    assert_eq!(
        std::str::from_utf8(raw.headers.value(0)).unwrap(),
        "{\"from\":\"here\",\"raw\":{\"hex\":\"ff00\"},\"none\":null}"
    );
    assert!(raw.headers.is_valid(0));
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn a_topic_and_a_file_of_the_same_events_fall_alike() {
    let topic = topic("sink");
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("clicks.jsonl");
    write_json_lines(&path, clicks(10_000, 5)).unwrap();
    let mut sink = KafkaSink::create(&cluster(), &topic, 3, TIMEOUT).unwrap();
    for rows in clicks(10_000, 5) {
        sink.write(&rows.unwrap(), Some("page")).unwrap();
    }
    assert_eq!(sink.finish().unwrap(), 10_000);

    let mut table = table().as_ref().clone();
    table.topic = topic.clone();
    let file = Input::open(&path, &table, 3, None, None).unwrap().log;
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    assert_eq!(log.end().unwrap(), file.end().unwrap());
    for place in log.partitions().unwrap() {
        let end = log.bounds(&place).unwrap().end.0;
        let ours = decode(
            &records::table(),
            &read(&log, &place, 0..end, 4000).unwrap(),
        );
        let theirs = decode(
            &records::table(),
            &read(&file, &place, 0..end, 4000).unwrap(),
        );
        assert_eq!(ours.columns, theirs.columns);
        assert!(ours.faults.is_empty());
    }
    let other = KafkaSink::create(&cluster(), &topic, 4, TIMEOUT).unwrap_err();
    assert!(
        other
            .to_string()
            .contains("exists with 3 partitions, not 4"),
        "{other}"
    );
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn compacted_and_missing_topics_are_refused() {
    for policy in ["compact", "compact,delete"] {
        let topic = topic("compacted");
        create(&topic, 1, policy);
        let refused = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap_err();
        assert!(
            refused
                .to_string()
                .contains(&format!("is compacted (cleanup.policy={policy})")),
            "{refused}"
        );
        KafkaLog::connect_compacted_as_log(&cluster(), &topic, TIMEOUT).unwrap();
    }
    let missing = KafkaLog::connect(&cluster(), &Topic::new("never-made"), TIMEOUT).unwrap_err();
    assert!(
        missing
            .to_string()
            .contains("there is no topic never-made at"),
        "{missing}"
    );
}

#[test]
fn without_a_broker_the_error_says_how_to_get_one() {
    let begun = std::time::Instant::now();
    let error = KafkaLog::connect(
        &Cluster::new("127.0.0.1:1"),
        &Topic::new("x"),
        Duration::from_secs(2),
    )
    .unwrap_err();
    assert!(matches!(error, LogError::Unreachable { .. }));
    let text = error.to_string();
    assert!(text.starts_with("no broker at 127.0.0.1:1 ("), "{text}");
    assert!(
        text.ends_with(
            "start one with scripts/kafka.sh start, or set KAFKA_BROKERS to one that runs"
        ),
        "{text}"
    );
    assert!(begun.elapsed() < Duration::from_secs(5));
}

/// A checksum over offset, key, value, headers and arrival of every record.
fn checksum(chunks: impl Iterator<Item = Result<Chunk, LogError>>) -> (u64, u32) {
    let (mut records, mut sum) = (0, 0);
    for chunk in chunks {
        let chunk = chunk.unwrap();
        let Payload::Raw(raw) = &chunk.payload else {
            panic!("raw")
        };
        let arrivals = chunk.arrivals.clone();
        for row in 0..chunk.rows() {
            records += 1;
            let mut add = |bytes: &[u8]| sum = crc32c::crc32c_append(sum, bytes);
            add(&chunk.offset(row).0.to_le_bytes());
            let arrival = arrivals.as_ref().map(|list| list.value(row));
            add(format!("{arrival:?}").as_bytes());
            for field in [&raw.keys, &raw.values, &raw.headers] {
                let value = field.is_valid(row).then(|| field.value(row));
                add(format!("{value:?}").as_bytes());
            }
        }
    }
    (records, sum)
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn the_archive_and_the_topic_hold_the_same_events() {
    let topic = topic("same");
    create(&topic, 2, "delete");
    let producer = producer(&[
        ("transactional.id", topic.as_str()),
        ("compression.type", "lz4"),
    ]);
    producer.init_transactions(TIMEOUT).unwrap();
    let header = |n: u32| {
        let value = n.to_le_bytes();
        OwnedHeaders::new().insert(Header {
            key: "n",
            value: Some(&value[..]),
        })
    };
    let mut committed = 0;
    for turn in 0..12_u32 {
        producer.begin_transaction().unwrap();
        for n in 0..40 {
            let (key, value) = (format!("k{}", n % 7), format!("{{\"visitor\":{n}}}"));
            let mut record = BaseRecord::<str, str>::to(topic.as_str())
                .partition((n % 2) as i32)
                .timestamp(i64::from(1_000_000 * turn + n));
            if n % 3 > 0 {
                record = record.key(&key);
            }
            // The others are tombstones.
            if n % 5 > 0 {
                record = record.payload(&value);
            }
            if n % 4 == 0 {
                record = record.headers(header(n));
            }
            producer.send(record).map_err(|(error, _)| error).unwrap();
        }
        producer.flush(TIMEOUT).unwrap();
        match turn % 4 {
            1 => producer.abort_transaction(TIMEOUT).unwrap(),
            _ => producer.commit_transaction(TIMEOUT).unwrap(),
        }
        committed += if turn % 4 == 1 { 0 } else { 40 };
    }
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    let root = tempfile::tempdir().unwrap();
    let copy = Archive::open(root.path(), &topic, table()).unwrap();
    let options = ArchiveOptions {
        file_rows: 17,
        ..ArchiveOptions::default()
    };
    archive(&log, &copy, None, options).unwrap();
    let mut records = 0;
    for place in log.partitions().unwrap() {
        let bounds = log.bounds(&place).unwrap();
        assert_eq!(copy.bounds(&place).unwrap(), bounds);
        let theirs = checksum(log.read(&place, bounds.clone(), 1000).unwrap());
        assert_eq!(checksum(copy.raw(&place, bounds).unwrap()), theirs);
        records += theirs.0;
    }
    assert_eq!(records, committed);
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn a_topic_that_was_made_again_is_not_archived_on() {
    let topic = topic("again");
    let make = |first: u32| {
        create(&topic, 1, "delete");
        let values: Vec<_> = (first..first + 20).map(|n| Some(n.to_string())).collect();
        produce(&producer(&[]), &topic, 0, &values);
    };
    let root = tempfile::tempdir().unwrap();
    let copy = Archive::open(root.path(), &topic, table()).unwrap();
    let run = || {
        let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
        archive(&log, &copy, None, ArchiveOptions::default())
    };
    make(0);
    run().unwrap();
    assert_eq!(run().unwrap().partitions[0].records, 0);
    broker::delete(&topic);
    make(0);
    produce(&producer(&[]), &topic, 0, &[Some("more".to_owned())]);
    let error = run().unwrap_err();
    assert!(
        matches!(
            error,
            LogError::Replaced {
                offset: Offset(19),
                ..
            }
        ),
        "the same values at another time: {error}"
    );
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn an_instant_is_an_offset() {
    let topic = topic("since");
    create(&topic, 1, "delete");
    let producer = producer(&[]);
    for n in 0..50 {
        let record = BaseRecord::<str, str>::to(topic.as_str())
            .partition(0)
            .payload("{}")
            .timestamp(1_000 + 10 * n);
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(TIMEOUT).unwrap();
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    let place = TopicPartition::new(topic.as_str(), 0);
    let memory = MemoryLog::default();
    for chunk in read(&log, &place, 0..50, 50).unwrap() {
        memory
            .append(&place, chunk.payload, chunk.arrivals)
            .unwrap();
    }
    for micros in [
        0, 1_000_000, 1_000_001, 1_010_000, 1_234_567, 1_490_000, 1_490_001,
    ] {
        let instant = EventTime(micros);
        assert_eq!(
            log.since(&place, instant).unwrap(),
            memory.since(&place, instant).unwrap(),
            "{micros}"
        );
    }
}
