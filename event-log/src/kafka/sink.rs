//! Producing to a topic.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arrow::array::{Array, RecordBatch};
use rdkafka::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};
use shared_logic::identity::Topic;

use super::client::{client, failed};
use super::cluster::Cluster;
use super::topic::ensure;
use crate::partitioner::partition_of;
use crate::row::Rows;
use crate::{LogError, value};

/// Writes records to a topic, each to the partition of its key; see
/// [`partitioner`](crate::partitioner).
pub struct KafkaSink {
    topic: Topic,
    partitions: u32,
    producer: BaseProducer<Deliveries>,
    timeout: Duration,
    /// How many records were handed over.
    sent: u64,
}

impl std::fmt::Debug for KafkaSink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "KafkaSink({}, {} partitions)",
            self.topic, self.partitions
        )
    }
}

/// What became of the records.
#[derive(Default)]
pub(super) struct Deliveries {
    failure: Mutex<Option<String>>,
}

impl Deliveries {
    pub(super) fn failure(&self) -> Option<String> {
        self.failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

impl ClientContext for Deliveries {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}
    fn error(&self, _: KafkaError, _: &str) {}
}

impl ProducerContext for Deliveries {
    type DeliveryOpaque = ();

    fn delivery(&self, delivery: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = delivery {
            let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
            failure.get_or_insert_with(|| error.to_string());
        }
    }
}

impl KafkaSink {
    /// A sink for `topic`, which is created with this many partitions where it does not exist.
    /// `timeout` bounds every wait for the broker.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] where no broker answers, [`LogError::Denied`] where one does not
    /// let us in or create, [`LogError::Refused`] where the topic exists with another number of
    /// partitions.
    pub fn create(
        cluster: &Cluster,
        topic: &Topic,
        partitions: u32,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        let there = ensure(cluster, topic, partitions, &[], timeout)?;
        if there != partitions as usize {
            return Err(LogError::Refused(format!(
                "topic {topic} exists with {there} partitions, not {partitions}: name another topic, or that number"
            )));
        }
        let settings = [
            ("enable.idempotence", "true"),
            ("acks", "all"),
            ("linger.ms", "20"),
            ("message.timeout.ms", "60000"),
            ("queue.buffering.max.messages", "500000"),
        ];
        let producer = client(cluster, &settings, Deliveries::default())?;
        Ok(Self {
            topic: topic.clone(),
            partitions,
            producer,
            timeout,
            sent: 0,
        })
    }

    /// Hands over one record; waits where the client's queue is full.
    ///
    /// # Errors
    /// The record is refused, or an earlier one was not delivered.
    pub fn send(&mut self, key: Option<&[u8]>, value: &[u8]) -> Result<(), LogError> {
        let partition = partition_of(key, self.partitions);
        let number = i32::try_from(partition.0).unwrap_or_default();
        let mut record = BaseRecord::<[u8], [u8]>::to(self.topic.as_str())
            .partition(number)
            .payload(value);
        if let Some(key) = key {
            record = record.key(key);
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                    record = back;
                    self.producer.poll(Duration::from_millis(10));
                    self.delivered()?;
                }
                Err((error, _)) => {
                    return Err(failed(format!("producing to {}", self.topic), &error));
                }
            }
        }
        self.sent += 1;
        if self.sent.is_multiple_of(1024) {
            self.producer.poll(Duration::ZERO);
            self.delivered()?;
        }
        Ok(())
    }

    /// Hands over rows as JSON objects, keyed by the text of column `key` where one is named.
    ///
    /// # Errors
    /// There is no such column, or a record is refused.
    pub fn write(&mut self, rows: &RecordBatch, key: Option<&str>) -> Result<(), LogError> {
        let columns = |error| LogError::columns(&self.topic, &error);
        let keys = match key {
            Some(name) => {
                let column = rows.column_by_name(name).ok_or_else(|| {
                    LogError::Refused(format!(
                        "the events have no column {name:?} to be their key"
                    ))
                })?;
                Some(value::keys(column).map_err(columns)?)
            }
            None => None,
        };
        let values = Rows::json(rows).map_err(columns)?.values();
        for row in 0..rows.num_rows() {
            let key = keys.as_ref().filter(|keys| keys.is_valid(row));
            self.send(key.map(|keys| keys.value(row)), values.value(row))?;
        }
        Ok(())
    }

    /// Waits until all records are at the broker. Returns how many there were.
    ///
    /// # Errors
    /// A record was not delivered, or the broker did not confirm in time.
    pub fn finish(self) -> Result<u64, LogError> {
        let mut left = self.producer.in_flight_count();
        while let Err(error) = self.producer.flush(self.timeout) {
            // A long queue may take longer than one answer does, as long as it gets shorter.
            let now = self.producer.in_flight_count();
            if now >= left {
                return Err(failed(format!("producing to {}", self.topic), &error));
            }
            left = now;
        }
        self.delivered()?;
        Ok(self.sent)
    }

    fn delivered(&self) -> Result<(), LogError> {
        match self.producer.context().failure() {
            Some(reason) => Err(failed(format!("producing to {}", self.topic), &reason)),
            None => Ok(()),
        }
    }
}
