//! A `CREATE TABLE` as a `Table`.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, TimeUnit};
use sqlparser::ast::{ColumnDef, ColumnOption, CreateTable, Spanned};

use super::options::{self, Encoding, Options, Text};
use super::types::arrow_type;
use crate::decode::{Avro, AvroSchema};
use crate::identity::Topic;
use crate::parse::name::suggest;
use crate::parse::{ParsedTable, ParsedView, place};
use crate::spelling::{WINDOW_END, WINDOW_START};
use crate::sql_error::SqlError;
use crate::table::{Format, Table, TimeUnits, type_name};

/// Compiles a table; the first view over it names its event time where nothing else does.
///
/// # Errors
/// Types, options and clauses that cannot be read, and an event time that is missing, named twice
/// or not a timestamp.
pub(crate) fn table(parsed: &ParsedTable, views: &[ParsedView]) -> Result<Table, SqlError> {
    let create = &parsed.create;
    refuse_clauses(create)?;
    let fields = (create.columns.iter().enumerate())
        .map(|(n, column)| field(column, create.columns.get(..n).unwrap_or_default()))
        .collect::<Result<Vec<Field>, SqlError>>()?;
    let options = options::read(create)?;
    let name = parsed.name();
    let columns = parsed.columns();
    let find = |text: &Text| {
        let column = text.value.as_str();
        let found = columns.iter().position(|known| *known == column);
        found.ok_or_else(|| {
            let message = format!("table {name} has no column {column}");
            SqlError::new(text.at, message, suggest(column, "columns", &columns))
        })
    };
    let time = event_time(parsed, options.event_time.clone(), views)?;
    let event_time = find(&time)?;
    if let Some(field) = fields.get(event_time)
        && !matches!(field.data_type(), DataType::Timestamp(..))
    {
        let found = type_name(field.data_type());
        let message = format!("the event time {} is {found}", time.value);
        let help = "declare it as TIMESTAMP: numbers since 1970 and ISO 8601 are read alike";
        return Err(SqlError::new(time.at, message, help));
    }
    let units = match &options.time_unit {
        Some(text) => units(text, &fields, options.arrival.as_deref())?,
        None => TimeUnits::default(),
    };
    Ok(Table {
        units,
        topic: Topic::new(options.topic.as_ref().unwrap_or(&name)),
        partition_by: options.partition_by.as_ref().map(find).transpose()?,
        format: format(&options, &fields)?,
        schema: Arc::new(Schema::new(fields)),
        event_time,
        arrival: options.arrival,
        watermark_delay: parsed.watermark.as_ref().map_or(0, |(_, delay)| *delay),
        name,
    })
}

/// How records are written; the fields of an Avro schema must be able to fill the columns.
fn format(options: &Options, fields: &[Field]) -> Result<Format, SqlError> {
    let framing = match (options.format, &options.schema) {
        (Some((Encoding::Avro(framing), _)), Some(_)) => framing,
        (Some((Encoding::Avro(_), at)), None) => {
            let help = "add schema = 'events.avsc', a file beside this one";
            return Err(SqlError::new(at, "an Avro table needs a schema", help));
        }
        (_, Some(schema)) => {
            let help =
                "add format = 'avro', or 'avro-confluent' where a registry numbers the schemas";
            return Err(SqlError::new(
                schema.at,
                "only Avro tables have a schema",
                help,
            ));
        }
        (Some((Encoding::Csv, _)), None) => return Ok(Format::Csv),
        (Some((Encoding::Json, _)) | None, None) => return Ok(Format::Json),
    };
    let Some(text) = &options.schema else {
        return Ok(Format::Json);
    };
    let schema = AvroSchema::parse(&text.value).map_err(|reason| {
        let help = "name a file of a record's schema in JSON, or write its text here";
        SqlError::new(text.at, format!("the schema {reason}"), help)
    })?;
    for field in fields {
        let name = field.name();
        match schema.holds(name) {
            Some(true) => {}
            Some(false) => {
                let message =
                    format!("the schema's field {name} is of a type that no column can hold");
                let help = "leave the column away: arrays, maps, records and unions of several types are not read";
                return Err(SqlError::new(text.at, message, help));
            }
            None => {
                let known: Vec<&str> = schema.fields().collect();
                let message = format!("the schema has no field {name}");
                return Err(SqlError::new(
                    text.at,
                    message,
                    suggest(name, "fields", &known),
                ));
            }
        }
    }
    Ok(Format::Avro(Arc::new(Avro { schema, framing })))
}

