//! Topics and records of a real broker, made with the client library alone.
#![allow(dead_code, reason = "each test uses its part of these")]

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use event_log::kafka::Cluster;
use futures::executor::block_on;
use rdkafka::admin::{AdminClient, AdminOptions, NewPartitions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use shared_logic::identity::{Topic, TopicPartition};

pub const TIMEOUT: Duration = Duration::from_secs(10);

pub fn brokers() -> String {
    std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker")
}

pub fn cluster() -> Cluster {
    Cluster::new(brokers())
}

/// A topic that no earlier run has used.
pub fn topic(name: &str) -> Topic {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    Topic::new(format!("test-{name}-{}", now.as_micros()))
}

fn config() -> ClientConfig {
    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", brokers());
    config
}

pub fn producer(settings: &[(&str, &str)]) -> BaseProducer {
    let mut config = config();
    for (key, value) in settings {
        config.set(*key, *value);
    }
    config.create().unwrap()
}

pub fn admin() -> (AdminClient<DefaultClientContext>, AdminOptions) {
    let options = AdminOptions::new().operation_timeout(Some(TIMEOUT));
    (config().create().unwrap(), options)
}

pub fn create(topic: &Topic, partitions: i32, policy: &str) {
    let (admin, options) = admin();
    let new = NewTopic::new(topic.as_str(), partitions, TopicReplication::Fixed(1))
        .set("cleanup.policy", policy);
    let created = block_on(admin.create_topics([&new], &options)).unwrap();
    created.into_iter().for_each(|result| drop(result.unwrap()));
}

pub fn more_partitions(topic: &Topic, count: usize) {
    let (admin, options) = admin();
    let new = NewPartitions::new(topic.as_str(), count);
    let made = block_on(admin.create_partitions([&new], &options)).unwrap();
    made.into_iter().for_each(|result| drop(result.unwrap()));
}

/// Lets the records before `first` expire.
pub fn delete_records(place: &TopicPartition, first: i64) {
    let (admin, options) = admin();
    let mut list = TopicPartitionList::new();
    let number = place.partition.0.try_into().unwrap();
    list.add_partition_offset(place.topic.as_str(), number, Offset::Offset(first))
        .unwrap();
    block_on(admin.delete_records(&list, &options)).unwrap();
}

pub fn produce(producer: &BaseProducer, topic: &Topic, partition: i32, values: &[Option<String>]) {
    for value in values {
        let mut record = BaseRecord::<str, str>::to(topic.as_str()).partition(partition);
        if let Some(value) = value {
            record = record.payload(value);
        }
        producer.send(record).map_err(|(error, _)| error).unwrap();
    }
    producer.flush(TIMEOUT).unwrap();
}

/// Deletes a topic, and waits until it is gone.
pub fn delete(topic: &Topic) {
    let (admin, options) = admin();
    let deleted = block_on(admin.delete_topics(&[topic.as_str()], &options)).unwrap();
    deleted.into_iter().for_each(|result| drop(result.unwrap()));
    let begun = std::time::Instant::now();
    loop {
        let all = admin.inner().fetch_metadata(None, TIMEOUT).unwrap();
        if !all
            .topics()
            .iter()
            .any(|found| found.name() == topic.as_str())
        {
            return;
        }
        assert!(begun.elapsed() < TIMEOUT, "{topic} is gone in time");
    }
}
