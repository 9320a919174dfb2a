//! A CREATE VIEW, divided into the folds that are maintained and the question asked of their rows.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use sqlparser::ast::{
    CreateView, Ident, ObjectName, Query, Select, SetExpr, Spanned, TableAlias, TableFactor,
    TableWithJoins, VisitMut, VisitorMut,
};
use sqlparser::tokenizer::Location;

use super::inline::inline;
use super::lift::{is_asked, lift, quoted};
use super::steady;
use crate::parse::name::{normal, suggest};
use crate::parse::{ParsedQuestion, ParsedTable, ParsedView, ViewOptions, shape};
use crate::spelling::{self, Spelled, WINDOW_END, WINDOW_START};
use crate::sql_error::SqlError;

/// What a view can name: everything above it in the file.
#[derive(Clone, Copy)]
pub(crate) struct Known<'a> {
    /// The tables of events.
    pub(crate) tables: &'a [ParsedTable],
    /// The tables that are files.
    pub(crate) statics: &'a [ParsedTable],
    /// All folds so far.
    pub(crate) folds: &'a [ParsedView],
    /// All views so far.
    pub(crate) views: &'a [ParsedQuestion],
}

/// Divides a view called `name`: the folds that it adds, and the question.
///
/// # Errors
/// The first clause, relation or function that a view cannot have.
pub(crate) fn split(
    create: CreateView,
    name: &Ident,
    options: ViewOptions,
    known: Known<'_>,
) -> Result<(Vec<ParsedView>, ParsedQuestion), SqlError> {
    let at = name.span.start;
    if is_fold(&create.query, known) {
        let columns = create.columns.clone();
        let select = shape::select(create)?;
        let names = known.names();
        let spelled = spelling::canonical(select, columns, known.tables, &names)?;
        let fold = fold(name.value.clone(), at, options, spelled);
        let question = ParsedQuestion {
            name: name.value.clone(),
            at,
            folds: vec![name.value.clone()],
            own: vec![name.value.clone()],
            statics: vec![],
            query: None,
        };
        return Ok((vec![fold], question));
    }
    if let Some(column) = create.columns.first() {
        let help = "name the columns in SELECT, each with AS";
        let message = "columns named behind the view's name are read of a plain GROUP BY alone";
        return Err(SqlError::new(column.name.span.start, message, help));
    }
    let mut query = *create.query;
    steady::check(&query).map_err(|error| error.or_at(at))?;
    let mut folds = Folds {
        known,
        name: &name.value,
        at,
        options,
        folds: vec![],
    };
    if let ControlFlow::Break(error) = query.visit(&mut folds) {
        return Err(error.or_at(at));
    }
    let mut folds = folds.folds;
    let mut relations = Relations {
        known,
        own: folds.iter().map(|fold| fold.name.clone()).collect(),
        ctes: BTreeSet::new(),
        folds: vec![],
        statics: vec![],
    };
    if let ControlFlow::Break(error) = query.visit(&mut relations) {
        return Err(error.or_at(at));
    }
    let mut question = ParsedQuestion {
        name: name.value.clone(),
        at,
        folds: relations.folds,
        own: relations.own,
        statics: relations.statics,
        query: None,
    };
    if question.folds.is_empty() {
        let message = format!("view {} reads no events", name.value);
        let help = "read a table of events, or a view over one";
        return Err(SqlError::new(at, message, help));
    }
    if let [only] = folds.as_mut_slice() {
        // One fold is what the view maintains: it has the view's name.
        rename(&mut query, &only.name, &name.value);
        for known in question.folds.iter_mut().chain(&mut question.own) {
            if *known == only.name {
                known.clone_from(&name.value);
            }
        }
        only.name.clone_from(&name.value);
    }
    if options != ViewOptions::default() && folds.is_empty() {
        let message = format!("view {} maintains nothing of its own", name.value);
        let help = "give the options to the views that it reads";
        return Err(SqlError::new(at, message, help));
    }
    // What is asked of nothing but the rows is no question.
    let rows = format!("SELECT * FROM {}", quoted(&name.value));
    if query.to_string() != rows {
        question.query = Some(query);
    }
    Ok((folds, question))
}

fn fold(name: String, at: Location, options: ViewOptions, spelled: Spelled) -> ParsedView {
    ParsedView {
        name,
        at,
        table: spelled.table,
        time_column: spelled.time_column,
        window: spelled.window,
        sessions_by: spelled.sessions_by,
        rows: spelled.rows,
        options,
        select: spelled.select,
    }
}

impl Known<'_> {
    fn names(&self) -> Vec<&str> {
        self.views.iter().map(|view| view.name.as_str()).collect()
    }

    fn is_table(&self, name: &str) -> bool {
        self.tables.iter().any(|table| table.name() == name)
    }

    fn is_static(&self, name: &str) -> bool {
        self.statics.iter().any(|table| table.name() == name)
    }
}

