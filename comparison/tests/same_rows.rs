//! Any cut, any chunk, any checkpoint, any restart gives the same rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::sync::Arc;
use std::time::Duration;

use arrow::array::RecordBatch;
use batch_layer::commit;
use comparison::kappa::kappa;
use comparison::lambda::{Options, lambda};
use comparison::rule::Rule;
use comparison::run::Logs;
use comparison::seam::Seam;
use event_log::EventLog;
use event_log::memory::MemoryLog;
use proptest::prelude::*;
use serving_layer::reading::Reading;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::job::Job;
use shared_logic::time::EventTime;
use shared_logic::view::View;
use speed_layer::commit::Speed;
use view_store::job::generations::NewGeneration;
use view_store::store::Store;

const SQL: &str = "
    CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT) WITH (event_time = 'at');
    CREATE VIEW totals AS
    SELECT window_start, name, COUNT(*) AS n, SUM(value) AS total, MAX(value) AS most, AVG(value) AS mean
    FROM TUMBLE(events, at, INTERVAL '10' SECOND)
    WHERE value <> 13 OR value IS NULL
    GROUP BY name, window_start, window_end";

fn view() -> Arc<View> {
    Arc::clone(&Job::compile("test", SQL).unwrap().views[0])
}

/// A record: mostly JSON, sometimes something that must be rejected.
fn record() -> impl Strategy<Value = String> {
    let good = (-60_000..60_000_i64, "[ab]{0,2}", 0..20_i64)
        .prop_map(|(at, name, value)| format!(r#"{{"at":{at},"name":"{name}","value":{value}}}"#));
    prop_oneof![
        12 => good,
        1 => Just(r#"{"at":1,"name":null}"#.to_owned()),
        1 => Just(r#"{"at":null,"name":"a","value":1}"#.to_owned()),
        1 => Just(r#"{"at":5,"name":"a","value":"no number"}"#.to_owned()),
        1 => Just("not json".to_owned()),
    ]
}

fn log() -> impl Strategy<Value = Vec<Vec<String>>> {
    proptest::collection::vec(proptest::collection::vec(record(), 0..40), 1..4)
}

fn memory(partitions: &[Vec<String>]) -> MemoryLog {
    MemoryLog::raw((0_u32..).zip(partitions).map(|(partition, records)| {
        let records = records
            .iter()
            .map(|record| Some(record.as_bytes()))
            .collect();
        (TopicPartition::new("events", partition), records)
    }))
}

fn cut(log: &MemoryLog, shares: &[f64]) -> OffsetVector {
    let mut cut = log.end().unwrap();
    for (next, share) in cut.0.values_mut().zip(shares.iter().cycle()) {
        next.0 = (next.0 as f64 * share) as u64;
    }
    cut
}

fn options(chunk_rows: usize, publish_every: u64, checkpoint_every: u64) -> Options {
    Options {
        batch: batch_layer::fold::Options {
            chunk_rows,
            ..Default::default()
        },
        speed: speed_layer::fold::Options {
            chunk_rows,
            publish_every,
            checkpoint_every,
            ..Default::default()
        },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn lambda_at_any_cut_is_kappa(
        partitions in log(),
        shares in proptest::collection::vec(0.0..1.0_f64, 3),
        chunk_rows in 1..50_usize,
        publish_every in 1..20_u64,
        checkpoint_every in 1..60_u64,
    ) {
        let (view, log) = (view(), memory(&partitions));
        let end = log.end().unwrap();
        let cut = cut(&log, &shares);
        let seam = Seam {
            origin: Default::default(),
            cut: cut.clone(),
            landing: cut,
            end: end.clone(),
            boundary: EventTime(0),
            interval: Duration::from_secs(60),
        };
        let whole = kappa(&view, &log, &Default::default(), &end, &options(8192, 65_536, 1 << 20).speed).unwrap();
        let some = options(chunk_rows, publish_every, checkpoint_every);
        let lambda = lambda(&view, Logs::one(&log), Rule::OFFSET, &seam, &some).unwrap();
        prop_assert_eq!(&lambda.served.rows, &whole.served.rows);
        prop_assert_eq!(lambda.served.rejected, whole.served.rejected);
        let small = kappa(&view, &log, &Default::default(), &end, &some.speed).unwrap();
        prop_assert_eq!(&small.served.rows, &whole.served.rows);
    }

    /// A speed layer that dies after any number of steps, and a batch run that lands below it at
    /// some moment: every snapshot on the way, open fold included, is the truth at its offsets.
    #[test]
    fn restarts_and_landings_change_no_row(
        partitions in log(),
        stops in proptest::collection::vec((0.0..1.0_f64, any::<bool>(), any::<bool>()), 1..6),
        checkpoint_every in 1..30_u64,
    ) {
        let (view, log) = (view(), memory(&partitions));
        let options = options(5, 3, checkpoint_every);
        let job = Store::memory().job("test").unwrap();
        let (generation, _) = job
            .create_generation(&NewGeneration {
                view: view.name.clone(),
                fingerprint: view.fingerprint.clone(),
                sql: String::new(),
                origin: OffsetVector::default(),
                again: false,
            })
            .unwrap();
        let mut speed = Speed::resume(&view, &log, &job, generation, options.speed).unwrap();
        for (share, land, die) in stops {
            let upto = cut(&log, &[share]);
            speed.follow(&log, &upto).unwrap();
            let snapshot = speed.snapshot();
            prop_assert_eq!(
                Reading::of(&view, &job, Arc::clone(&snapshot)).unwrap().rows().unwrap(),
                truth_at(&view, &log, &snapshot.offsets)
            );
            if land {
                let manifest = job.manifest().unwrap();
                let next = manifest.generation(generation).unwrap().next.clone();
                if next.0.values().any(|next| next.0 > 0) {
                    commit::run(&view, &log, &job, generation, &next, &options.batch).unwrap();
                }
            }
            if die {
                speed = Speed::resume(&view, &log, &job, generation, options.speed).unwrap();
            }
        }
        let end = log.end().unwrap();
        speed.follow(&log, &end).unwrap();
        speed.checkpoint().unwrap();
        let snapshot = job.snapshot(None).unwrap();
    prop_assert!(snapshot.offsets.reaches(&end));
        let rows = Reading::of(&view, &job, Arc::new(snapshot)).unwrap().rows().unwrap();
        prop_assert_eq!(rows, truth_at(&view, &log, &end));
    }
}

fn truth_at(view: &Arc<View>, log: &MemoryLog, offsets: &OffsetVector) -> RecordBatch {
    kappa(
        view,
        log,
        &Default::default(),
        offsets,
        &options(8192, 65_536, 1 << 20).speed,
    )
    .unwrap()
    .served
    .rows
}

#[test]
fn a_pin_ahead_is_where_the_speed_layer_seals() {
    let records: Vec<String> = (0..20)
        .map(|at| format!(r#"{{"at":{at},"value":{at}}}"#))
        .collect();
    let (view, log) = (view(), memory(&[records]));
    let job = Store::memory().job("test").unwrap();
    let new = NewGeneration {
        view: view.name.clone(),
        fingerprint: view.fingerprint.clone(),
        sql: String::new(),
        origin: OffsetVector::default(),
        again: false,
    };
    let (generation, _) = job.create_generation(&new).unwrap();
    let place = TopicPartition::new("events", 0);
    let cut = OffsetVector([(place, Offset(12))].into());
    job.pin(generation, cut).unwrap();
    let mut speed = Speed::resume(&view, &log, &job, generation, options(4, 5, 100).speed).unwrap();
    speed.follow(&log, &log.end().unwrap()).unwrap();
    assert_eq!(speed.checkpoint().unwrap().segments, 2);
}
