//! The functions that a view can maintain.

use std::fmt;
use std::sync::Arc;

use super::spread::Spread;
use super::user::User;

/// The aggregate functions that a view can maintain, with what is constant in a call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Function {
    /// `COUNT(*)`: rows.
    CountRows,
    /// `COUNT(x)`: rows where x is not NULL.
    Count,
    /// `SUM(x)`.
    Sum,
    /// `MIN(x)`.
    Min,
    /// `MAX(x)`.
    Max,
    /// `AVG(x)`.
    Avg,
    /// `VAR_POP(x)` and its kin.
    Spread(Spread),
    /// `FIRST_VALUE(x)`: the earliest by event time and identity.
    First,
    /// `LAST_VALUE(x)`: the latest by event time and identity.
    Last,
    /// `ARG_MIN(x, y)`: the x where y is smallest, of several the earliest.
    ArgMin,
    /// `ARG_MAX(x, y)`: the x where y is greatest, of several the earliest.
    ArgMax,
    /// `COUNT(DISTINCT x)`.
    CountDistinct,
    /// `APPROX_COUNT_DISTINCT(x)`.
    ApproxCountDistinct,
    /// `APPROX_PERCENTILE(x, share)`.
    ApproxPercentile(Share),
    /// `MEDIAN(x)`.
    Median,
    /// `ARRAY_AGG(x)`: all values by event time and identity.
    ArrayAgg,
    /// `STRING_AGG(x, separator)`: all texts by event time and identity.
    StringAgg(Arc<str>),
    /// `TOP_K(x, k)`: the k greatest values, the greatest first.
    TopK(u32),
    /// `BOOL_AND(x)`: whether x is always true.
    BoolAnd,
    /// `BOOL_OR(x)`: whether x is ever true.
    BoolOr,
    /// A measure that a user brought.
    User(User),
}

/// A share from 0 to 1, which a percentile is asked at.
#[derive(Clone, Copy, Debug)]
pub struct Share(f64);

impl Share {
    /// Half: the share of the median.
    pub const HALF: Self = Self(0.5);

    /// The share, unless it is below 0, above 1, or not a number.
    pub fn new(share: f64) -> Option<Self> {
        // Adding zero makes 0.0 of -0.0, so that equal shares have equal bits.
        (0.0..=1.0).contains(&share).then_some(Self(share + 0.0))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl PartialEq for Share {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Share {}

impl std::hash::Hash for Share {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Function {
    /// Whether the answer depends on the order of the events. The accumulator of such a measure
    /// takes three more arguments: event time (timestamp, microseconds), partition (`UInt32`) and
    /// offset (`UInt64`), which name a place in that order for each row.
    pub fn ordered(&self) -> bool {
        match self {
            Self::First
            | Self::Last
            | Self::ArgMin
            | Self::ArgMax
            | Self::ArrayAgg
            | Self::StringAgg(_) => true,
            Self::User(user) => user.0.ordered(),
            _ => false,
        }
    }

    /// Whether a group without values has a value all the same, namely 0.
    pub(crate) fn counts(&self) -> bool {
        matches!(
            self,
            Self::CountRows | Self::Count | Self::CountDistinct | Self::ApproxCountDistinct
        )
    }

    /// The call as SQL has it, `APPROX_PERCENTILE(delay, 0.9)`.
    pub fn call(&self, arguments: &[&str]) -> String {
        let list = arguments.join(", ");
        match self {
            Self::CountRows => self.to_string(),
            Self::CountDistinct => format!("COUNT(DISTINCT {list})"),
            Self::ApproxPercentile(share) => format!("{self}({list}, {})", share.get()),
            Self::StringAgg(separator) => {
                format!("{self}({list}, '{}')", separator.replace('\'', "''"))
            }
            Self::TopK(k) => format!("{self}({list}, {k})"),
            _ => format!("{self}({list})"),
        }
    }
}

impl fmt::Display for Function {
    /// The name in SQL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CountRows => "COUNT(*)",
            Self::Count => "COUNT",
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
            Self::Spread(Spread::VarPop) => "VAR_POP",
            Self::Spread(Spread::VarSamp) => "VAR_SAMP",
            Self::Spread(Spread::StddevPop) => "STDDEV_POP",
            Self::Spread(Spread::StddevSamp) => "STDDEV_SAMP",
            Self::First => "FIRST_VALUE",
            Self::Last => "LAST_VALUE",
            Self::ArgMin => "ARG_MIN",
            Self::ArgMax => "ARG_MAX",
            Self::CountDistinct => "COUNT(DISTINCT)",
            Self::ApproxCountDistinct => "APPROX_COUNT_DISTINCT",
            Self::ApproxPercentile(_) => "APPROX_PERCENTILE",
            Self::Median => "MEDIAN",
            Self::ArrayAgg => "ARRAY_AGG",
            Self::StringAgg(_) => "STRING_AGG",
            Self::TopK(_) => "TOP_K",
            Self::BoolAnd => "BOOL_AND",
            Self::BoolOr => "BOOL_OR",
            Self::User(user) => user.0.name(),
        })
    }
}