/// Whether the query is one GROUP BY over events, or so far from anything else that it is read as
/// one, so that errors say what a view looks like.
fn is_fold(query: &Query, known: Known<'_>) -> bool {
    let SetExpr::Select(select) = query.body.as_ref() else {
        return false;
    };
    let plain = query.with.is_none()
        && query.order_by.is_none()
        && query.limit_clause.is_none()
        && query.fetch.is_none()
        && select.having.is_none()
        && select.qualify.is_none()
        && select.distinct.is_none()
        && select.named_window.is_empty();
    let from = match select.from.as_slice() {
        [] => true,
        [only] => match &only.relation {
            _ if !only.joins.is_empty() => false,
            TableFactor::Table {
                name, args: None, ..
            } => single(name)
                .is_none_or(|name| !known.is_static(&name) && !known.names().contains(&&*name)),
            TableFactor::Derived { .. } => false,
            // A window over a view of rows is one over the table.
            _ => spelling::source_of(select)
                .map_or(true, |(name, ..)| !known.names().contains(&name.as_str())),
        },
        _ => false,
    };
    plain
        && from
        && !select.projection.iter().any(|item| match item {
            sqlparser::ast::SelectItem::UnnamedExpr(expr)
            | sqlparser::ast::SelectItem::ExprWithAlias { expr, .. } => is_asked(expr),
            _ => false,
        })
}

/// The one identifier of a name, in normal form.
fn single(name: &ObjectName) -> Option<String> {
    match name.0.as_slice() {
        [part] => part.as_ident().map(|ident| normal(ident).value),
        _ => None,
    }
}

/// Takes the folds out of a query, innermost first, and leaves their names.
struct Folds<'a> {
    known: Known<'a>,
    name: &'a str,
    at: Location,
    options: ViewOptions,
    folds: Vec<ParsedView>,
}

impl VisitorMut for Folds<'_> {
    type Break = SqlError;

    fn post_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        match self.query(query) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Folds<'_> {
    fn query(&mut self, query: &mut Query) -> Result<(), SqlError> {
        shape::query_clauses(query, self.at)?;
        if let SetExpr::Select(select) = query.body.as_mut() {
            inline(select, &mut query.order_by, self.known);
        }
        match query.body.as_mut() {
            SetExpr::Select(select) if self.over_events(select) => {
                self.select(select, &mut query.order_by)
            }
            body => self.leaves(body),
        }
    }

    /// The SELECTs of UNION and the like; those in parentheses are queries, and done.
    fn leaves(&mut self, body: &mut SetExpr) -> Result<(), SqlError> {
        if let SetExpr::Select(select) = body {
            inline(select, &mut None, self.known);
        }
        match body {
            SetExpr::Select(select) if self.over_events(select) => self.select(select, &mut None),
            SetExpr::Select(select) => shape::select_clauses(select, self.at),
            SetExpr::SetOperation { left, right, .. } => {
                self.leaves(left)?;
                self.leaves(right)
            }
            SetExpr::Query(_) | SetExpr::Values(_) => Ok(()),
            _ => {
                let help = "write SELECT";
                Err(SqlError::new(self.at, "a view needs a SELECT", help))
            }
        }
    }

    /// Whether FROM is a table of events alone, or a window.
    fn over_events(&self, select: &Select) -> bool {
        let [only] = select.from.as_slice() else {
            return false;
        };
        only.joins.is_empty()
            && match &only.relation {
                TableFactor::Table {
                    name, args: None, ..
                } => single(name).is_some_and(|name| self.known.is_table(&name)),
                TableFactor::Table {
                    name,
                    args: Some(_),
                    ..
                } => single(name).is_some_and(|name| spelling::makes_windows(&name)),
                TableFactor::TableFunction { .. } => true,
                _ => false,
            }
    }

    /// Replaces a SELECT over events by one over the rows of its fold.
    fn select(
        &mut self,
        select: &mut Select,
        order_by: &mut Option<sqlparser::ast::OrderBy>,
    ) -> Result<(), SqlError> {
        shape::select_clauses(select, self.at)?;
        let (table, _, windowed) = spelling::source_of(select)?;
        let found = self.known.tables.iter().find(|known| known.name() == table);
        let mut columns: Vec<String> = found
            .map(|table| table.columns().into_iter().map(str::to_owned).collect())
            .unwrap_or_default();
        if windowed {
            columns.extend([WINDOW_START, WINDOW_END].map(str::to_owned));
        }
        let lifted = lift(select.clone(), order_by, &columns, windowed);
        let names = self.known.names();
        let spelled = spelling::canonical(lifted.fold, vec![], self.known.tables, &names)?;
        let number = self.folds.len() + 1;
        let mut new = fold(
            format!("{}.{number}", self.name),
            self.at,
            self.options,
            spelled,
        );
        match self.folds.iter().find(|known| same(known, &new)) {
            Some(known) => new.name.clone_from(&known.name),
            None => self.folds.push(new.clone()),
        }
        *select = match lifted.above {
            Some(above) => above,
            None => star(select),
        };
        select.from = vec![relation(&new.name)];
        Ok(())
    }
}

/// Whether two folds maintain and show the same.
fn same(one: &ParsedView, other: &ParsedView) -> bool {
    (&one.table, one.window, one.rows) == (&other.table, other.window, other.rows)
        && one.sessions_by == other.sessions_by
        && one.select == other.select
}

