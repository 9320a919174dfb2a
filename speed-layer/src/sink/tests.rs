#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
//! A changelog read in order is the table of the rows, whatever happens to the store and the sink.

mod fresh;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use event_log::LogError;
use event_log::changelog::{Change, Changelog, Position, json};
use proptest::prelude::*;
use shared_logic::answer::named_answer;
use shared_logic::chunk::Chunk;
use shared_logic::coverage::OffsetVector;
use shared_logic::fold::Fold;
use shared_logic::identity::{Offset, Topic, TopicPartition};
use shared_logic::job::Job;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::{EventTime, Watermark};
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::job::generations::{Behind, NewGeneration};
use view_store::job::own::Ownership;
use view_store::manifest::{GenerationId, Manifest};
use view_store::open_fold::OpenFold;
use view_store::store::Store;

use super::emit::Emit;
use super::error::SinkError;
use super::{Emission, Follower};

const PARTITIONS: u32 = 2;

/// What the topic and its broker remember of a changelog.
#[derive(Default)]
struct Kept {
    changes: Vec<Change>,
    position: Option<Position>,
    /// The newest writer.
    epoch: u64,
    /// What to do at the next commit.
    fault: Option<Fault>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    /// The writer dies, and nothing is committed.
    Before,
    /// It is committed, and the writer dies.
    After,
}

/// One writer of the changelog.
struct Writer {
    kept: Arc<Mutex<Kept>>,
    epoch: Option<u64>,
}

fn died() -> LogError {
    LogError::Broker {
        what: "committing".into(),
        reason: "died".into(),
    }
}

impl Changelog for Writer {
    fn fence(&mut self) -> Result<Option<Position>, LogError> {
        let mut kept = self.kept.lock().unwrap();
        kept.epoch += 1;
        self.epoch = Some(kept.epoch);
        Ok(kept.position.clone())
    }

    fn commit(&mut self, changes: &[Change], position: &Position) -> Result<(), LogError> {
        let mut kept = self.kept.lock().unwrap();
        if self.epoch != Some(kept.epoch) {
            let (topic, name) = (Topic::new("changes"), "sink".into());
            return Err(LogError::Fenced { topic, name });
        }
        let fault = kept.fault.take();
        if fault == Some(Fault::Before) {
            return Err(died());
        }
        kept.changes.extend_from_slice(changes);
        kept.position = Some(position.clone());
        match fault {
            Some(_) => Err(died()),
            None => Ok(()),
        }
    }

    fn flush(&mut self) -> Result<(), LogError> {
        Ok(())
    }
}

type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// What a reader of the changelog has in the end.
fn reduced(changes: &[Change]) -> Rows {
    let mut rows = Rows::new();
    for change in changes {
        match &change.value {
            Some(value) => rows.insert(change.key.clone(), value.clone()),
            None => rows.remove(&change.key),
        };
    }
    rows
}

const TABLE: &str = "
    CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT) WITH (event_time = 'at');";

/// Views of every kind of window, with and without an end of what they keep.
const VIEWS: [&str; 7] = [
    "CREATE VIEW v AS SELECT window_start, window_end, name, COUNT(*) AS n, SUM(value) AS total
     FROM TUMBLE(events, at, INTERVAL '10' SECOND) GROUP BY name, window_start, window_end",
    "CREATE VIEW v AS SELECT name, MAX(value) AS most
     FROM HOP(events, at, INTERVAL '4' SECOND, INTERVAL '10' SECOND) GROUP BY name, window_start, window_end",
    "CREATE VIEW v AS SELECT window_end, name, COUNT(DISTINCT value) AS n
     FROM CUMULATE(events, at, INTERVAL '5' SECOND, INTERVAL '20' SECOND) GROUP BY name, window_start, window_end",
    "CREATE VIEW v AS SELECT name, window_start, COUNT(*) AS n
     FROM TABLE(SESSION(TABLE events PARTITION BY name, DESCRIPTOR(at), INTERVAL '4' SECOND)) GROUP BY name, window_start, window_end",
    "CREATE VIEW v AS SELECT name, COUNT(*) AS n, SUM(value) AS total FROM events GROUP BY name",
    "CREATE VIEW v WITH (retain = '20 seconds') AS SELECT window_start, name, COUNT(*) AS n
     FROM HOP(events, at, INTERVAL '5' SECOND, INTERVAL '10' SECOND) GROUP BY name, window_start, window_end",
    "CREATE VIEW v WITH (allowed_lateness = '5 seconds', late = 'speed-only') AS
     SELECT window_start, name, COUNT(*) AS n
     FROM TUMBLE(events, at, INTERVAL '10' SECOND) GROUP BY name, window_start, window_end",
];

