//! A topic as it comes: one consumer, of all partitions or as a member of a group.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, Partition, TopicPartition};

use super::KafkaLog;
use super::client::{READING, client, denied, failed, number};
use super::records::Records;
use super::watch::{Change, View, Watch};
use crate::tail::{Tail, TailEvent, TailStatistics, complete, not_ours, reachable};
use crate::{EventLog, LogError};

/// How many records one poll hands over at most, and about how many bytes.
const ROWS: usize = 65_536;
const BYTES: usize = 8 << 20;

/// What a tail needs beyond what every consumer does.
const FOLLOWING: [(&str, &str); 7] = [
    ("partition.assignment.strategy", "cooperative-sticky"),
    // How long a record may lie in the broker: an answer that waits for more holds up the others.
    ("fetch.wait.max.ms", "10"),
    // What is fetched ahead. A record in the client's queue takes several times its size.
    ("queued.max.messages.kbytes", "16384"),
    ("session.timeout.ms", "10000"),
    ("heartbeat.interval.ms", "1000"),
    // Until partitions that were added are seen.
    ("topic.metadata.refresh.interval.ms", "10000"),
    ("statistics.interval.ms", "1000"),
];

/// The records of a topic as they come.
///
/// Without a group it owns all partitions. In one, partitions are handed over cooperatively: those
/// that stay are read on.
pub struct KafkaTail {
    log: KafkaLog,
    consumer: BaseConsumer<Watch>,
    group: Option<String>,
    /// Assigned and not started.
    assigned: BTreeSet<TopicPartition>,
    /// Revoked and not released.
    revoked: BTreeSet<TopicPartition>,
    open: BTreeMap<Partition, Open>,
    /// What was said to be waited for.
    waiting: bool,
    /// An offset that was asked for is not in the log.
    astray: bool,
    statistics: TailStatistics,
}

/// A partition that was started.
struct Open {
    place: TopicPartition,
    /// The next offset to hand over.
    next: Offset,
    records: Records,
    /// Whether the client's position is one that was reached since the start.
    moved: bool,
}

impl fmt::Debug for KafkaTail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KafkaTail({:?}, {:?})", self.log, self.group)
    }
}

impl KafkaTail {
    /// Follows the topic of `log`: all its partitions, or those that fall to this member of `group`.
    ///
    /// # Errors
    /// The client cannot be made, or the broker does not say which partitions there are.
    pub fn follow(log: KafkaLog, group: Option<&str>) -> Result<Self, LogError> {
        let mut settings = vec![("group.id", group.unwrap_or("seamline"))];
        settings.extend(READING);
        settings.extend(FOLLOWING);
        let consumer: BaseConsumer<Watch> =
            client(&log.cluster, &settings, Watch::new(&log.topic))?;
        let mut tail = Self {
            consumer,
            group: group.map(str::to_owned),
            assigned: BTreeSet::new(),
            revoked: BTreeSet::new(),
            open: BTreeMap::new(),
            waiting: false,
            astray: false,
            statistics: TailStatistics::default(),
            log,
        };
        let topic = &tail.log.topic;
        match group {
            Some(_) => (tail.consumer.subscribe(&[topic.as_str()]))
                .map_err(|error| failed(format!("following topic {topic}"), &error))?,
            None => tail.assigned = tail.log.partitions()?.into_iter().collect(),
        }
        Ok(tail)
    }

