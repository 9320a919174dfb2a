//! What the client tells about a consumer besides records: rebalances, statistics, errors.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::KafkaError;
use rdkafka::statistics::Statistics;
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{ClientContext, TopicPartitionList};
use shared_logic::identity::{Offset, Partition, Topic};

/// A change of what a consumer owns, as the group's coordinator says it.
#[derive(Clone, Debug)]
pub(super) enum Change {
    Assigned(Vec<Partition>),
    Revoked(Vec<Partition>),
    Lost(Vec<Partition>),
}

/// What the statistics say of one topic and the brokers that have it.
#[derive(Clone, Debug, Default)]
pub(super) struct View {
    /// The end of each partition that is read, as the broker last said.
    pub(super) ends: BTreeMap<Partition, Offset>,
    /// The partitions that the topic has.
    pub(super) partitions: Vec<Partition>,
    /// Those whose leader is connected.
    pub(super) served: Vec<Partition>,
    /// Whether any broker is connected.
    pub(super) connected: bool,
}

/// The context of a consumer: it takes down what is told, for the next poll to act on.
///
/// A rebalance is not acknowledged here, except where there is nothing to do about it, so that a
/// partition is given up when its owner has sealed what it folded, and begins where the owner says.
#[derive(Debug)]
pub(super) struct Watch {
    topic: Topic,
    told: Mutex<Told>,
    /// Whether there are changes, to be seen without the lock.
    changed: AtomicBool,
    /// Nobody will answer any more.
    closing: AtomicBool,
}

#[derive(Debug, Default)]
struct Told {
    changes: Vec<Change>,
    view: Option<View>,
    last: Option<String>,
}

impl Watch {
    pub(super) fn new(topic: &Topic) -> Self {
        Self {
            topic: topic.clone(),
            told: Mutex::default(),
            changed: AtomicBool::new(false),
            closing: AtomicBool::new(false),
        }
    }

    /// Whether something has changed since [`Watch::changes`].
    pub(super) fn changed(&self) -> bool {
        self.changed.load(Ordering::Relaxed)
    }

    /// What has changed since the last call.
    pub(super) fn changes(&self) -> Vec<Change> {
        self.changed.store(false, Ordering::Relaxed);
        std::mem::take(&mut self.locked().changes)
    }

    /// The newest statistics that were not asked for yet.
    pub(super) fn view(&self) -> Option<View> {
        self.locked().view.take()
    }

    /// The last thing that went wrong.
    pub(super) fn last(&self) -> Option<String> {
        self.locked().last.clone()
    }

    /// From now on every rebalance is acknowledged at once.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    fn change(&self, change: Change) {
        self.locked().changes.push(change);
        self.changed.store(true, Ordering::Relaxed);
    }

    // No code can fail while it holds the lock, so what a panic elsewhere leaves is whole.
    fn locked(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Watch {
    fn log(&self, _: RDKafkaLogLevel, _: &str, _: &str) {}

    fn error(&self, _: KafkaError, reason: &str) {
        self.locked().last = Some(reason.to_owned());
    }

    fn stats(&self, statistics: Statistics) {
        let up = |id: i32| {
            let mut brokers = statistics.brokers.values();
            brokers.any(|broker| broker.nodeid == id && broker.state == "UP")
        };
        let mut view = View {
            connected: statistics
                .brokers
                .values()
                .any(|broker| broker.state == "UP"),
            ..View::default()
        };
        let topic = statistics.topics.get(self.topic.as_str());
        for found in topic
            .into_iter()
            .flat_map(|topic| topic.partitions.values())
        {
            let Ok(number) = u32::try_from(found.partition) else {
                continue;
            };
            let partition = Partition(number);
            view.partitions.push(partition);
            if up(found.leader) {
                view.served.push(partition);
            }
            if let Ok(end) = u64::try_from(found.ls_offset) {
                view.ends.insert(partition, Offset(end));
            }
        }
        view.partitions.sort_unstable();
        self.locked().view = Some(view);
    }
}

impl ConsumerContext for Watch {
    fn rebalance(
        &self,
        consumer: &BaseConsumer<Self>,
        kind: RDKafkaRespErr,
        list: &mut TopicPartitionList,
    ) {
        let elements = list.elements();
        let numbers =
            (elements.iter()).filter_map(|element| u32::try_from(element.partition()).ok());
        let mut places: Vec<Partition> = numbers.map(Partition).collect();
        places.sort_unstable();
        let nothing = places.is_empty() || self.closing.load(Ordering::Relaxed);
        let done = match kind {
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS if nothing => {
                consumer.incremental_assign(list)
            }
            RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS => {
                self.change(Change::Assigned(places));
                Ok(())
            }
            _ if consumer.assignment_lost() => {
                self.change(Change::Lost(places));
                consumer.incremental_unassign(list)
            }
            _ if nothing => consumer.incremental_unassign(list),
            _ => {
                self.change(Change::Revoked(places));
                Ok(())
            }
        };
        if let Err(error) = done {
            self.locked().last = Some(error.to_string());
        }
    }
}
