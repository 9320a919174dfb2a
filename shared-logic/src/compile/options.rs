//! `WITH (…)` of a CREATE TABLE: where the events come from and how they are written.

use sqlparser::ast::{CreateTable, CreateTableOptions, Expr, Spanned, SqlOption, Value};
use sqlparser::tokenizer::Location;

use crate::decode::Framing;
use crate::parse::name::suggest;
use crate::parse::place;
use crate::sql_error::SqlError;

/// What WITH says; names of columns are not looked up yet.
#[derive(Debug, Default)]
pub(super) struct Options {
    pub(super) topic: Option<String>,
    pub(super) format: Option<(Encoding, Location)>,
    pub(super) event_time: Option<Text>,
    pub(super) partition_by: Option<Text>,
    pub(super) arrival: Option<String>,
    pub(super) time_unit: Option<Text>,
    pub(super) schema: Option<Text>,
}

/// A format and, for Avro, what stands before each record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Json,
    Csv,
    Avro(Framing),
}

/// An option's text and its place.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) at: Location,
}

const KNOWN: [&str; 7] = [
    "topic",
    "format",
    "event_time",
    "partition_by",
    "arrival",
    "time_unit",
    "schema",
];

/// Reads the options of a table.
///
/// # Errors
/// An option that is not known, given twice, or without a text in quotes.
pub(super) fn read(create: &CreateTable) -> Result<Options, SqlError> {
    let at = place(&create.name);
    let list = match &create.table_options {
        CreateTableOptions::None => return Ok(Options::default()),
        CreateTableOptions::With(list) => list,
        _ => {
            let help = "write WITH (topic = '…', format = 'json', event_time = '…')";
            return Err(SqlError::new(
                at,
                "cannot read the options of the table",
                help,
            ));
        }
    };
    let mut options = Options::default();
    let mut seen = vec![];
    for option in list {
        let SqlOption::KeyValue { key, value } = option else {
            let message = format!("cannot read the option {option}");
            return Err(
                SqlError::new(option.span().start, message, "write name = 'value'").or_at(at),
            );
        };
        let name = key.value.to_lowercase();
        let place = key.span.start;
        if seen.contains(&name) {
            let message = format!("option {name} is given twice");
            return Err(SqlError::new(place, message, "keep one"));
        }
        set(&mut options, &name, text(value, &name)?, place)?;
        seen.push(name);
    }
    Ok(options)
}

fn set(options: &mut Options, name: &str, text: Text, at: Location) -> Result<(), SqlError> {
    match name {
        "topic" => options.topic = Some(text.value),
        "format" => options.format = Some((format(&text)?, text.at)),
        "event_time" => options.event_time = Some(text),
        "partition_by" => options.partition_by = Some(text),
        "arrival" => options.arrival = Some(text.value),
        "schema" => options.schema = Some(text),
        "time_unit" => options.time_unit = Some(text),
        "allowed_lateness" | "late" | "retain" => {
            let message = format!("option {name} belongs to a view");
            let help = format!("write CREATE VIEW name WITH ({name} = '…') AS SELECT …");
            return Err(SqlError::new(at, message, help));
        }
        _ => {
            let message = format!("unknown option {name}");
            return Err(SqlError::new(at, message, suggest(name, "options", &KNOWN)));
        }
    }
    Ok(())
}

fn format(text: &Text) -> Result<Encoding, SqlError> {
    match text.value.to_lowercase().as_str() {
        "json" => Ok(Encoding::Json),
        "csv" => Ok(Encoding::Csv),
        "avro" => Ok(Encoding::Avro(Framing::Bare)),
        "avro-confluent" => Ok(Encoding::Avro(Framing::Confluent)),
        other => {
            let message = format!("unknown format {other}");
            Err(SqlError::new(
                text.at,
                message,
                suggest(other, "formats", &["json", "csv", "avro", "avro-confluent"]),
            ))
        }
    }
}

fn text(value: &Expr, name: &str) -> Result<Text, SqlError> {
    let at = value.span().start;
    let Expr::Value(found) = value else {
        return Err(no_text(value, name, at));
    };
    match &found.value {
        Value::SingleQuotedString(text) if !text.is_empty() => Ok(Text {
            value: text.clone(),
            at,
        }),
        _ => Err(no_text(value, name, at)),
    }
}

fn no_text(value: &Expr, name: &str, at: Location) -> SqlError {
    let message = format!("option {name} needs a text, found {value}");
    SqlError::new(at, message, format!("write {name} = '…'"))
}