    /// Takes what the client has, without waiting for more than a first record.
    fn drain(&mut self, mut wait: Duration) -> Result<(), LogError> {
        let (mut rows, mut bytes) = (0, 0);
        while rows < ROWS && bytes < BYTES {
            match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    wait = Duration::ZERO;
                    let partition = u32::try_from(message.partition()).map(Partition);
                    let at = u64::try_from(message.offset()).map(Offset);
                    let (Ok(partition), Ok(at)) = (partition, at) else {
                        continue;
                    };
                    let Some(open) = self.open.get_mut(&partition) else {
                        continue;
                    };
                    open.moved = true;
                    if at >= open.next {
                        let before = open.records.bytes;
                        open.records.push(&message, at);
                        open.next = at.plus(1);
                        rows += 1;
                        bytes += open.records.bytes - before;
                    }
                }
                Some(Err(KafkaError::PartitionEOF(number))) => {
                    let partition = u32::try_from(number).map(Partition);
                    let open = partition.ok().and_then(|key| self.open.get_mut(&key));
                    if let Some(open) = open {
                        open.moved = true;
                    }
                }
                Some(Err(error)) => self.trouble(&error)?,
            }
            if self.consumer.context().changed() {
                break;
            }
        }
        self.statistics.records += rows as u64;
        self.statistics.bytes += bytes as u64;
        Ok(())
    }

    /// Tells what passes by itself from what does not.
    fn trouble(&mut self, error: &KafkaError) -> Result<(), LogError> {
        let topic = &self.log.topic;
        if let Some(denied) = denied(topic, self.group.as_deref(), error) {
            return Err(denied);
        }
        match error {
            KafkaError::MessageConsumption(RDKafkaErrorCode::AutoOffsetReset) => {
                self.astray = true;
                Ok(())
            }
            KafkaError::MessageConsumption(
                RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic,
            ) => Err(LogError::Refused(format!(
                "topic {topic} is gone: it was deleted while it was read"
            ))),
            KafkaError::MessageConsumptionFatal(code) => {
                let reason = self.consumer.context().last();
                let reason = reason.unwrap_or_else(|| code.to_string());
                Err(failed(format!("following topic {topic}"), &reason))
            }
            _ => Ok(()),
        }
    }

    /// One chunk of each partition that has moved on.
    fn chunks(&mut self) -> Result<Vec<TailEvent>, LogError> {
        let what = || format!("following topic {}", self.log.topic);
        let position = (self.consumer.position()).map_err(|error| failed(what(), &error))?;
        let mut reached = BTreeMap::new();
        for element in position.elements() {
            if let KafkaOffset::Offset(at) = element.offset() {
                reached.insert(element.partition(), u64::try_from(at).unwrap_or_default());
            }
        }
        let mut events = Vec::new();
        for (partition, open) in &mut self.open {
            let start = self.statistics.positions.get(&open.place);
            let position = i32::try_from(partition.0)
                .ok()
                .and_then(|key| reached.get(&key));
            if let (true, Some(at)) = (open.moved, position) {
                // Behind the last record there may be markers and aborted records.
                open.next = open.next.max(Offset(*at));
            }
            if open.next > start {
                let chunk = open.records.finish(&open.place, start..open.next);
                self.statistics.positions.set(open.place.clone(), open.next);
                events.push(TailEvent::Records(chunk));
            }
        }
        Ok(events)
    }

    /// What has changed in the group, in our words.
    fn changes(&mut self) -> Vec<TailEvent> {
        let topic = self.log.topic.clone();
        let named = |partitions: Vec<Partition>| -> Vec<TopicPartition> {
            let place = |partition| TopicPartition {
                topic: topic.clone(),
                partition,
            };
            partitions.into_iter().map(place).collect()
        };
        let mut events = Vec::new();
        for change in self.consumer.context().changes() {
            self.statistics.rebalances += 1;
            events.push(match change {
                Change::Assigned(partitions) => {
                    let places = named(partitions);
                    self.assigned.extend(places.iter().cloned());
                    TailEvent::Assigned(places)
                }
                Change::Revoked(partitions) => {
                    for partition in &partitions {
                        self.open.remove(partition);
                    }
                    let places = named(partitions);
                    self.revoked.extend(places.iter().cloned());
                    TailEvent::Revoked(places)
                }
                Change::Lost(partitions) => {
                    for partition in &partitions {
                        self.open.remove(partition);
                    }
                    let places = named(partitions);
                    places.iter().for_each(|place| self.forget(place));
                    TailEvent::Lost(places)
                }
            });
        }
        events
    }

    fn forget(&mut self, place: &TopicPartition) {
        self.assigned.remove(place);
        self.revoked.remove(place);
        self.statistics.positions.0.remove(place);
        self.statistics.ends.0.remove(place);
    }

    /// What the client's statistics say of the brokers, the ends and the number of partitions.
    fn look(&mut self, view: &View) -> Vec<TailEvent> {
        let mut events = Vec::new();
        let served = |open: &Open| view.served.contains(&open.place.partition);
        let down = !view.connected || !self.open.values().all(served);
        if down != self.waiting {
            self.waiting = down;
            let last = self.consumer.context().last();
            events.push(match down {
                true => TailEvent::Waiting {
                    why: last.unwrap_or_else(|| {
                        format!("no broker for topic {} is connected", self.log.topic)
                    }),
                },
                false => TailEvent::Recovered,
            });
        }
        for (partition, open) in &self.open {
            if let Some(end) = view.ends.get(partition) {
                self.statistics.ends.set(open.place.clone(), *end);
            }
        }
        if self.group.is_none() {
            let new: Vec<TopicPartition> = (view.partitions.iter())
                .map(|partition| TopicPartition {
                    topic: self.log.topic.clone(),
                    partition: *partition,
                })
                .filter(|place| {
                    !self.open.contains_key(&place.partition) && !self.assigned.contains(place)
                })
                .collect();
            if !new.is_empty() {
                self.assigned.extend(new.iter().cloned());
                self.statistics.rebalances += 1;
                events.push(TailEvent::Assigned(new));
            }
        }
        events
    }

    /// Finds out which partition has no record where it should go on; goes on where all have.
    fn find_astray(&mut self) -> Result<(), LogError> {
        let from = self
            .open
            .values()
            .map(|open| (open.place.clone(), open.next));
        let from = OffsetVector(from.collect());
        match reachable(&self.log, &from) {
            // It will be asked again.
            Err(LogError::Broker { .. }) => Ok(()),
            Err(error) => Err(error),
            Ok(()) => self.start(&from),
        }
    }

    /// The part of these offsets that a group may be told.
    fn ours(&self, reached: &OffsetVector) -> Result<TopicPartitionList, LogError> {
        let ours = reached.0.iter().filter(|(place, _)| {
            let held = self.open.contains_key(&place.partition) || self.revoked.contains(*place);
            held && self.group.is_some()
        });
        self.list(ours.map(|(place, at)| (place, *at)))
    }

    fn list<'a>(
        &self,
        places: impl IntoIterator<Item = (&'a TopicPartition, Offset)>,
    ) -> Result<TopicPartitionList, LogError> {
        let mut list = TopicPartitionList::new();
        for (place, next) in places {
            let what = || format!("following {place} from offset {next}");
            let next = i64::try_from(next.0).map_err(|error| failed(what(), &error))?;
            let next = KafkaOffset::Offset(next);
            list.add_partition_offset(place.topic.as_str(), number(place)?, next)
                .map_err(|error| failed(what(), &error))?;
        }
        Ok(list)
    }
}

