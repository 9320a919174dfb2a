//! The columns of a table as they are read, before any view.

use std::path::Path;

use polars::prelude::{BooleanChunked, Column, DataFrame, IntoColumn, NewChunkedArray};
use shared_logic::parse::parse;

use super::TruthError;
use super::input;
use super::plan;
use super::unit::Units;

/// Where events are.
#[derive(Clone, Copy, Debug)]
pub enum Written<'a> {
    /// In a file, in the order of arrival.
    File(&'a Path),
    /// As JSON lines in memory.
    Lines(&'a [u8]),
}

/// The column that says whether a record can be read.
pub const READABLE: &str = "readable";

/// Some columns of the table that a view reads, one row for each record, and [`READABLE`].
///
/// # Errors
/// No such view or column, or a file that cannot be read.
pub fn table(
    events: Written<'_>,
    sql: &str,
    view: &str,
    names: &[&str],
) -> Result<DataFrame, TruthError> {
    let parsed = parse(sql).map_err(|error| TruthError::Sql(error.to_string()))?;
    let (table, _) = plan::choose(&parsed, Some(view))?;
    let fields = names
        .iter()
        .map(|name| plan::field(table, name))
        .collect::<Result<Vec<_>, _>>()?;
    let wanted: Vec<_> = fields
        .iter()
        .map(|field| (field.name.as_str(), field.kind))
        .collect();
    let units = Units::new(table)?;
    let read = match events {
        Written::File(path) => input::read(path, &wanted, &units)?,
        Written::Lines(text) => input::json_lines(text, &wanted, &units)?,
    };
    let mut readable: Vec<bool> = read.broken.iter().map(|broken| !broken).collect();
    for (field, column) in fields.iter().zip(&read.columns) {
        let nulls = column.column.is_null();
        let nulls = nulls.iter().map(|null| null.unwrap_or_default());
        for ((readable, bad), null) in readable.iter_mut().zip(&column.bad).zip(nulls) {
            *readable &= !(*bad || field.required && null);
        }
    }
    let height = readable.len();
    let mut columns: Vec<Column> = read.columns.into_iter().map(|read| read.column).collect();
    columns.push(BooleanChunked::from_slice(READABLE.into(), &readable).into_column());
    Ok(DataFrame::new(height, columns)?)
}
