//! A view taken apart: what each row says, what is aggregated, and what is shown.

use shared_logic::parse::{Parsed, ParsedTable, ParsedView, ViewOptions};
use shared_logic::window::Window;
use sqlparser::ast::{ColumnOption, GroupByExpr, Select, SelectItem};

use super::TruthError;
use super::kind::Kind;
use super::node::{Aggregate, Node};
use super::resolve::resolve;

/// The columns that a window adds.
pub(super) const WINDOW: [&str; 2] = ["window_start", "window_end"];

/// A column of the table.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) kind: Kind,
    /// `NOT NULL`.
    pub(super) required: bool,
}

/// A view in the parts in which Polars evaluates it.
#[derive(Debug)]
pub(super) struct Plan {
    /// The columns of the table that the view reads, the time column first.
    pub(super) fields: Vec<Field>,
    pub(super) window: Window,
    /// What sessions are found by, over the fields.
    pub(super) sessions: Vec<Node>,
    /// Whether there is one row for each event and window, none of them grouped.
    pub(super) rows: bool,
    /// Lateness and retention.
    pub(super) options: ViewOptions,
    /// How far the watermark stays behind the greatest event time, in microseconds.
    pub(super) delay: i64,
    /// WHERE, over the fields and the window.
    pub(super) filter: Option<Node>,
    /// The keys, over the fields.
    pub(super) keys: Vec<Node>,
    /// The aggregates, each once, their arguments over the fields.
    pub(super) aggregates: Vec<(Aggregate, Vec<Node>)>,
    /// The columns of the answer, over the window, the keys and the aggregates.
    pub(super) outputs: Vec<(String, Node)>,
}

/// The name of a key in the finished groups.
pub(super) fn key(number: usize) -> String {
    format!("key_{number}")
}

/// The name of a key that sessions are found by, in the rows.
pub(super) fn session(number: usize) -> String {
    format!("session_{number}")
}

/// The name of an aggregate in the finished groups.
pub(super) fn aggregate(number: usize) -> String {
    format!("aggregate_{number}")
}

/// The name of an aggregate's argument in the rows.
pub(super) fn argument(aggregate: usize, number: usize) -> String {
    format!("argument_{aggregate}_{number}")
}

impl Plan {
    /// Takes apart the view called `name`, or the last one.
    ///
    /// # Errors
    /// No such view, or an expression or clause that is not lowered.
    pub(super) fn new(parsed: &Parsed, name: Option<&str>) -> Result<Self, TruthError> {
        let (table, view) = choose(parsed, name)?;
        let select = &view.select;
        plain(select)?;
        let filter = (select.selection.as_ref()).map(resolve).transpose()?;
        let mut keys = vec![];
        for expr in grouping(select)? {
            match resolve(expr)? {
                Node::Column(name) if WINDOW.contains(&name.as_str()) => {}
                key => keys.push(key),
            }
        }
        let mut plan = Self {
            fields: vec![],
            window: view.window,
            sessions: view
                .sessions_by
                .iter()
                .map(resolve)
                .collect::<Result<_, _>>()?,
            rows: view.rows,
            options: view.options,
            delay: table.watermark.as_ref().map_or(0, |(_, delay)| *delay),
            filter,
            keys,
            aggregates: vec![],
            outputs: vec![],
        };
        for item in &select.projection {
            let (name, expr) = match item {
                SelectItem::UnnamedExpr(expr) => (None, expr),
                SelectItem::ExprWithAlias { expr, alias } => (Some(alias.value.clone()), expr),
                other => return Err(TruthError::unsupported(other)),
            };
            let node = plan.shown(resolve(expr)?)?;
            let name = name.unwrap_or_else(|| match expr {
                sqlparser::ast::Expr::Identifier(name) => name.value.clone(),
                other => other.to_string(),
            });
            plan.outputs.push((name, node));
        }
        plan.fields = plan.read(table, &view.time_column)?;
        Ok(plan)
    }