/// `SELECT *` in place of a SELECT.
fn star(select: &Select) -> Select {
    let mut star = select.clone();
    star.projection = vec![sqlparser::ast::SelectItem::Wildcard(Default::default())];
    star.distinct = None;
    star.selection = None;
    star.group_by = sqlparser::ast::GroupByExpr::Expressions(vec![], vec![]);
    star
}

/// FROM the fold of this name.
fn relation(name: &str) -> TableWithJoins {
    TableWithJoins {
        relation: spelling::plain_table(quoted(name)),
        joins: vec![],
    }
}

/// Gives a relation another name.
fn rename(query: &mut Query, from: &str, to: &str) {
    let _: ControlFlow<()> = sqlparser::ast::visit_relations_mut(query, |relation| {
        if single(relation).is_some_and(|name| name == from) {
            *relation = ObjectName::from(quoted(to));
        }
        ControlFlow::Continue(())
    });
}

/// Finds what every relation of a question is, and puts views that are questions in their place.
struct Relations<'a> {
    known: Known<'a>,
    own: Vec<String>,
    ctes: BTreeSet<String>,
    folds: Vec<String>,
    statics: Vec<String>,
}

impl VisitorMut for Relations<'_> {
    type Break = SqlError;

    fn pre_visit_query(&mut self, query: &mut Query) -> ControlFlow<SqlError> {
        for cte in query.with.iter().flat_map(|with| &with.cte_tables) {
            let name = normal(&cte.alias.name);
            if self.known.is_table(&name.value)
                || self.known.is_static(&name.value)
                || self.known.names().contains(&name.value.as_str())
            {
                let message = format!("the name {} is taken", name.value);
                let help = "give the query in WITH another name";
                return ControlFlow::Break(SqlError::new(name.span.start, message, help));
            }
            self.ctes.insert(name.value);
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<SqlError> {
        match self.factor(factor) {
            Ok(()) => ControlFlow::Continue(()),
            Err(error) => ControlFlow::Break(error),
        }
    }
}

impl Relations<'_> {
    fn factor(&mut self, factor: &mut TableFactor) -> Result<(), SqlError> {
        let at = factor.span().start;
        match factor {
            TableFactor::Table {
                name,
                args: None,
                alias,
                ..
            } => {
                let Some(plain) = single(name) else {
                    let message = format!("the name {name} has several parts");
                    return Err(SqlError::new(at, message, "write the last part alone"));
                };
                let alias = alias.clone();
                match self.named(&plain, at)? {
                    None => *name = ObjectName::from(quoted(&plain)),
                    Some(query) => *factor = derived(query, &plain, alias),
                }
                Ok(())
            }
            TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => Ok(()),
            TableFactor::Table { .. } | TableFactor::TableFunction { .. } => {
                let message = "a window cannot stand beside another relation";
                let help = "join (SELECT … FROM TUMBLE(table, time, INTERVAL '1' HOUR) GROUP BY window_start, window_end) AS name";
                Err(SqlError::new(at, message, help))
            }
            _ => {
                let message = "this kind of FROM is not supported yet in a view";
                Err(SqlError::new(
                    at,
                    message,
                    "read tables, views and subqueries",
                ))
            }
        }
    }

    /// The question of a view of this name, where it is one; else the name stands.
    fn named(&mut self, name: &str, at: Location) -> Result<Option<Query>, SqlError> {
        let known = self.known;
        if self.own.iter().any(|own| own == name) {
            note(&mut self.folds, name);
            return Ok(None);
        }
        if self.ctes.contains(name) {
            return Ok(None);
        }
        if known.is_static(name) {
            note(&mut self.statics, name);
            return Ok(None);
        }
        if let Some(view) = known.views.iter().find(|view| view.name == name) {
            for fold in &view.folds {
                note(&mut self.folds, fold);
            }
            for table in &view.statics {
                note(&mut self.statics, table);
            }
            return Ok(view.query.clone());
        }
        if known.folds.iter().any(|fold| fold.name == name) {
            // Within the question of another view, whose folds were noted.
            return Ok(None);
        }
        if known.is_table(name) {
            let message = format!("the table {name} cannot be joined event by event");
            let help = format!(
                "join what is to be kept of it: (SELECT column, … FROM {name} WHERE …) AS name"
            );
            return Err(SqlError::new(at, message, help));
        }
        let mut names: Vec<String> = (known.tables.iter().chain(known.statics))
            .map(ParsedTable::name)
            .collect();
        names.extend(known.names().into_iter().map(str::to_owned));
        names.extend(self.ctes.iter().cloned());
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let message = format!("unknown table {name}");
        Err(SqlError::new(at, message, suggest(name, "tables", &names)))
    }
}

fn note(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

/// `(question) AS name`.
fn derived(query: Query, name: &str, alias: Option<TableAlias>) -> TableFactor {
    let alias = alias.unwrap_or_else(|| TableAlias {
        explicit: true,
        name: quoted(name),
        columns: vec![],
        at: None,
    });
    TableFactor::Derived {
        lateral: false,
        subquery: Box::new(query),
        alias: Some(alias),
        sample: None,
    }
}
