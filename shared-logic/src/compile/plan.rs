//! SQL expressions as DataFusion's, planned one by one so that every error has its place.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::{Expr, ExprSchemable};
use datafusion_sql::planner::{PlannerContext, SqlToRel};
use sqlparser::ast::{self, Spanned};
use sqlparser::tokenizer::Location;

use super::blame::{blame, no_value};
use super::context::Context;
use super::expression::{Physical, coerced, reason};
use super::render::canonical;
use crate::prepare::expression::Expression;
use crate::sql_error::SqlError;

/// Plans the expressions of one view.
pub(super) struct Planner<'a> {
    planner: SqlToRel<'a, Context>,
    /// Where the SELECT starts; the place of expressions that have none.
    start: Location,
}

/// An expression with its types coerced.
#[derive(Clone, Debug)]
pub(super) struct Planned {
    pub(super) expr: Expr,
    pub(super) data_type: DataType,
    pub(super) nullable: bool,
    /// As it is written.
    pub(super) text: String,
    /// Where it is written.
    pub(super) at: Location,
}

impl<'a> Planner<'a> {
    /// A planner over `context` for a SELECT that starts at `start`.
    pub(super) fn new(context: &'a Context, start: Location) -> Self {
        Self {
            planner: context.planner(),
            start,
        }
    }

    /// Where an expression starts.
    pub(super) fn place(&self, sql: &ast::Expr) -> Location {
        match sql.span().start {
            at if at.line > 0 => at,
            _ => self.start,
        }
    }

    /// The expression over the columns of `schema`, before type coercion.
    ///
    /// # Errors
    /// What DataFusion refuses.
    pub(super) fn logical(
        &self,
        sql: &ast::Expr,
        schema: &DFSchema,
    ) -> Result<Expr, DataFusionError> {
        (self.planner)
            .sql_to_expr(sql.clone(), schema, &mut PlannerContext::new())
            .map(Expr::unalias)
    }

    /// The same, with an error that has its place; without one it is at `fallback`.
    ///
    /// # Errors
    /// What DataFusion refuses.
    pub(super) fn raw(
        &self,
        sql: &ast::Expr,
        schema: &DFSchema,
        fallback: Location,
    ) -> Result<Expr, SqlError> {
        (self.logical(sql, schema)).map_err(|error| blame(self, sql, schema, &error, fallback))
    }

    /// The expression over the columns of `schema`; `shown` is the text for messages.
    ///
    /// # Errors
    /// What DataFusion refuses, at the part that it refuses.
    pub(super) fn plan(
        &self,
        sql: &ast::Expr,
        shown: &ast::Expr,
        schema: &DFSchema,
    ) -> Result<Planned, SqlError> {
        let at = self.place(shown);
        let expr = self.raw(sql, schema, at)?;
        let planned = self.typed(expr, sql, shown.to_string(), at, schema)?;
        match no_value(self, sql, schema) {
            Some(error) => Err(error.or_at(at)),
            None => Ok(planned),
        }
    }

    /// An expression of `sql` with its types coerced; `text` is shown in messages.
    ///
    /// # Errors
    /// Types that do not go together, where they meet.
    pub(super) fn typed(
        &self,
        expr: Expr,
        sql: &ast::Expr,
        text: String,
        at: Location,
        schema: &DFSchema,
    ) -> Result<Planned, SqlError> {
        Planned::new(expr, text, at, schema).map_err(|error| blame(self, sql, schema, &error, at))
    }
}

impl Planned {
    /// Coerces an expression.
    fn new(
        expr: Expr,
        text: String,
        at: Location,
        schema: &DFSchema,
    ) -> Result<Self, DataFusionError> {
        let expr = coerced(expr, schema)?;
        Ok(Self {
            data_type: expr.get_type(schema)?,
            nullable: expr.nullable(schema)?,
            expr,
            text,
            at,
        })
    }

    /// The canonical text.
    ///
    /// # Errors
    /// Something in it that a view cannot maintain.
    pub(super) fn canonical(&self) -> Result<String, SqlError> {
        let help = "write it with comparisons, LIKE, IN, CASE, arithmetic and functions; docs/sql.md lists them";
        canonical(&self.expr).map_err(|message| SqlError::new(self.at, message, help))
    }

    /// The expression ready to run over rows of `schema`.
    ///
    /// # Errors
    /// What DataFusion cannot run.
    pub(super) fn run(&self, schema: &DFSchema) -> Result<Expression, SqlError> {
        self.part(&self.expr, schema)
    }

    /// A part of the expression, ready to run, with the text of the whole.
    ///
    /// # Errors
    /// What DataFusion cannot run.
    pub(super) fn part(&self, part: &Expr, schema: &DFSchema) -> Result<Expression, SqlError> {
        let compile = || {
            Ok(Expression {
                text: self.text.clone(),
                data_type: part.get_type(schema)?,
                run: Arc::new(Physical::new(part, schema)?),
            })
        };
        compile().map_err(|error| refused(self.at, &error))
    }
}

/// What DataFusion refuses.
pub(super) fn refused(at: Location, error: &DataFusionError) -> SqlError {
    SqlError::new(at, reason(error), "")
}