/// Reads `us`, or units for some columns: `at us, seen s`.
fn units(text: &Text, fields: &[Field], arrival: Option<&str>) -> Result<TimeUnits, SqlError> {
    let wrong = |message: String| {
        let help = "write time_unit = 's', 'ms', 'us' or 'ns', or units for single TIMESTAMP columns: time_unit = 'us, arrival ms'";
        SqlError::new(text.at, message, help)
    };
    let mut units = TimeUnits::default();
    let mut seen = vec![];
    for item in text.value.split(',').map(str::trim) {
        let (column, unit) = match item.rsplit_once(char::is_whitespace) {
            Some((column, unit)) => (Some(column.trim()), unit),
            None => (None, item),
        };
        let unit = match unit.to_lowercase().as_str() {
            "s" => TimeUnit::Second,
            "ms" => TimeUnit::Millisecond,
            "us" => TimeUnit::Microsecond,
            "ns" => TimeUnit::Nanosecond,
            _ => return Err(wrong(format!("unknown unit of time {unit:?}"))),
        };
        if seen.contains(&column) {
            let of = column.map_or(String::new(), |column| format!(" of {column}"));
            return Err(wrong(format!("the unit of time{of} is given twice")));
        }
        seen.push(column);
        match column {
            None => units.others = unit,
            Some(column) => {
                let instant = |field: &Field| {
                    field.name() == column && matches!(field.data_type(), DataType::Timestamp(..))
                };
                if !fields.iter().any(instant) && arrival != Some(column) {
                    return Err(wrong(format!("{column} is no TIMESTAMP column")));
                }
                units.columns.insert(column.to_owned(), unit);
            }
        }
    }
    Ok(units)
}

/// The event-time column by WITH, WATERMARK or the first window, which must agree.
fn event_time(
    parsed: &ParsedTable,
    option: Option<Text>,
    views: &[ParsedView],
) -> Result<Text, SqlError> {
    let name = parsed.name();
    let at = place(&parsed.create.name);
    let clause = parsed.watermark.as_ref().map(|(column, _)| Text {
        value: column.clone(),
        at,
    });
    if let (Some(option), Some(clause)) = (&option, &clause)
        && option.value != clause.value
    {
        let message = format!(
            "event_time is {}, and WATERMARK is for {}",
            option.value, clause.value
        );
        return Err(SqlError::new(option.at, message, "name the same column"));
    }
    let mut over = views.iter().filter(|view| view.table == name);
    let window = |view: &ParsedView| Text {
        value: view.time_column.clone(),
        at: view.at,
    };
    let Some(time) = option.or(clause).or_else(|| over.next().map(window)) else {
        let message = format!("table {name} has no event time");
        let help = "add WITH (event_time = 'column')";
        return Err(SqlError::new(at, message, help));
    };
    let strayed = views
        .iter()
        .find(|view| view.table == name && view.time_column != time.value);
    match strayed {
        None => Ok(time),
        Some(view) => {
            let message = format!(
                "the window of {} is over {}, the event time of {name} is {}",
                view.name, view.time_column, time.value
            );
            let help = "a window must be over the event time";
            Err(SqlError::new(view.at, message, help))
        }
    }
}

pub(super) fn field(column: &ColumnDef, earlier: &[ColumnDef]) -> Result<Field, SqlError> {
    let name = column.name.value.as_str();
    let at = column.name.span.start;
    if earlier.iter().any(|other| other.name.value == name) {
        let message = format!("two columns are named {name}");
        return Err(SqlError::new(at, message, "rename one"));
    }
    if [WINDOW_START, WINDOW_END].contains(&name) {
        let message = format!("the name {name} is taken by the window");
        return Err(SqlError::new(at, message, "rename the column"));
    }
    let data_type = arrow_type(&column.data_type)
        .map_err(|(message, help)| SqlError::new(at, message, help))?;
    let mut nullable = true;
    for option in &column.options {
        match &option.option {
            ColumnOption::NotNull => nullable = false,
            ColumnOption::Null | ColumnOption::Comment(_) => {}
            other => {
                let message = format!("cannot read {other} of column {name}");
                let help = "a column has a type and perhaps NOT NULL";
                return Err(SqlError::new(option.span().start, message, help).or_at(at));
            }
        }
    }
    Ok(Field::new(name, data_type, nullable))
}

pub(super) fn refuse_clauses(create: &CreateTable) -> Result<(), SqlError> {
    let at = place(&create.name);
    let help = "a table is a list of columns and WITH (…); its events come from its topic";
    let found = [
        (!create.constraints.is_empty(), "a constraint"),
        (create.query.is_some(), "AS SELECT"),
        (create.like.is_some(), "LIKE"),
        (create.partition_by.is_some(), "PARTITION BY"),
        (create.order_by.is_some(), "ORDER BY"),
        (create.primary_key.is_some(), "PRIMARY KEY"),
        (create.inherits.is_some(), "INHERITS"),
        (create.clone.is_some(), "CLONE"),
    ];
    if let Some((_, clause)) = found.iter().find(|(is, _)| *is) {
        let message = format!("a table cannot have {clause}");
        return Err(SqlError::new(at, message, help));
    }
    if create.columns.is_empty() {
        return Err(SqlError::new(at, "the table has no columns", help));
    }
    Ok(())
}
