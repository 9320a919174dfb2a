//! A topic as it comes, over a real broker: `scripts/kafka.sh start`, then set `KAFKA_BROKERS` to
//! what it prints and run these tests with `--ignored`.
#![cfg(feature = "kafka")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/broker.rs"]
mod broker;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use broker::{TIMEOUT, cluster, create, more_partitions, produce, producer, topic};
use event_log::kafka::{KafkaLog, KafkaTail};
use event_log::tail::{Tail, TailEvent};
use event_log::{EventLog, LogError};
use rdkafka::producer::Producer;
use shared_logic::chunk::Payload;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, Topic, TopicPartition};

/// A reader that starts what it is assigned where `manifest` stands, and remembers what came.
struct Reader {
    tail: KafkaTail,
    owned: Vec<TopicPartition>,
    revoked: Vec<TopicPartition>,
    lost: usize,
    waits: Vec<bool>,
}

/// What all readers have in common.
#[derive(Default)]
struct World {
    manifest: OffsetVector,
    values: BTreeMap<TopicPartition, Vec<String>>,
}

impl Reader {
    fn new(topic: &Topic, group: Option<&str>) -> Self {
        let log = KafkaLog::connect(&cluster(), topic, TIMEOUT).unwrap();
        Self::of(KafkaTail::follow(log, group).unwrap())
    }

    fn of(tail: KafkaTail) -> Self {
        Self {
            tail,
            owned: Vec::new(),
            revoked: Vec::new(),
            lost: 0,
            waits: Vec::new(),
        }
    }

    fn step(&mut self, world: &mut World) {
        for event in self.tail.poll(Duration::from_millis(20)).unwrap() {
            match event {
                TailEvent::Assigned(places) => {
                    let from = places
                        .iter()
                        .map(|place| (place.clone(), world.manifest.get(place)));
                    self.tail.start(&OffsetVector(from.collect())).unwrap();
                    self.owned.extend(places);
                }
                TailEvent::Records(chunk) => {
                    assert_eq!(world.manifest.get(&chunk.place), chunk.start, "chunks tile");
                    assert!(self.owned.contains(&chunk.place));
                    let Payload::Raw(raw) = &chunk.payload else {
                        panic!("raw")
                    };
                    let values = raw
                        .values
                        .iter()
                        .map(|value| String::from_utf8(value.unwrap().to_vec()).unwrap());
                    world
                        .values
                        .entry(chunk.place.clone())
                        .or_default()
                        .extend(values);
                    world.manifest.set(chunk.place.clone(), chunk.next);
                }
                TailEvent::Revoked(places) => {
                    self.owned.retain(|place| !places.contains(place));
                    self.revoked.extend(places);
                }
                TailEvent::Lost(places) => {
                    self.lost += places.len();
                    self.owned.retain(|place| !places.contains(place));
                }
                TailEvent::Waiting { .. } => self.waits.push(true),
                TailEvent::Recovered => self.waits.push(false),
            }
        }
    }

    fn release(&mut self) {
        let places = std::mem::take(&mut self.revoked);
        self.tail.release(&places).unwrap();
    }
}

/// Lets readers go on until something holds.
fn until(
    what: &str,
    readers: &mut [&mut Reader],
    world: &mut World,
    mut holds: impl FnMut(&[&mut Reader], &World) -> bool,
) {
    let begun = Instant::now();
    while !holds(readers, world) {
        assert!(begun.elapsed() < Duration::from_secs(40), "{what} in time");
        for reader in &mut *readers {
            reader.step(world);
            reader.release();
        }
    }
}

fn numbers(range: std::ops::Range<u32>) -> Vec<Option<String>> {
    range.map(|n| Some(n.to_string())).collect()
}

