//! A process that dies at one step of its loop, and everything outside that it had its hands on.

use std::error::Error;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use event_log::LogError;
use event_log::changelog::{Change, Changelog, Position};
use event_log::tail::memory::MemoryTail;
use event_log::tail::{Tail, TailEvent, TailStatistics};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use speed_layer::clock::Clock;
use speed_layer::downstream::{Advance, Downstream};
use speed_layer::sink::Follower;
use speed_layer::watch::{Event, Watch};
use view_store::blobs::{BlobError, Blobs, Creation};

/// What the loop does, in this order under exactly-once and at-least-once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Poll,
    Fold,
    Seal,
    Manifest,
    GroupCommit,
    Sink,
    Mark,
}

impl Step {
    pub const ALL: [Self; 7] = [
        Self::Poll,
        Self::Fold,
        Self::Seal,
        Self::Manifest,
        Self::GroupCommit,
        Self::Sink,
        Self::Mark,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Poll => "poll",
            Self::Fold => "fold",
            Self::Seal => "seal: the segment's file",
            Self::Manifest => "seal: the manifest",
            Self::GroupCommit => "group commit",
            Self::Sink => "downstream: the sink's transaction",
            Self::Mark => "downstream: the sink's mark",
        }
    }
}

/// On which side of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    Before,
    After,
}

/// When a process dies; shared by all that it does.
#[derive(Debug)]
pub struct Fate {
    death: Option<(Step, When)>,
    /// Set by the first checkpoint, so that there is something behind and something ahead.
    armed: AtomicBool,
    dead: AtomicBool,
}

impl Fate {
    pub fn new(death: Option<(Step, When)>) -> Arc<Self> {
        Arc::new(Self {
            death,
            armed: AtomicBool::new(false),
            dead: AtomicBool::new(false),
        })
    }

    pub fn is_dead(&self) -> bool {
        self.dead.load(Ordering::Relaxed)
    }

    /// Whether the process is still alive at this moment.
    fn lives(&self, step: Step, when: When) -> bool {
        if self.armed.load(Ordering::Relaxed) && self.death == Some((step, when)) {
            self.dead.store(true, Ordering::Relaxed);
        }
        !self.is_dead()
    }
}

/// A tail in the hands of a mortal.
pub struct MortalTail(pub MemoryTail, pub Arc<Fate>);

impl MortalTail {
    fn doing<T>(
        &mut self,
        step: Step,
        does: impl FnOnce(&mut MemoryTail) -> Result<T, LogError>,
    ) -> Result<T, LogError> {
        let died = || LogError::Refused("died".into());
        if !self.1.lives(step, When::Before) {
            return Err(died());
        }
        let done = does(&mut self.0)?;
        match self.1.lives(step, When::After) {
            true => Ok(done),
            false => Err(died()),
        }
    }
}

impl Tail for MortalTail {
    fn poll(&mut self, wait: Duration) -> Result<Vec<TailEvent>, LogError> {
        let events = self.doing(Step::Poll, |tail| tail.poll(wait))?;
        match self.1.lives(Step::Fold, When::Before) {
            true => Ok(events),
            false => Err(LogError::Refused("died".into())),
        }
    }

    fn start(&mut self, from: &OffsetVector) -> Result<(), LogError> {
        self.0.start(from)
    }

    fn release(&mut self, places: &[TopicPartition]) -> Result<(), LogError> {
        self.0.release(places)
    }

    fn commit(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        self.doing(Step::GroupCommit, |tail| tail.commit(reached))
    }

    fn commit_durably(&mut self, reached: &OffsetVector) -> Result<(), LogError> {
        self.doing(Step::GroupCommit, |tail| tail.commit_durably(reached))
    }

    fn committed(&mut self, places: &[TopicPartition]) -> Result<OffsetVector, LogError> {
        self.0.committed(places)
    }

    fn statistics(&self) -> TailStatistics {
        self.0.statistics()
    }
}

/// A store in the hands of a mortal.
pub struct MortalBlobs {
    pub blobs: Arc<dyn Blobs>,
    pub fate: Arc<Fate>,
    /// What the writing of a manifest is a step of.
    pub manifest: Step,
}

impl Blobs for MortalBlobs {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        self.blobs.list(folder)
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        self.blobs.get(path)
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        let step = match path.contains("/segments/") {
            true => Step::Seal,
            false => self.manifest,
        };
        let died = || BlobError::new("create", path, "died");
        if !self.fate.lives(step, When::Before) {
            return Err(died());
        }
        let created = self.blobs.create(path, bytes)?;
        match self.fate.lives(step, When::After) {
            true => Ok(created),
            false => Err(died()),
        }
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        self.blobs.delete(path)
    }
}

/// Sees what the process has folded, and that it has made a checkpoint.
pub struct MortalWatch(pub Arc<Fate>);

impl Watch for MortalWatch {
    fn told(&mut self, event: Event<'_>) {
        match event {
            Event::Published { .. } => {
                self.0.lives(Step::Fold, When::After);
            }
            Event::Sealed { .. } => self.0.armed.store(true, Ordering::Relaxed),
            _ => {}
        }
    }
}

/// A clock that the test moves on.
#[derive(Clone, Debug, Default)]
pub struct Hand(Arc<AtomicU64>);

impl Hand {
    pub fn turn(&self, by: Duration) {
        let by = u64::try_from(by.as_millis()).unwrap();
        self.0.fetch_add(by, Ordering::Relaxed);
    }
}

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn pause(&self, _: Duration) {
        // Time passes when the test says so.
    }
}

/// Names from a source of its own for each process.
pub fn entropy(seed: &Mutex<u64>) -> Arc<view_store::entropy::Seeded> {
    let mut seed = seed.lock().unwrap();
    *seed += 1;
    Arc::new(view_store::entropy::Seeded::new(*seed))
}

/// What a topic and its broker remember of a changelog.
#[derive(Debug, Default)]
pub struct Topic {
    pub changes: Vec<Change>,
    position: Option<Position>,
    /// The newest writer.
    epoch: u64,
}

/// A writer of that topic, in the hands of a mortal.
pub struct MortalLog {
    pub topic: Arc<Mutex<Topic>>,
    pub fate: Arc<Fate>,
    pub epoch: u64,
}

impl Changelog for MortalLog {
    fn fence(&mut self) -> Result<Option<Position>, LogError> {
        let mut topic = self.topic.lock().unwrap();
        topic.epoch += 1;
        self.epoch = topic.epoch;
        Ok(topic.position.clone())
    }

    fn commit(&mut self, changes: &[Change], position: &Position) -> Result<(), LogError> {
        let died = || LogError::Refused("died".into());
        if !self.fate.lives(Step::Sink, When::Before) {
            return Err(died());
        }
        let mut topic = self.topic.lock().unwrap();
        assert_eq!(self.epoch, topic.epoch, "a sink that was shut out");
        topic.changes.extend_from_slice(changes);
        topic.position = Some(position.clone());
        match self.fate.lives(Step::Sink, When::After) {
            true => Ok(()),
            false => Err(died()),
        }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

/// A sink that does its work when it is told, so that it is a step of the loop.
pub struct MortalSink {
    pub follower: Follower,
    pub started: bool,
    pub fate: Arc<Fate>,
}

impl Downstream for MortalSink {
    fn advanced(&mut self, advance: &Advance<'_>) -> Result<(), Box<dyn Error + Send + Sync>> {
        if self.fate.is_dead() {
            return Err("died".into());
        }
        if advance.sealed {
            if !std::mem::replace(&mut self.started, true) {
                self.follower.start()?;
            }
            self.follower.step()?;
        }
        Ok(())
    }
}
