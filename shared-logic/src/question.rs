//! What a view asks of the folds that it maintains: everything above a windowed GROUP BY.
//!
//! ```text
//!   CREATE VIEW ─split─┬─▶ folds: windowed GROUP BYs over events, maintained, merged by coverage
//!                      └─▶ question: HAVING, ORDER BY, joins, a second GROUP BY, top-N, …
//!                            asked of the folds' rows when somebody reads
//! ```
//!
//! A question is SQL over the rows of folds and over tables that are files. It is planned and run
//! by whoever reads (the serving layer), so it costs nothing while events are folded, and a view
//! with another question over the same folds needs no reprocessing.

use std::fmt::Write;
use std::sync::Arc;

use sqlparser::tokenizer::Location;

use crate::fingerprint::hash;
use crate::static_table::StaticTable;
use crate::view::{Fingerprint, View};

mod inline;
mod lift;
pub(crate) mod split;
mod steady;

/// A `CREATE VIEW`: the folds that it reads, and what it asks of their rows.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its name in SQL.
    pub name: String,
    /// Where the name stands in the text: line and character, both from 1.
    pub at: (u64, u64),
    /// What is maintained, in the order in which the question names it; at least one.
    pub folds: Vec<Arc<View>>,
    /// The question in SQL, in which every fold and every static table is a table of its name;
    /// `None` where the answer is the rows of the one fold.
    pub sql: Option<String>,
    /// The same in several lines, for people.
    pub(crate) pretty: String,
    /// The files that it reads.
    pub statics: Vec<Arc<StaticTable>>,
    /// A hash of all that decides the answer.
    pub fingerprint: Fingerprint,
}

impl Question {
    pub(crate) fn new(
        name: &str,
        at: Location,
        query: Option<&sqlparser::ast::Query>,
        folds: Vec<Arc<View>>,
        statics: Vec<Arc<StaticTable>>,
    ) -> Self {
        let sql = query.map(ToString::to_string);
        let mut text = format!("question v1\n{}\n", sql.as_deref().unwrap_or_default());
        for fold in &folds {
            // Writing into a String cannot fail.
            let _ = writeln!(text, "fold {:?} {}", fold.name, fold.fingerprint);
        }
        for table in &statics {
            let _ = writeln!(text, "{}", table.canonical());
        }
        let fingerprint = match sql {
            // A view that is its fold is changed by nothing but its fold.
            None => folds.first().map(|fold| fold.fingerprint.clone()),
            Some(_) => None,
        };
        let hashed = || Fingerprint(format!("{:032x}", hash(text.as_bytes())));
        Self {
            name: name.to_owned(),
            at: (at.line, at.column),
            sql,
            pretty: query.map_or(String::new(), |query| format!("{query:#}")),
            folds,
            statics,
            fingerprint: fingerprint.unwrap_or_else(hashed),
        }
    }

    /// The one fold whose rows are the answer; `None` where something is asked of them.
    pub fn plain(&self) -> Option<&Arc<View>> {
        match (&self.sql, self.folds.as_slice()) {
            (None, [fold]) => Some(fold),
            _ => None,
        }
    }

    /// What is asked when the view is read, in SQL over the folds that `explain` of each tells of;
    /// lines of text, none for a view that is its fold.
    pub fn explain(&self) -> String {
        let mut text = String::new();
        if self.sql.is_none() {
            return text;
        }
        // Writing into a String cannot fail.
        let _ = writeln!(text, "view {}", self.name);
        let mut label = "asks";
        for line in self.pretty.lines() {
            let _ = writeln!(text, "  {label:<11} {line}");
            label = "";
        }
        label = "of";
        for fold in &self.folds {
            let _ = writeln!(text, "  {label:<11} {}", fold.name);
            label = "";
        }
        label = "and";
        for table in &self.statics {
            let _ = writeln!(text, "  {label:<11} {} ({})", table.name, table.path);
            label = "";
        }
        let _ = writeln!(text, "  {:<11} {}", "fingerprint", self.fingerprint);
        text
    }
}
