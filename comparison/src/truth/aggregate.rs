//! COUNT, SUM, MIN, MAX and AVG of a group.

use polars::prelude::{DataType, Expr, Literal as _, NULL, col, len, when};

use super::TruthError;
use super::kind::Kind;
use super::lower::typed;
use super::node::Aggregate;
use super::plan;

/// The number of events in a group, among the finished groups.
pub(super) const EVENTS: &str = "events";

/// One aggregate of a view as Polars computes it.
#[derive(Clone, Debug)]
pub(super) struct Measure {
    pub(super) function: Aggregate,
    /// The type of its argument; `None` for `COUNT(*)`.
    pub(super) input: Option<Kind>,
    pub(super) output: Kind,
    number: usize,
}

impl Measure {
    /// The aggregate `function` of the column that holds its argument.
    ///
    /// # Errors
    /// A type that the function does not take here.
    pub(super) fn new(
        number: usize,
        function: Aggregate,
        input: Option<Kind>,
    ) -> Result<Self, TruthError> {
        let output = match (function, input) {
            (Aggregate::Count, _) => Kind::Int64,
            (Aggregate::Sum, Some(kind)) if kind.is_integer() => Kind::Int64,
            (Aggregate::Sum, Some(kind)) if kind.is_float() => Kind::Float64,
            (Aggregate::Sum, Some(Kind::Decimal(precision, scale))) => {
                Kind::Decimal(precision.saturating_add(10).min(38), scale)
            }
            (Aggregate::Avg, Some(kind)) if kind.is_integer() || kind.is_float() => Kind::Float64,
            (Aggregate::Min | Aggregate::Max, Some(kind))
                if !matches!(kind, Kind::Null | Kind::Interval) =>
            {
                kind
            }
            (function, kind) => {
                let construct = format!(
                    "{function:?} of {}",
                    match kind {
                        Some(kind) => format!("{kind:?}"),
                        None => "*".to_owned(),
                    }
                );
                return Err(TruthError::unsupported(construct));
            }
        };
        Ok(Self {
            function,
            input,
            output,
            number,
        })
    }

    /// Its name among the finished groups.
    pub(super) fn name(&self) -> String {
        plan::aggregate(self.number)
    }

    /// The name of its tolerance's base among the finished groups: Σ|x|, for an average divided by
    /// the count. `None` where the value is exact.
    pub(super) fn scale(&self) -> Option<String> {
        let float = self.output == Kind::Float64;
        let sums = matches!(self.function, Aggregate::Sum | Aggregate::Avg);
        (float && sums).then(|| format!("scale_{}", self.number))
    }

    /// The expressions over a group's rows; sums of integers and decimals are in 128 bits yet.
    pub(super) fn lower(&self) -> Vec<Expr> {
        let value = col(self.name());
        let count = || value.clone().count();
        // Polars adds nothing up to zero, SQL to NULL.
        let some = |sum: Expr, kind: DataType| {
            when(count().gt(typed(0_u32)))
                .then(sum.cast(kind.clone()))
                .otherwise(NULL.lit().cast(kind))
        };
        let double = || value.clone().cast(DataType::Float64);
        let integral = self.input.is_some_and(Kind::is_integer);
        let finished = match (self.function, self.input) {
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
        };
        let mut exprs = vec![finished.alias(self.name())];
        if let Some(name) = self.scale() {
            let size = when(double().lt(typed(0.0_f64)))
                .then(-double())
                .otherwise(double());
            let scale = match self.function {
                Aggregate::Avg => size.sum() / count().cast(DataType::Float64),
                _ => size.sum(),
            };
            exprs.push(scale.alias(name));
        }
        exprs
    }
}
