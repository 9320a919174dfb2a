//! Rows for people and for programs: a table, JSON lines or CSV.

use std::io::Write;
use std::sync::Arc;

use anyhow::Result;
use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, StringArray};
use arrow::csv::WriterBuilder;
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use arrow::util::display::array_value_to_string;
use clap::ValueEnum;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use shared_logic::table::type_name;
use shared_logic::time::EventTime;

/// How rows are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns.
    #[default]
    Table,
    /// One JSON object a line, timestamps in ISO 8601 UTC.
    Json,
    /// Comma-separated values with a header.
    Csv,
}

/// Of a longer table so many rows are shown, half of them from its end.
const SHOWN: usize = 40;

/// Prints `rows` to `out`; of a long table the middle is left out, unless `all` are asked for. The
/// count below it is always complete.
pub fn rows(out: &mut impl Write, rows: &RecordBatch, format: Format, all: bool) -> Result<()> {
    match format {
        Format::Table => table(out, rows, all),
        Format::Json => json(out, rows),
        Format::Csv => {
            let text = WriterBuilder::new().with_header(true);
            text.with_timestamp_format("%Y-%m-%dT%H:%M:%S%.fZ".into())
                .build(out)
                .write(&without_lists(rows)?)?;
            Ok(())
        }
    }
}

/// The rows with lists as JSON text, since CSV has no lists.
fn without_lists(rows: &RecordBatch) -> Result<RecordBatch> {
    let mut columns = vec![];
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        let column: ArrayRef = match column.data_type() {
            DataType::List(_) => {
                let texts = (0..column.len())
                    .map(|row| column.is_valid(row).then(|| value(column, row)).transpose());
                Arc::new(texts.collect::<Result<StringArray>>()?)
            }
            _ => Arc::clone(column),
        };
        columns.push((field.name().clone(), column, field.is_nullable()));
    }
    Ok(RecordBatch::try_from_iter_with_nullable(columns)?)
}

/// An empty table in the house's look: numbers to the right, no lines but under the header.
pub fn sheet(header: &[&str]) -> Table {
    let mut table = Table::new();
    table
        .load_preset(presets::NOTHING)
        .set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header);
    table
}

/// Aligns the columns from `first` on to the right.
pub fn numbers_right(table: &mut Table, first: usize) {
    for column in table.column_iter_mut().skip(first) {
        column.set_cell_alignment(CellAlignment::Right);
    }
}

fn table(out: &mut impl Write, rows: &RecordBatch, all: bool) -> Result<()> {
    let (schema, count) = (rows.schema(), rows.num_rows());
    let header: Vec<String> = (schema.fields().iter())
        .map(|field| {
            format!(
                "{}\n{}",
                field.name(),
                type_name(field.data_type()).to_lowercase()
            )
        })
        .collect();
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let mut table = sheet(&header);
    let cut = !all && count > SHOWN;
    let half = SHOWN / 2;
    for row in 0..count {
        if cut && row == half {
            table.add_row(vec!["·"; header.len()]);
        }
        if cut && (half..count - half).contains(&row) {
            continue;
        }
        let cells = rows.columns().iter().map(|column| cell(column, row));
        table.add_row(cells.collect::<Result<Vec<_>>>()?);
    }
    for (index, field) in schema.fields().iter().enumerate() {
        if let (true, Some(column)) = (field.data_type().is_numeric(), table.column_mut(index)) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    writeln!(out, "{}", table.trim_fmt())?;
    let shown = if cut {
        format!(", {SHOWN} shown; --format json or csv prints all")
    } else {
        String::new()
    };
    let plural = if count == 1 { "" } else { "s" };
    writeln!(out, "({count} row{plural}{shown})")?;
    Ok(())
}

fn cell(column: &dyn Array, row: usize) -> Result<String> {
    if column.is_null(row) {
        return Ok("NULL".into());
    }
    Ok(match column.data_type() {
        DataType::Timestamp(..) => {
            instant(column.as_primitive::<TimestampMicrosecondType>().value(row))
        }
        DataType::Float64 => float(column.as_primitive::<Float64Type>().value(row)),
        _ => array_value_to_string(column, row)?,
    })
}

/// A float for people: six digits behind the point are enough, if they say anything.
fn float(value: f64) -> String {
    let (exact, short) = (value.to_string(), format!("{value:.6}"));
    let some = value == 0.0 || value.abs() >= 1e-3;
    match exact.len() > short.len() && some && value.is_finite() {
        true => short,
        false => exact,
    }
}

fn instant(micros: i64) -> String {
    EventTime(micros).to_string()
}

fn json(out: &mut impl Write, rows: &RecordBatch) -> Result<()> {
    let schema = rows.schema();
    let names: Vec<String> = (schema.fields().iter())
        .map(|field| serde_json::to_string(field.name()))
        .collect::<Result<_, _>>()?;
    for row in 0..rows.num_rows() {
        let mut separator = '{';
        for (name, column) in names.iter().zip(rows.columns()) {
            write!(out, "{separator}{name}:{}", value(column, row)?)?;
            separator = ',';
        }
        writeln!(out, "}}")?;
    }
    Ok(())
}

fn value(column: &dyn Array, row: usize) -> Result<String> {
    macro_rules! number {
        ($type:ty) => {
            column.as_primitive::<$type>().value(row).to_string()
        };
    }
    macro_rules! float {
        ($type:ty) => {{
            let value = column.as_primitive::<$type>().value(row);
            // JSON has no word for these; as text they are at least seen.
            if value.is_finite() {
                serde_json::to_string(&value)?
            } else {
                format!("\"{value}\"")
            }
        }};
    }
    if column.is_null(row) {
        return Ok("null".into());
    }
    Ok(match column.data_type() {
        DataType::Boolean => column.as_boolean().value(row).to_string(),
        DataType::Int8 => number!(Int8Type),
        DataType::Int16 => number!(Int16Type),
        DataType::Int32 => number!(Int32Type),
        DataType::Int64 => number!(Int64Type),
        DataType::UInt8 => number!(UInt8Type),
        DataType::UInt16 => number!(UInt16Type),
        DataType::UInt32 => number!(UInt32Type),
        DataType::UInt64 => number!(UInt64Type),
        DataType::Float32 => float!(Float32Type),
        DataType::Float64 => float!(Float64Type),
        DataType::Decimal128(..) => array_value_to_string(column, row)?,
        DataType::Timestamp(..) => {
            format!(
                "\"{}\"",
                instant(column.as_primitive::<TimestampMicrosecondType>().value(row))
            )
        }
        DataType::List(_) => {
            let items = column.as_list::<i32>().value(row);
            let items = (0..items.len()).map(|item| value(&items, item));
            format!("[{}]", items.collect::<Result<Vec<_>>>()?.join(","))
        }
        _ => serde_json::to_string(&array_value_to_string(column, row)?)?,
    })
}
