//! Every step of the loop × a crash before or after it × each delivery: what is lost and what is
//! doubled. The table is printed, asserted, and in `docs/delivery.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod fate;
mod outage;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, UInt64Type};
use event_log::EventLog;
use event_log::memory::MemoryLog;
use event_log::tail::memory::MemoryGroup;
use serde_json::Value;
use shared_logic::identity::TopicPartition;
use shared_logic::job::Job;
use shared_logic::merge::merge;
use shared_logic::view::View;
use speed_layer::error::SpeedError;
use speed_layer::live::{Live, Options, Ports};
use speed_layer::sink::Follower;
use speed_layer::sink::emit::Emit;
use view_store::blobs::Blobs;
use view_store::blobs::memory::Memory;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::{Delivery, GenerationId};
use view_store::store::Store;

use fate::{
    Fate, Hand, MortalBlobs, MortalLog, MortalSink, MortalTail, MortalWatch, Step, Topic, When,
    entropy,
};

const SQL: &str = "
    CREATE TABLE events (at TIMESTAMP NOT NULL, id BIGINT) WITH (event_time = 'at');
    CREATE VIEW seen AS
    SELECT window_start, id, COUNT(*) AS n
    FROM TUMBLE(events, at, INTERVAL '1' HOUR)
    GROUP BY id, window_start, window_end";

const EVENTS: i64 = 90;

/// Checkpoints after a few records, made at once.
fn options(delivery: Delivery) -> Options {
    Options {
        publish_every: Duration::ZERO,
        checkpoint_every: 7,
        delivery,
        seal_aside: false,
        ..Options::default()
    }
}

/// What outlives every process.
struct World {
    view: Arc<View>,
    blobs: Arc<dyn Blobs>,
    group: MemoryGroup,
    log: Arc<MemoryLog>,
    sink: Arc<Mutex<Topic>>,
    seeds: Mutex<u64>,
}