impl Tail for KafkaTail {
    fn poll(&mut self, wait: Duration) -> Result<Vec<TailEvent>, LogError> {
        if self.group.is_none() && self.open.is_empty() && self.statistics.rebalances == 0 {
            self.statistics.rebalances = 1;
            return Ok(vec![TailEvent::Assigned(
                self.assigned.iter().cloned().collect(),
            )]);
        }
        if self.astray && self.assigned.is_empty() {
            self.find_astray()?;
        }
        self.drain(wait)?;
        let mut events = self.chunks()?;
        events.extend(self.changes());
        if let Some(view) = self.consumer.context().view() {
            events.extend(self.look(&view));
        }
        Ok(events)
    }

    fn start(&mut self, from: &OffsetVector) -> Result<(), LogError> {
        complete(self.assigned.iter(), from)?;
        for place in from.0.keys() {
            if !self.assigned.contains(place) && !self.open.contains_key(&place.partition) {
                return Err(not_ours(place));
            }
        }
        match reachable(&self.log, from) {
            // In an outage this is found out later, when the records are asked for.
            Ok(()) | Err(LogError::Broker { .. }) => {}
            Err(error) => return Err(error),
        }
        let again = from
            .0
            .iter()
            .filter(|(place, _)| self.open.contains_key(&place.partition));
        let again = self.list(again.map(|(place, at)| (place, *at)))?;
        let list = self.list(from.0.iter().map(|(place, at)| (place, *at)))?;
        let what = || format!("following topic {}", self.log.topic);
        if again.count() > 0 {
            (self.consumer.incremental_unassign(&again)).map_err(|error| failed(what(), &error))?;
        }
        (self.consumer.incremental_assign(&list)).map_err(|error| failed(what(), &error))?;
        for (place, at) in &from.0 {
            self.assigned.remove(place);
            self.statistics.positions.set(place.clone(), *at);
            let open = Open {
                place: place.clone(),
                next: *at,
                records: Records::default(),
                moved: false,
            };
            self.open.insert(place.partition, open);
        }
        self.astray = false;
        Ok(())
    }

    fn release(&mut self, places: &[TopicPartition]) -> Result<(), LogError> {
        let ours: Vec<&TopicPartition> = (places.iter())
            .filter(|place| self.revoked.contains(place))
            .collect();
        if ours.is_empty() {
            return Ok(());
        }
        let list = self.list(ours.iter().map(|place| (*place, Offset(0))))?;
        (self.consumer.incremental_unassign(&list))
            .map_err(|error| failed(format!("leaving topic {}", self.log.topic), &error))?;
        ours.into_iter().for_each(|place| self.forget(place));
        Ok(())
    }

    fn commit(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        let list = self.ours(reached)?;
        if list.count() > 0 {
            // What becomes of it is told to nobody: it is for those who watch.
            let _ = self.consumer.commit(&list, CommitMode::Async);
        }
        Ok(())
    }

    fn commit_durably(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        let list = self.ours(reached)?;
        if list.count() > 0 {
            let what = || format!("committing to the group of topic {}", self.log.topic);
            (self.consumer.commit(&list, CommitMode::Sync))
                .map_err(|error| failed(what(), &error))?;
        }
        Ok(())
    }

    fn committed(&mut self, places: &[TopicPartition]) -> Result<OffsetVector, LogError> {
        let mut known = OffsetVector::default();
        if self.group.is_none() || places.is_empty() {
            return Ok(known);
        }
        let what = || format!("asking the group of topic {}", self.log.topic);
        let list = self.list(places.iter().map(|place| (place, Offset(0))))?;
        let committed = (self.consumer.committed_offsets(list, self.log.timeout))
            .map_err(|error| failed(what(), &error))?;
        for element in committed.elements() {
            element.error().map_err(|error| failed(what(), &error))?;
            let partition = u32::try_from(element.partition()).map(Partition);
            let (Ok(partition), KafkaOffset::Offset(at)) = (partition, element.offset()) else {
                continue;
            };
            let place = TopicPartition {
                topic: self.log.topic.clone(),
                partition,
            };
            known.set(place, Offset(u64::try_from(at).unwrap_or_default()));
        }
        Ok(known)
    }

    fn statistics(&self) -> TailStatistics {
        self.statistics.clone()
    }
}

impl Drop for KafkaTail {
    fn drop(&mut self) {
        self.consumer.context().close();
    }
}
