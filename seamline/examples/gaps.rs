//! Ordered state: which numbers of a sensor's readings are missing.

use std::error::Error;
use std::sync::Arc;

use seamline::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use seamline::ordered::Row;
use seamline::{Chunk, Offset, Table, TopicPartition, ViewBuilder};

/// Runs the example.
pub fn main() -> Result<(), Box<dyn Error>> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, false),
        Field::new("sensor", DataType::Utf8, false),
        Field::new("number", DataType::Int64, false),
    ]);
    let readings = Arc::new(Table::new("readings", columns, "at")?);
    let gaps = ViewBuilder::over(&readings)
        .key("sensor")
        .flat_map_with_state(
            "gaps",
            ["sensor", "number"],
            |row: Row<'_>, last: Option<i64>| {
                let number: Option<i64> = row.get(1);
                let next = last.map(|last| last + 1);
                let missing = next.zip(number).filter(|(next, number)| next < number);
                let sensor = row.text(0).unwrap_or_default().to_owned();
                (missing.map(|missing| (sensor, missing)), number.max(last))
            },
        )?;

    let event = |(sensor, n)| format!(r#"{{"at": 0, "sensor": "{sensor}", "number": {n}}}"#);
    let sent = [("a", 1), ("b", 7), ("a", 2), ("a", 5), ("b", 8), ("b", 10)].map(event);
    let chunk = Chunk::raw(TopicPartition::new("readings", 0), Offset(0), &sent);
    let found = gaps.start(1).push(&chunk)?.outputs;

    for (offset, (sensor, (from, to))) in &found {
        println!(
            "offset {offset}: sensor {sensor} lacks {from} to {}",
            to - 1
        );
    }
    let a = (Offset(3), ("a".to_owned(), (3, 5)));
    let b = (Offset(5), ("b".to_owned(), (9, 10)));
    assert_eq!(found, [a, b]);
    Ok(())
}