fn compiled(sql: &str) -> Arc<View> {
    let job = Job::compile("v", &format!("{TABLE}{sql};")).unwrap();
    Arc::clone(&job.views[0])
}

/// Second, name, value.
type Event = (i64, Option<u8>, i64);

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("events", partition)
}

/// Folds some events of a partition from where they are in it.
fn fold(view: &Arc<View>, partition: u32, all: &[Event], from: usize, batch: bool) -> Partial {
    let mut fold = Fold::new(view).unwrap();
    if batch {
        fold = fold.correcting();
    }
    let before = all[..from].iter().map(|event| event.0).max();
    let before = before.map(|at| Watermark(EventTime(at * 1_000_000)));
    let events = &all[from..];
    let columns: [(&str, ArrayRef); 3] = [
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(
                events.iter().map(|event| event.0 * 1_000_000),
            )),
        ),
        (
            "name",
            Arc::new(StringArray::from_iter(
                events
                    .iter()
                    .map(|event| event.1.map(|name| name.to_string())),
            )),
        ),
        (
            "value",
            Arc::new(Int64Array::from_iter_values(
                events.iter().map(|event| event.2),
            )),
        ),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    fold.begin(place(partition), Offset(from as u64), before);
    let chunk = Chunk::typed(place(partition), Offset(from as u64), rows.unwrap());
    fold.push(&chunk).unwrap();
    fold.finish().unwrap()
}

/// What may happen to a store and its sink.
#[derive(Clone, Debug)]
enum Act {
    /// More events of a partition become a segment.
    Seal(u32, Vec<Event>),
    /// All segments become one.
    Compact,
    /// A batch folds all that is sealed.
    Land,
    /// Another view takes the place of this one, over the same events.
    CutOver(usize),
    /// Old manifests go.
    Gc,
    /// The sink looks.
    Step,
    /// The sink starts again, or another one does.
    Restart,
    /// The sink dies at its next commit.
    Fault(bool),
}

/// A job and its sink.
struct World {
    job: JobStore,
    view: Arc<View>,
    generation: GenerationId,
    events: Vec<Vec<Event>>,
    kept: Arc<Mutex<Kept>>,
    emit: Emit,
    sink: Option<Follower>,
    /// Sinks that were replaced and do not know it yet.
    zombies: Vec<Follower>,
}

impl World {
    fn new(sql: &str, emit: Emit) -> Self {
        let job = Store::memory().job("v").unwrap();
        let (view, generation) = begin(&job, sql, false);
        let mut world = Self {
            job,
            view,
            generation,
            events: vec![vec![]; PARTITIONS as usize],
            kept: Arc::default(),
            emit,
            sink: None,
            zombies: vec![],
        };
        world.restart();
        world
    }

    fn restart(&mut self) {
        self.zombies.extend(self.sink.take());
        let writer = Writer {
            kept: Arc::clone(&self.kept),
            epoch: None,
        };
        let compile = |generation: &view_store::manifest::Generation| {
            Ok(Arc::clone(
                &Job::compile("v", &generation.sql).unwrap().views[0],
            ))
        };
        let (emit, compile) = (self.emit, Box::new(compile));
        let mut sink = Follower::new(&self.job, "sink", compile, emit, Box::new(writer));
        sink.start().unwrap();
        self.sink = Some(sink);
    }

