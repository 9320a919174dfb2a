//! A topic as a changelog, over a real broker: `scripts/kafka.sh start`, then set `KAFKA_BROKERS` to
//! what it prints and run these tests with `--ignored`.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/broker.rs"]
mod broker;

use arrow::array::Array;
use broker::{TIMEOUT, cluster, producer, topic};
use event_log::changelog::{Change, Changelog, Position};
use event_log::kafka::{KafkaChangelog, KafkaLog, Writing};
use event_log::{EventLog, LogError};
use rdkafka::producer::{BaseRecord, Producer};
use shared_logic::chunk::Payload;
use shared_logic::identity::Topic;

fn open(topic: &Topic, writing: Writing) -> KafkaChangelog {
    let name = format!("writer-of-{topic}");
    KafkaChangelog::open(&cluster(), topic, &name, writing, 2, TIMEOUT).unwrap()
}

fn change(key: &str, value: Option<&str>) -> Change {
    let bytes = |text: &str| text.as_bytes().to_vec();
    Change {
        key: bytes(key),
        value: value.map(bytes),
    }
}

fn position(number: u64) -> Position {
    let note = format!("note {number}");
    Position { number, note }
}

/// What a reader of committed records sees of one partition after the other.
fn committed(topic: &Topic) -> Vec<Change> {
    let log = KafkaLog::connect_compacted_as_log(&cluster(), topic, TIMEOUT).unwrap();
    let mut changes = vec![];
    for place in log.partitions().unwrap() {
        let bounds = log.bounds(&place).unwrap();
        for chunk in log.read(&place, bounds, 100).unwrap() {
            let Payload::Raw(raw) = chunk.unwrap().payload else {
                panic!("raw")
            };
            changes.extend((0..raw.keys.len()).map(|row| Change {
                key: raw.keys.value(row).to_vec(),
                value: (raw.values.is_valid(row)).then(|| raw.values.value(row).to_vec()),
            }));
        }
    }
    changes.sort_by(|a, b| (&a.key, &a.value).cmp(&(&b.key, &b.value)));
    changes
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn changes_and_position_are_committed_together() {
    let topic = topic("changelog");
    let mut first = open(&topic, Writing::Transactions);
    assert_eq!(first.fence().unwrap(), None);
    first
        .commit(
            &[change("a", Some("1")), change("b", Some("1"))],
            &position(7),
        )
        .unwrap();
    first.commit(&[change("a", None)], &position(9)).unwrap();

    // What dies within a transaction has written nothing.
    let name = format!("writer-of-{topic}");
    let dying = producer(&[("transactional.id", &name)]);
    dying.init_transactions(TIMEOUT).unwrap();
    dying.begin_transaction().unwrap();
    let record = BaseRecord::to(topic.as_str()).key("c").payload("never");
    dying.send(record).map_err(|(error, _)| error).unwrap();
    dying.flush(TIMEOUT).unwrap();
    std::mem::forget(dying);

    let mut second = open(&topic, Writing::Transactions);
    assert_eq!(second.fence().unwrap(), Some(position(9)));
    let zombie = first
        .commit(&[change("z", Some("1"))], &position(10))
        .unwrap_err();
    assert!(matches!(&zombie, LogError::Fenced { .. }), "{zombie}");
    let again = first
        .commit(&[change("z", Some("1"))], &position(10))
        .unwrap_err();
    assert!(again.to_string().contains("fence first"), "{again}");
    second
        .commit(&[change("b", Some("2"))], &position(11))
        .unwrap();
    assert_eq!(
        committed(&topic),
        [
            change("a", None),
            change("a", Some("1")),
            change("b", Some("1")),
            change("b", Some("2")),
        ]
    );
    let mut third = open(&topic, Writing::Transactions);
    assert_eq!(third.fence().unwrap(), Some(position(11)));
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn without_transactions_changes_arrive_and_no_position_is_kept() {
    let topic = topic("plain");
    let mut log = open(&topic, Writing::Plain);
    assert_eq!(log.fence().unwrap(), None);
    log.commit(&[change("a", Some("1"))], &position(1)).unwrap();
    log.commit(&[change("a", Some("2"))], &position(2)).unwrap();
    log.flush().unwrap();
    assert_eq!(
        committed(&topic),
        [change("a", Some("1")), change("a", Some("2"))]
    );
    assert_eq!(log.fence().unwrap(), None);
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn a_large_difference_is_one_transaction() {
    let topic = topic("large");
    let mut log = open(&topic, Writing::Transactions);
    log.fence().unwrap();
    let key = |n: usize| format!("key {n:06}");
    let many: Vec<Change> = (0..200_000).map(|n| change(&key(n), Some("{}"))).collect();
    log.commit(&many, &position(1)).unwrap();
    assert_eq!(committed(&topic), many);
}
