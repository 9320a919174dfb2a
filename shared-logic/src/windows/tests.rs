#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
//! Every kind of window, with late events and old windows left out, against a plain loop: in any
//! chunks, cut anywhere, merged.

use std::collections::BTreeMap;
use std::time::Duration;

use arrow::array::{Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use proptest::prelude::*;

use super::*;
use crate::answer::{answer, answer_at};
use crate::builder::{ViewBuilder, count, sum};
use crate::chunk::Chunk;
use crate::fold::Fold;
use crate::identity::{Offset, TopicPartition};
use crate::lateness::Late;
use crate::merge::merge;
use crate::table::Table;
use crate::time::Watermark;

/// The options of a view; lengths are in microseconds.
#[derive(Clone, Copy, Debug)]
struct Options {
    window: Window,
    lateness: Option<(i64, Late)>,
    retain: Option<i64>,
    delay: i64,
}

/// Partition, time, key.
type Event = (u32, i64, Option<&'static str>);

/// Key, start, end, events, and the sum of the times.
type Row = (i64, i64, Option<String>, i64, i64);

fn view(options: Options) -> Arc<View> {
    let columns = Schema::new(vec![
        Field::new(
            "at",
            DataType::Timestamp(TimeUnit::Microsecond, None),
            false,
        ),
        Field::new("key", DataType::Utf8, true),
        Field::new("number", DataType::Int64, false),
    ]);
    let mut table = Table::new("events", columns, "at").unwrap();
    table.watermark_delay = options.delay;
    let micros = |length: i64| Duration::from_micros(length as u64);
    let builder = ViewBuilder::over(&Arc::new(table)).key("key");
    let mut builder = match options.window {
        Window::All => builder,
        Window::Tumble { size, offset } => builder.tumble(micros(size)).offset(micros(offset)),
        Window::Hop {
            size,
            slide,
            offset,
        } => builder
            .hop(micros(size), micros(slide))
            .offset(micros(offset)),
        Window::Cumulate { size, step, offset } => builder
            .cumulate(micros(size), micros(step))
            .offset(micros(offset)),
        Window::Session { gap } => builder.session(micros(gap)),
    };
    if let Some((allowed, late)) = options.lateness {
        builder = builder.allowed_lateness(micros(allowed), late);
    }
    if let Some(retain) = options.retain {
        builder = builder.retain(micros(retain));
    }
    builder
        .measure("n", count())
        .measure("total", sum("number"))
        .build()
        .unwrap()
}

fn chunk(partition: u32, start: usize, events: &[Event]) -> Chunk {
    let times = || events.iter().map(|event| event.1);
    let columns: [(&str, ArrayRef); 3] = [
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(times())),
        ),
        (
            "key",
            Arc::new(StringArray::from_iter(events.iter().map(|event| event.2))),
        ),
        ("number", Arc::new(Int64Array::from_iter_values(times()))),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    Chunk::typed(
        TopicPartition::new("events", partition),
        Offset(start as u64),
        rows.unwrap(),
    )
}

/// Folds some of each partition's events in chunks of `size`; `batch` says which layer does it.
fn fold(
    view: &Arc<View>,
    events: &[Vec<Event>],
    range: impl Fn(usize) -> std::ops::Range<usize>,
    size: usize,
    batch: bool,
) -> Partial {
    let mut fold = Fold::new(view).unwrap();
    if batch {
        fold = fold.correcting();
    }
    for (partition, events) in (0..).zip(events) {
        let range = range(events.len());
        let before = events[..range.start].iter().map(|event| event.1).max();
        let before = before.map(|time| Watermark(EventTime(time)));
        let (place, at) = (
            TopicPartition::new("events", partition),
            Offset(range.start as u64),
        );
        fold.begin(place, at, before);
        let mut at = range.start;
        for part in events[range].chunks(size) {
            fold.push(&chunk(partition, at, part)).unwrap();
            at += part.len();
        }
    }
    fold.finish().unwrap()
}

fn rows(batch: &RecordBatch, windowed: bool) -> Vec<Row> {
    let int = |name: &str, row: usize| batch[name].as_primitive::<Int64Type>().value(row);
    let keys = batch["key"].as_string::<i32>();
    let bound = |name: &str, row: usize| match windowed {
        true => batch[name]
            .as_primitive::<TimestampMicrosecondType>()
            .value(row),
        false => 0,
    };
    let row = |row: usize| {
        let key = keys.is_valid(row).then(|| keys.value(row).to_owned());
        (
            bound("window_start", row),
            bound("window_end", row),
            key,
            int("n", row),
            int("total", row),
        )
    };
    (0..batch.num_rows()).map(row).collect()
}

fn floor(time: i64, width: i64, offset: i64) -> i64 {
    (time - offset).div_euclid(width) * width + offset
}

/// The windows of an instant, by the words of the manual.
fn windows_of(window: Window, time: i64) -> Vec<(i64, i64)> {
    match window {
        Window::All => vec![(0, 0)],
        Window::Tumble { size, offset } => {
            let start = floor(time, size, offset);
            vec![(start, start + size)]
        }
        Window::Hop {
            size,
            slide,
            offset,
        } => (-100..100)
            .map(|n| n * slide + offset)
            .filter(|start| (*start..start + size).contains(&time))
            .map(|start| (start, start + size))
            .collect(),
        Window::Cumulate { size, step, offset } => {
            let start = floor(time, size, offset);
            let ends = (1..=size / step).map(|n| start + n * step);
            ends.filter(|end| time < *end)
                .map(|end| (start, end))
                .collect()
        }
        Window::Session { gap } => vec![(time, time + gap)],
    }
}

/// The rows of a view, by its definition; and how many events came too late.
fn plain(options: Options, events: &[Vec<Event>]) -> (Vec<Row>, u64) {
    let mut kept: Vec<(Option<String>, i64)> = vec![];
    let mut late = 0;
    let mut newest = None;
    for events in events {
        let mut reached: Option<i64> = None;
        for (_, time, key) in events {
            let end = match options.window {
                // The last window of the slice, which for hops begins where the slice's last does.
                Window::Hop {
                    size,
                    slide,
                    offset,
                } => floor(*time, slide, offset) + size,
                window => windows_of(window, *time).last().unwrap().1,
            };
            let out = options.lateness.is_some_and(|(allowed, _)| {
                reached.is_some_and(|reached| end + allowed <= reached - options.delay)
            });
            match out {
                true => late += 1,
                false => kept.push((key.map(str::to_owned), *time)),
            }
            reached = reached.max(Some(*time));
        }
        newest = newest.max(reached);
    }
    kept.sort();
    let mut groups: BTreeMap<(i64, i64, Option<String>), (i64, i64)> = BTreeMap::new();
    if let Window::Session { gap } = options.window {
        let mut sessions: Vec<(Option<String>, i64, Vec<i64>)> = vec![];
        for (key, time) in kept {
            match sessions.last_mut() {
                Some((known, _, times)) if *known == key && time <= times.last().unwrap() + gap => {
                    times.push(time);
                }
                _ => sessions.push((key, time, vec![time])),
            }
        }
        for (key, first, times) in sessions {
            let group = (first, times.last().unwrap() + gap, key);
            groups.insert(group, (times.len() as i64, times.iter().sum()));
        }
    } else {
        for (key, time) in kept {
            for (start, end) in windows_of(options.window, time) {
                let group = groups.entry((start, end, key.clone())).or_default();
                *group = (group.0 + 1, group.1 + time);
            }
        }
    }
    let expired = |end: i64| match (options.retain, newest) {
        (Some(retain), Some(newest)) => end + retain <= newest - options.delay,
        _ => false,
    };
    let rows = groups.into_iter();
    let rows = rows.map(|((start, end, key), (n, total))| (start, end, key, n, total));
    (rows.filter(|row| !expired(row.1)).collect(), late)
}

fn options() -> impl Strategy<Value = Options> {
    let window = prop_oneof![
        Just(Window::All),
        (1..12_i64, 0..12_i64).prop_map(|(size, offset)| {
            let offset = offset % size;
            Window::Tumble { size, offset }
        }),
        (1..6_i64, 0..9_i64, 0..12_i64).prop_map(|(slide, more, offset)| {
            let (size, offset) = (slide + more, offset % slide);
            Window::Hop {
                size,
                slide,
                offset,
            }
        }),
        (1..4_i64, 1..5_i64, 0..20_i64).prop_map(|(step, steps, offset)| {
            let size = step * steps;
            let offset = offset % size;
            Window::Cumulate { size, step, offset }
        }),
        (1..8_i64).prop_map(|gap| Window::Session { gap }),
    ];
    let late = prop_oneof![Just(Late::View), Just(Late::SpeedOnly)];
    let lateness = proptest::option::of((0..15_i64, late));
    (window, lateness, proptest::option::of(0..30_i64), 0..5_i64).prop_map(
        |(window, lateness, retain, delay)| {
            let ends = window != Window::All;
            let (lateness, retain) = (lateness.filter(|_| ends), retain.filter(|_| ends));
            Options {
                window,
                lateness,
                retain,
                delay,
            }
        },
    )
}

fn events() -> impl Strategy<Value = Vec<Vec<Event>>> {
    let key = proptest::option::weighted(0.9, prop_oneof![Just("a"), Just("b")]);
    let event = (Just(0_u32), -30..50_i64, key);
    proptest::collection::vec(proptest::collection::vec(event, 0..25), 2)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn every_window_is_that_of_a_plain_loop(
        options in options(),
        events in events(),
        size in 1..9_usize,
        cut in 0..26_usize,
        only in -30..50_i64,
    ) {
        let view = view(options);
        let windowed = options.window != Window::All;
        let (expected, late) = plain(options, &events);
        let whole = fold(&view, &events, |len| 0..len, size, false);
        prop_assert_eq!(whole.counters.late, late);
        prop_assert_eq!(&rows(&answer(&view, &whole).unwrap(), windowed), &expected);
        // Cut in two, the later half first.
        let high = fold(&view, &events, |len| cut.min(len)..len, size + 3, false);
        let low = fold(&view, &events, |len| 0..cut.min(len), size, false);
        let merged = merge(&view, [&high, &low]).unwrap();
        prop_assert_eq!(&merged, &whole);
        // A reader may ask for the windows that start at one instant.
        let at = answer_at(&view, &merged, EventTime(only)).unwrap();
        let expected: Vec<Row> = (expected.into_iter())
            .filter(|row| windowed && row.0 == only)
            .collect();
        if windowed {
            prop_assert_eq!(rows(&at, windowed), expected);
        }
    }

    #[test]
    fn the_batch_layer_corrects_what_only_the_speed_layer_leaves_out(
        options in options(),
        events in events(),
        size in 1..9_usize,
    ) {
        let view = view(options);
        let windowed = options.window != Window::All;
        let corrected = Options {
            lateness: options.lateness.filter(|(_, late)| *late == Late::View),
            ..options
        };
        let (expected, late) = plain(corrected, &events);
        let batch = fold(&view, &events, |len| 0..len, size, true);
        prop_assert_eq!(batch.counters.late, late);
        prop_assert_eq!(rows(&answer(&view, &batch).unwrap(), windowed), expected);
    }
}
