//! The definition of a table: columns and where its events come from.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use serde::{Deserialize, Serialize};

use crate::identity::Topic;

/// How the value of a record is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// One JSON object a record.
    Json,
    /// One line of comma-separated values a record, in the order of the columns.
    Csv,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Csv => "csv",
        })
    }
}

/// What `CREATE TABLE … WITH (…)` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name in SQL.
    pub name: String,
    /// Its columns in order; `nullable` is false for `NOT NULL`. Timestamps are in microseconds
    /// without a zone, read as UTC.
    pub schema: SchemaRef,
    /// The topic that feeds it; by default the table's name.
    pub topic: Topic,
    /// How records are written.
    pub format: Format,
    /// The index of the event-time column, a timestamp.
    pub event_time: usize,
    /// The index of the column whose value chooses the partition.
    pub partition_by: Option<usize>,
    /// The column of an input file that says when each event arrived; it need not be in the table.
    pub arrival: Option<String>,
    /// How far the watermark stays behind the greatest event time, in microseconds.
    pub watermark_delay: i64,
}

impl Table {
    /// The index of column `name`.
    pub fn index(&self, name: &str) -> Option<usize> {
        self.schema.index_of(name).ok()
    }

    /// The columns at `indices`, in that order.
    pub fn project(&self, indices: &[usize]) -> SchemaRef {
        let fields: Vec<Arc<Field>> = indices
            .iter()
            .filter_map(|index| self.schema.fields().get(*index).cloned())
            .collect();
        Arc::new(Schema::new(fields))
    }

    /// A text that is equal exactly for definitions that decode alike: columns, types, nullability,
    /// format and event time. Its hash marks typed columns at rest.
    pub fn canonical(&self) -> String {
        let columns: Vec<String> = (self.schema.fields().iter())
            .map(|field| {
                let null = if field.is_nullable() { "" } else { " not null" };
                format!("{:?} {}{null}", field.name(), type_name(field.data_type()))
            })
            .collect();
        format!(
            "table v1 ({}) format {} event_time {}",
            columns.join(", "),
            self.format,
            self.event_time
        )
    }
}

/// The SQL name of a column type; types that SQL cannot name are written as Arrow writes them.
pub fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Boolean => "BOOLEAN".into(),
        DataType::Int8 => "TINYINT".into(),
        DataType::Int16 => "SMALLINT".into(),
        DataType::Int32 => "INT".into(),
        DataType::Int64 => "BIGINT".into(),
        DataType::Float32 => "REAL".into(),
        DataType::Float64 => "DOUBLE".into(),
        DataType::Decimal128(precision, scale) => format!("DECIMAL({precision}, {scale})"),
        DataType::Date32 => "DATE".into(),
        DataType::Timestamp(..) => "TIMESTAMP".into(),
        DataType::Utf8 => "VARCHAR".into(),
        DataType::Binary => "BYTEA".into(),
        DataType::List(item) => format!("{} ARRAY", type_name(item.data_type())),
        other => format!("{other}"),
    }
}
