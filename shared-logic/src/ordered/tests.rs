#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
//! Continued at any cut, ordered state equals one run over everything and a plain loop.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use proptest::prelude::*;

use super::*;
use crate::builder::{ViewBuilder, count, each};
use crate::chunk::Chunk;
use crate::identity::{Identity, Offset, TopicPartition};
use crate::saved::SavedError;
use crate::time::EventTime;

fn builder() -> ViewBuilder {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, true),
        Field::new("user", DataType::Utf8, true),
        Field::new("number", DataType::Int64, true),
    ]);
    ViewBuilder::over(&Arc::new(Table::new("events", columns, "at").unwrap()))
}

/// User and number; the time is the place among all events.
type Event = (Option<String>, Option<i64>);

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("events", partition)
}

fn chunk(partition: u32, start: usize, events: &[Event]) -> Chunk {
    let times = (start..start + events.len()).map(|at| at as i64);
    let columns: [(&str, ArrayRef); 3] = [
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(times)),
        ),
        (
            "user",
            Arc::new(StringArray::from_iter(
                events.iter().map(|event| event.0.as_deref()),
            )),
        ),
        (
            "number",
            Arc::new(Int64Array::from_iter(events.iter().map(|event| event.1))),
        ),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    Chunk::typed(place(partition), Offset(start as u64), rows.unwrap())
}

/// The numbers of a user that are missing, as `from..to`.
fn gap(number: Option<i64>, last: Option<i64>) -> (Option<(i64, i64)>, Option<i64>) {
    let next = last.map(|last| last + 1);
    (
        next.zip(number).filter(|(next, number)| next < number),
        number.max(last),
    )
}

/// What is put out: partition, offset, user, gap.
type Found = Vec<(u32, u64, (i64, i64))>;

fn plain(partitions: &[Vec<Event>]) -> Found {
    let mut found = vec![];
    for (partition, events) in (0..).zip(partitions) {
        let mut lasts: BTreeMap<Option<String>, Option<i64>> = BTreeMap::new();
        for (offset, (user, number)) in (0..).zip(events) {
            let last = lasts.entry(user.clone()).or_default();
            let (missing, next) = gap(*number, *last);
            *last = next;
            found.extend(missing.map(|missing| (partition, offset, missing)));
        }
    }
    found
}

fn push<S: Step<Output = (i64, i64)>>(
    run: &mut Run<S>,
    partitions: &[Vec<Event>],
    from: &[usize],
    to: &[usize],
    size: usize,
    found: &mut Found,
) {
    for (partition, events) in (0..).zip(partitions) {
        let (mut at, to) = (from[partition as usize], to[partition as usize]);
        while at < to {
            let end = to.min(at + size);
            let pushed = run.push(&chunk(partition, at, &events[at..end])).unwrap();
            assert_eq!(pushed.rejects, []);
            let outputs = pushed.outputs.into_iter();
            found.extend(outputs.map(|(offset, gap)| (partition, offset.0, gap)));
            at = end;
        }
    }
}

fn events() -> impl Strategy<Value = Vec<Vec<Event>>> {
    let user = proptest::option::weighted(0.9, "[abc]");
    let number = proptest::option::weighted(0.9, 0..9_i64);
    proptest::collection::vec(proptest::collection::vec((user, number), 0..40), 3)
}