    fn act(&mut self, act: &Act) {
        match act {
            Act::Seal(partition, events) => self.seal(*partition, events),
            Act::Compact => {
                let segments = self.job.snapshot(Some(self.generation)).unwrap().segments;
                if segments.len() > 1 {
                    let merged = self.merged(&self.job.manifest().unwrap());
                    self.job
                        .compact(self.generation, &segments, &merged)
                        .unwrap();
                }
            }
            Act::Land => {
                let cut = self.job.manifest().unwrap().live().unwrap().next.clone();
                let parts = (0..)
                    .zip(&self.events)
                    .filter(|(_, events)| !events.is_empty());
                let parts: Vec<Partial> = parts
                    .map(|(p, events)| fold(&self.view, p, events, 0, true))
                    .collect();
                if !parts.is_empty() {
                    let pin = self.job.pin(self.generation, cut).unwrap();
                    let rows = merge(&self.view, &parts).unwrap();
                    self.job.land(self.generation, &pin, &rows).unwrap();
                }
            }
            Act::CutOver(to) => {
                let (view, generation) = begin(&self.job, VIEWS[*to], true);
                (self.view, self.generation) = (view, generation);
                for (partition, events) in (0..).zip(self.events.clone()) {
                    self.put(partition, &events, 0);
                }
                self.job.cut_over(generation, Behind::Refused).unwrap();
            }
            Act::Gc => {
                self.job.gc(0).unwrap();
            }
            Act::Step => self.step(),
            Act::Restart => self.restart(),
            Act::Fault(after) => {
                let fault = if *after { Fault::After } else { Fault::Before };
                self.kept.lock().unwrap().fault = Some(fault);
            }
        }
    }

    fn seal(&mut self, partition: u32, events: &[Event]) {
        let known = self.events[partition as usize].len();
        self.events[partition as usize].extend_from_slice(events);
        let all = self.events[partition as usize].clone();
        self.put(partition, &all, known);
    }

    fn put(&mut self, partition: u32, all: &[Event], from: usize) {
        if all.len() > from {
            let owns = self.claim(partition);
            let partial = fold(&self.view, partition, all, from, false);
            self.job.seal(&owns, &partial).unwrap();
        }
    }

    fn claim(&self, partition: u32) -> Ownership {
        self.job.claim(self.generation, [place(partition)]).unwrap()
    }

    fn step(&mut self) {
        for zombie in &mut self.zombies {
            // It may find nothing to emit, but nothing that it emits may arrive.
            let before = self.kept.lock().unwrap().changes.len();
            let _ = zombie.step();
            assert_eq!(self.kept.lock().unwrap().changes.len(), before);
        }
        if let Err(error) = self.sink.as_mut().unwrap().step() {
            assert!(matches!(&error, SinkError::Log(_)), "{error}");
            self.job.gc(0).unwrap();
            self.restart();
            self.step();
        }
    }

    fn merged(&self, manifest: &Arc<Manifest>) -> Partial {
        let generation = manifest.live().unwrap();
        let partials = generation.segments.iter();
        let partials: Vec<Partial> = partials
            .map(|entry| self.job.read(entry, &self.view.fingerprint).unwrap())
            .collect();
        merge(&self.view, &partials).unwrap()
    }

    /// The rows of the whole view as the changelog should have them.
    fn expected(&self) -> Rows {
        let manifest = self.job.manifest().unwrap();
        if manifest.live().unwrap().segments.is_empty() {
            return Rows::new();
        }
        let merged = self.merged(&manifest);
        let until = match self.emit {
            Emit::Close => {
                let all = self.events.iter().filter(|events| !events.is_empty());
                let reached = all.map(|events| events.iter().map(|event| event.0).max().unwrap());
                reached.min().unwrap() * 1_000_000
            }
            _ => i64::MAX,
        };
        let answer = named_answer(&self.view, &merged).unwrap();
        let (keys, values) = (json(&answer.names).unwrap(), json(&answer.rows).unwrap());
        let closed = |row: &usize| answer.ends.value(*row) <= until;
        let row = |row: usize| (keys.value(row).to_vec(), values.value(row).to_vec());
        (0..answer.rows.num_rows())
            .filter(closed)
            .map(row)
            .collect()
    }

