//! Merging segments, and one group out of many.
#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a bench may stop at what cannot be"
)]

use std::hint::black_box;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array};
use benches::{WINDOW, columns, typed_chunk, view};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use serving_layer::point::point;
use shared_logic::fold::Fold;
use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;

const EVENTS: usize = 1_000_000;
const SEGMENTS: usize = 8;

fn segments() -> Vec<Arc<Partial>> {
    let view = view();
    let rows = columns(EVENTS, 85, 1000);
    let length = EVENTS / SEGMENTS;
    let segment = |n: usize| {
        let mut fold = Fold::new(&view).expect("the view folds");
        let chunk = typed_chunk(rows.slice(n * length, length), (n * length) as u64);
        fold.push(&chunk).expect("a chunk folds");
        let mut partial = fold.finish().expect("the fold finishes");
        // Each was folded without knowing the one before; the watermarks are chained by hand.
        for span in partial.coverage.0.values_mut() {
            span.watermark_before = None;
            span.watermark_after = None;
        }
        Arc::new(partial)
    };
    (0..SEGMENTS).map(segment).collect()
}

fn serve(criterion: &mut Criterion) {
    let view = view();
    let segments = segments();
    let rows: usize = segments.iter().map(|segment| segment.rows.num_rows()).sum();
    let mut group = criterion.benchmark_group("serve");
    group
        .throughput(Throughput::Elements(rows as u64))
        .sample_size(10);
    group.bench_function("merge 8 segments", |bencher| {
        bencher
            .iter(|| black_box(merge(&view, segments.iter().map(Arc::as_ref)).expect("they tile")));
    });
    group.throughput(Throughput::Elements(1));
    group.bench_function("point query over 8 segments", |bencher| {
        let key: Vec<ArrayRef> = vec![Arc::new(Int64Array::from(vec![500]))];
        let window = EventTime(40 * WINDOW);
        bencher.iter(|| black_box(point(&view, &segments, window, &key).expect("an answer")));
    });
    group.finish();
}

criterion_group!(benches, serve);
criterion_main!(benches);