fn place(topic: &Topic, partition: u32) -> TopicPartition {
    TopicPartition::new(topic.as_str(), partition)
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn records_markers_and_added_partitions_come_as_they_are_written() {
    let topic = topic("tail");
    create(&topic, 2, "delete");
    let producer = producer(&[("transactional.id", topic.as_str())]);
    producer.init_transactions(TIMEOUT).unwrap();
    let mut reader = Reader::new(&topic, None);
    let mut world = World::default();
    let write = |partition, range, commit: bool| {
        producer.begin_transaction().unwrap();
        produce(&producer, &topic, partition, &numbers(range));
        match commit {
            true => producer.commit_transaction(TIMEOUT).unwrap(),
            false => producer.abort_transaction(TIMEOUT).unwrap(),
        }
    };
    write(0, 0..10, true);
    write(1, 10..20, false);
    until(
        "the first records",
        &mut [&mut reader],
        &mut world,
        |_, world| {
            // Markers and aborted records are behind us, though nothing comes after them.
            world.manifest.get(&place(&topic, 0)) == Offset(11)
                && world.manifest.get(&place(&topic, 1)) == Offset(11)
        },
    );
    assert_eq!(world.values[&place(&topic, 0)].len(), 10);
    assert!(
        world
            .values
            .get(&place(&topic, 1))
            .is_none_or(Vec::is_empty)
    );
    more_partitions(&topic, 3);
    // The old producer does not know it yet.
    produce(&broker::producer(&[]), &topic, 2, &numbers(20..30));
    until(
        "an added partition",
        &mut [&mut reader],
        &mut world,
        |_, world| world.manifest.get(&place(&topic, 2)) == Offset(10),
    );
    // Back to the middle: the same records again.
    world.manifest.set(place(&topic, 0), Offset(4));
    world.values.clear();
    reader
        .tail
        .start(&OffsetVector([(place(&topic, 0), Offset(4))].into()))
        .unwrap();
    until(
        "what was read before",
        &mut [&mut reader],
        &mut world,
        |_, world| world.manifest.get(&place(&topic, 0)) == Offset(11),
    );
    assert_eq!(
        world.values[&place(&topic, 0)],
        ["4", "5", "6", "7", "8", "9"]
    );
    until("the ends", &mut [&mut reader], &mut world, |readers, _| {
        readers[0].tail.statistics().ends.get(&place(&topic, 2)) == Offset(10)
    });
    assert_eq!(reader.tail.statistics().lag(&place(&topic, 2)), 0);
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn members_of_a_group_hand_over_what_they_have_read() {
    let topic = topic("group");
    create(&topic, 4, "delete");
    let producer = producer(&[]);
    let mut written = 0;
    let mut write = || {
        for partition in 0..4 {
            produce(
                &producer,
                &topic,
                partition,
                &numbers(written..written + 50),
            );
        }
        written += 50;
        written as usize
    };
    let all = |count: usize| {
        let topic = topic.clone();
        move |_: &[&mut Reader], world: &World| {
            (0..4).all(|n| {
                world
                    .values
                    .get(&place(&topic, n))
                    .is_some_and(|v| v.len() == count)
            })
        }
    };
    let mut world = World::default();
    let mut one = Reader::new(&topic, Some(topic.as_str()));
    let count = write();
    until("all to the first", &mut [&mut one], &mut world, all(count));
    let mut two = Reader::new(&topic, Some(topic.as_str()));
    until(
        "half to the second",
        &mut [&mut one, &mut two],
        &mut world,
        |readers, _| readers.iter().all(|reader| reader.owned.len() == 2),
    );
    let count = write();
    until(
        "all to both",
        &mut [&mut one, &mut two],
        &mut world,
        all(count),
    );
    // Back to a place behind, as after an open fold that was dropped.
    let again = one.owned[0].clone();
    world.manifest.set(again.clone(), Offset(10));
    world.values.get_mut(&again).unwrap().truncate(10);
    one.tail
        .start(&OffsetVector([(again, Offset(10))].into()))
        .unwrap();
    until(
        "what was read before",
        &mut [&mut one, &mut two],
        &mut world,
        all(count),
    );
    one.tail.commit(&world.manifest).unwrap();
    drop(one);
    let count = write();
    until("all to the second", &mut [&mut two], &mut world, all(count));
    assert_eq!(two.owned.len(), 4);
    for values in world.values.values() {
        assert_eq!(
            *values,
            (0..written).map(|n| n.to_string()).collect::<Vec<_>>()
        );
    }
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start"]
fn what_is_not_in_the_log_is_told_with_its_offsets() {
    let topic = topic("bounds");
    create(&topic, 1, "delete");
    produce(&producer(&[]), &topic, 0, &numbers(0..20));
    let log = KafkaLog::connect(&cluster(), &topic, TIMEOUT).unwrap();
    broker::delete_records(&place(&topic, 0), 7);
    assert_eq!(log.bounds(&place(&topic, 0)).unwrap().start, Offset(7));
    let mut tail = KafkaTail::follow(log, None).unwrap();
    let events = tail.poll(Duration::ZERO).unwrap();
    assert!(matches!(&events[..], [TailEvent::Assigned(places)] if places.len() == 1));
    let mut start = |at| {
        let from = OffsetVector([(place(&topic, 0), Offset(at))].into());
        tail.start(&from)
    };
    let expired = start(3).unwrap_err();
    let gap = format!("the log no longer has offsets 3 to 7 of {topic}/0: ");
    assert!(expired.to_string().starts_with(&gap), "{expired}");
    let recreated = start(21).unwrap_err();
    assert!(
        matches!(
            recreated,
            LogError::Recreated {
                end: Offset(20),
                ..
            }
        ),
        "{recreated}"
    );
    start(20).unwrap();
}

/// The broker that the client library brings for tests can be switched off.
#[test]
fn an_outage_is_told_once_and_waited_out() {
    let broker = rdkafka::mocking::MockCluster::new(1).unwrap();
    let topic = Topic::new("mocked");
    broker.create_topic(topic.as_str(), 1, 1).unwrap();
    let addresses = broker.bootstrap_servers();
    let producer: rdkafka::producer::BaseProducer = rdkafka::ClientConfig::new()
        .set("bootstrap.servers", &addresses)
        .create()
        .unwrap();
    produce(&producer, &topic, 0, &numbers(0..10));
    let cluster = event_log::kafka::Cluster::new(&addresses);
    let log = KafkaLog::connect_compacted_as_log(&cluster, &topic, TIMEOUT).unwrap();
    let mut reader = Reader::of(KafkaTail::follow(log, None).unwrap());
    let mut world = World::default();
    let all = |count: u64| {
        let place = place(&topic, 0);
        move |_: &[&mut Reader], world: &World| world.manifest.get(&place) == Offset(count)
    };
    let waits = |expected: &'static [bool]| {
        move |readers: &[&mut Reader], _: &World| readers[0].waits == expected
    };
    until("the first records", &mut [&mut reader], &mut world, all(10));
    broker.broker_down(1).unwrap();
    until(
        "word of the outage",
        &mut [&mut reader],
        &mut world,
        waits(&[true]),
    );
    broker.broker_up(1).unwrap();
    until(
        "word of its end",
        &mut [&mut reader],
        &mut world,
        waits(&[true, false]),
    );
    produce(&producer, &topic, 0, &numbers(10..20));
    until(
        "what came after it",
        &mut [&mut reader],
        &mut world,
        all(20),
    );
    assert_eq!(world.values[&place(&topic, 0)].len(), 20);
    assert_eq!(reader.waits, [true, false]);
}