impl World {
    fn new(blobs: Arc<dyn Blobs>) -> Self {
        let partitions = (0..3_u32).map(|partition| {
            let ids = (0..EVENTS).filter(|id| id % 3 == i64::from(partition));
            let record = |id| Some(format!(r#"{{"at":{id},"id":{id}}}"#));
            (
                TopicPartition::new("events", partition),
                ids.map(record).collect(),
            )
        });
        let log = Arc::new(MemoryLog::raw::<String>(partitions));
        Self {
            view: Arc::clone(&Job::compile("seen", SQL).unwrap().views[0]),
            blobs,
            group: MemoryGroup::new(Arc::clone(&log)),
            log,
            sink: Arc::default(),
            seeds: Mutex::new(0),
        }
    }

    fn job(&self, fate: &Arc<Fate>, manifest: Step) -> (JobStore, GenerationId) {
        let blobs = MortalBlobs {
            blobs: Arc::clone(&self.blobs),
            fate: Arc::clone(fate),
            manifest,
        };
        let store = Store::with(Arc::new(blobs), entropy(&self.seeds));
        let job = store.job("seen").unwrap();
        let new = NewGeneration {
            view: self.view.name.clone(),
            fingerprint: self.view.fingerprint.clone(),
            sql: SQL.to_owned(),
            origin: self.log.start().unwrap(),
            again: false,
        };
        let generation = match job.manifest() {
            Ok(manifest) => manifest.live,
            Err(_) => job.create_generation(&new).unwrap().0,
        };
        (job, generation)
    }

    /// A process that runs until it dies, or has followed to the end and stopped.
    fn run(&self, delivery: Delivery, death: Option<(Step, When)>) -> Result<(), SpeedError> {
        let fate = Fate::new(death);
        let (job, generation) = self.job(&fate, Step::Manifest);
        let clock = Hand::default();
        let ports = Ports {
            tail: Box::new(MortalTail(self.group.join(4), Arc::clone(&fate))),
            downstream: Box::new(self.sink(&fate)),
            watch: Box::new(MortalWatch(Arc::clone(&fate))),
            clock: Box::new(clock.clone()),
        };
        let mut live = Live::new(&self.view, &job, generation, options(delivery), ports)?;
        let end: u64 = EVENTS.try_into().unwrap();
        let mut steps = 0;
        while live.published().load().coverage.records() < end || steps < 20 {
            live.step()?;
            clock.turn(Duration::from_millis(1));
            if fate.is_dead() {
                return Ok(());
            }
            steps += 1;
            if steps > 200 {
                break;
            }
        }
        assert_eq!(death, None, "the process was to die");
        live.stop()
    }

    fn sink(&self, fate: &Arc<Fate>) -> MortalSink {
        let view = Arc::clone(&self.view);
        let changelog = MortalLog {
            topic: Arc::clone(&self.sink),
            fate: Arc::clone(fate),
            epoch: 0,
        };
        MortalSink {
            follower: Follower::new(
                &self.job(fate, Step::Mark).0,
                "sink",
                Box::new(move |_| Ok(Arc::clone(&view))),
                Emit::Checkpoint,
                Box::new(changelog),
            ),
            started: false,
            fate: Arc::clone(fate),
        }
    }

    /// The same of what the sink's topic holds, read in order.
    fn errors_of_sink(&self) -> (i64, i64) {
        let mut rows = BTreeMap::new();
        for change in &self.sink.lock().unwrap().changes {
            match &change.value {
                Some(value) => rows.insert(change.key.clone(), value.clone()),
                None => rows.remove(&change.key),
            };
        }
        let rows = rows.values().map(|value| {
            let row: Value = serde_json::from_slice(value).unwrap();
            (row["id"].as_i64().unwrap(), row["n"].as_u64().unwrap())
        });
        errors(&rows.collect())
    }

    /// How many events are in no group of the store, and how many too often.
    fn errors_of_store(&self) -> (i64, i64) {
        let (job, _) = self.job(&Fate::new(None), Step::Manifest);
        let snapshot = job.snapshot(None).unwrap();
        let partials: Vec<_> = (snapshot.segments.iter())
            .map(|entry| job.read(entry, &self.view.fingerprint).unwrap())
            .collect();
        let merged = merge(&self.view, &partials).unwrap();
        let ids = merged.rows.column_by_name("key_0").unwrap();
        let events = merged.rows.column_by_name("events").unwrap();
        let counts: BTreeMap<i64, u64> = (ids.as_primitive::<Int64Type>().values().iter().copied())
            .zip(events.as_primitive::<UInt64Type>().values().iter().copied())
            .collect();
        errors(&counts)
    }
}

/// How many events are not in `counts`, and how many too often.
fn errors(counts: &BTreeMap<i64, u64>) -> (i64, i64) {
    let lost = (0..EVENTS).filter(|id| !counts.contains_key(id)).count();
    let doubled: u64 = counts.values().map(|n| n - 1).sum();
    (lost.try_into().unwrap(), doubled.try_into().unwrap())
}

/// What must be: `None` for nothing, else which of the two.
fn theory(delivery: Delivery, step: Step, when: When) -> Option<&'static str> {
    use Step::{GroupCommit, Manifest, Seal};
    use When::{After, Before};
    match (delivery, step, when) {
        (Delivery::AtLeastOnce, Manifest, After) | (Delivery::AtLeastOnce, GroupCommit, Before) => {
            Some("doubled")
        }
        (Delivery::AtMostOnce, GroupCommit, After)
        | (Delivery::AtMostOnce, Seal, _)
        | (Delivery::AtMostOnce, Manifest, Before) => Some("lost"),
        _ => None,
    }
}

const MODES: [Delivery; 3] = [
    Delivery::ExactlyOnce,
    Delivery::AtLeastOnce,
    Delivery::AtMostOnce,
];

#[test]
fn a_crash_at_any_step_loses_and_doubles_what_theory_says() {
    check(|_| Arc::new(Memory::default()));
}

/// The same with every store in a bucket.
#[test]
#[ignore = "needs an S3 server"]
fn s3_a_crash_at_any_step_loses_and_doubles_what_theory_says() {
    use view_store::blobs::s3::S3;
    use view_store::entropy::System;

    let server = std::env::var("S3_STORE").expect("S3_STORE, which scripts/s3.sh start prints");
    let process = std::process::id();
    check(|place| {
        let folder = place.replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
        let url = format!("{server}-crashes/{process}/{folder}");
        Arc::new(S3::connect(&url, std::env::vars(), Arc::new(System)).unwrap())
    });
}

/// Every crash, each with a store that `new` makes, given what dies where.
fn check(new: impl Fn(&str) -> Arc<dyn Blobs>) {
    let mut table = String::from(
        "| crash | exactly-once | at-least-once | at-most-once |\n|---|---|---|---|\n",
    );
    for step in Step::ALL {
        for when in [When::Before, When::After] {
            let when_name = if when == When::Before {
                "before"
            } else {
                "after"
            };
            write!(table, "| {when_name} {} |", step.name()).unwrap();
            for delivery in MODES {
                let place = format!("{delivery}, crash {when_name} {}", step.name());
                let world = World::new(new(&place));
                let _ = world.run(delivery, Some((step, when)));
                world.run(delivery, None).unwrap();
                let errors = world.errors_of_store();
                assert_eq!(world.errors_of_sink(), errors, "the sink: {place}");
                let shown = match errors {
                    (0, 0) => "–".to_owned(),
                    (lost, 0) => format!("{lost} lost"),
                    (0, doubled) => format!("{doubled} doubled"),
                    (lost, doubled) => format!("{lost} lost, {doubled} doubled"),
                };
                write!(table, " {shown} |").unwrap();
                let expected = match errors {
                    (0, 0) => None,
                    (_, 0) => Some("lost"),
                    (0, _) => Some("doubled"),
                    _ => Some("both"),
                };
                assert_eq!(
                    expected,
                    theory(delivery, step, when),
                    "{place}: {errors:?}"
                );
            }
            table.push('\n');
        }
    }
    println!("{table}");
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/delivery.md");
    let text = std::fs::read_to_string(page).unwrap();
    let (head, rest) = text
        .split_once("| crash |")
        .expect("the page has the table");
    let (_, tail) = rest.split_once("\n\n").unwrap_or((rest, ""));
    if std::env::var_os("REWRITE").is_some() {
        std::fs::write(page, format!("{head}{table}\n{tail}")).unwrap();
    } else {
        assert!(
            text.contains(&table),
            "docs/delivery.md has another table: REWRITE=1"
        );
    }
}
