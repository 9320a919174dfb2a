//! A `CREATE TABLE … WITH (path = …)` as a `StaticTable`.

use std::sync::Arc;

use arrow::datatypes::{Field, Schema};

use super::table::{field, refuse_clauses};
use crate::parse::name::suggest;
use crate::parse::{ParsedTable, place};
use crate::sql_error::SqlError;
use crate::static_table::{StaticFormat, StaticTable};

const KNOWN: [&str; 3] = ["path", "format", "hash"];

/// Compiles a table that is a file.
///
/// # Errors
/// Types, options and clauses that cannot be read.
pub(crate) fn static_table(parsed: &ParsedTable) -> Result<StaticTable, SqlError> {
    let create = &parsed.create;
    let at = place(&create.name);
    refuse_clauses(create)?;
    let fields = (create.columns.iter().enumerate())
        .map(|(n, column)| field(column, create.columns.get(..n).unwrap_or_default()))
        .collect::<Result<Vec<Field>, SqlError>>()?;
    for name in parsed.options() {
        if !KNOWN.contains(&name.to_lowercase().as_str()) {
            let message = format!("a table that is a file has no option {name}");
            return Err(SqlError::new(at, message, suggest(name, "options", &KNOWN)));
        }
    }
    let path = parsed.option("path").unwrap_or_default().to_owned();
    let ending = path.rsplit('.').next().unwrap_or_default();
    let format = match parsed.option("format").unwrap_or(ending).to_lowercase() {
        format if format == "csv" => StaticFormat::Csv,
        format if format == "parquet" => StaticFormat::Parquet,
        other => {
            let message = format!("cannot read {path}: unknown format {other:?}");
            let help = "write format = 'csv' or 'parquet'";
            return Err(SqlError::new(at, message, help));
        }
    };
    Ok(StaticTable {
        name: parsed.name(),
        schema: Arc::new(Schema::new(fields)),
        path,
        format,
        hash: parsed.option("hash").map(str::to_owned),
    })
}
