//! A topic as a changelog: changes and the writer's position in one transaction.

use std::time::{Duration, Instant};

use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use shared_logic::identity::Topic;

use super::client::{Quiet, client, failed};
use super::cluster::Cluster;
use super::sink::Deliveries;
use super::topic::ensure;
use crate::LogError;
use crate::changelog::{Change, Changelog, Position};
use crate::partitioner::partition_of;

/// How a topic is written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writing {
    /// In transactions, each with the writer's position: nothing is lost or repeated, and no other
    /// writer of the same name can go on.
    Transactions,
    /// As fast as it goes; the topic keeps no position.
    Plain,
}

/// The changes of one table, written to a topic by the key of each.
///
/// The position is the committed offset of partition 0 in a consumer group that nobody joins, which
/// has the name of the writer; so has the transactional id.
pub struct KafkaChangelog {
    cluster: Cluster,
    topic: Topic,
    /// Of the transactions and of the group that holds the position.
    name: String,
    writing: Writing,
    partitions: u32,
    timeout: Duration,
    asking: BaseConsumer<Quiet>,
    /// None until fenced, and after an error.
    producer: Option<BaseProducer<Deliveries>>,
}

impl std::fmt::Debug for KafkaChangelog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "KafkaChangelog({} as {})", self.topic, self.name)
    }
}

impl KafkaChangelog {
    /// The changelog `topic`, which is created with this many partitions, compacted, where it does
    /// not exist. Of all writers called `name` one can write. `timeout` bounds every wait for the
    /// broker.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] where no broker answers, [`LogError::Denied`] or
    /// [`LogError::Broker`] where the topic does not exist and cannot be created.
    pub fn open(
        cluster: &Cluster,
        topic: &Topic,
        name: &str,
        writing: Writing,
        partitions: u32,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        let compacted = [("cleanup.policy", "compact")];
        let there = ensure(cluster, topic, partitions, &compacted, timeout)?;
        let settings = [
            ("group.id", name),
            // The position of a transaction that is not decided yet is waited for.
            ("isolation.level", "read_committed"),
            ("enable.auto.commit", "false"),
        ];
        let asking = client(cluster, &settings, Quiet::default())?;
        Ok(Self {
            cluster: cluster.clone(),
            topic: topic.clone(),
            name: name.to_owned(),
            writing,
            partitions: u32::try_from(there).unwrap_or(u32::MAX),
            timeout,
            asking,
            producer: None,
        })
    }

    fn producer(&self) -> Result<BaseProducer<Deliveries>, LogError> {
        let mut settings = vec![
            ("enable.idempotence", "true"),
            ("acks", "all"),
            // What is committed together is handed over together; to linger would only add to it.
            ("linger.ms", "0"),
            ("message.timeout.ms", "60000"),
            ("queue.buffering.max.messages", "500000"),
        ];
        if self.writing == Writing::Transactions {
            settings.push(("transactional.id", &self.name));
            settings.push(("transaction.timeout.ms", "60000"));
        }
        client(&self.cluster, &settings, Deliveries::default())
    }

    fn what(&self, doing: &str) -> String {
        format!("{doing} {}", self.topic)
    }

    /// The place that the position is kept for.
    fn place(&self) -> TopicPartitionList {
        let mut place = TopicPartitionList::new();
        place.add_partition(self.topic.as_str(), 0);
        place
    }

    fn position(&self) -> Result<Option<Position>, LogError> {
        let what = || format!("asking for the position of {}", self.name);
        let committed = (self.asking)
            .committed_offsets(self.place(), self.timeout)
            .map_err(|error| failed(what(), &error))?;
        let elements = committed.elements();
        let Some(element) = elements.first() else {
            return Ok(None);
        };
        element.error().map_err(|error| failed(what(), &error))?;
        Ok(match element.offset() {
            Offset::Offset(number) => Some(Position {
                number: u64::try_from(number).map_err(|error| failed(what(), &error))?,
                note: element.metadata().to_owned(),
            }),
            _ => None,
        })
    }

