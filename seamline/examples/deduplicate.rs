//! Ordered state: each order once, however often its producer sends it.

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
        Field::new("id", DataType::Int64, false),
        Field::new("item", DataType::Utf8, false),
    ]);
    let orders = Arc::new(Table::new("orders", columns, "at")?);
    let once = ViewBuilder::over(&orders).key("id").flat_map_with_state(
        "once",
        ["item"],
        |row: Row<'_>, seen: bool| {
            let item = row.text(0).map(str::to_owned);
            (item.filter(|_| !seen), true)
        },
    )?;

    let event = |(id, item)| format!(r#"{{"at": 0, "id": {id}, "item": "{item}"}}"#);
    let sent = [(1, "tea"), (2, "cup"), (1, "tea"), (3, "pot"), (2, "cup")].map(event);
    let place = TopicPartition::new("orders", 0);

    // The batch layer has the first three events, the speed layer goes on from its state.
    let mut batch = once.start(1);
    let mut kept = batch
        .push(&Chunk::raw(place.clone(), Offset(0), &sent[..3]))?
        .outputs;
    let mut speed = once.restore(&batch.save()?, 1)?;
    kept.extend(
        speed
            .push(&Chunk::raw(place, Offset(3), &sent[3..]))?
            .outputs,
    );

    for (offset, item) in &kept {
        println!("offset {offset}: {item}");
    }
    let items: Vec<&str> = kept.iter().map(|(_, item)| item.as_str()).collect();
    assert_eq!(items, ["tea", "cup", "pot"]);
    Ok(())
}
