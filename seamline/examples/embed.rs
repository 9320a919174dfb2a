//! A view within an application: push events, read a key, save the state, and go on from there.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use seamline::arrow::array::{AsArray, StringArray};
use seamline::arrow::compute::{filter_record_batch, kernels::cmp::eq};
use seamline::arrow::datatypes::{DataType, Field, Float64Type, Schema, TimeUnit};
use seamline::builder::{avg, count};
use seamline::{Chunk, Fold, Offset, Partial, Table, TopicPartition, ViewBuilder, answer, merge};

/// Events as a producer would write them; `at` is in milliseconds.
const EVENTS: [&str; 4] = [
    r#"{"at": 1000, "page": "home", "ms": 12}"#,
    r#"{"at": 2000, "page": "shop", "ms": 40}"#,
    r#"{"at": 3000, "page": "home", "ms": 18}"#,
    r#"{"at": 4000, "page": "home", "ms": 30}"#,
];

/// Runs the example.
pub fn main() -> Result<(), Box<dyn Error>> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, false),
        Field::new("page", DataType::Utf8, false),
        Field::new("ms", DataType::Int32, true),
    ]);
    let visits = Arc::new(Table::new("visits", columns, "at")?);
    let view = ViewBuilder::over(&visits)
        .key("page")
        .tumble(Duration::from_secs(60))
        .measure("visits", count())
        .measure("mean_ms", avg("ms"))
        .build()?;

    let place = TopicPartition::new("visits", 0);
    let mut fold = Fold::new(&view)?;
    fold.push(&Chunk::raw(place.clone(), Offset(0), &EVENTS[..3]))?;
    let saved = fold.finish()?.save(&view)?;

    // Later, in another process: the state says which event comes next.
    let state = Partial::restore(&view, &saved)?;
    let mut fold = Fold::after(&view, &state.coverage)?;
    fold.push(&Chunk::raw(place, Offset(3), &EVENTS[3..]))?;
    let state = merge(&view, [&state, &fold.finish()?])?;

    let rows = answer(&view, &state)?;
    let of_home = eq(
        &rows["page"].as_string::<i32>(),
        &StringArray::new_scalar("home"),
    )?;
    let home = filter_record_batch(&rows, &of_home)?;
    let mean = home["mean_ms"].as_primitive::<Float64Type>().value(0);
    println!("home: {} windows, {mean} ms in the first", home.num_rows());
    assert_eq!((home.num_rows(), mean), (1, 20.0));
    Ok(())
}
