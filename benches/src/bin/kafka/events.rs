//! Events of which every answer is known: the nth is the same in each run.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

pub const PARTITIONS: u64 = 4;

/// Keys, each in one partition.
pub const KEYS: u64 = 10_000;

/// The first event time, in milliseconds; a whole window.
pub const EPOCH: u64 = 1_700_000_000_000;

/// The length of a window, in milliseconds.
pub const WINDOW: u64 = 10_000;

/// The length of a record.
const BYTES: usize = 180;

/// The view, over a topic.
pub fn view(topic: &str) -> String {
    format!(
        "CREATE TABLE events (at TIMESTAMP NOT NULL, key VARCHAR, value BIGINT)
         WITH (topic = '{topic}', event_time = 'at');
         CREATE VIEW totals AS
         SELECT key, window_start, window_end, COUNT(*) AS n, SUM(value) AS total, MAX(value) AS most
         FROM TUMBLE(events, at, INTERVAL '10' SECOND)
         GROUP BY key, window_start, window_end;"
    )
}

#[derive(Clone, Copy, Debug)]
pub struct Event {
    pub at: u64,
    pub key: u64,
    pub value: u64,
}

impl Event {
    /// The nth event of a stream with so many a second.
    pub fn nth(n: u64, rate: u64) -> Self {
        let mut mixed = n.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed ^= mixed >> 27;
        Self {
            at: EPOCH + n * 1000 / rate,
            key: mixed % KEYS,
            value: (mixed >> 32) % 1_000_000,
        }
    }

    pub fn partition(&self) -> i32 {
        (self.key % PARTITIONS) as i32
    }

    pub fn window(&self) -> u64 {
        self.at - self.at % WINDOW
    }

    /// The record, of 180 bytes.
    pub fn write(&self, text: &mut String) {
        use std::fmt::Write;
        text.clear();
        let (at, key, value) = (self.at, self.key, self.value);
        write!(
            text,
            r#"{{"at":{at},"key":"key {key}","value":{value},"agent":""#
        )
        .unwrap();
        // Neither all the same nor noise: lz4 finds about half of it.
        let words = [
            "checkout ",
            "search ",
            "basket ",
            "listing ",
            "payment ",
            "profile ",
        ];
        let mut word = value as usize;
        while text.len() < BYTES - 2 {
            text.push_str(words[word % words.len()]);
            word = word.wrapping_mul(7).wrapping_add(key as usize);
        }
        text.truncate(BYTES - 2);
        text.push_str("\"}");
    }
}

/// Count, sum and maximum of each window and key.
pub type Answer = BTreeMap<(u64, u64), (u64, u64, u64)>;

/// What the first `events` events of a stream come to, by a plain loop.
pub fn answer(events: u64, rate: u64) -> Answer {
    let mut answer = Answer::new();
    for event in (0..events).map(|n| Event::nth(n, rate)) {
        let (count, sum, most) = answer.entry((event.window(), event.key)).or_default();
        *count += 1;
        *sum += event.value;
        *most = event.value.max(*most);
    }
    answer
}

/// The rate that a topic is filled with, in event time: a window has 100,000 events.
pub const RATE: u64 = 10_000;

pub fn client(brokers: &str) -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers);
    config
}

pub fn create(brokers: &str, topic: &str) {
    let admin: AdminClient<DefaultClientContext> = client(brokers).create().unwrap();
    let new = NewTopic::new(topic, PARTITIONS as i32, TopicReplication::Fixed(1));
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)));
    let made = futures::executor::block_on(admin.create_topics([&new], &options)).unwrap();
    made.into_iter()
        .for_each(|made| drop(made.expect("the topic is new")));
}

/// Hands over one event; waits where the client's queue is full.
pub fn send(producer: &BaseProducer, topic: &str, event: &Event, text: &str) {
    let mut record = BaseRecord::<(), str>::to(topic).partition(event.partition());
    record = record.payload(text);
    loop {
        match producer.send(record) {
            Ok(()) => return,
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                record = back;
                producer.poll(Duration::from_millis(1));
            }
            Err((error, _)) => panic!("{error}"),
        }
    }
}

pub fn fill(brokers: &str, topic: &str, events: u64) -> Value {
    create(brokers, topic);
    let mut config = client(brokers);
    config
        .set("enable.idempotence", "true")
        .set("compression.type", "lz4")
        .set("linger.ms", "50")
        .set("batch.size", "262144");
    let producer: BaseProducer = config.create().unwrap();
    let begun = Instant::now();
    let mut text = String::new();
    for n in 0..events {
        let event = Event::nth(n, RATE);
        event.write(&mut text);
        send(&producer, topic, &event, &text);
        if n % 1024 == 0 {
            producer.poll(Duration::ZERO);
        }
    }
    producer.flush(Duration::from_secs(60)).unwrap();
    json!({"run": "fill", "events": events, "seconds": begun.elapsed().as_secs_f64()})
}
