#![allow(clippy::unwrap_used, clippy::indexing_slicing)]
//! Views that were built: the same as SQL's where SQL can say them, and code beside it.

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{
    ArrayRef, AsArray, Int32Array, RecordBatch, StringArray, TimestampMicrosecondArray,
};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, TimeUnit};
use arrow::util::display::array_value_to_string;

use super::*;
use crate::answer::answer;
use crate::chunk::Chunk;
use crate::error::fail;
use crate::fold::Fold;
use crate::identity::{Offset, TopicPartition};
use crate::time::EventTime;

fn table() -> Arc<Table> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, false),
        Field::new("name", DataType::Utf8, true),
        Field::new("value", DataType::Int32, true),
        Field::new("flag", DataType::Boolean, true),
    ]);
    Arc::new(Table::new("events", columns, "at").unwrap())
}

/// Seconds, name, value.
type Event = (i64, Option<&'static str>, Option<i32>);

const EVENTS: [Event; 8] = [
    (3, Some("a"), Some(1)),
    (14, Some("b"), None),
    (5, None, Some(-7)),
    (12, Some("a"), Some(40)),
    (31, Some("a"), Some(2)),
    (-4, Some("b"), Some(9)),
    (33, Some("c"), Some(0)),
    (39, Some("a"), Some(i32::MAX)),
];

fn chunk(events: &[Event]) -> Chunk {
    let times = events.iter().map(|event| event.0 * 1_000_000);
    let flags = events.iter().map(|event| event.2.map(|value| value > 1));
    let columns: [(&str, ArrayRef); 4] = [
        (
            "at",
            Arc::new(TimestampMicrosecondArray::from_iter_values(times)),
        ),
        (
            "name",
            Arc::new(events.iter().map(|event| event.1).collect::<StringArray>()),
        ),
        (
            "value",
            Arc::new(events.iter().map(|event| event.2).collect::<Int32Array>()),
        ),
        (
            "flag",
            Arc::new(flags.collect::<arrow::array::BooleanArray>()),
        ),
    ];
    let rows = RecordBatch::try_from_iter_with_nullable(columns.map(|(n, c)| (n, c, true)));
    Chunk::typed(TopicPartition::new("events", 0), Offset(0), rows.unwrap())
}

/// A line for the names of the columns, and one for each row.
fn shown(rows: &RecordBatch) -> String {
    let schema = rows.schema();
    let names = schema.fields().iter().map(|field| field.name().clone());
    let mut text = names.collect::<Vec<_>>().join(" ");
    text.push('\n');
    for row in 0..rows.num_rows() {
        let values = rows.columns().iter();
        let values = values.map(|column| array_value_to_string(column, row).unwrap());
        text.push_str(&values.collect::<Vec<_>>().join(" "));
        text.push('\n');
    }
    text
}

/// The rows of a view, and how many records it rejects.
fn rows(view: &Arc<View>) -> (String, usize) {
    let mut fold = Fold::new(view).unwrap();
    let rejects = fold.push(&chunk(&EVENTS)).unwrap();
    let rows = answer(view, &fold.finish().unwrap()).unwrap();
    (shown(&rows), rejects.len())
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn totals() -> ViewBuilder {
    ViewBuilder::over(&table()).key("name").tumble(seconds(10))
}

#[test]
fn code_filters_and_computes_like_columns() {
    let flagged = totals().filter("flag").measure("n", count());
    let large = totals()
        .filter(each("large", "value", |value: i32| value > 1))
        .measure("n", count());
    let (flagged, large) = (flagged.build().unwrap(), large.build().unwrap());
    assert_eq!(rows(&flagged), rows(&large));
    assert_ne!(flagged.fingerprint, large.fingerprint);
    let halved = code("same", ["value"], DataType::Int32, |columns| {
        Ok(columns[0].clone())
    });
    let computed = totals().measure("total", sum(halved)).build().unwrap();
    assert_eq!(
        rows(&computed),
        rows(&totals().measure("total", sum("value")).build().unwrap())
    );
}

#[test]
fn the_name_of_code_is_in_the_fingerprint() {
    let named = |name: &str| {
        let large = each(name, "value", |value: i32| value > 1);
        totals()
            .filter(large)
            .measure("n", count())
            .build()
            .unwrap()
            .fingerprint
            .clone()
    };
    assert_eq!(named("large"), named("large"));
    assert_ne!(named("large"), named("large_v2"));
}

#[test]
fn code_may_be_a_key_and_is_shown_by_its_name() {
    let initial = each_text("initial", "name", |name| name.to_uppercase());
    let day = each("late", "at", |at: EventTime| at.0 >= 30_000_000);
    let view = ViewBuilder::over(&table())
        .key(initial)
        .key(day)
        .measure("n", count());
    let (shown, _) = rows(&view.build().unwrap());
    let expected = "initial late n\n false 1\nA false 2\nA true 2\nB false 2\nC true 1\n";
    assert_eq!(shown, expected);
}

#[test]
fn code_that_fails_for_an_event_rejects_that_event() {
    let positive = each("positive", "value", |value: i32| match value {
        0.. => Ok(value),
        _ => Err(format!("{value} is negative")),
    });
    let view = totals().measure("total", sum(positive)).build().unwrap();
    let mut fold = Fold::new(&view).unwrap();
    let rejects = fold.push(&chunk(&EVENTS)).unwrap();
    let rejects: Vec<(usize, &str)> = rejects
        .iter()
        .map(|one| (one.row, one.reason.as_str()))
        .collect();
    assert_eq!(rejects, [(2, "positive: -7 is negative")]);
    assert_eq!(fold.counters().rejected, 1);
}

#[test]
fn a_condition_is_not_asked_about_events_that_an_earlier_one_leaves_out() {
    let known = each("not_zero", "value", |value: i32| value != 0);
    let inverse = each("inverse", "value", |value: i32| match value {
        0 => Err("division by zero"),
        value => Ok(100 / value > 20),
    });
    let view = totals().filter(known).filter(inverse).measure("n", count());
    let (shown, rejects) = rows(&view.build().unwrap());
    assert_eq!(rejects, 0);
    assert_eq!(shown.matches(" 1\n").count(), 2, "{shown}");
}

#[test]
fn code_that_gives_something_else_than_announced_rejects_its_rows() {
    for (wrong, reason) in [
        (
            code("w", ["value"], DataType::Int64, |columns| {
                Ok(columns[0].clone())
            }),
            "Int32",
        ),
        (
            code("w", ["value"], DataType::Int32, |columns| {
                Ok(columns[0].slice(0, 0))
            }),
            "0 values",
        ),
        (
            code("w", ["value"], DataType::Int32, |_| fail!("no")),
            "w: no",
        ),
    ] {
        let view = totals().measure("total", sum(wrong)).build().unwrap();
        let mut fold = Fold::new(&view).unwrap();
        let rejects = fold.push(&chunk(&EVENTS)).unwrap();
        assert_eq!(rejects.len(), EVENTS.len());
        assert!(rejects[0].reason.contains(reason), "{}", rejects[0].reason);
    }
}

#[test]
fn what_does_not_fit_is_refused_with_the_way_out() {
    let error = |view: ViewBuilder| view.build().unwrap_err().to_string();
    let plain = || ViewBuilder::over(&table()).measure("n", count());
    assert_eq!(
        error(plain().key("nme")),
        "table events has no column nme, it has at, name, value, flag"
    );
    assert_eq!(
        error(plain().filter("name")),
        "filter name does not apply to VARCHAR: it needs a condition"
    );
    assert_eq!(
        error(plain().measure("total", sum("name"))),
        "SUM does not apply to VARCHAR: it needs a number, as CAST(… AS DOUBLE) makes one"
    );
    assert_eq!(
        error(plain().key(each("x", "name", |x: i64| x))),
        "x over name does not apply to VARCHAR: its code takes BIGINT"
    );
    assert_eq!(
        error(plain().measure("n", sum("value"))),
        "two columns of the answer are called n: give one of them another name"
    );
    assert_eq!(
        error(ViewBuilder::over(&table())),
        "a view shows something: give it a key or a measure"
    );
    let bytes = code("raw", ["name"], DataType::Binary, |_| fail!("no"));
    assert!(error(plain().key(bytes)).starts_with("key raw does not apply to BYTEA: group by"));
    for (view, wrong) in [
        (
            plain().retain(seconds(1)),
            "retain says nothing about a view without windows",
        ),
        (
            plain().allowed_lateness(seconds(1), Late::View),
            "allowed_lateness says nothing about a view without windows",
        ),
        (
            plain().tumble(Duration::ZERO),
            "no such window: a length of zero",
        ),
        (
            plain().hop(seconds(1), seconds(2)),
            "no such window: a slide that is longer",
        ),
        (
            plain().cumulate(seconds(3), seconds(2)),
            "no such window: the size is no multiple",
        ),
        (
            plain().hop(seconds(10_001), seconds(1)),
            "no such window: every event would be in 10001",
        ),
        (
            plain().tumble(Duration::MAX),
            "no such window: 18446744073709551615.999999999s",
        ),
    ] {
        let message = error(view);
        assert!(message.starts_with(wrong), "{message}");
    }
    assert!(plain().hop(seconds(10_000), seconds(1)).build().is_ok());
}

#[test]
fn lengths_are_in_microseconds_and_offsets_within_a_window() {
    let windows = [
        (
            totals().offset(seconds(23)),
            "tumble 10000000 offset 3000000",
        ),
        (
            totals().hop(seconds(10), seconds(4)).offset(seconds(5)),
            "hop 10000000 every 4000000 offset 1000000",
        ),
        (
            totals()
                .cumulate(seconds(10), seconds(5))
                .offset(seconds(12)),
            "cumulate 10000000 by 5000000 offset 2000000",
        ),
        (totals().session(seconds(7)), "session 7000000"),
    ];
    for (view, window) in windows {
        let view = view.measure("n", count()).build().unwrap();
        assert_eq!(view.window.to_string(), window);
    }
}

#[test]
fn a_table_needs_types_that_tables_have_and_an_event_time() {
    let columns = |data_type| Schema::new(vec![Field::new("at", data_type, false)]);
    let error = |data_type, time| {
        Table::new("t", columns(data_type), time)
            .unwrap_err()
            .to_string()
    };
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    assert!(error(DataType::Int64, "at").contains("no timestamp column at"));
    assert!(error(time, "when").contains("no timestamp column when"));
    let seconds = DataType::Timestamp(TimeUnit::Second, None);
    assert!(error(seconds, "at").starts_with("column at is Timestamp"));
}

#[test]
fn a_count_is_never_null() {
    let view = totals()
        .measure("n", count_of("value"))
        .measure("total", sum("value"));
    let view = view.build().unwrap();
    let nullable: Vec<bool> = view
        .schema
        .fields()
        .iter()
        .map(|field| field.is_nullable())
        .collect();
    assert_eq!(nullable, [true, false, false, false, true]);
    let mut fold = Fold::new(&view).unwrap();
    fold.push(&chunk(&EVENTS[1..2])).unwrap();
    let rows = answer(&view, &fold.finish().unwrap()).unwrap();
    assert_eq!(rows["n"].as_primitive::<Int64Type>().value(0), 0);
    assert!(rows["total"].is_null(0));
}

#[cfg(feature = "sql")]
mod sql;
