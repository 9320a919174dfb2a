//! A table that is a file: it has no events, and is joined when a view is read.

use arrow::datatypes::SchemaRef;

use crate::fingerprint::hash;
use crate::table::type_name;

/// What `CREATE TABLE … WITH (path = …)` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaticTable {
    /// Its name in SQL.
    pub name: String,
    /// Its columns in order; `nullable` is false for `NOT NULL`.
    pub schema: SchemaRef,
    /// The file, as the job names it.
    pub path: String,
    /// How it is written.
    pub format: StaticFormat,
    /// The hash of its bytes, in hexadecimal digits, where the job's text was completed with it.
    pub hash: Option<String>,
}

/// How a static table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaticFormat {
    /// Comma-separated values; the first line names the columns.
    Csv,
    /// Parquet.
    Parquet,
}

impl StaticTable {
    /// A text that is equal exactly for tables of the same content.
    pub fn canonical(&self) -> String {
        let columns: Vec<String> = (self.schema.fields().iter())
            .map(|field| {
                let null = if field.is_nullable() { "" } else { " not null" };
                format!("{:?} {}{null}", field.name(), type_name(field.data_type()))
            })
            .collect();
        let content = self.hash.as_deref().unwrap_or(&self.path);
        format!("static {:?} ({}) {content}", self.name, columns.join(", "))
    }
}

/// The hash of a file's content, as [`StaticTable::hash`] holds it.
pub fn content_hash(bytes: &[u8]) -> String {
    format!("{:032x}", hash(bytes))
}
