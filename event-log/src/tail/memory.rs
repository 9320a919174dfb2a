//! A consumer group over a log in memory, step by step and without a clock: for tests of readers.
//!
//! Each member is a [`Tail`]. Nothing happens but by a call, so any interleaving of several readers
//! can be played, with members that come, go, or sleep through their session.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use shared_logic::chunk::{Chunk, Payload};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};

use super::{Tail, TailEvent, TailStatistics, complete, not_ours, reachable};
use crate::memory::MemoryLog;
use crate::{EventLog, LogError};

/// The coordinator of a group whose members share the partitions of a log.
///
/// Partitions are divided evenly, and stay where they are as far as that allows. One that moves is
/// revoked, released and only then assigned, as in Kafka's cooperative protocol.
#[derive(Clone, Debug)]
pub struct MemoryGroup {
    shared: Arc<Mutex<Shared>>,
}

#[derive(Debug)]
struct Shared {
    log: Arc<MemoryLog>,
    members: BTreeMap<u64, Member>,
    joined: u64,
    committed: OffsetVector,
    outage: Option<String>,
}

#[derive(Debug, Default)]
struct Member {
    places: BTreeMap<TopicPartition, Hold>,
    news: VecDeque<TailEvent>,
    /// Its session is over, and it does not know yet.
    expired: bool,
    statistics: TailStatistics,
}

/// What a member may do with a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hold {
    Assigned,
    /// The next offset to hand over.
    Started(Offset),
    Revoked,
}

impl MemoryGroup {
    /// A group without members over the partitions of `log`.
    pub fn new(log: Arc<MemoryLog>) -> Self {
        let shared = Shared {
            log,
            members: BTreeMap::new(),
            joined: 0,
            committed: OffsetVector::default(),
            outage: None,
        };
        Self {
            shared: Arc::new(Mutex::new(shared)),
        }
    }

    /// A new member, which hands over at most `rows` records of a partition in one poll. When it is
    /// dropped it leaves the group, and what it owned goes to the others.
    pub fn join(&self, rows: usize) -> MemoryTail {
        let mut shared = self.locked();
        shared.joined += 1;
        let member = shared.joined;
        shared.members.insert(member, Member::default());
        shared.divide();
        MemoryTail {
            group: self.clone(),
            member,
            rows: rows.max(1),
            waiting: false,
        }
    }

    /// Ends the session of a member that is still there: its partitions go to the others at once,
    /// and it hears of it at its next poll, where it joins again.
    pub fn expire(&self, member: &MemoryTail) {
        let mut shared = self.locked();
        let member = shared.members.get_mut(&member.member);
        if let Some(member) = member.filter(|member| !member.expired) {
            let lost: Vec<_> = std::mem::take(&mut member.places).into_keys().collect();
            // What it was told to be lost stays lost.
            (member.news).retain(|event| matches!(event, TailEvent::Lost(_)));
            if !lost.is_empty() {
                member.statistics.rebalances += 1;
                member.news.push_back(TailEvent::Lost(lost));
            }
            member.statistics.positions = OffsetVector::default();
            member.expired = true;
        }
        shared.divide();
    }

    /// From now on no member gets records, for this reason.
    pub fn break_off(&self, why: &str) {
        self.locked().outage = Some(why.to_owned());
    }

    /// Ends what [`MemoryGroup::break_off`] began.
    pub fn come_back(&self) {
        self.locked().outage = None;
    }

    /// What members have committed.
    pub fn committed(&self) -> OffsetVector {
        self.locked().committed.clone()
    }

    // No code can fail while it holds the lock, so what a panic elsewhere leaves is whole.
    fn locked(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Revokes what members have too much, and assigns what nobody has; does nothing until what was
    /// assigned before is started, and what was revoked is released.
    fn divide(&mut self) {
        let mut holds = self
            .members
            .values()
            .flat_map(|member| member.places.values());
        if !holds.all(|hold| matches!(hold, Hold::Started(_))) {
            return;
        }
        let places = self.log.partitions().unwrap_or_default();
        let mut members: Vec<&mut Member> = (self.members.values_mut())
            .filter(|member| !member.expired)
            .collect();
        if members.is_empty() {
            return;
        }
        let (share, mut more) = (places.len() / members.len(), places.len() % members.len());
        let mut free: VecDeque<&TopicPartition> = (places.iter())
            .filter(|place| {
                !members
                    .iter()
                    .any(|member| member.places.contains_key(place))
            })
            .collect();
        // Those that have most keep one more than the others.
        members.sort_by_key(|member| std::cmp::Reverse(member.kept().len()));
        for member in members {
            let kept = member.kept();
            let wanted = share + usize::from(more > 0);
            more = more.saturating_sub(1);
            let surplus = kept.get(wanted..).unwrap_or_default().to_vec();
            for place in &surplus {
                member.places.insert(place.clone(), Hold::Revoked);
            }
            let missing = wanted.saturating_sub(kept.len()).min(free.len());
            let assigned: Vec<TopicPartition> = free.drain(..missing).cloned().collect();
            for place in &assigned {
                member.places.insert(place.clone(), Hold::Assigned);
            }
            member.tell(surplus, TailEvent::Revoked);
            member.tell(assigned, TailEvent::Assigned);
        }
    }
}

impl Member {
    /// What it has and need not give up.
    fn kept(&self) -> Vec<TopicPartition> {
        let kept = self
            .places
            .iter()
            .filter(|(_, hold)| **hold != Hold::Revoked);
        kept.map(|(place, _)| place.clone()).collect()
    }

