//! Topics of Apache Kafka as a log.
//!
//! A read is bounded: a consumer of its own, assigned to one partition at one offset, which belongs
//! to no group and commits nothing. A [`KafkaTail`] is one consumer that reads on, alone or as a
//! member of a group. Only committed records are seen; the markers and the aborted records of
//! transactions leave gaps in the offsets, which coverage includes.

mod changelog;
mod client;
mod cluster;
mod read;
mod records;
mod sink;
mod tail;
mod topic;
mod watch;

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use rdkafka::admin::{AdminOptions, ResourceSpecifier};
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use shared_logic::identity::{Offset, Partition, Topic, TopicPartition};
use shared_logic::time::EventTime;

use crate::log::within;
use crate::{Chunks, EventLog, LogError};
pub use changelog::{KafkaChangelog, Writing};
use client::{Quiet, admin, block_on, consumer, failed};
pub use cluster::Cluster;
pub use sink::KafkaSink;
pub use tail::KafkaTail;
pub use topic::delete as delete_topic;

/// One topic of a Kafka cluster.
pub struct KafkaLog {
    cluster: Cluster,
    topic: Topic,
    /// How long the broker may take for an answer.
    timeout: Duration,
    asking: BaseConsumer<Quiet>,
}

impl fmt::Debug for KafkaLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KafkaLog({} at {})", self.topic, self.cluster.brokers())
    }
}

impl KafkaLog {
    /// Connects to a cluster for one topic. `timeout` bounds this and every later wait for the
    /// broker.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] where no broker answers, [`LogError::Denied`] where one does not
    /// let us in, and [`LogError::Refused`] for a topic that does not exist or is compacted: a
    /// replay would see another history than the live run.
    pub fn connect(cluster: &Cluster, topic: &Topic, timeout: Duration) -> Result<Self, LogError> {
        let log = Self::connect_compacted_as_log(cluster, topic, timeout)?;
        let policy = log.cleanup_policy()?;
        if policy.contains("compact") {
            return Err(LogError::Refused(format!(
                "topic {topic} is compacted (cleanup.policy={policy}), so a replay would see another history: use a topic with cleanup.policy=delete, or pass --compacted-as-log"
            )));
        }
        Ok(log)
    }

    /// As [`KafkaLog::connect`], and takes a compacted topic for what is left in it.
    ///
    /// # Errors
    /// [`LogError::Unreachable`] where no broker answers, [`LogError::Denied`] where one does not
    /// let us in, and [`LogError::Refused`] for a topic that does not exist.
    pub fn connect_compacted_as_log(
        cluster: &Cluster,
        topic: &Topic,
        timeout: Duration,
    ) -> Result<Self, LogError> {
        let asking = consumer(cluster)?;
        client::reach(&asking, cluster, timeout)?;
        let log = Self {
            cluster: cluster.clone(),
            topic: topic.clone(),
            timeout,
            asking,
        };
        log.partitions()?;
        Ok(log)
    }

    fn cleanup_policy(&self) -> Result<String, LogError> {
        let what = || format!("asking for the settings of topic {}", self.topic);
        let options = AdminOptions::new().request_timeout(Some(self.timeout));
        let topic = [ResourceSpecifier::Topic(self.topic.as_str())];
        let admin = admin(&self.cluster)?;
        let settings = block_on(admin.describe_configs(&topic, &options))
            .map_err(|error| failed(what(), &error))?;
        let settings = match settings.into_iter().next() {
            Some(Ok(settings)) => settings,
            Some(Err(RDKafkaErrorCode::TopicAuthorizationFailed)) => {
                return Err(LogError::Denied {
                    what: format!("topic {}", self.topic),
                    reason: "its settings may not be read, so it may be compacted".to_owned(),
                    check: "allow this user DescribeConfigs on it, or pass --compacted-as-log if it is not compacted".to_owned(),
                });
            }
            Some(Err(code)) => return Err(failed(what(), &code)),
            None => return Err(failed(what(), &"an empty answer")),
        };
        let policy = settings
            .get("cleanup.policy")
            .and_then(|entry| entry.value.clone());
        policy.ok_or_else(|| failed(what(), &"no cleanup.policy in the answer"))
    }
}

impl EventLog for KafkaLog {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        let topic = &self.topic;
        let count = topic::find(self.asking.client(), topic, self.timeout)?.partitions;
        if count == 0 {
            return Err(LogError::Refused(format!(
                "there is no topic {topic} at {}: create it, or name another in CREATE TABLE",
                self.cluster.brokers()
            )));
        }
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        Ok((0..count)
            .map(|partition| TopicPartition {
                topic: topic.clone(),
                partition: Partition(partition),
            })
            .collect())
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        let there = self.partitions()?;
        if !there.contains(place) {
            return Err(LogError::NoPartition {
                place: place.clone(),
                there,
            });
        }
        let what = || format!("asking for the offsets of {place}");
        let number = client::number(place)?;
        let (first, next) = (self.asking)
            .fetch_watermarks(self.topic.as_str(), number, self.timeout)
            .map_err(|error| failed(what(), &error))?;
        match (u64::try_from(first), u64::try_from(next)) {
            (Ok(first), Ok(next)) => Ok(Offset(first)..Offset(next)),
            _ => Err(failed(what(), &format!("offsets {first} to {next}"))),
        }
    }

    fn since(&self, place: &TopicPartition, instant: EventTime) -> Result<Offset, LogError> {
        let end = self.bounds(place)?.end;
        let what = || format!("asking for an instant in {place}");
        // Kafka counts milliseconds: the first that is not before the instant.
        let millis = instant.0.div_euclid(1000) + i64::from(instant.0.rem_euclid(1000) > 0);
        let mut list = TopicPartitionList::new();
        let number = client::number(place)?;
        list.add_partition_offset(
            self.topic.as_str(),
            number,
            KafkaOffset::Offset(millis.max(0)),
        )
        .map_err(|error| failed(what(), &error))?;
        let found = (self.asking.offsets_for_times(list, self.timeout))
            .map_err(|error| failed(what(), &error))?;
        match found.elements().first().map(|element| element.offset()) {
            Some(KafkaOffset::Offset(at)) => {
                let at = u64::try_from(at).map_err(|error| failed(what(), &error))?;
                Ok(Offset(at).min(end))
            }
            _ => Ok(end),
        }
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        chunk_rows: usize,
    ) -> Result<Chunks, LogError> {
        within(place, &range, &self.bounds(place)?)?;
        if range.is_empty() {
            return Ok(Box::new(std::iter::empty()));
        }
        let read = read::Read::begin(&self.cluster, place, range, chunk_rows.max(1), self.timeout)?;
        Ok(Box::new(read))
    }
}
