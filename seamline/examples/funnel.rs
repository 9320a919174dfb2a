//! Ordered state: how far each visitor comes, from the page to the cart to the payment.

use std::error::Error;
use std::sync::Arc;

use seamline::arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use seamline::ordered::Row;
use seamline::{Chunk, Offset, Table, TopicPartition, ViewBuilder};

const STEPS: [&str; 3] = ["page", "cart", "payment"];

/// Runs the example.
pub fn main() -> Result<(), Box<dyn Error>> {
    let time = DataType::Timestamp(TimeUnit::Microsecond, None);
    let columns = Schema::new(vec![
        Field::new("at", time, false),
        Field::new("visitor", DataType::Utf8, false),
        Field::new("step", DataType::Utf8, false),
    ]);
    let visits = Arc::new(Table::new("visits", columns, "at")?);
    // A step counts where it is the one that comes next.
    let funnel = ViewBuilder::over(&visits)
        .key("visitor")
        .flat_map_with_state(
            "funnel",
            ["step"],
            |row: Row<'_>, reached: usize| match STEPS.get(reached) {
                Some(next) if row.text(0) == Some(next) => (Some(reached), reached + 1),
                _ => (None, reached),
            },
        )?;

    let event =
        |(visitor, step)| format!(r#"{{"at": 0, "visitor": "{visitor}", "step": "{step}"}}"#);
    let sent = [
        ("ann", "page"),
        ("bob", "payment"),
        ("ann", "cart"),
        ("bob", "page"),
        ("ann", "page"),
        ("ann", "payment"),
        ("bob", "payment"),
    ]
    .map(event);
    let chunk = Chunk::raw(TopicPartition::new("visits", 0), Offset(0), &sent);
    let mut reached = [0; STEPS.len()];
    for (_, step) in funnel.start(1).push(&chunk)?.outputs {
        reached
            .get_mut(step)
            .into_iter()
            .for_each(|visitors| *visitors += 1);
    }
    for (step, visitors) in STEPS.iter().zip(reached) {
        println!("{step}: {visitors}");
    }
    assert_eq!(reached, [2, 1, 1]);
    Ok(())
}
