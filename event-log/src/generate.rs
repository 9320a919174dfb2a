//! Events whose answers are known, and where to put them.

mod avro;
mod clicks;
mod destination;
mod flights;
#[cfg(feature = "nexmark")]
mod nexmark;
mod pace;

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

#[cfg(feature = "nexmark")]
pub use self::nexmark::{Nexmark, nexmark, nexmark_schema};
pub use clicks::{Clicks, clicks};
pub use destination::{Destination, write_avro, write_json_lines, write_parquet};
pub use flights::{Flights, flights};
pub use pace::Pace;

/// The columns of generated clicks: `clicked` (event time), `page`, `visitor` and `arrival`.
pub fn clicks_schema() -> SchemaRef {
    let instant = DataType::Timestamp(TimeUnit::Microsecond, None);
    Arc::new(Schema::new(vec![
        Field::new("clicked", instant.clone(), false),
        Field::new("page", DataType::Utf8, false),
        Field::new("visitor", DataType::Int64, false),
        Field::new("arrival", instant, false),
    ]))
}