    /// The values that the changelog has and the view shows, too.
    fn found(&self) -> Rows {
        let shown = self.view.schema.fields();
        let only = |value: &Vec<u8>| {
            let mut row: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(value).unwrap();
            row.retain(|name, _| shown.iter().any(|field| field.name() == name));
            row
        };
        let rows = reduced(&self.kept.lock().unwrap().changes);
        let row = |(key, value): (Vec<u8>, Vec<u8>)| (key, format!("{:?}", only(&value)).into());
        rows.into_iter().map(row).collect()
    }
}

fn begin(job: &JobStore, sql: &str, again: bool) -> (Arc<View>, GenerationId) {
    let view = compiled(sql);
    let new = NewGeneration {
        view: view.name.clone(),
        fingerprint: view.fingerprint.clone(),
        sql: format!("{TABLE}{sql};"),
        origin: OffsetVector::default(),
        again,
    };
    let (generation, _) = job.create_generation(&new).unwrap();
    (view, generation)
}

fn comparable(rows: Rows) -> Rows {
    let parse = |value: Vec<u8>| {
        let row: serde_json::Map<String, serde_json::Value> =
            serde_json::from_slice(&value).unwrap();
        format!("{row:?}").into()
    };
    rows.into_iter()
        .map(|(key, value)| (key, parse(value)))
        .collect()
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    proptest::collection::vec(
        (0..120_i64, proptest::option::of(0..4_u8), -9..9_i64),
        1..12,
    )
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => (0..PARTITIONS, events()).prop_map(|(partition, events)| Act::Seal(partition, events)),
        4 => Just(Act::Step),
        1 => Just(Act::Compact),
        1 => Just(Act::Land),
        1 => (0..VIEWS.len()).prop_map(Act::CutOver),
        1 => Just(Act::Gc),
        1 => Just(Act::Restart),
        2 => any::<bool>().prop_map(Act::Fault),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn a_changelog_is_the_table_whatever_happens(
        view in 0..VIEWS.len(),
        close in any::<bool>(),
        acts in proptest::collection::vec(act(), 1..30),
    ) {
        let close = close && !acts.iter().any(|act| matches!(act, Act::CutOver(4))) && view != 4;
        let emit = if close { Emit::Close } else { Emit::Checkpoint };
        let mut world = World::new(VIEWS[view], emit);
        for act in &acts {
            world.act(act);
            if matches!(act, Act::Step) {
                prop_assert_eq!(world.found(), comparable(world.expected()));
            }
        }
        world.step();
        prop_assert_eq!(world.found(), comparable(world.expected()));
    }
}

fn seconds(at: &[i64]) -> Vec<Event> {
    at.iter().map(|at| (*at, Some(1), *at)).collect()
}

#[test]
fn only_what_has_changed_is_emitted() {
    let mut world = World::new(VIEWS[0], Emit::Checkpoint);
    world.seal(0, &seconds(&[1, 2, 11, 25]));
    let sink = world.sink.as_mut().unwrap();
    assert_eq!(sink.step().unwrap(), Emission { rows: 3, gone: 0 });
    assert_eq!(sink.step().unwrap(), Emission::default(), "nothing new");
    world.seal(1, &seconds(&[12, 31]));
    assert_eq!(
        world.sink.as_mut().unwrap().step().unwrap(),
        Emission { rows: 2, gone: 0 }
    );
    let last = world.kept.lock().unwrap().changes.last().cloned().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    assert_eq!(
        text(&last.key),
        r#"{"window_start":"1970-01-01T00:00:30Z","window_end":"1970-01-01T00:00:40Z","name":"1"}"#
    );
    assert_eq!(
        text(&last.value.unwrap()),
        r#"{"window_start":"1970-01-01T00:00:30Z","window_end":"1970-01-01T00:00:40Z","name":"1","n":1,"total":31}"#
    );
    world.act(&Act::Compact);
    let commits = world.kept.lock().unwrap().changes.len();
    assert_eq!(
        world.sink.as_mut().unwrap().step().unwrap(),
        Emission::default()
    );
    assert_eq!(world.kept.lock().unwrap().changes.len(), commits);
}

