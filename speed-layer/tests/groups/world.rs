//! Processes that share a topic and a store, and everything that may happen to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use arrow::array::BinaryArray;
use arrow::array::{Array, AsArray};
use arrow::datatypes::{Int64Type, UInt64Type};
use bytes::Bytes;
use event_log::EventLog;
use event_log::memory::MemoryLog;
use event_log::tail::memory::{MemoryGroup, MemoryTail};
use event_log::tail::{Tail, TailEvent, TailStatistics};
use shared_logic::chunk::{Payload, Raw};
use shared_logic::coverage::OffsetVector;
use shared_logic::fold::Fold;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::job::Job;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use speed_layer::clock::Clock;
use speed_layer::error::SpeedError;
use speed_layer::live::{Live, Options, Ports};
use view_store::blobs::memory::Memory;
use view_store::blobs::{BlobError, Blobs, Creation};
use view_store::entropy::Seeded;
use view_store::error::Error;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::{GenerationId, ManifestNumber, Pin};
use view_store::snapshot::Snapshot;
use view_store::store::Store;

const SQL: &str = "
    CREATE TABLE events (at TIMESTAMP NOT NULL, id BIGINT) WITH (event_time = 'at');
    CREATE VIEW seen AS
    SELECT window_start, id, COUNT(*) AS n
    FROM TUMBLE(events, at, INTERVAL '1' HOUR)
    GROUP BY id, window_start, window_end";

/// A store that can be out of reach; what it does then may have taken effect all the same.
#[derive(Default)]
struct Shaky {
    blobs: Memory,
    down: AtomicBool,
    /// Whether what fails takes effect.
    late: AtomicBool,
}

impl Shaky {
    fn up(&self, action: &'static str, path: &str) -> Result<(), BlobError> {
        match self.down.load(Ordering::Relaxed) {
            true => Err(BlobError::new(action, path, "out of reach")),
            false => Ok(()),
        }
    }
}

impl Blobs for Shaky {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        self.up("list", folder)?;
        self.blobs.list(folder)
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        self.up("read", path)?;
        self.blobs.get(path)
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        let up = self.up("create", path);
        if up.is_ok() || self.late.load(Ordering::Relaxed) {
            let created = self.blobs.create(path, bytes)?;
            up.map(|()| created)
        } else {
            up.map(|()| Creation::AlreadyThere)
        }
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        self.up("delete", path)?;
        self.blobs.delete(path)
    }
}

/// A clock that the test moves on.
#[derive(Clone, Debug, Default)]
struct Hand(Arc<AtomicU64>);

impl Clock for Hand {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::Relaxed))
    }

    fn pause(&self, _: Duration) {
        // Time passes when the test says so.
    }
}

/// A tail that the test can reach while a process has it.
#[derive(Clone)]
pub struct Lent(Arc<std::sync::Mutex<MemoryTail>>);

impl Tail for Lent {
    fn poll(&mut self, wait: Duration) -> Result<Vec<TailEvent>, event_log::LogError> {
        self.0.lock().unwrap().poll(wait)
    }

    fn start(&mut self, from: &OffsetVector) -> Result<(), event_log::LogError> {
        self.0.lock().unwrap().start(from)
    }

    fn release(&mut self, places: &[TopicPartition]) -> Result<(), event_log::LogError> {
        self.0.lock().unwrap().release(places)
    }

    fn commit(&mut self, reached: &OffsetVector) -> Result<(), event_log::LogError> {
        self.0.lock().unwrap().commit(reached)
    }

    fn commit_durably(&mut self, reached: &OffsetVector) -> Result<(), event_log::LogError> {
        self.0.lock().unwrap().commit_durably(reached)
    }

    fn committed(
        &mut self,
        places: &[TopicPartition],
    ) -> Result<OffsetVector, event_log::LogError> {
        self.0.lock().unwrap().committed(places)
    }

    fn statistics(&self) -> TailStatistics {
        self.0.lock().unwrap().statistics()
    }
}

/// One process.
pub struct Process {
    live: Live,
    tail: Lent,
}

impl Process {
    pub fn stop(self) -> Result<(), SpeedError> {
        self.live.stop()
    }
}

/// Everything.
pub struct World {
    pub view: Arc<View>,
    pub job: JobStore,
    pub generation: GenerationId,
    pub log: Arc<MemoryLog>,
    pub group: MemoryGroup,
    pub processes: Vec<Process>,
    /// The id of each record, by partition.
    ids: BTreeMap<TopicPartition, Vec<i64>>,
    next: i64,
    clock: Hand,
    blobs: Arc<Shaky>,
    pin: Option<Pin>,
    /// What was checked last: nothing new is to be seen in the same.
    checked: Option<(ManifestNumber, OffsetVector)>,
    options: Options,
}

