//! The batch fold beside Polars' group-by: the same columns in memory, the same cores, one run.
//!
//! Count, sum and max per item and ten seconds over 10 million events. Answers are compared before
//! anything is timed. Polars runs with its own thread pool on all cores, in memory and streaming.
#![allow(
    clippy::expect_used,
    missing_docs,
    reason = "a bench may stop at what cannot be"
)]

use std::hint::black_box;

use arrow::array::{AsArray, RecordBatch};
use arrow::compute::concat_batches;
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use batch_layer::fold::{Folded, Options, fold};
use batch_layer::read::plan;
use benches::{WINDOW, columns, view};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use event_log::EventLog;
use event_log::memory::MemoryLog;
use polars::prelude::*;
use shared_logic::answer::answer;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use shared_logic::partial::{Partial, columns as partial_columns};

const EVENTS: usize = 10_000_000;

/// Windows and keys: 100, 85,000 and 2 million groups.
const SHAPES: [(u64, u64); 3] = [(10, 10), (85, 1000), (100, 20_000)];

fn ours(log: &MemoryLog) -> Folded {
    let cut = log.end().expect("a log in memory has an end");
    let options = Options {
        chunk_rows: 65_536,
        ..Options::default()
    };
    let pieces = plan(&OffsetVector::default(), &cut, options.threads);
    fold(&view(), log, &pieces, &options).expect("the fold runs")
}

fn frame(rows: &RecordBatch) -> DataFrame {
    let at = rows
        .column(0)
        .as_primitive::<TimestampMicrosecondType>()
        .values()
        .to_vec();
    let item = rows.column(1).as_primitive::<Int64Type>().values().to_vec();
    let value = rows.column(2).as_primitive::<Int64Type>().values().to_vec();
    df!("at" => at, "item" => item, "value" => value).expect("columns of one length")
}

fn theirs(frame: &DataFrame, engine: Engine) -> DataFrame {
    let window = (col("at") / lit(WINDOW)).alias("window");
    let groups = (frame.clone().lazy()).group_by([col("item"), window]).agg([
        len().alias("events"),
        col("value").sum().alias("total"),
        col("value").max().alias("most"),
    ]);
    groups
        .collect_with_engine(engine)
        .expect("Polars groups")
        .unwrap_single()
}

/// Groups, and the sums of all counts, totals and maxima: equal only if the answers are.
fn check(mine: Folded, theirs: &DataFrame) {
    let mine = Partial {
        coverage: mine.coverage,
        counters: mine.counters,
        rows: concat_batches(&partial_columns(&view()), &mine.chunks)
            .expect("chunks of one schema"),
    };
    let rows = answer(&view(), &mine).expect("the answer is shown");
    let sum = |column: usize| -> i64 {
        rows.column(column)
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .sum()
    };
    let other = |name: &str| -> i64 {
        let column = theirs
            .column(name)
            .expect("a column")
            .cast(&DataType::Int64)
            .expect("numbers");
        column.as_materialized_series().sum().expect("a sum")
    };
    assert_eq!(rows.num_rows(), theirs.height(), "groups");
    assert_eq!(sum(3), other("events"), "counts");
    assert_eq!(sum(4), other("total"), "sums");
    assert_eq!(sum(5), other("most"), "maxima");
}

fn group_by(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("group-by");
    group
        .throughput(Throughput::Elements(EVENTS as u64))
        .sample_size(10);
    for (windows, keys) in SHAPES {
        let rows = columns(EVENTS, windows, keys);
        let frame = frame(&rows);
        let log = MemoryLog::typed([(TopicPartition::new("events", 0), vec![rows])]);
        check(ours(&log), &theirs(&frame, Engine::InMemory));
        check(ours(&log), &theirs(&frame, Engine::Streaming));

        let groups = windows * keys;
        group.bench_function(BenchmarkId::new("seamline", groups), |bencher| {
            bencher.iter(|| black_box(ours(&log)));
        });
        for (name, engine) in [
            ("polars", Engine::InMemory),
            ("polars streaming", Engine::Streaming),
        ] {
            group.bench_function(BenchmarkId::new(name, groups), |bencher| {
                bencher.iter(|| black_box(theirs(&frame, engine)));
            });
        }
    }
    group.finish();
}

criterion_group!(benches, group_by);
criterion_main!(benches);
