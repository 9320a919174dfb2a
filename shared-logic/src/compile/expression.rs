//! Expressions with their types coerced, and as what DataFusion evaluates: checked for overflow.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Decimal128Type};
use arrow::error::ArrowError;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{DFSchema, DataFusionError, Result, ScalarValue};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::expr::{Cast, ScalarFunction};
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion_expr::{Expr, ExprSchemable, Operator, binary_expr};
use datafusion_optimizer::analyzer::type_coercion::TypeCoercionRewriter;
use datafusion_physical_expr::expressions::{BinaryExpr, Column};
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};

use crate::error::{failed, one_line};
use crate::prepare::Compute;

/// The expression with casts where SQL implies them; texts are `Utf8`, whatever functions return.
pub(super) fn coerced(expr: Expr, schema: &DFSchema) -> Result<Expr> {
    let expr = expr.rewrite(&mut TypeCoercionRewriter::new(schema))?.data;
    Ok(match expr.get_type(schema)? {
        DataType::Utf8View | DataType::LargeUtf8 => {
            Expr::Cast(Cast::new(Box::new(expr.unalias()), DataType::Utf8))
        }
        _ => expr,
    })
}

/// An expression as DataFusion evaluates it.
#[derive(Debug)]
pub(super) struct Physical {
    /// As it is planned, types coerced, over columns by name.
    logical: Expr,
    data_type: DataType,
    run: Arc<dyn PhysicalExpr>,
}

impl Physical {
    /// The expression ready to run over rows of `schema`.
    pub(super) fn new(expr: &Expr, schema: &DFSchema) -> Result<Self> {
        Ok(Self {
            data_type: expr.get_type(schema)?,
            run: physical(expr.clone(), schema)?,
            logical: expr.clone(),
        })
    }

    fn values(&self, rows: &RecordBatch) -> Result<ArrayRef> {
        let values = self.run.evaluate(rows)?.into_array(rows.num_rows())?;
        // Arrow's arithmetic lets a decimal grow beyond its digits.
        if let DataType::Decimal128(precision, _) = self.data_type
            && self.run.downcast_ref::<Column>().is_none()
            && let Some(decimals) = values.as_primitive_opt::<Decimal128Type>()
        {
            decimals.validate_decimal_precision(precision)?;
        }
        Ok(values)
    }
}

impl Compute for Physical {
    fn compute(&self, rows: &RecordBatch) -> std::result::Result<ArrayRef, ArrowError> {
        (self.values(rows)).map_err(|error| failed!("{}", reason(&error)))
    }

    fn logical(&self) -> Option<&Expr> {
        Some(&self.logical)
    }
}

/// What went wrong, in one line.
pub(super) fn reason(error: &DataFusionError) -> String {
    match error.find_root() {
        DataFusionError::ArrowError(error, _) => crate::error::reason(error),
        DataFusionError::Plan(text)
        | DataFusionError::Execution(text)
        | DataFusionError::NotImplemented(text) => one_line(text),
        other => one_line(&other.strip_backtrace()),
    }
}

/// The expression ready to run over rows of `schema`.
///
/// Integer overflow is an error and never wraps, in negation too.
fn physical(expr: Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>> {
    let info = SimplifyContext::builder().build();
    let expr = expr
        .transform_up(|expr| runnable(expr, schema, &info))?
        .data;
    let props = ExecutionProps::new();
    let physical =
        create_physical_expr(&expr, schema, &props, &PhysicalPlanningContext::default())?;
    let checked = physical.transform_up(|node| match node.downcast_ref::<BinaryExpr>() {
        Some(binary) => {
            let checked = BinaryExpr::new(
                Arc::clone(binary.left()),
                *binary.op(),
                Arc::clone(binary.right()),
            );
            Ok(Transformed::yes(
                Arc::new(checked.with_fail_on_overflow(true)) as Arc<dyn PhysicalExpr>,
            ))
        }
        None => Ok(Transformed::no(node)),
    })?;
    Ok(checked.data)
}

/// Rewrites what DataFusion cannot run as it stands: functions that only exist as CASE, and the
/// negation of integers, which would wrap.
fn runnable(expr: Expr, schema: &DFSchema, info: &SimplifyContext) -> Result<Transformed<Expr>> {
    match expr {
        Expr::Negative(inner) => {
            let data_type = inner.get_type(schema)?;
            if !data_type.is_signed_integer() {
                return Ok(Transformed::no(Expr::Negative(inner)));
            }
            let zero = Expr::Literal(ScalarValue::new_zero(&data_type)?, None);
            Ok(Transformed::yes(binary_expr(zero, Operator::Minus, *inner)))
        }
        Expr::ScalarFunction(ScalarFunction { func, args })
            if ["coalesce", "nvl", "nvl2"].contains(&func.name()) =>
        {
            match func.simplify(args, info)? {
                ExprSimplifyResult::Simplified(simple) => {
                    let again = runnable(simple, schema, info)?;
                    Ok(Transformed::yes(again.data))
                }
                ExprSimplifyResult::Original(args) => {
                    let call = ScalarFunction { func, args };
                    Ok(Transformed::no(Expr::ScalarFunction(call)))
                }
            }
        }
        other => Ok(Transformed::no(other)),
    }
}
