//! `CREATE VIEW … WITH (…)`: lateness and retention.

use sqlparser::ast::{CreateTableOptions, Expr, Spanned, SqlOption, Value};
use sqlparser::tokenizer::Location;

use super::interval::{microseconds, span};
use super::name::suggest;
use crate::lateness::Late;
use crate::sql_error::SqlError;

const KNOWN: [&str; 3] = ["allowed_lateness", "late", "retain"];
const HELP: &str = "write WITH (allowed_lateness = '5 minutes', late = 'view', retain = '7 days')";

/// What WITH of a view says; lengths in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ViewOptions {
    /// How long after its windows have ended an event still counts; `None` is for ever.
    pub allowed_lateness: Option<i64>,
    /// Who leaves late events out; both layers unless told otherwise.
    pub late: Option<Late>,
    /// How long after their end windows are kept; `None` is for ever.
    pub retain: Option<i64>,
}

/// Reads the options of a view whose name stands at `at`.
///
/// # Errors
/// An option that is not known, given twice, or with a value that it cannot have.
pub(super) fn read(options: &CreateTableOptions, at: Location) -> Result<ViewOptions, SqlError> {
    let mut read = ViewOptions::default();
    let list = match options {
        CreateTableOptions::None => return Ok(read),
        CreateTableOptions::With(list) => list,
        _ => {
            return Err(SqlError::new(
                at,
                "cannot read the options of the view",
                HELP,
            ));
        }
    };
    let mut seen = vec![];
    for option in list {
        let SqlOption::KeyValue { key, value } = option else {
            let message = format!("cannot read the option {option}");
            return Err(SqlError::new(option.span().start, message, HELP).or_at(at));
        };
        let name = key.value.to_lowercase();
        let place = key.span.start;
        if seen.contains(&name) {
            let message = format!("option {name} is given twice");
            return Err(SqlError::new(place, message, "keep one"));
        }
        match name.as_str() {
            "allowed_lateness" => read.allowed_lateness = Some(length(value, &name, at)?),
            "late" => read.late = Some(late(value, at)?),
            "retain" => read.retain = Some(length(value, &name, at)?),
            _ => {
                let message = format!("unknown option {name} of a view");
                return Err(SqlError::new(
                    place,
                    message,
                    suggest(&name, "options", &KNOWN),
                ));
            }
        }
        seen.push(name);
    }
    if read.late.is_some() && read.allowed_lateness.is_none() {
        let message = "option late says nothing without allowed_lateness";
        return Err(SqlError::new(at, message, HELP));
    }
    Ok(read)
}

fn text(value: &Expr) -> Option<&str> {
    match value {
        Expr::Value(found) => match &found.value {
            Value::SingleQuotedString(text) => Some(text),
            _ => None,
        },
        _ => None,
    }
}

fn length(value: &Expr, name: &str, at: Location) -> Result<i64, SqlError> {
    let wrong = |message: String| SqlError::new(value.span().start, message, HELP).or_at(at);
    let length = match text(value) {
        Some(text) => span(text).map_err(wrong)?,
        None => microseconds(value).map_err(|error| error.or_at(at))?,
    };
    match length {
        0.. => Ok(length),
        _ => Err(wrong(format!("{name} is negative"))),
    }
}

fn late(value: &Expr, at: Location) -> Result<Late, SqlError> {
    match text(value) {
        Some("view") => Ok(Late::View),
        Some("speed-only") => Ok(Late::SpeedOnly),
        _ => {
            let message = format!("late cannot be {value}");
            let help = "late = 'view' leaves late events out everywhere, 'speed-only' lets the batch layer count them";
            Err(SqlError::new(value.span().start, message, help).or_at(at))
        }
    }
}
