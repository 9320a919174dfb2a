//! A `CREATE VIEW` as a `View`: what is prepared, what is maintained, what is shown.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use datafusion_common::{Column, DFSchema, DataFusionError};
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_expr::utils::split_conjunction;
use datafusion_expr::{Expr, ExprSchemable};
use sqlparser::ast::{self, Select, SelectItem, Spanned};
use sqlparser::tokenizer::Location;

use super::aggregate::{self, Aggregate};
use super::check;
use super::context::{BOUND, Context};
use super::expression::{coerced, physical};
use super::plan::{self, Plan};
use super::render::canonical;
use crate::fingerprint::fingerprint;
use crate::measure::Measure;
use crate::parse::ParsedView;
use crate::prepare::expression::{Expression, reason};
use crate::prepare::{Filter, Prepare};
use crate::present::Projection;
use crate::spelling::{WINDOW_END, WINDOW_START};
use crate::sql_error::SqlError;
use crate::table::{Table, type_name};
use crate::view::View;

/// Compiles a view over its table.
///
/// # Errors
/// The first function, type or expression that cannot be compiled, at its place.
pub(crate) fn view(parsed: &ParsedView, table: Arc<Table>) -> Result<View, SqlError> {
    let select = &parsed.select;
    check::check(select)?;
    let context = Context::new(&table);
    let plan = plan::plan(select, &context)?;
    let compiler = Compiler {
        select,
        context: &context,
        table: &table,
    };
    let blame = |error: DataFusionError| plan::blame(select, &context, &error);
    let schema = context.schema().map_err(blame)?;
    let (aggregates, places) = aggregate::measures(&plan.aggregates, &schema)?;
    let filter = compiler.filter(&plan, &schema)?;
    let keys = compiler.keys(&plan, &schema)?;
    let prepare = compiler
        .prepare(parsed, filter.as_ref(), &keys, &aggregates)
        .map_err(blame)?;
    let measures: Vec<Measure> = aggregates.iter().map(|one| one.measure.clone()).collect();
    let grouped = Grouped {
        places,
        keys: &keys,
        aggregates: &aggregates,
    };
    let (schema, projection) = compiler.projection(&plan, &grouped)?;
    let texts = |keys: &[Key]| keys.iter().map(|key| key.canonical.clone()).collect::<Vec<_>>();
    let fingerprint = fingerprint(
        &table,
        &parsed.time_column,
        parsed.window,
        filter.as_ref().map(|filter| filter.canonical.as_str()),
        &texts(&keys),
        &aggregates
            .iter()
            .map(|one| (one.measure.function, one.canonical.as_str()))
            .collect::<Vec<_>>(),
    );
    Ok(View {
        name: parsed.name.clone(),
        window: parsed.window,
        keys: keys.into_iter().map(|key| key.data_type).collect(),
        prepare,
        measures,
        projection,
        schema,
        fingerprint,
        table,
    })
}

struct Compiler<'a> {
    select: &'a Select,
    context: &'a Context,
    table: &'a Table,
}

/// WHERE or a key, coerced.
struct Key {
    expr: Expr,
    canonical: String,
    text: String,
    data_type: DataType,
}

/// What the rows of a fold hold besides the window.
struct Grouped<'a> {
    keys: &'a [Key],
    aggregates: &'a [Aggregate],
    /// For each aggregate of the plan, the index of its measure.
    places: Vec<usize>,
}