proptest! {
    #[test]
    fn continued_at_20_cuts_it_equals_one_run_and_a_plain_loop(
        partitions in events(),
        cuts in proptest::collection::vec(proptest::array::uniform3(0..=40_usize), 20),
        size in 1..9_usize,
    ) {
        let logic = builder()
            .key("user")
            .flat_map_with_state("gaps", ["number"], |row: Row<'_>, last| gap(row.get(0), last))
            .unwrap();
        let ends: Vec<usize> = partitions.iter().map(Vec::len).collect();
        let mut expected = plain(&partitions);
        expected.sort();
        let mut kappa = logic.start(3);
        let mut whole = vec![];
        push(&mut kappa, &partitions, &[0; 3], &ends, size, &mut whole);
        whole.sort();
        prop_assert_eq!(&whole, &expected);
        for cut in cuts {
            let cut: Vec<usize> = cut.iter().zip(&ends).map(|(cut, end)| *cut.min(end)).collect();
            let mut found = vec![];
            let mut batch = logic.start(3);
            push(&mut batch, &partitions, &[0; 3], &cut, 7, &mut found);
            let saved = batch.save().unwrap();
            let mut speed = logic.restore(&saved, 3).unwrap();
            prop_assert_eq!(speed.coverage(), batch.coverage());
            prop_assert_eq!(&speed.save().unwrap(), &saved);
            push(&mut speed, &partitions, &cut, &ends, size, &mut found);
            found.sort();
            prop_assert_eq!(&found, &expected);
            prop_assert_eq!(speed.save().unwrap(), kappa.save().unwrap());
        }
    }
}

fn numbers(numbers: &[i64]) -> Vec<Event> {
    numbers
        .iter()
        .map(|number| (Some("a".into()), Some(*number)))
        .collect()
}

#[test]
fn without_keys_a_partition_has_one_state() {
    let logic = builder()
        .map_with_state("running", ["number"], |row: Row<'_>, sum: i64| {
            let sum = sum + row.get::<i64>(0).unwrap_or_default();
            (sum, sum)
        })
        .unwrap();
    let mut run = logic.start(2);
    let sums = |run: &mut Run<_>, partition, start, given: &[i64]| -> Vec<i64> {
        let pushed = run.push(&chunk(partition, start, &numbers(given))).unwrap();
        pushed.outputs.into_iter().map(|(_, sum)| sum).collect()
    };
    assert_eq!(sums(&mut run, 0, 0, &[1, 2]), [1, 3]);
    assert_eq!(sums(&mut run, 1, 0, &[10]), [10]);
    let mut run = logic.restore(&run.save().unwrap(), 2).unwrap();
    assert_eq!(sums(&mut run, 0, 2, &[4]), [7]);
    assert_eq!(sums(&mut run, 1, 1, &[-10]), [0]);
}

#[test]
fn an_event_has_its_name_time_and_inputs() {
    let large = each("large", "number", |number: i64| number > 1);
    let logic = builder()
        .map_with_state("seen", ["user".into(), large], |row: Row<'_>, (): ()| {
            let seen = (
                row.identity(),
                row.time,
                row.text(0).map(str::to_owned),
                row.flag(1),
            );
            (seen, ())
        })
        .unwrap();
    let events = [
        (None, Some(1)),
        (Some("b".to_owned()), Some(2)),
        (None, None),
    ];
    let pushed = logic.start(3).push(&chunk(2, 5, &events)).unwrap();
    let seen = |offset, user: Option<&str>, large| {
        let place = place(2);
        let identity = Identity {
            place,
            offset: Offset(offset),
        };
        (
            Offset(offset),
            (
                identity,
                EventTime(offset as i64),
                user.map(str::to_owned),
                large,
            ),
        )
    };
    let expected = [
        seen(5, None, Some(false)),
        seen(6, Some("b"), Some(true)),
        seen(7, None, None),
    ];
    assert_eq!(pushed.outputs, expected);
}

#[test]
fn unwanted_and_unreadable_events_are_counted_and_not_seen() {
    let odd = each("odd", "number", |number: i64| number % 2 == 1);
    let inverse = each("inverse", "number", |number: i64| match number {
        3 => Err("three"),
        number => Ok(number),
    });
    let logic = builder()
        .filter(odd)
        .map_with_state("list", [inverse], |row: Row<'_>, (): ()| {
            (row.get::<i64>(0), ())
        })
        .unwrap();
    let mut run = logic.start(1);
    let pushed = run.push(&chunk(0, 0, &numbers(&[1, 2, 3, 5, 4]))).unwrap();
    assert_eq!(pushed.outputs, [(Offset(0), Some(1)), (Offset(3), Some(5))]);
    assert_eq!(pushed.rejects.len(), 1);
    assert_eq!(pushed.rejects[0].reason, "inverse: three");
    let counters = run.counters();
    assert_eq!((counters.rejected, counters.filtered), (1, 2));
    let again = logic.restore(&run.save().unwrap(), 1).unwrap();
    assert_eq!(again.counters(), counters);
}