/// One thing that happens; numbers choose among what there is.
#[derive(Clone, Debug)]
pub enum Happening {
    Join,
    Step(u8),
    Crash(u8),
    Stop(u8),
    Expire(u8),
    Append(u8, u8),
    Partition,
    Topic(bool),
    Store { down: bool, late: bool },
    Pin(f64),
    Land,
    Wait(u16),
}

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("events", partition)
}

impl World {
    pub fn new(seal_aside: bool) -> Self {
        let log = Arc::new(MemoryLog::new((0..2).map(place)));
        let view = Arc::clone(&Job::compile("seen", SQL).unwrap().views[0]);
        let blobs = Arc::new(Shaky::default());
        let store = Store::with(
            Arc::clone(&blobs) as Arc<dyn Blobs>,
            Arc::new(Seeded::new(1)),
        );
        let job = store.job("seen").unwrap();
        let new = NewGeneration {
            view: view.name.clone(),
            fingerprint: view.fingerprint.clone(),
            sql: SQL.to_owned(),
            origin: log.start().unwrap(),
            again: false,
        };
        let (generation, _) = job.create_generation(&new).unwrap();
        Self {
            group: MemoryGroup::new(Arc::clone(&log)),
            ids: (0..2).map(|partition| (place(partition), vec![])).collect(),
            view,
            job,
            generation,
            log,
            processes: vec![],
            next: 0,
            clock: Hand::default(),
            blobs,
            pin: None,
            checked: None,
            options: Options {
                publish_every: Duration::from_millis(2),
                checkpoint_every: 12,
                checkpoint_within: Duration::from_millis(40),
                seal_aside,
                ahead_from: if seal_aside { 1 } else { usize::MAX },
                ..Options::default()
            },
        }
    }

    pub fn join(&mut self) {
        let tail = Lent(Arc::new(std::sync::Mutex::new(self.group.join(5))));
        let ports = Ports {
            tail: Box::new(tail.clone()),
            downstream: Box::new(()),
            watch: Box::new(()),
            clock: Box::new(self.clock.clone()),
        };
        match Live::new(&self.view, &self.job, self.generation, self.options, ports) {
            Ok(live) => self.processes.push(Process { live, tail }),
            Err(error) => assert!(self.is_down(), "{error}"),
        }
    }

    fn is_down(&self) -> bool {
        self.blobs.down.load(Ordering::Relaxed)
    }

    /// Steps a process; one that was fenced or cannot go on is gone.
    pub fn step(&mut self, n: usize) {
        if let Some(process) = self.processes.get_mut(n) {
            let done = process.live.step();
            let snapshot = process.live.published().load();
            if let Err(error) = done {
                assert!(matches!(error, SpeedError::Fenced { .. }), "{error}");
                self.processes.remove(n);
            }
            let stands = Some((snapshot.manifest.number, snapshot.offsets.clone()));
            if !self.is_down() && self.checked != stands {
                self.check(&snapshot);
                self.checked = stands;
            }
        }
    }

    /// Each record below the snapshot's offsets is in it once, and no other.
    pub fn check(&self, snapshot: &Snapshot) {
        let mut partials: Vec<Arc<Partial>> = vec![];
        for entry in snapshot.segments.iter() {
            partials.push(Arc::new(
                self.job.read(entry, &self.view.fingerprint).unwrap(),
            ));
        }
        partials.extend(snapshot.runs.iter().cloned());
        let merged = merge(&self.view, partials.iter().map(Arc::as_ref)).unwrap();
        let ids = merged.rows.column_by_name("key_0").unwrap();
        let events = merged.rows.column_by_name("events").unwrap();
        let found: BTreeMap<i64, u64> = (ids.as_primitive::<Int64Type>().values().iter().copied())
            .zip(events.as_primitive::<UInt64Type>().values().iter().copied())
            .collect();
        let mut expected = BTreeMap::new();
        for (place, ids) in &self.ids {
            let upto = snapshot.offsets.get(place).0 as usize;
            expected.extend(ids[..upto].iter().map(|id| (*id, 1)));
        }
        assert_eq!(found, expected);
    }

    /// How many runs the open fold of a process has.
    pub fn runs(&self, n: usize) -> usize {
        self.processes[n].live.published().load().runs.len()
    }