impl Compiler<'_> {
    fn filter(&self, plan: &Plan, schema: &DFSchema) -> Result<Option<Key>, SqlError> {
        match (&plan.filter, &self.select.selection) {
            (Some(filter), Some(sql)) => self.key(filter, sql, schema).map(Some),
            _ => Ok(None),
        }
    }

    fn keys(&self, plan: &Plan, schema: &DFSchema) -> Result<Vec<Key>, SqlError> {
        let sql = check::keys(self.select).iter().skip(2);
        let mut keys = vec![];
        for (expr, sql) in plan.keys.iter().zip(sql) {
            let key = self.key(expr, sql, schema)?;
            if !groupable(&key.data_type) {
                let message = format!("cannot group by {}", type_name(&key.data_type));
                let help = "group by numbers, texts, booleans, dates or timestamps";
                return Err(SqlError::new(self.place(sql), message, help));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    fn key(&self, expr: &Expr, sql: &ast::Expr, schema: &DFSchema) -> Result<Key, SqlError> {
        let wrong = |message: String| SqlError::new(self.place(sql), message, "");
        let of = |error: DataFusionError| wrong(reason(&error));
        let expr = coerced(expr.clone(), schema).map_err(of)?;
        Ok(Key {
            canonical: canonical(&expr).map_err(wrong)?,
            text: sql.to_string(),
            data_type: expr.get_type(schema).map_err(of)?,
            expr,
        })
    }

    fn place(&self, sql: &ast::Expr) -> Location {
        match sql.span().start {
            at if at.line > 0 => at,
            _ => self.select.select_token.0.span.start,
        }
    }

    fn prepare(
        &self,
        parsed: &ParsedView,
        filter: Option<&Key>,
        keys: &[Key],
        aggregates: &[Aggregate],
    ) -> Result<Prepare, DataFusionError> {
        let arguments = aggregates.iter().filter_map(|one| one.argument.as_ref());
        let computed: Vec<&Expr> = keys.iter().map(|key| &key.expr).chain(arguments).collect();
        let inputs = self.indices(computed.iter().copied());
        let all = self.indices(computed.iter().copied().chain(filter.map(|filter| &filter.expr)));
        let bounds = self.table.schema.fields().len();
        let mut columns: BTreeSet<usize> =
            all.iter().copied().filter(|index| *index < bounds).collect();
        columns.insert(self.table.event_time);
        let mut seen: Vec<usize> = columns.iter().copied().collect();
        if all.iter().any(|index| *index >= bounds) {
            seen.extend([bounds, bounds + 1]);
        }
        let wide = self.context.project(&seen)?;
        let narrow = self.context.project(&inputs)?;
        let filter = filter.map(|filter| self.condition(filter, &wide)).transpose()?;
        let keys = (keys.iter())
            .map(|key| expression(&key.expr, &key.text, &narrow))
            .collect::<Result<_, _>>()?;
        let argument = |one: &Aggregate| {
            let argument = one.argument.as_ref();
            argument.map(|expr| expression(expr, &one.text, &narrow)).transpose()
        };
        let fields = wide.as_arrow().fields().iter();
        let fields: Vec<Field> =
            fields.map(|field| field.as_ref().clone().with_nullable(true)).collect();
        let at = |index: usize| seen.iter().position(|seen| *seen == index);
        let required = columns.iter().copied().filter(|index| {
            let field = self.table.schema.fields().get(*index);
            field.is_some_and(|field| !field.is_nullable())
        });
        Ok(Prepare {
            schema: Arc::new(Schema::new(fields)),
            event_time: at(self.table.event_time).unwrap_or_default(),
            required: required.filter_map(at).collect(),
            window: parsed.window,
            filter,
            inputs: inputs.iter().filter_map(|index| at(*index)).collect(),
            keys,
            arguments: aggregates.iter().map(argument).collect::<Result<_, _>>()?,
            columns: columns.into_iter().collect(),
        })
    }

    /// The columns that some expressions name, ascending.
    fn indices<'e>(&self, exprs: impl Iterator<Item = &'e Expr>) -> Vec<usize> {
        let named: BTreeSet<usize> = exprs
            .flat_map(Expr::column_refs)
            .filter_map(|column| self.context.index(&column.name))
            .collect();
        named.into_iter().collect()
    }

    fn condition(&self, filter: &Key, schema: &DFSchema) -> Result<Filter, DataFusionError> {
        let parts = split_conjunction(&filter.expr).into_iter();
        Ok(Filter {
            whole: expression(&filter.expr, &filter.text, schema)?,
            parts: parts
                .map(|part| expression(part, &filter.text, schema))
                .collect::<Result<_, _>>()?,
        })
    }

    /// SELECT over the rows of a fold.
    fn projection(
        &self,
        plan: &Plan,
        grouped: &Grouped,
    ) -> Result<(Arc<Schema>, Projection), SqlError> {
        let start = self.select.select_token.0.span.start;
        let of = |error: DataFusionError| SqlError::new(start, reason(&error), "");
        let finished = self.finished(grouped).map_err(of)?;
        let mut fields = vec![];
        let mut columns = vec![];
        for (expr, item) in plan.outputs.iter().zip(&self.select.projection) {
            let (name, sql) = named(item).ok_or_else(|| SqlError::new(start, "an item has no name", ""))?;
            let wrong = |error: DataFusionError| SqlError::new(self.place(sql), reason(&error), "");
            let expr = over(expr.clone().unalias(), plan, grouped).map_err(wrong)?;
            let expr = coerced(expr, &finished).map_err(wrong)?;
            let column = expression(&expr, &sql.to_string(), &finished).map_err(wrong)?;
            let nullable = expr.nullable(&finished).map_err(wrong)?;
            fields.push(Field::new(name, column.data_type.clone(), nullable));
            columns.push(column);
        }
        let schema = Arc::new(Schema::new(fields));
        let keys = grouped.keys.iter().map(|key| key.text.clone());
        let window = [WINDOW_START, WINDOW_END].map(str::to_owned);
        Ok((
            Arc::clone(&schema),
            Projection {
                schema,
                columns,
                group: window.into_iter().chain(keys).collect(),
            },
        ))
    }

    /// The columns that finished measures come in.
    fn finished(&self, grouped: &Grouped) -> Result<DFSchema, DataFusionError> {
        let schema = self.context.schema()?;
        let mut fields = vec![
            Field::new(WINDOW_START, BOUND, false),
            Field::new(WINDOW_END, BOUND, false),
        ];
        for (n, key) in grouped.keys.iter().enumerate() {
            let nullable = key.expr.nullable(&schema)?;
            fields.push(Field::new(format!("key_{n}"), key.data_type.clone(), nullable));
        }
        for (n, one) in grouped.aggregates.iter().enumerate() {
            let counts = one.measure.output() == DataType::Int64
                && one.measure.function.to_string().starts_with("COUNT");
            let field = Field::new(format!("measure_{n}"), one.measure.output(), !counts);
            fields.push(field);
        }
        DFSchema::try_from(Schema::new(fields))
    }
}

/// The expression over the columns of finished measures instead of those of the plan.
fn over(expr: Expr, plan: &Plan, grouped: &Grouped) -> Result<Expr, DataFusionError> {
    let name = |index: usize| {
        let keys = 2 + grouped.keys.len();
        match index {
            0 => Some(WINDOW_START.to_owned()),
            1 => Some(WINDOW_END.to_owned()),
            _ if index < keys => Some(format!("key_{}", index - 2)),
            _ => grouped.places.get(index - keys).map(|place| format!("measure_{place}")),
        }
    };
    let column = |expr: Expr| match &expr {
        Expr::Column(column) => {
            let index = plan.grouped.index_of_column(column)?;
            let name = name(index).ok_or_else(|| {
                DataFusionError::Internal(format!("{column} is not maintained, please report this view"))
            })?;
            Ok(Transformed::yes(Expr::Column(Column::new_unqualified(name))))
        }
        _ => Ok(Transformed::no(expr)),
    };
    Ok(expr.transform_up(column)?.data)
}

fn expression(expr: &Expr, text: &str, schema: &DFSchema) -> Result<Expression, DataFusionError> {
    let data_type = expr.get_type(schema)?;
    let run = physical(expr.clone(), schema)?;
    Ok(Expression {
        text: text.to_owned(),
        data_type,
        run,
    })
}

fn groupable(data_type: &DataType) -> bool {
    data_type.is_integer()
        || matches!(
            data_type,
            DataType::Boolean
                | DataType::Float32
                | DataType::Float64
                | DataType::Decimal128(..)
                | DataType::Date32
                | DataType::Timestamp(..)
                | DataType::Utf8
        )
}

/// The name and expression of a canonical item.
fn named(item: &SelectItem) -> Option<(&str, &ast::Expr)> {
    match item {
        SelectItem::UnnamedExpr(expr @ ast::Expr::Identifier(name)) => Some((&name.value, expr)),
        SelectItem::ExprWithAlias { expr, alias } => Some((&alias.value, expr)),
        _ => None,
    }
}
