//! One `.sql` file, compiled.

use std::sync::Arc;

use crate::compile;
use crate::parse::name::suggest;
use crate::parse::parse;
use crate::sql_error::SqlError;
use crate::table::Table;
use crate::view::View;

/// The tables and views of one file: the unit of state, of versions and of the swap.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name: that of the file without `.sql`.
    pub name: String,
    /// The text it was compiled from.
    pub sql: String,
    /// Its tables, in the file's order.
    pub tables: Vec<Arc<Table>>,
    /// Its views, in the file's order; at least one.
    pub views: Vec<Arc<View>>,
}

impl Job {
    /// Compiles the text of a file.
    ///
    /// # Errors
    /// The first mistake, placed in `{name}.sql`.
    pub fn compile(name: &str, sql: &str) -> Result<Self, SqlError> {
        compiled(name, sql).map_err(|error| error.in_file(format!("{name}.sql")))
    }

    /// The view of this name; without one the last, which is the answer of the file.
    ///
    /// # Errors
    /// There is no such view.
    pub fn view(&self, name: Option<&str>) -> Result<&Arc<View>, SqlError> {
        let known: Vec<&str> = self.views.iter().map(|view| view.name.as_str()).collect();
        let found = match name {
            Some(name) => self.views.iter().find(|view| view.name == name),
            None => self.views.last(),
        };
        found.ok_or_else(|| {
            let name = name.unwrap_or_default();
            let help = suggest(name, "views", &known);
            SqlError::nowhere(format!("unknown view {name}"), help)
                .in_file(format!("{}.sql", self.name))
        })
    }
}

fn compiled(name: &str, sql: &str) -> Result<Job, SqlError> {
    let parsed = parse(sql)?;
    let tables = (parsed.tables.iter())
        .map(|table| compile::table(table, &parsed.views).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let mut views = vec![];
    for view in &parsed.views {
        if let Some(table) = tables.iter().find(|table| table.name == view.table) {
            views.push(Arc::new(compile::view(view, Arc::clone(table))?));
        }
    }
    if views.is_empty() {
        let help = "write CREATE VIEW name AS SELECT … GROUP BY window_start, window_end";
        return Err(SqlError::nowhere("the file has no view", help));
    }
    Ok(Job {
        name: name.to_owned(),
        sql: sql.to_owned(),
        tables,
        views,
    })
}

#[cfg(test)]
mod tests;
