//! Which columns a view may name, and how: qualified or not, in any letters.

use std::ops::ControlFlow;

use sqlparser::ast::{Expr, Ident, ObjectName, ObjectNamePart, visit_expressions_mut};
use sqlparser::tokenizer::Location;

use super::{WINDOW_END, WINDOW_START, WINDOW_TIME, window_time};
use crate::parse::name::{normal, suggest};
use crate::sql_error::SqlError;

/// The names that expressions of a view can use.
pub(super) struct Scope<'a> {
    pub(super) table: &'a str,
    /// The table's alias, or its name without one.
    pub(super) qualifier: &'a Ident,
    pub(super) columns: Vec<&'a str>,
    /// Whether FROM has the window, which adds its two columns.
    pub(super) windowed: bool,
}

impl Scope<'_> {
    /// Whether `name` is a column of the relation.
    pub(super) fn has(&self, name: &str) -> bool {
        self.columns.contains(&name)
            || (self.windowed && [WINDOW_START, WINDOW_END].contains(&name))
    }

    /// The names of all columns of the relation.
    pub(super) fn all(&self) -> impl Iterator<Item = &str> {
        let window = self.windowed.then_some([WINDOW_START, WINDOW_END]);
        self.columns
            .iter()
            .copied()
            .chain(window.into_iter().flatten())
    }

    /// Fails unless the name is a column.
    pub(super) fn check(&self, name: &Ident) -> Result<(), SqlError> {
        if self.has(&name.value) {
            return Ok(());
        }
        let at = name.span.start;
        if [WINDOW_START, WINDOW_END, WINDOW_TIME].contains(&name.value.as_str()) {
            let message = format!("{} needs a window in FROM", name.value);
            let help = format!("write FROM TUMBLE({}, time, INTERVAL '1' HOUR)", self.table);
            return Err(SqlError::new(at, message, help));
        }
        let mut known = self.columns.clone();
        if self.windowed {
            known.extend([WINDOW_START, WINDOW_END]);
        }
        let message = format!("unknown column {}", name.value);
        let help = match suggest(&name.value, "columns", &known) {
            near if near.starts_with("did") => near,
            _ if name.quote_style == Some('"') => {
                format!("a text stands in single quotes: '{}'", name.value)
            }
            all => all,
        };
        Err(SqlError::new(at, message, help))
    }

    /// Brings the names in an expression into normal form and checks its columns.
    ///
    /// # Errors
    /// The first name that is not a column.
    pub(super) fn resolve(&self, expr: &mut Expr) -> Result<(), SqlError> {
        let flow = visit_expressions_mut(expr, |expr| match self.name(expr) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        });
        match flow {
            ControlFlow::Continue(()) => Ok(()),
            ControlFlow::Break(error) => Err(error),
        }
    }

    fn name(&self, expr: &mut Expr) -> Result<(), SqlError> {
        match expr {
            Expr::Identifier(name) => {
                let column = normal(name);
                *expr = self.column(column)?;
                Ok(())
            }
            Expr::CompoundIdentifier(parts) => {
                let column = self.unqualified(parts)?;
                *expr = self.column(column)?;
                Ok(())
            }
            Expr::Function(function) => {
                function.name = small(&function.name);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The expression that a column's normal name stands for.
    fn column(&self, name: Ident) -> Result<Expr, SqlError> {
        if self.is_window_time(&name.value) {
            return Ok(window_time(name.span.start));
        }
        self.check(&name)?;
        Ok(Expr::Identifier(name))
    }

    /// Whether a name is that of Flink's third column of a window.
    pub(super) fn is_window_time(&self, name: &str) -> bool {
        self.windowed && name == WINDOW_TIME && !self.columns.contains(&name)
    }

    fn unqualified(&self, parts: &[Ident]) -> Result<Ident, SqlError> {
        let at = parts
            .first()
            .map(|part| part.span.start)
            .unwrap_or(Location::empty());
        match parts {
            [qualifier, column] if normal(qualifier).value == self.qualifier.value => {
                Ok(normal(column))
            }
            [qualifier, _] => Err(SqlError::new(
                at,
                format!("unknown table {qualifier}"),
                format!("columns are those of {}", self.qualifier),
            )),
            _ => Err(SqlError::new(
                at,
                "a column name has at most two parts",
                format!("write {}.column", self.qualifier),
            )),
        }
    }
}

/// The name of a function in small letters.
fn small(name: &ObjectName) -> ObjectName {
    let parts = name.0.iter().map(|part| match part {
        ObjectNamePart::Identifier(ident) => ObjectNamePart::Identifier(normal(ident)),
        other => other.clone(),
    });
    ObjectName(parts.collect())
}
