//! The aggregates of a group: which types they have, and those that Polars computes.

use polars::prelude::{DataType, Expr, Literal as _, NULL, col, len, when};

use super::TruthError;
use super::kind::Kind;
use super::lower::typed;
use super::node::Aggregate;
use super::plan;

/// The number of events in a group, among the finished groups.
pub(super) const EVENTS: &str = "events";

/// Floats are equal within this share of Σ|x|: sums depend on the order of events.
pub(super) const TOLERANCE: f64 = 1e-9;

/// One aggregate of a view.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    pub(super) function: Aggregate,
    /// The types of its arguments.
    pub(super) inputs: Vec<Kind>,
    /// The type of its value, or of those in its list.
    pub(super) output: Kind,
    pub(super) number: usize,
}

impl Measure {
    /// The aggregate `function` of columns of these types.
    ///
    /// # Errors
    /// A type that the function does not take here.
    pub(super) fn new(
        number: usize,
        function: Aggregate,
        inputs: Vec<Kind>,
    ) -> Result<Self, TruthError> {
        let input = inputs.first().copied();
        let number_like = |kind: Kind| kind.is_integer() || kind.is_float();
        let decimal = |kind| matches!(kind, Kind::Decimal(..));
        let some = |kind| !matches!(kind, Kind::Null | Kind::Interval);
        let output = match (&function, input) {
            (Aggregate::Count, _) => Kind::Int64,
            (Aggregate::Sum, Some(kind)) if kind.is_integer() => Kind::Int64,
            (Aggregate::Sum, Some(kind)) if kind.is_float() => Kind::Float64,
            (Aggregate::Sum, Some(Kind::Decimal(precision, scale))) => {
                Kind::Decimal(precision.saturating_add(10).min(38), scale)
            }
            (Aggregate::Avg, Some(Kind::Decimal(precision, scale))) => Kind::Decimal(
                precision.saturating_add(4).min(38),
                scale.saturating_add(4).min(38),
            ),
            (Aggregate::Median, Some(Kind::Decimal(precision, scale))) if precision < 38 => {
                Kind::Decimal(precision + 1, scale + 1)
            }
            (Aggregate::Median, Some(kind)) if decimal(kind) => kind,
            (Aggregate::Avg | Aggregate::Median, Some(kind)) if number_like(kind) => Kind::Float64,
            (Aggregate::Spread { .. } | Aggregate::Percentile(_), Some(kind))
                if number_like(kind) || decimal(kind) =>
            {
                Kind::Float64
            }
            (Aggregate::Distinct { .. }, Some(kind)) if some(kind) => Kind::Int64,
            (Aggregate::Joined(_), Some(Kind::Text)) => Kind::Text,
            (Aggregate::AllTrue | Aggregate::AnyTrue, Some(Kind::Boolean)) => Kind::Boolean,
            (
                Aggregate::Min
                | Aggregate::Max
                | Aggregate::First
                | Aggregate::Last
                | Aggregate::ArgMin
                | Aggregate::ArgMax
                | Aggregate::List
                | Aggregate::Top(_),
                Some(kind),
            ) if some(kind) => kind,
            (function, _) => {
                return Err(TruthError::unsupported(format!(
                    "{function:?} of {inputs:?}"
                )));
            }
        };
        Ok(Self {
            function,
            inputs,
            output,
            number,
        })
    }

    /// Its name among the finished groups.
    pub(super) fn name(&self) -> String {
        plan::aggregate(self.number)
    }

    /// Whether its value is a list.
    pub(super) fn is_list(&self) -> bool {
        matches!(self.function, Aggregate::List | Aggregate::Top(_))
    }

    /// Whether Polars computes it; the others are plain loops.
    pub(super) fn lowered(&self) -> bool {
        let decimal = matches!(self.inputs.first(), Some(Kind::Decimal(..)));
        match self.function {
            Aggregate::Count | Aggregate::Sum | Aggregate::Min | Aggregate::Max => true,
            Aggregate::Avg => !decimal,
            _ => false,
        }
    }

    /// The name among the finished groups of how far its value may be off; `None` where it is exact.
    pub(super) fn bound(&self) -> Option<String> {
        let float = self.output == Kind::Float64;
        let inexact = match self.function {
            Aggregate::Sum | Aggregate::Avg => float,
            Aggregate::Spread { .. } | Aggregate::Percentile(_) => true,
            Aggregate::Distinct { about } => about,
            _ => false,
        };
        inexact.then(|| format!("bound_{}", self.number))
    }

    /// The expressions over a group's rows; sums of integers and decimals are in 128 bits yet.
    pub(super) fn lower(&self) -> Vec<Expr> {
        let value = col(plan::argument(self.number, 0));
        let count = || value.clone().count();
        // Polars adds nothing up to zero, SQL to NULL.
        let some = |sum: Expr, kind: DataType| {
            when(count().gt(typed(0_u32)))
                .then(sum.cast(kind.clone()))
                .otherwise(NULL.lit().cast(kind))
        };
        let double = || value.clone().cast(DataType::Float64);
        let input = self.inputs.first().copied();
        let integral = input.is_some_and(Kind::is_integer);
        let finished = match (&self.function, input) {
            (Aggregate::Count, None) => len().cast(DataType::Int64),
            (Aggregate::Count, Some(_)) => count().cast(DataType::Int64),
            (Aggregate::Sum, Some(Kind::Decimal(..))) => {
                some(value.clone().to_physical().sum(), DataType::Int128)
            }
            (Aggregate::Sum, _) if integral => {
                some(value.clone().cast(DataType::Int128).sum(), DataType::Int128)
            }
            (Aggregate::Sum, _) => some(double().sum(), DataType::Float64),
            (Aggregate::Avg, _) => {
                let sum = match integral {
                    true => value
                        .clone()
                        .cast(DataType::Int128)
                        .sum()
                        .cast(DataType::Float64),
                    false => double().sum(),
                };
                some(sum / count().cast(DataType::Float64), DataType::Float64)
            }
            (Aggregate::Min, _) => value.clone().min(),
            (Aggregate::Max, Some(kind)) if kind.is_float() => {
                // NaN is the greatest value; Polars passes it over.
                let greatest = typed(f64::NAN).cast(kind.polars());
                when(value.clone().is_nan().any(true))
                    .then(greatest)
                    .otherwise(value.clone().max())
            }
            (Aggregate::Max, _) => value.clone().max(),
            _ => return vec![],
        };
        let mut exprs = vec![finished.alias(self.name())];
        if let Some(name) = self.bound() {
            let size = when(double().lt(typed(0.0_f64)))
                .then(-double())
                .otherwise(double());
            let scale = match self.function {
                Aggregate::Avg => size.sum() / count().cast(DataType::Float64),
                _ => size.sum(),
            };
            exprs.push((scale * typed(TOLERANCE)).alias(name));
        }
        exprs
    }
}
