//! Records into columns: three of seven fields of events that are 180 bytes of JSON, 130 of CSV and
//! 90 of Avro, and the same with the fold behind it.
#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a bench may stop at what cannot be"
)]

use std::hint::black_box;
use std::sync::Arc;

use benches::{avro, csv, json, raw_chunk, view_of};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use shared_logic::decode::Decoder;
use shared_logic::fold::Fold;

const EVENTS: usize = 500_000;

fn decode(criterion: &mut Criterion) {
    format(criterion, "json", json(EVENTS, 10, 1000));
    format(criterion, "csv", csv(EVENTS, 10, 1000));
    format(criterion, "avro", avro(EVENTS, 10, 1000));
}

fn format(criterion: &mut Criterion, format: &str, records: Vec<Vec<u8>>) {
    let view = view_of(format);
    let chunks: Vec<_> = records.chunks(8192).map(raw_chunk).collect();
    let mut group = criterion.benchmark_group(format);
    group
        .throughput(Throughput::Elements(EVENTS as u64))
        .sample_size(10);
    group.bench_function("decode", |bencher| {
        let decoder = Decoder::new(Arc::clone(&view.table), view.prepare.columns());
        bencher.iter(|| {
            for chunk in &chunks {
                let decoded = decoder.decode(chunk).expect("records decode");
                assert_eq!(decoded.faults, []);
                black_box(decoded);
            }
        });
    });
    group.bench_function("decode and fold", |bencher| {
        bencher.iter(|| {
            let mut fold = Fold::new(&view).expect("the view folds");
            let mut next = 0;
            for chunk in &chunks {
                let mut chunk = chunk.clone();
                let rows = chunk.rows() as u64;
                chunk.start.0 = next;
                next += rows;
                chunk.next.0 = next;
                fold.push(&chunk).expect("chunks follow on each other");
            }
            black_box(fold.finish().expect("the fold finishes"))
        });
    });
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