    /// An item of the SELECT list over the window, the keys and the aggregates.
    fn shown(&mut self, node: Node) -> Result<Node, TruthError> {
        if let Some(number) = self.keys.iter().position(|key| *key == node) {
            return Ok(Node::Column(key(number)));
        }
        match node {
            Node::Aggregate(function, arguments) => {
                let wanted = (function, arguments);
                let known = self.aggregates.iter().position(|known| *known == wanted);
                let number = known.unwrap_or_else(|| {
                    self.aggregates.push(wanted);
                    self.aggregates.len() - 1
                });
                Ok(Node::Column(aggregate(number)))
            }
            Node::Column(name) if !WINDOW.contains(&name.as_str()) => Err(TruthError::Sql(
                format!("column {name} is neither in GROUP BY nor in an aggregate"),
            )),
            node => node.map(&mut |part| self.shown(part)),
        }
    }

    /// The columns of `table` that are read, the time column first.
    fn read(&self, table: &ParsedTable, time: &str) -> Result<Vec<Field>, TruthError> {
        let mut names = vec![time];
        let arguments = self.aggregates.iter().flat_map(|(_, nodes)| nodes);
        let keys = self.keys.iter().chain(&self.sessions);
        for node in arguments.chain(keys).chain(&self.filter) {
            node.columns(&mut names);
        }
        names.retain(|name| !WINDOW.contains(name));
        names.into_iter().map(|name| field(table, name)).collect()
    }

    /// The type of a column of the events; only tumbling windows are known of a single event.
    pub(super) fn kind(&self, column: &str) -> Option<Kind> {
        if WINDOW.contains(&column) {
            let known = matches!(self.window, Window::Tumble { .. });
            return known.then_some(Kind::Timestamp);
        }
        let field = self.fields.iter().find(|field| field.name == column)?;
        Some(field.kind)
    }
}

/// A column of `table`.
pub(super) fn field(table: &ParsedTable, name: &str) -> Result<Field, TruthError> {
    let columns = &table.create.columns;
    let Some(column) = columns.iter().find(|column| column.name.value == name) else {
        let table = table.name();
        return Err(TruthError::Sql(format!(
            "table {table} has no column {name}"
        )));
    };
    let required = |option: &ColumnOption| matches!(option, ColumnOption::NotNull);
    Ok(Field {
        name: name.to_owned(),
        kind: Kind::of(&column.data_type)?,
        required: column.options.iter().any(|option| required(&option.option)),
    })
}

/// The view that is asked for and its table.
pub(super) fn choose<'a>(
    parsed: &'a Parsed,
    name: Option<&str>,
) -> Result<(&'a ParsedTable, &'a ParsedView), TruthError> {
    let view = match name {
        Some(name) => parsed.views.iter().find(|view| view.name == name),
        None => parsed.views.last(),
    };
    let view = view.ok_or_else(|| {
        let names: Vec<&str> = parsed.views.iter().map(|view| view.name.as_str()).collect();
        let (wanted, known) = (name.unwrap_or("at all"), names.join(", "));
        TruthError::Sql(format!("there is no view {wanted}, only: {known}"))
    })?;
    let table = parsed
        .tables
        .iter()
        .find(|table| table.name() == view.table);
    let table = table.ok_or_else(|| {
        TruthError::Sql(format!(
            "view {} reads {}, which is no table",
            view.name, view.table
        ))
    })?;
    Ok((table, view))
}

fn grouping(select: &Select) -> Result<&[sqlparser::ast::Expr], TruthError> {
    match &select.group_by {
        GroupByExpr::Expressions(exprs, modifiers) if modifiers.is_empty() => Ok(exprs),
        other => Err(TruthError::unsupported(other)),
    }
}

/// Refuses the clauses that are not evaluated here.
fn plain(select: &Select) -> Result<(), TruthError> {
    if let Some(having) = &select.having {
        return Err(TruthError::unsupported(format!("HAVING {having}")));
    }
    let other = select.distinct.is_some()
        || select.top.is_some()
        || select.qualify.is_some()
        || select.prewhere.is_some()
        || !select.lateral_views.is_empty()
        || !select.sort_by.is_empty();
    if other {
        return Err(TruthError::unsupported(select));
    }
    Ok(())
}
