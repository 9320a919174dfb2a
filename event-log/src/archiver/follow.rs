//! Archiving what comes, for as long as it is let.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;

use super::filing::Filing;
use super::{ArchiveOptions, ArchiveReport, PartitionReport};
use crate::archive::Archive;
use crate::tail::{Tail, TailEvent};
use crate::{EventLog, LogError};

/// How often a tail that has nothing is asked again, and files are looked at.
const WAIT: Duration = Duration::from_millis(100);

/// How often a broker is asked again that did not answer.
const AGAIN: Duration = Duration::from_secs(1);

/// What an archiver that follows needs besides the log and the archive.
pub struct Following<'a> {
    /// How files are cut by size.
    pub options: ArchiveOptions,
    /// How long a file may be open, so that its records are not in the archive.
    pub roll_every: Duration,
    /// Whether others of its group may file the same partitions, so that one who finds a file that
    /// another has written goes on behind it.
    pub shared: bool,
    /// The time on any clock that goes on.
    pub clock: &'a dyn Fn() -> Duration,
    /// Whether to end: open files are finished first.
    pub stop: &'a dyn Fn() -> bool,
    /// Is told how it goes.
    pub tell: &'a mut dyn FnMut(&News<'_>),
}

/// What an archiver that follows tells.
#[derive(Clone, Copy, Debug)]
pub enum News<'a> {
    /// These partitions are being archived.
    Begun(&'a [TopicPartition]),
    /// These were filed to where they were read, and went to another member.
    HandedOver(&'a [TopicPartition]),
    /// These have gone to others, who file them from where the archive ends.
    Lost(&'a [TopicPartition]),
    /// Another member has filed this partition meanwhile; it goes on where the archive ends now.
    Overtaken(&'a TopicPartition),
    /// The broker does not answer. It is asked again, and that it is there again is told once.
    Waiting {
        /// What is wrong.
        why: &'a str,
    },
    /// What was waited for is there again.
    Recovered,
}

/// Copies what `tail` hands over, each partition from where the archive ends, until it is stopped.
///
/// Several of them may share a topic as members of a consumer group. A partition that goes to another
/// member is first filed to where it was read. A member that slept through its session may file once
/// more: then it or its successor finds the file that the other has written, and goes on behind it. A
/// broker that cannot be reached is waited for.
///
/// # Errors
/// As [`archive`](super::archive()), and whatever the tail may bring, but for an outage of the broker
/// and, where partitions are shared, [`LogError::Rival`]. Files that were made stay.
pub fn follow<'a>(
    log: &'a dyn EventLog,
    tail: &'a mut dyn Tail,
    archive: &'a Archive,
    following: Following<'a>,
) -> Result<ArchiveReport, LogError> {
    let mut follower = Follower {
        log,
        tail,
        archive,
        following,
        open: BTreeMap::new(),
        waiting: BTreeSet::new(),
        asked: None,
        outage: Outage::default(),
        done: Vec::new(),
    };
    while !(follower.following.stop)() {
        follower.step()?;
    }
    follower.finish()
}

struct Follower<'a> {
    log: &'a dyn EventLog,
    tail: &'a mut dyn Tail,
    archive: &'a Archive,
    following: Following<'a>,
    open: BTreeMap<TopicPartition, Filing<'a>>,
    /// Partitions that are ours and not begun.
    waiting: BTreeSet<TopicPartition>,
    /// When the broker was asked in vain where they are.
    asked: Option<Duration>,
    outage: Outage,
    done: Vec<PartitionReport>,
}

/// Who has no answer of the broker: it is one outage, and told as one.
#[derive(Debug, Default)]
struct Outage {
    tail: bool,
    log: bool,
}

impl Follower<'_> {
    fn step(&mut self) -> Result<(), LogError> {
        for event in self.tail.poll(WAIT)? {
            self.news(event)?;
        }
        self.begin()?;
        let now = (self.following.clock)();
        let old = |filing: &Filing| {
            let age = filing.opened().map(|opened| now.saturating_sub(opened));
            age.is_some_and(|age| age >= self.following.roll_every)
        };
        let due = self.open.iter().filter(|(_, filing)| old(filing));
        let due: Vec<TopicPartition> = due.map(|(place, _)| place.clone()).collect();
        for place in &due {
            self.file(place, |filing| filing.roll().map(drop))?;
        }
        match due.is_empty() {
            true => Ok(()),
            false => self.tail.commit(&self.filed()),
        }
    }

    fn news(&mut self, event: TailEvent) -> Result<(), LogError> {
        match event {
            TailEvent::Records(chunk) => {
                let now = (self.following.clock)();
                let place = chunk.place.clone();
                self.file(&place, |filing| filing.push(chunk, now))
            }
            TailEvent::Assigned(places) => {
                self.waiting.extend(places);
                self.asked = None;
                Ok(())
            }
            TailEvent::Revoked(places) => {
                for place in &places {
                    self.file(place, |filing| filing.roll().map(drop))?;
                }
                self.tail.commit(&self.filed())?;
                self.close(&places);
                self.tail.release(&places)?;
                (self.following.tell)(&News::HandedOver(&places));
                Ok(())
            }
            TailEvent::Lost(places) => {
                // What is in no file yet, the next owner files.
                self.close(&places);
                (self.following.tell)(&News::Lost(&places));
                Ok(())
            }
            TailEvent::Waiting { why } => {
                self.outage(|outage| outage.tail = true, &why);
                Ok(())
            }
            TailEvent::Recovered => {
                self.outage(|outage| outage.tail = false, "");
                Ok(())
            }
        }
    }

    /// Does something with the file of a partition that is open. Where another member has written it,
    /// the partition is begun anew.
    fn file(
        &mut self,
        place: &TopicPartition,
        work: impl FnOnce(&mut Filing<'_>) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        let Some(filing) = self.open.get_mut(place) else {
            return Ok(());
        };
        match work(filing) {
            Err(LogError::Rival { .. }) if self.following.shared => {
                self.close(std::slice::from_ref(place));
                self.waiting.insert(place.clone());
                (self.following.tell)(&News::Overtaken(place));
                Ok(())
            }
            done => done,
        }
    }

    /// Begins what is ours and not begun, all at once, as the tail wants it; where the broker does not
    /// say what it has, it is asked again in a while.
    fn begin(&mut self) -> Result<(), LogError> {
        let now = (self.following.clock)();
        let early = |asked: Duration| now.saturating_sub(asked) < AGAIN;
        if self.waiting.is_empty() || self.asked.is_some_and(early) {
            return Ok(());
        }
        let begun = (self.waiting.iter())
            .map(|place| Filing::begin(self.archive, self.log, place, self.following.options));
        let begun = match begun.collect::<Result<Vec<_>, _>>() {
            Ok(begun) => begun,
            Err(error @ (LogError::Broker { .. } | LogError::Unreachable { .. })) => {
                self.asked = Some(now);
                self.outage(|outage| outage.log = true, &error.to_string());
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.asked = None;
        let mut from = OffsetVector::default();
        for filing in begun {
            let report = filing.report();
            from.set(report.place.clone(), report.from);
            self.open.insert(report.place.clone(), filing);
        }
        let places: Vec<_> = std::mem::take(&mut self.waiting).into_iter().collect();
        self.tail.start(&from)?;
        self.outage(|outage| outage.log = false, "");
        (self.following.tell)(&News::Begun(&places));
        Ok(())
    }

    /// Tells of an outage that begins or is over.
    fn outage(&mut self, change: impl FnOnce(&mut Outage), why: &str) {
        let down = |outage: &Outage| outage.tail || outage.log;
        let before = down(&self.outage);
        change(&mut self.outage);
        match (before, down(&self.outage)) {
            (false, true) => (self.following.tell)(&News::Waiting { why }),
            (true, false) => (self.following.tell)(&News::Recovered),
            _ => {}
        }
    }

    /// Forgets partitions with what is in no file.
    fn close(&mut self, places: &[TopicPartition]) {
        for place in places {
            self.waiting.remove(place);
            let filing = self.open.remove(place);
            self.done
                .extend(filing.map(|filing| filing.report().clone()));
        }
    }

    /// Where the files of each partition end.
    fn filed(&self) -> OffsetVector {
        let ends = self.open.iter();
        let ends = ends.map(|(place, filing)| (place.clone(), filing.report().next));
        OffsetVector(ends.collect())
    }

    /// Finishes the open files.
    fn finish(mut self) -> Result<ArchiveReport, LogError> {
        let places: Vec<TopicPartition> = self.open.keys().cloned().collect();
        for place in &places {
            self.file(place, |filing| filing.roll().map(drop))?;
        }
        self.tail.commit(&self.filed())?;
        self.close(&places);
        Ok(ArchiveReport {
            partitions: self.done,
        })
    }
}
