#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};

use super::*;
use crate::builder::{ViewBuilder, count};
use crate::identity::{Offset, TopicPartition};
use crate::table::Table;

#[test]
fn the_greatest_time_of_all_chunks_is_reached_whatever_else_is_wrong_with_its_record() {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("n", DataType::Int64, false),
        Field::new("at", time, false),
    ]);
    let table = Arc::new(Table::new("events", columns, "at").unwrap());
    let view = ViewBuilder::over(&table)
        .measure("n", count())
        .build()
        .unwrap();
    let mut reach = Reach::new(&view);
    assert_eq!(reach.reached(), None);
    let mut start = 0;
    let mut push = |records: &[&str]| {
        let chunk = Chunk::raw(TopicPartition::new("events", 0), Offset(start), records);
        start += records.len() as u64;
        reach.push(&chunk).unwrap();
        reach.reached().map(|reached| reached.0.0)
    };
    assert_eq!(push(&["no record", r#"{"n": 1}"#]), None);
    assert_eq!(push(&[r#"{"at": -3, "n": 1}"#]), Some(-3_000));
    assert_eq!(
        push(&[r#"{"at": 7, "n": "no number"}"#, r#"{"at": 5}"#]),
        Some(7_000)
    );
    assert_eq!(push(&[r#"{"at": 6, "n": 1}"#]), Some(7_000));
}