#[test]
fn another_number_of_partitions_is_refused_and_names_reprocessing() {
    let logic = builder()
        .map_with_state("n", ["number"], |_: Row<'_>, n: u32| (n, n + 1))
        .unwrap();
    let mut run = logic.start(2);
    run.push(&chunk(1, 0, &numbers(&[1]))).unwrap();
    let error = logic
        .restore(&run.save().unwrap(), 3)
        .err()
        .unwrap()
        .to_string();
    assert_eq!(
        error,
        "the state was kept for 2 partitions and the topic has 3: keys have moved between them, \
         rebuild it from the log as seam reprocess does"
    );
    let error = run
        .push(&chunk(2, 0, &numbers(&[1])))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("kept for 2 partitions and events/2 is another"),
        "{error}"
    );
    assert!(error.contains("reprocess"), "{error}");
}

#[test]
fn holes_and_overlaps_are_refused_before_anything_is_seen() {
    let logic = builder()
        .map_with_state("n", ["number"], |_: Row<'_>, n: u32| (n, n + 1))
        .unwrap();
    let mut run = logic.start(1);
    run.push(&chunk(0, 0, &numbers(&[1, 2]))).unwrap();
    for start in [1, 3] {
        let error = run.push(&chunk(0, start, &numbers(&[1]))).unwrap_err();
        assert!(matches!(error, OrderedError::Coverage(_)), "{error}");
    }
    let pushed = run.push(&chunk(0, 2, &numbers(&[3]))).unwrap();
    assert_eq!(pushed.outputs, [(Offset(2), 2)]);
}

#[test]
fn other_logic_and_other_kinds_of_state_are_refused() {
    let named = |name: &str| {
        builder()
            .map_with_state(name, ["number"], |_: Row<'_>, n: u32| (n, n + 1))
            .unwrap()
    };
    let saved = named("n").start(1).save().unwrap();
    assert!(named("n").restore(&saved, 1).is_ok());
    let error = named("n_v2").restore(&saved, 1).err().unwrap();
    assert!(matches!(error, SavedError::OtherLogic { .. }));
    assert!(error.to_string().contains("reprocess"), "{error}");
    let view = builder().measure("n", count()).build().unwrap();
    let error = crate::partial::Partial::restore(&view, &saved).unwrap_err();
    assert!(matches!(error, SavedError::OtherLogic { .. }), "{error}");
}

#[test]
fn asking_for_an_input_in_another_type_is_an_error() {
    let logic = |input| {
        builder()
            .map_with_state("n", ["number"], move |row: Row<'_>, (): ()| {
                (row.get::<i32>(input), ())
            })
            .unwrap()
    };
    let error = |input| {
        let pushed = logic(input).start(1).push(&chunk(0, 0, &numbers(&[1])));
        pushed.unwrap_err().to_string()
    };
    assert_eq!(error(0), "input 0 is Int64, the code asks for Int32");
    assert!(error(1).starts_with("input 1 is missing"), "{}", error(1));
}

#[test]
fn it_has_neither_windows_nor_measures() {
    let hour = std::time::Duration::from_secs(3600);
    let built = [
        builder().tumble(hour),
        builder().measure("n", count()),
        builder().retain(hour),
    ]
    .map(|builder| {
        let ordered = builder.map_with_state("n", ["number"], |_: Row<'_>, (): ()| ((), ()));
        ordered.unwrap_err().to_string()
    });
    assert_eq!(
        built,
        ["windows", "measures", "retain"]
            .map(|what| format!("ordered state takes events one by one: leave {what} out"))
    );
}