    fn send(
        &self,
        producer: &BaseProducer<Deliveries>,
        changes: &[Change],
    ) -> Result<(), LogError> {
        for (nth, change) in changes.iter().enumerate() {
            let partition = partition_of(Some(&change.key), self.partitions);
            let mut record = BaseRecord::<[u8], [u8]>::to(self.topic.as_str())
                .partition(i32::try_from(partition.0).unwrap_or_default())
                .key(&change.key);
            if let Some(value) = &change.value {
                record = record.payload(value);
            }
            loop {
                match producer.send(record) {
                    Ok(()) => break,
                    Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), back)) => {
                        record = back;
                        producer.poll(Duration::from_millis(10));
                        self.delivered(producer)?;
                    }
                    Err((error, _)) => return Err(self.judge("writing to", &error)),
                }
            }
            if nth % 1024 == 1023 {
                producer.poll(Duration::ZERO);
            }
        }
        producer.poll(Duration::ZERO);
        self.delivered(producer)
    }

    fn delivered(&self, producer: &BaseProducer<Deliveries>) -> Result<(), LogError> {
        match producer.context().failure() {
            Some(reason) => Err(failed(self.what("writing to"), &reason)),
            None => Ok(()),
        }
    }

    fn transaction(
        &self,
        producer: &BaseProducer<Deliveries>,
        changes: &[Change],
        position: &Position,
    ) -> Result<(), LogError> {
        const DOING: &str = "committing to";
        let judge = |error: KafkaError| self.judge(DOING, &error);
        producer.begin_transaction().map_err(judge)?;
        self.send(producer, changes)?;
        let mut place = self.place();
        let number = i64::try_from(position.number).unwrap_or(i64::MAX);
        place
            .set_partition_offset(self.topic.as_str(), 0, Offset::Offset(number))
            .map_err(judge)?;
        if let Some(mut element) = place.find_partition(self.topic.as_str(), 0) {
            element.set_metadata(&position.note);
        }
        let group = (self.asking.group_metadata())
            .ok_or_else(|| failed(self.what(DOING), &"the group has no metadata"))?;
        self.patiently(DOING, || {
            producer.send_offsets_to_transaction(&place, &group, self.timeout)
        })?;
        self.patiently(DOING, || producer.commit_transaction(self.timeout))
    }

    /// Repeats what the client says may be repeated, for as long as an answer may take.
    fn patiently(
        &self,
        doing: &str,
        mut act: impl FnMut() -> Result<(), KafkaError>,
    ) -> Result<(), LogError> {
        let begun = Instant::now();
        loop {
            match act() {
                Ok(()) => return Ok(()),
                Err(KafkaError::Transaction(error))
                    if error.is_retriable() && begun.elapsed() < self.timeout => {}
                Err(error) => return Err(self.judge(doing, &error)),
            }
        }
    }

    fn judge(&self, doing: &str, error: &KafkaError) -> LogError {
        use RDKafkaErrorCode::{Fenced, InvalidProducerEpoch, ProducerFenced};
        let code = error.rdkafka_error_code();
        // What a fenced client says of later calls: that it is beyond repair.
        let reason = match error {
            KafkaError::Transaction(error) => error.string(),
            error => error.to_string(),
        };
        match code {
            Some(Fenced | ProducerFenced | InvalidProducerEpoch) => LogError::Fenced {
                topic: self.topic.clone(),
                name: self.name.clone(),
            },
            _ => failed(self.what(doing), &reason),
        }
    }
}

impl Changelog for KafkaChangelog {
    fn fence(&mut self) -> Result<Option<Position>, LogError> {
        // First, so that it cannot outlive its successor.
        self.producer = None;
        let producer = self.producer()?;
        let position = match self.writing {
            Writing::Transactions => {
                self.patiently("fencing", || producer.init_transactions(self.timeout))?;
                self.position()?
            }
            Writing::Plain => None,
        };
        self.producer = Some(producer);
        Ok(position)
    }

    fn commit(&mut self, changes: &[Change], position: &Position) -> Result<(), LogError> {
        let Some(producer) = self.producer.take() else {
            return Err(LogError::Refused(format!(
                "the writer {} of {} has failed or not begun: fence first",
                self.name, self.topic
            )));
        };
        match self.writing {
            Writing::Transactions => self.transaction(&producer, changes, position)?,
            Writing::Plain => self.send(&producer, changes)?,
        }
        self.producer = Some(producer);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), LogError> {
        let Some(producer) = &self.producer else {
            return Ok(());
        };
        (producer.flush(self.timeout)).map_err(|error| self.judge("writing to", &error))?;
        self.delivered(producer)
    }
}
