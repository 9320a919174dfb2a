//! The definition of a table: columns and where its events come from.

use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

use crate::decode::{Avro, Framing};
use crate::fingerprint::hash;
use crate::identity::Topic;

/// How the value of a record is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a record.
    Json,
    /// One line of comma-separated values a record, in the order of the columns.
    Csv,
    /// One datum of this schema a record, whose fields are columns by their names.
    Avro(Arc<Avro>),
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Avro(avro) => match avro.framing {
                Framing::Bare => "avro",
                Framing::Confluent => "avro-confluent",
            },
        })
    }
}

/// What numbers in TIMESTAMP columns count since 1970, where the input does not say it itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeUnits {
    /// In columns that are not named.
    pub others: TimeUnit,
    /// In columns of these names, which need not be in the table.
    pub columns: BTreeMap<String, TimeUnit>,
}

impl Default for TimeUnits {
    /// Milliseconds in all columns.
    fn default() -> Self {
        Self {
            others: TimeUnit::Millisecond,
            columns: BTreeMap::new(),
        }
    }
}

impl TimeUnits {
    /// What a number in column `name` counts.
    pub fn of(&self, name: &str) -> TimeUnit {
        self.columns.get(name).copied().unwrap_or(self.others)
    }
}

/// The name of a unit of time in SQL.
pub fn unit_name(unit: TimeUnit) -> &'static str {
    match unit {
        TimeUnit::Second => "s",
        TimeUnit::Millisecond => "ms",
        TimeUnit::Microsecond => "us",
        TimeUnit::Nanosecond => "ns",
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
    /// What numbers in timestamp columns count.
    pub units: TimeUnits,
    /// The index of the event-time column, a timestamp.
    pub event_time: usize,
    /// The index of the column whose value chooses the partition.
    pub partition_by: Option<usize>,
    /// The column of an input file that says when each event arrived; it need not be in the table.
    pub arrival: Option<String>,
    /// How far the watermark stays behind the greatest event time, in microseconds.
    pub watermark_delay: i64,
}

/// Why columns make no table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// The event time is not among the columns, or not a timestamp.
    #[error("table {table} has no timestamp column {column}: name one as its event time")]
    EventTime {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A column of a type that no table has.
    #[error(
        "column {column} is {found}: tables have booleans, numbers, texts, bytes, dates, and timestamps in microseconds without a zone"
    )]
    Type {
        /// The column.
        column: String,
        /// Its type.
        found: String,
    },
}

impl Table {
    /// A table of these columns whose events are JSON objects in the topic of the same name.
    ///
    /// # Errors
    /// A column type that a table cannot have, or an event time that is no timestamp.
    pub fn new(
        name: impl Into<String>,
        columns: impl Into<SchemaRef>,
        event_time: &str,
    ) -> Result<Self, TableError> {
        let (name, schema) = (name.into(), columns.into());
        if let Some(field) = (schema.fields().iter()).find(|field| !kept(field.data_type())) {
            return Err(TableError::Type {
                column: field.name().clone(),
                found: field.data_type().to_string(),
            });
        }
        let found = schema.fields().iter().position(|field| {
            field.name() == event_time && matches!(field.data_type(), DataType::Timestamp(..))
        });
        let Some(event_time) = found else {
            return Err(TableError::EventTime {
                table: name,
                column: event_time.to_owned(),
            });
        };
        Ok(Self {
            topic: Topic::new(&name),
            format: Format::Json,
            units: TimeUnits::default(),
            partition_by: None,
            arrival: None,
            watermark_delay: 0,
            name,
            schema,
            event_time,
        })
    }

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
    /// format, event time and units of time. Its hash marks typed columns at rest.
    pub fn canonical(&self) -> String {
        let columns: Vec<String> = (self.schema.fields().iter())
            .map(|field| {
                let null = if field.is_nullable() { "" } else { " not null" };
                format!("{:?} {}{null}", field.name(), type_name(field.data_type()))
            })
            .collect();
        let format = match &self.format {
            Format::Avro(avro) => {
                let schema = hash(avro.schema.text().as_bytes());
                format!("{} schema {schema:032x}", self.format)
            }
            format => format.to_string(),
        };
        let mut text = format!(
            "table v1 ({}) format {} event_time {}",
            columns.join(", "),
            format,
            self.event_time
        );
        // Milliseconds are not written, so that tables without other units have the text that they
        // had before there were any.
        for field in self.schema.fields() {
            let unit = self.units.of(field.name());
            if matches!(field.data_type(), DataType::Timestamp(..)) && unit != TimeUnit::Millisecond
            {
                // Writing into a String cannot fail.
                let _ = write!(text, " {:?} counts {}", field.name(), unit_name(unit));
            }
        }
        text
    }
}

/// Whether a table can have columns of this type.
fn kept(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Float32
                | DataType::Float64
                | DataType::Decimal128(..)
                | DataType::Utf8
                | DataType::Binary
                | DataType::Date32
                | DataType::Timestamp(TimeUnit::Microsecond, None)
        )
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
