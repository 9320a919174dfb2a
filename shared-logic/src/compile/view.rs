//! A `CREATE VIEW` as a `View`: what is prepared, what is maintained, what is shown.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::DFSchema;
use sqlparser::ast::{self, Select, SelectItem};

use super::aggregate::{self, Aggregate};
use super::check;
use super::context::{BOUND, Context};
use super::plan::{Planned, Planner, refused};
use super::prepare::prepare;
use super::rebase::{Rebase, is_measure, key_name, measure_name};
use crate::fingerprint::{Maintained, fingerprint};
use crate::group::groupable;
use crate::lateness::{Late, Lateness};
use crate::measure::Function;
use crate::parse::ParsedView;
use crate::present::Projection;
use crate::spelling::{WINDOW_END, WINDOW_START};
use crate::sql_error::SqlError;
use crate::table::{Table, type_name};
use crate::view::View;
use crate::window::Window;

/// Compiles a fold over its table; `statics` are the files that its rows are joined with.
///
/// # Errors
/// The first function, type or expression that cannot be compiled, at its place.
pub(crate) fn view(
    parsed: &ParsedView,
    table: Arc<Table>,
    statics: &[String],
) -> Result<View, SqlError> {
    let select = &parsed.select;
    check::check(select)?;
    let start = select.select_token.0.span.start;
    let context = Context::new(&table);
    let planner = Planner::new(&context, start);
    let schema = context.schema().map_err(|error| refused(start, &error))?;

    let filter = filter(select, &planner, &schema)?;
    let windowed = parsed.window != Window::All;
    let group_by = check::keys(select);
    let mut keys = keys(
        group_by.get(if windowed { 2 } else { 0 }..),
        &planner,
        &schema,
    )?;
    let grouped = keys.len();
    let (aggregates, calls) = aggregate::measures(select, &planner, &schema)?;
    let rebase = Rebase {
        group_by,
        windowed,
        calls: &calls,
    };
    let finished = finished(&keys, &aggregates).map_err(|error| refused(start, &error))?;
    let projection = projection(select, &planner, &rebase, &finished, &keys)?;
    let sessions_by = sessions_by(parsed, &mut keys, &planner, &schema)?;

    let canonical = filter.as_ref().map(Planned::canonical).transpose()?;
    let key_texts = keys
        .iter()
        .map(Planned::canonical)
        .collect::<Result<Vec<_>, _>>()?;
    let measure_texts: Vec<(&Function, &str)> = (aggregates.iter())
        .map(|one| (&one.measure.function, one.canonical.as_str()))
        .collect();
    let lateness = parsed.options.allowed_lateness.map(|allowed| Lateness {
        allowed,
        late: parsed.options.late.unwrap_or(Late::View),
        delay: table.watermark_delay,
    });
    never_ends(parsed)?;
    let fingerprint = fingerprint(&Maintained {
        table: &table,
        time_column: &parsed.time_column,
        window: parsed.window,
        sessions_by: &sessions_by,
        lateness,
        retain: parsed.options.retain,
        filter: canonical.as_deref(),
        keys: &key_texts,
        measures: &measure_texts,
        ordered: None,
        statics,
    });
    let prepare = prepare(
        &context,
        &table,
        parsed.window,
        filter.as_ref(),
        &keys,
        &aggregates,
    )
    .map_err(|error| error.or_at(start))?;
    Ok(View {
        name: parsed.name.clone(),
        window: parsed.window,
        sessions_by,
        lateness,
        retain: parsed.options.retain,
        prepare,
        keys: keys.into_iter().map(|key| key.data_type).collect(),
        grouped,
        rows: parsed.rows,
        measures: aggregates.into_iter().map(|one| one.measure).collect(),
        schema: Arc::clone(&projection.schema),
        projection,
        fingerprint,
        table,
    })
}

/// Refuses options that speak of a window's end where there are no windows.
fn never_ends(parsed: &ParsedView) -> Result<(), SqlError> {
    let options = parsed.options;
    let spoken = [
        ("allowed_lateness", options.allowed_lateness.is_some()),
        ("retain", options.retain.is_some()),
    ];
    let spoken = spoken.iter().find(|(_, is)| *is);
    match (parsed.window, spoken) {
        (Window::All, Some((name, _))) => {
            let message = format!("{name} says nothing about a view without windows");
            let help = "read FROM TUMBLE(table, time, INTERVAL '1' HOUR), or leave the option out";
            Err(SqlError::new(parsed.at, message, help))
        }
        _ => Ok(()),
    }
}