    /// Whether something has become of a partition that the reader does not know yet.
    fn is_news(&self, place: &TopicPartition) -> bool {
        self.news.iter().any(|event| match event {
            TailEvent::Assigned(places) | TailEvent::Revoked(places) => places.contains(place),
            _ => false,
        })
    }

    fn tell(&mut self, places: Vec<TopicPartition>, event: fn(Vec<TopicPartition>) -> TailEvent) {
        if !places.is_empty() {
            self.statistics.rebalances += 1;
            self.news.push_back(event(places));
        }
    }
}

/// A member of a [`MemoryGroup`].
#[derive(Debug)]
pub struct MemoryTail {
    group: MemoryGroup,
    member: u64,
    rows: usize,
    waiting: bool,
}

impl Tail for MemoryTail {
    /// Waits for nothing.
    fn poll(&mut self, _: Duration) -> Result<Vec<TailEvent>, LogError> {
        let mut shared = self.group.locked();
        let shared = &mut *shared;
        if let Some(why) = &shared.outage {
            let news = (!self.waiting).then(|| TailEvent::Waiting { why: why.clone() });
            self.waiting = true;
            return Ok(news.into_iter().collect());
        }
        let mut events = Vec::new();
        if std::mem::take(&mut self.waiting) {
            events.push(TailEvent::Recovered);
        }
        if let Some(member) = shared.members.get_mut(&self.member) {
            events.extend(member.news.drain(..));
            member.expired = false;
        }
        // Partitions may have been added to the log, and this member may have come back.
        shared.divide();
        let Some(member) = shared.members.get_mut(&self.member) else {
            return Ok(events);
        };
        events.extend(member.news.drain(..));
        let statistics = &mut member.statistics;
        for (place, hold) in &mut member.places {
            let Hold::Started(at) = hold else { continue };
            let end = shared.log.bounds(place)?.end;
            if let Some(chunk) = shared.log.read(place, *at..end, self.rows)?.next() {
                let chunk = chunk?;
                *at = chunk.next;
                statistics.records += chunk.rows() as u64;
                statistics.bytes += bytes(&chunk);
                events.push(TailEvent::Records(chunk));
            }
            statistics.positions.set(place.clone(), *at);
            statistics.ends.set(place.clone(), end);
        }
        Ok(events)
    }

    fn start(&mut self, from: &OffsetVector) -> Result<(), LogError> {
        let mut shared = self.group.locked();
        let log = Arc::clone(&shared.log);
        let Some(member) = shared.members.get_mut(&self.member) else {
            return Ok(());
        };
        if member.expired {
            // It hears at its next poll that nothing is its own.
            return Ok(());
        }
        let assigned = (member.places.iter())
            .filter(|(place, hold)| **hold == Hold::Assigned && !member.is_news(place))
            .map(|(place, _)| place);
        complete(assigned, from)?;
        for place in from.0.keys() {
            match member.places.get(place) {
                Some(Hold::Revoked) if member.is_news(place) => {}
                None | Some(Hold::Revoked) => return Err(not_ours(place)),
                Some(Hold::Assigned | Hold::Started(_)) => {}
            }
        }
        reachable(&*log, from)?;
        for (place, at) in &from.0 {
            if !member.is_news(place) {
                member.places.insert(place.clone(), Hold::Started(*at));
            }
            member.statistics.positions.set(place.clone(), *at);
        }
        Ok(())
    }

    fn release(&mut self, places: &[TopicPartition]) -> Result<(), LogError> {
        let mut shared = self.group.locked();
        if let Some(member) = shared.members.get_mut(&self.member) {
            for place in places {
                if member.places.get(place) == Some(&Hold::Revoked) {
                    member.places.remove(place);
                    member.statistics.positions.0.remove(place);
                    member.statistics.ends.0.remove(place);
                }
            }
        }
        shared.divide();
        Ok(())
    }

    fn commit(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        let mut shared = self.group.locked();
        for (place, next) in &reached.0 {
            shared.committed.set(place.clone(), *next);
        }
        Ok(())
    }

    fn commit_durably(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        self.commit(reached)
    }

    fn committed(&mut self, places: &[TopicPartition]) -> Result<OffsetVector, LogError> {
        let known = self.group.committed();
        let known = |place: &TopicPartition| Some((place.clone(), *known.0.get(place)?));
        Ok(OffsetVector(places.iter().filter_map(known).collect()))
    }

    fn statistics(&self) -> TailStatistics {
        let shared = self.group.locked();
        let member = shared.members.get(&self.member);
        member
            .map(|member| member.statistics.clone())
            .unwrap_or_default()
    }
}

impl Drop for MemoryTail {
    fn drop(&mut self) {
        let mut shared = self.group.locked();
        shared.members.remove(&self.member);
        shared.divide();
    }
}

/// The bytes of keys and values.
fn bytes(chunk: &Chunk) -> u64 {
    match &chunk.payload {
        Payload::Typed(_) => 0,
        Payload::Raw(raw) => [&raw.keys, &raw.values]
            .into_iter()
            .filter_map(|list| Some(list.value_offsets().last()? - list.value_offsets().first()?))
            .filter_map(|bytes| u64::try_from(bytes).ok())
            .sum(),
    }
}

#[cfg(test)]
mod tests;
