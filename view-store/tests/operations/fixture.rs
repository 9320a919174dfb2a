//! Folds that stand for spans, and a job to put them into.

use std::sync::Arc;

use arrow::array::{Int64Array, RecordBatch, TimestampMicrosecondArray, UInt64Array};
use shared_logic::coverage::{Coverage, OffsetVector, Span};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::{Counters, Partial};
use shared_logic::time::{EventTime, Watermark};
use shared_logic::view::Fingerprint;
use view_store::blobs::Blobs;
use view_store::blobs::memory::Memory;
use view_store::entropy::Seeded;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::{GenerationId, Manifest};
use view_store::store::Store;

pub const FIRST: GenerationId = GenerationId(1);

pub fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("clicks", partition)
}

pub fn offsets(next: &[(u32, u64)]) -> OffsetVector {
    OffsetVector(
        next.iter()
            .map(|(p, next)| (place(*p), Offset(*next)))
            .collect(),
    )
}

pub fn logic(version: u32) -> Fingerprint {
    Fingerprint(format!("logic-{version}"))
}

/// The watermark of every partition at an offset is that many microseconds.
fn watermark(at: u64) -> Option<Watermark> {
    (at > 0).then_some(Watermark(EventTime(at as i64)))
}

/// A fold of `[start, next)` in partitions: a row for each, its key the partition.
pub fn fold(spans: &[(u32, u64, u64)]) -> Partial {
    let span = |&(partition, start, next): &(u32, u64, u64)| {
        let span = Span {
            start: Offset(start),
            next: Offset(next),
            records: next - start,
            watermark_before: watermark(start),
            watermark_after: watermark(next),
            last: None,
        };
        (place(partition), span)
    };
    let windows = spans.iter().map(|_| 0);
    let keys = spans.iter().map(|(partition, ..)| i64::from(*partition));
    let events = spans.iter().map(|(_, start, next)| next - start);
    Partial {
        coverage: Coverage(spans.iter().map(span).collect()),
        counters: Counters::default(),
        rows: RecordBatch::try_from_iter([
            (
                "window_start",
                Arc::new(TimestampMicrosecondArray::from_iter_values(windows)) as _,
            ),
            ("key_0", Arc::new(Int64Array::from_iter_values(keys)) as _),
            (
                "events",
                Arc::new(UInt64Array::from_iter_values(events)) as _,
            ),
        ])
        .unwrap(),
    }
}

pub fn generation(version: u32) -> NewGeneration {
    NewGeneration {
        view: "clicks_by_user".into(),
        fingerprint: logic(version),
        sql: format!("-- version {version}"),
        origin: OffsetVector::default(),
        again: false,
    }
}

/// A store on `blobs` with names of its own.
pub fn store_on(blobs: Arc<dyn Blobs>, seed: u64) -> Store {
    Store::with(blobs, Arc::new(Seeded::new(seed)))
}

/// A job in memory with its first generation.
pub fn job() -> JobStore {
    let job = store_on(Arc::new(Memory::default()), 1)
        .job("clicks")
        .unwrap();
    job.create_generation(&generation(1)).unwrap();
    job
}

/// Claims what `partial` covers and seals it.
pub fn seal(job: &JobStore, id: GenerationId, spans: &[(u32, u64, u64)]) -> Arc<Manifest> {
    let own = job
        .claim(id, spans.iter().map(|(p, ..)| place(*p)))
        .unwrap();
    job.seal(&own, &fold(spans)).unwrap()
}

/// The offset that generation `id` stands at in partition 0.
pub fn stands(job: &JobStore, id: GenerationId) -> u64 {
    let manifest = job.manifest().unwrap();
    manifest.generation(id).unwrap().next.get(&place(0)).0
}