/// The keys that sessions are found by, by index; those that GROUP BY does not have come behind.
fn sessions_by(
    parsed: &ParsedView,
    keys: &mut Vec<Planned>,
    planner: &Planner,
    schema: &DFSchema,
) -> Result<Vec<usize>, SqlError> {
    let mut by = vec![];
    for sql in &parsed.sessions_by {
        let key = key(sql, planner, schema)?;
        let known = keys.iter().position(|known| known.expr == key.expr);
        by.push(known.unwrap_or(keys.len()));
        if known.is_none() {
            keys.push(key);
        }
    }
    by.sort_unstable();
    by.dedup();
    Ok(by)
}

fn filter(
    select: &Select,
    planner: &Planner,
    schema: &DFSchema,
) -> Result<Option<Planned>, SqlError> {
    let Some(sql) = &select.selection else {
        return Ok(None);
    };
    let filter = planner.plan(sql, sql, schema)?;
    if filter.data_type != DataType::Boolean {
        let message = format!(
            "WHERE needs a condition, found {}",
            type_name(&filter.data_type)
        );
        return Err(SqlError::new(
            filter.at,
            message,
            "compare it with something",
        ));
    }
    Ok(Some(filter))
}

/// The keys besides the window.
fn keys(
    group_by: Option<&[ast::Expr]>,
    planner: &Planner,
    schema: &DFSchema,
) -> Result<Vec<Planned>, SqlError> {
    let keys = group_by.unwrap_or_default().iter();
    keys.map(|sql| key(sql, planner, schema)).collect()
}

fn key(sql: &ast::Expr, planner: &Planner, schema: &DFSchema) -> Result<Planned, SqlError> {
    let key = planner.plan(sql, sql, schema)?;
    if !groupable(&key.data_type) {
        let message = format!("cannot group by {}", type_name(&key.data_type));
        let help = "group by numbers, texts, booleans, dates or timestamps";
        return Err(SqlError::new(key.at, message, help));
    }
    Ok(key)
}

/// SELECT over the rows of a fold.
fn projection(
    select: &Select,
    planner: &Planner,
    rebase: &Rebase,
    finished: &DFSchema,
    keys: &[Planned],
) -> Result<Projection, SqlError> {
    let mut fields = vec![];
    let mut columns = vec![];
    let mut keys_shown = vec![];
    for (name, sql) in select.projection.iter().filter_map(named) {
        let shown = planner.plan(&rebase.apply(sql)?, sql, finished)?;
        let mut uses = shown.expr.column_refs().into_iter();
        if !uses.any(|column| is_measure(&column.name)) {
            keys_shown.push(columns.len());
        }
        fields.push(Field::new(name, shown.data_type.clone(), shown.nullable));
        columns.push(shown.run(finished)?);
    }
    let window = [WINDOW_START, WINDOW_END].map(str::to_owned);
    Ok(Projection {
        schema: Arc::new(Schema::new(fields)),
        columns,
        keys_shown,
        group: window
            .into_iter()
            .chain(keys.iter().map(|key| key.text.clone()))
            .collect(),
    })
}

/// The columns that finished measures come in.
fn finished(
    keys: &[Planned],
    aggregates: &[Aggregate],
) -> Result<DFSchema, datafusion_common::DataFusionError> {
    let mut fields = vec![
        Field::new(WINDOW_START, BOUND, false),
        Field::new(WINDOW_END, BOUND, false),
    ];
    for (n, key) in keys.iter().enumerate() {
        fields.push(Field::new(key_name(n), key.data_type.clone(), key.nullable));
    }
    for (n, one) in aggregates.iter().enumerate() {
        let counts = one.measure.function.counts();
        fields.push(Field::new(measure_name(n), one.measure.output(), !counts));
    }
    DFSchema::try_from(Schema::new(fields))
}

/// The name and expression of a canonical item.
fn named(item: &SelectItem) -> Option<(&str, &ast::Expr)> {
    match item {
        SelectItem::UnnamedExpr(expr @ ast::Expr::Identifier(name)) => Some((&name.value, expr)),
        SelectItem::ExprWithAlias { expr, alias } => Some((&alias.value, expr)),
        _ => None,
    }
}
