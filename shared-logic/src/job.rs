//! One `.sql` file, compiled.

use std::sync::Arc;

use crate::compile;
use crate::parse::name::suggest;
use crate::parse::{ParsedQuestion, parse};
use crate::question::Question;
use crate::sql_error::SqlError;
use crate::static_table::StaticTable;
use crate::table::Table;
use crate::view::View;

/// The tables and views of one file: the unit of state, of versions and of the swap.
#[derive(Clone, Debug)]
pub struct Job {
    /// Its name: that of the file without `.sql`.
    pub name: String,
    /// The text it was compiled from.
    pub sql: String,
    /// Its tables of events, in the file's order.
    pub tables: Vec<Arc<Table>>,
    /// What its views maintain, in the file's order; at least one.
    pub views: Vec<Arc<View>>,
    /// Its views, in the file's order; at least one. What a view maintains has its name, with a
    /// number behind it where that is several folds.
    pub questions: Vec<Arc<Question>>,
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
    pub fn question(&self, name: Option<&str>) -> Result<&Arc<Question>, SqlError> {
        let known: Vec<&str> = (self.questions.iter())
            .map(|view| view.name.as_str())
            .collect();
        let found = match name {
            Some(name) => self.questions.iter().find(|view| view.name == name),
            None => self.questions.last(),
        };
        found.ok_or_else(|| {
            let name = name.unwrap_or_default();
            let help = suggest(name, "views", &known);
            SqlError::nowhere(format!("unknown view {name}"), help)
                .in_file(format!("{}.sql", self.name))
        })
    }

    /// The view of this name, or the last, where its answer is the rows of one fold.
    ///
    /// # Errors
    /// There is no such view, or it asks something of the rows of its folds.
    pub fn view(&self, name: Option<&str>) -> Result<&Arc<View>, SqlError> {
        let question = self.question(name)?;
        question.plain().ok_or_else(|| {
            let message = format!("view {} asks a question of its folds", question.name);
            SqlError::nowhere(message, "its answer is that of Job::question")
                .in_file(format!("{}.sql", self.name))
        })
    }

    /// What is maintained under this name.
    pub fn fold(&self, name: &str) -> Option<&Arc<View>> {
        self.views.iter().find(|fold| fold.name == name)
    }
}

fn compiled(name: &str, sql: &str) -> Result<Job, SqlError> {
    let parsed = parse(sql)?;
    let tables = (parsed.tables.iter())
        .map(|table| compile::table(table, &parsed.views).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let statics = (parsed.statics.iter())
        .map(|table| compile::static_table(table).map(Arc::new))
        .collect::<Result<Vec<_>, _>>()?;
    let joined = |question: &ParsedQuestion| -> Vec<Arc<StaticTable>> {
        let names = question.statics.iter();
        let found = names.filter_map(|name| statics.iter().find(|table| table.name == *name));
        found.cloned().collect()
    };
    let mut views: Vec<Arc<View>> = vec![];
    for view in &parsed.views {
        let owner = (parsed.questions.iter()).find(|question| question.own.contains(&view.name));
        let files: Vec<String> = (owner.map(joined).unwrap_or_default().iter())
            .map(|table| table.canonical())
            .collect();
        if let Some(table) = tables.iter().find(|table| table.name == view.table) {
            views.push(Arc::new(compile::view(view, Arc::clone(table), &files)?));
        }
    }
    if views.is_empty() {
        let help = "write CREATE VIEW name AS SELECT … GROUP BY window_start, window_end";
        return Err(SqlError::nowhere("the file has no view", help));
    }
    let questions = parsed.questions.iter().map(|question| {
        let names = question.folds.iter();
        let folds = names.filter_map(|name| views.iter().find(|view| view.name == *name));
        let query = question.query.as_ref();
        let folds = folds.cloned().collect();
        Arc::new(Question::new(
            &question.name,
            question.at,
            query,
            folds,
            joined(question),
        ))
    });
    Ok(Job {
        name: name.to_owned(),
        sql: sql.to_owned(),
        questions: questions.collect(),
        tables,
        views,
    })
}

#[cfg(test)]
mod tests;