    fn index(&self, n: u8) -> usize {
        usize::from(n) % self.processes.len().max(1)
    }

    pub fn happens(&mut self, happening: &Happening) {
        match happening {
            Happening::Join if self.processes.len() < 4 => self.join(),
            Happening::Join => {}
            Happening::Step(n) => self.step(self.index(*n)),
            Happening::Crash(n) => {
                let n = self.index(*n);
                if n < self.processes.len() {
                    self.processes.remove(n);
                }
            }
            Happening::Stop(n) => {
                let n = self.index(*n);
                if n < self.processes.len() {
                    let stopped = self.processes.remove(n).live.stop();
                    let fair = |error: &SpeedError| {
                        matches!(
                            error,
                            SpeedError::Fenced { .. } | SpeedError::Unsealed { .. }
                        )
                    };
                    assert!(stopped.as_ref().err().is_none_or(fair), "{stopped:?}");
                }
            }
            Happening::Expire(n) => {
                if let Some(process) = self.processes.get(self.index(*n)) {
                    self.group.expire(&process.tail.0.lock().unwrap());
                }
            }
            Happening::Append(partition, records) => self.append(*partition, *records),
            Happening::Partition => {
                let partition = self.ids.len() as u32;
                if partition < 5 {
                    self.ids.insert(place(partition), vec![]);
                    self.append(partition as u8, 3);
                }
            }
            Happening::Topic(true) => self.group.break_off("no broker"),
            Happening::Topic(false) => self.group.come_back(),
            Happening::Store { down, late } => {
                self.blobs.down.store(*down, Ordering::Relaxed);
                self.blobs.late.store(*late, Ordering::Relaxed);
            }
            Happening::Pin(share) if !self.is_down() => {
                let mut cut = self.log.end().unwrap();
                for next in cut.0.values_mut() {
                    next.0 = (next.0 as f64 * share) as u64;
                }
                match self.job.pin(self.generation, cut) {
                    Ok(pin) => self.pin = Some(pin),
                    Err(error) => assert!(matches!(error, Error::Refused(_)), "{error}"),
                }
            }
            Happening::Land if !self.is_down() => self.land(),
            Happening::Pin(_) | Happening::Land => {}
            Happening::Wait(ms) => {
                self.clock.0.fetch_add(u64::from(*ms), Ordering::Relaxed);
            }
        }
    }

    fn append(&mut self, partition: u8, records: u8) {
        let partition = u32::from(partition) % self.ids.len() as u32;
        let ids: Vec<i64> = (self.next..).take(usize::from(records)).collect();
        self.next += i64::from(records);
        let record = |id: &i64| format!(r#"{{"at":{id},"id":{id}}}"#);
        let values = BinaryArray::from_iter_values(ids.iter().map(record));
        let nothing = BinaryArray::new_null(values.len());
        let raw = Raw {
            keys: nothing.clone(),
            values,
            headers: nothing,
        };
        (self.log.append(&place(partition), Payload::Raw(raw), None)).unwrap();
        self.ids.get_mut(&place(partition)).unwrap().extend(ids);
    }

    /// A batch run that folds everything below its pin and lands.
    fn land(&mut self) {
        let Some(pin) = self.pin.take() else { return };
        let mut fold = Fold::new(&self.view).unwrap();
        for (place, end) in &pin.cut.0 {
            for chunk in self.log.read(place, Offset(0)..*end, 100).unwrap() {
                fold.push(&chunk.unwrap()).unwrap();
            }
        }
        match self
            .job
            .land(self.generation, &pin, &fold.finish().unwrap())
        {
            Ok(_) | Err(Error::Refused(_) | Error::Stale(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }

    /// All come to the end: what the store has then is the log, each record once.
    pub fn end(mut self) {
        self.happens(&Happening::Topic(false));
        self.happens(&Happening::Store {
            down: false,
            late: false,
        });
        self.join();
        for _ in 0..400 {
            self.clock.0.fetch_add(7, Ordering::Relaxed);
            for n in (0..self.processes.len()).rev() {
                self.step(n);
            }
        }
        while let Some(process) = self.processes.pop() {
            process.live.stop().unwrap();
        }
        let snapshot = self.job.snapshot(None).unwrap();
        let end = self.log.end().unwrap();
        assert!(
            snapshot.offsets.reaches(&end),
            "{} of {end}",
            snapshot.offsets
        );
        self.check(&snapshot);
    }
}
