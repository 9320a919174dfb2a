//! The limit: the client alone, with the settings that the speed layer gives it.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::{Offset, TopicPartitionList};
use serde_json::{Value, json};

use crate::events::{PARTITIONS, client};
use crate::usage;

pub fn run(brokers: &str, topic: &str) -> Value {
    let processor = usage::processor();
    let begun = Instant::now();
    let mut config = client(brokers);
    config
        .set("group.id", "bare")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("enable.partition.eof", "true")
        .set("isolation.level", "read_committed")
        .set("fetch.queue.backoff.ms", "5")
        .set("check.crcs", "true");
    let consumer: BaseConsumer = config.create().unwrap();
    let mut assignment = TopicPartitionList::new();
    for partition in 0..PARTITIONS as i32 {
        assignment
            .add_partition_offset(topic, partition, Offset::Beginning)
            .unwrap();
    }
    consumer.assign(&assignment).unwrap();
    let (mut events, mut bytes, mut ended) = (0_u64, 0, 0);
    while ended < PARTITIONS {
        match consumer
            .poll(Duration::from_secs(10))
            .expect("the broker answers")
        {
            Ok(message) => {
                events += 1;
                bytes += message.payload_len();
            }
            Err(KafkaError::PartitionEOF(_)) => ended += 1,
            Err(error) => panic!("{error}"),
        }
    }
    json!({
        "run": "bare",
        "events": events,
        "bytes": bytes,
        "seconds": begun.elapsed().as_secs_f64(),
        "processor": usage::processor() - processor,
        "memory": usage::memory(),
    })
}