#[test]
fn a_few_keys_are_found_among_many() {
    for sql in VIEWS {
        let mut world = World::new(sql, Emit::Checkpoint);
        let many = |from: u8, to: u8| -> Vec<Event> {
            (from..to)
                .map(|name| (i64::from(name % 3) * 5, Some(name), 1))
                .collect()
        };
        world.seal(0, &many(0, 250));
        world.seal(1, &many(20, 200));
        world.step();
        world.seal(0, &[(5, Some(9), 1), (10, Some(77), 2), (5, None, 1)]);
        let emitted = world.sink.as_mut().unwrap().step().unwrap();
        assert!(emitted.rows <= 3 * 4, "{sql}: {emitted:?}");
        assert_eq!(world.found(), comparable(world.expected()), "{sql}");
    }
}

#[test]
fn sessions_that_join_leave_tombstones() {
    let mut world = World::new(VIEWS[3], Emit::Checkpoint);
    world.seal(0, &seconds(&[1, 8]));
    world.step();
    assert_eq!(world.found().len(), 2);
    world.seal(1, &seconds(&[4]));
    let emitted = world.sink.as_mut().unwrap().step().unwrap();
    assert_eq!(emitted, Emission { rows: 1, gone: 2 });
    assert_eq!(world.found(), comparable(world.expected()));
}

#[test]
fn snapshots_are_followed_with_their_open_fold() {
    for sql in VIEWS {
        let mut world = World::new(sql, Emit::Checkpoint);
        world.seal(0, &seconds(&[1, 14, 22]));
        let owns = world.claim(0);
        let mut open = OpenFold::new(world.job.manifest().unwrap(), world.generation).unwrap();
        let all = seconds(&[1, 14, 22, 3, 26, 27, 41, 60]);
        let mut runs = vec![];
        for end in 4..=all.len() {
            let run = fold(&world.view, 0, &all[..end], end - 1, false);
            open.publish(run.clone()).unwrap();
            runs.push(run);
            world
                .sink
                .as_mut()
                .unwrap()
                .follow(&open.snapshot(), &[])
                .unwrap();
        }
        world.events[0] = all;
        let followed = world.found();
        let emitted = world.kept.lock().unwrap().changes.len();
        let sealed = merge(&world.view, &runs).unwrap();
        open.advance(world.job.seal(&owns, &sealed).unwrap())
            .unwrap();
        world
            .sink
            .as_mut()
            .unwrap()
            .follow(&open.snapshot(), &[])
            .unwrap();
        assert_eq!(followed, comparable(world.expected()), "{sql}");
        assert_eq!(
            world.kept.lock().unwrap().changes.len(),
            emitted,
            "sealed is not new"
        );
    }
}

#[test]
fn another_store_is_not_gone_on_from() {
    let mut world = World::new(VIEWS[0], Emit::Checkpoint);
    world.seal(0, &seconds(&[1]));
    world.step();
    let kept = Arc::clone(&world.kept);
    let mut other = World::new(VIEWS[0], Emit::Checkpoint);
    for _ in 0..5 {
        other.seal(0, &seconds(&[1]));
    }
    let writer = Writer { kept, epoch: None };
    let compile = |_: &view_store::manifest::Generation| Err("never asked".to_owned());
    let (compile, emit) = (Box::new(compile), Emit::Checkpoint);
    let mut sink = Follower::new(&other.job, "other", compile, emit, Box::new(writer));
    let error = sink.start().unwrap_err().to_string();
    assert!(
        error.contains("which this store has another one of"),
        "{error}"
    );
}
