//! A Lambda architecture in one process: a log, a store, a batch layer up to a cut, a speed layer
//! above it, and one answer.

use std::error::Error;
use std::sync::Arc;

use seamline::arrow::array::AsArray;
use seamline::arrow::datatypes::Int64Type;
use seamline::batch_layer::commit::run;
use seamline::coverage::OffsetVector;
use seamline::event_log::memory::MemoryLog;
use seamline::serving_layer::reading::Reading;
use seamline::speed_layer::commit::Speed;
use seamline::view_store::job::generations::NewGeneration;
use seamline::view_store::store::Store;
use seamline::{Job, Offset, TopicPartition};

const SQL: &str = "
    CREATE TABLE visits (at TIMESTAMP NOT NULL, page VARCHAR NOT NULL) WITH (event_time = 'at');
    CREATE VIEW per_minute AS
    SELECT page, window_start, COUNT(*) AS visits
    FROM TUMBLE(visits, at, INTERVAL '1' MINUTE)
    GROUP BY page, window_start, window_end;";

/// Runs the example.
pub fn main() -> Result<(), Box<dyn Error>> {
    let job = Job::compile("visits", SQL)?;
    let view = job.view(None)?;

    let place = TopicPartition::new("visits", 0);
    let event = |n: i64| format!(r#"{{"at": {}, "page": "home"}}"#, n * 1_000);
    let events: Vec<_> = (0..100).map(|n| Some(event(n))).collect();
    let log = MemoryLog::raw([(place.clone(), events)]);
    let upto = |next| OffsetVector([(place.clone(), Offset(next))].into());

    let store = Store::memory().job("visits")?;
    let (generation, _) = store.create_generation(&NewGeneration {
        view: view.name.clone(),
        fingerprint: view.fingerprint.clone(),
        sql: SQL.to_owned(),
        origin: OffsetVector::default(),
        again: false,
    })?;
    run(
        view,
        &log,
        &store,
        generation,
        &upto(70),
        &Default::default(),
    )?;
    let mut speed = Speed::resume(view, &log, &store, generation, Default::default())?;
    speed.follow(&log, &upto(100))?;
    speed.checkpoint()?;

    let snapshot = Arc::new(store.snapshot(Some(generation))?);
    println!("{} segments", snapshot.segments.len());
    let rows = Reading::of(view, &store, snapshot)?.rows()?;
    let visits = rows["visits"].as_primitive::<Int64Type>().values();
    println!("visits per minute: {visits:?}");
    assert_eq!(visits, &[60, 40]);
    Ok(())
}
