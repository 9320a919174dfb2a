//! What numbers count that stand for instants.

use shared_logic::parse::ParsedTable;
use sqlparser::ast::{CreateTableOptions, Expr, SqlOption, Value};

use super::TruthError;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Seconds,
    Millis,
    Micros,
    Nanos,
}

/// The units of a table's columns.
#[derive(Debug)]
pub(super) struct Units {
    others: Unit,
    columns: Vec<(String, Unit)>,
}

impl Units {
    /// What the option `time_unit` says, such as `us` or `at us, seen s`; milliseconds without it.
    ///
    /// # Errors
    /// A unit that is not known.
    pub(super) fn new(table: &ParsedTable) -> Result<Self, TruthError> {
        let mut units = Self {
            others: Unit::Millis,
            columns: vec![],
        };
        for item in option(table, "time_unit").unwrap_or_default().split(',') {
            let mut words = item.split_whitespace();
            match (words.next(), words.next()) {
                (None, _) => {}
                (Some(name), None) => units.others = unit(name)?,
                (Some(column), Some(name)) => units.columns.push((column.to_owned(), unit(name)?)),
            }
        }
        Ok(units)
    }

    /// What a number in this column counts.
    pub(super) fn of(&self, column: &str) -> Unit {
        let named = self.columns.iter().find(|(name, _)| name == column);
        named.map_or(self.others, |(_, unit)| *unit)
    }
}

fn unit(name: &str) -> Result<Unit, TruthError> {
    Ok(match name.to_lowercase().as_str() {
        "s" => Unit::Seconds,
        "ms" => Unit::Millis,
        "us" => Unit::Micros,
        "ns" => Unit::Nanos,
        _ => return Err(TruthError::Sql(format!("unknown unit of time {name}"))),
    })
}

/// The text of an option of CREATE TABLE.
pub(super) fn option<'a>(table: &'a ParsedTable, name: &str) -> Option<&'a str> {
    let CreateTableOptions::With(list) = &table.create.table_options else {
        return None;
    };
    list.iter().find_map(|option| match option {
        SqlOption::KeyValue {
            key,
            value: Expr::Value(value),
        } if key.value.eq_ignore_ascii_case(name) => match &value.value {
            Value::SingleQuotedString(text) => Some(text.as_str()),
            _ => None,
        },
        _ => None,
    })
}
