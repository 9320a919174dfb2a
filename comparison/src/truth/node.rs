//! An expression of a view with its names, literals and calls understood.

use super::kind::Kind;

/// An expression over the columns of a table, or over the finished groups of a view.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    Column(String),
    Literal(Literal),
    Binary(Box<Node>, Operation, Box<Node>),
    Not(Box<Node>),
    Negate(Box<Node>),
    IsNull(Box<Node>),
    /// `IS NOT DISTINCT FROM`: equal, or both NULL.
    Same(Box<Node>, Box<Node>),
    /// Conditions and results in order, and the result where no condition holds.
    Case(Vec<(Node, Node)>, Box<Node>),
    /// The last part says whether a failure makes NULL, as in TRY_CAST.
    Cast(Box<Node>, Kind, bool),
    /// Pattern, and whether case counts.
    Like(Box<Node>, String, bool),
    Call(Function, Box<Node>),
    /// An aggregate of its arguments; `COUNT(*)` has none.
    Aggregate(Aggregate, Vec<Node>),
}

/// A constant.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Literal {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    /// Days since 1970.
    Date(i32),
    /// Microseconds since 1970.
    Timestamp(i64),
    /// Microseconds.
    Interval(i64),
}

/// An operation of two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    Plus,
    Minus,
    Times,
    Divide,
    Remainder,
    Concat,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
}

/// A function of one value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Function {
    Abs,
    Lower,
    Upper,
    Length,
    Floor,
    Ceil,
    Round,
    /// The start of the unit that an instant falls into.
    Truncate(Unit),
    /// One figure of an instant.
    Part(Part),
}

/// A unit to truncate to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Quarter,
    Year,
}

/// A figure of an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Second,
    Minute,
    Hour,
    Day,
    Month,
    Year,
    /// 0 is Sunday.
    Weekday,
    DayOfYear,
}

/// An aggregate function with what is constant in its call.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Aggregate {
    Count,
    Sum,
    Min,
    Max,
    Avg,
    /// The variance or its root, of a sample or of all values.
    Spread {
        root: bool,
        sample: bool,
    },
    First,
    Last,
    /// The first argument where the second is smallest.
    ArgMin,
    /// The first argument where the second is greatest.
    ArgMax,
    /// How many different values; whether about as many will do.
    Distinct {
        about: bool,
    },
    Median,
    /// About the value that this share of the others does not exceed.
    Percentile(f64),
    List,
    Joined(String),
    Top(usize),
    AllTrue,
    AnyTrue,
}

impl Node {
    pub(super) fn null() -> Self {
        Self::Literal(Literal::Null)
    }

    pub(super) fn boolean(value: bool) -> Self {
        Self::Literal(Literal::Boolean(value))
    }

    pub(super) fn binary(self, operation: Operation, other: Self) -> Self {
        Self::Binary(Box::new(self), operation, Box::new(other))
    }

    pub(super) fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// The parts around the outermost ANDs, in order.
    pub(super) fn conjuncts(&self) -> Vec<&Self> {
        match self {
            Self::Binary(a, Operation::And, b) => [a.conjuncts(), b.conjuncts()].concat(),
            other => vec![other],
        }
    }

    /// The expressions that this one is made of.
    pub(super) fn parts(&self) -> Vec<&Self> {
        match self {
            Self::Column(_) | Self::Literal(_) => vec![],
            Self::Binary(a, _, b) | Self::Same(a, b) => vec![a, b],
            Self::Not(part)
            | Self::Negate(part)
            | Self::IsNull(part)
            | Self::Cast(part, ..)
            | Self::Like(part, ..)
            | Self::Call(_, part) => vec![part],
            Self::Aggregate(_, parts) => parts.iter().collect(),
            Self::Case(branches, otherwise) => {
                let parts = branches.iter().flat_map(|(when, then)| [when, then]);
                parts.chain([otherwise.as_ref()]).collect()
            }
        }
    }

    /// The columns it reads, each once, in order.
    pub(super) fn columns<'a>(&'a self, found: &mut Vec<&'a str>) {
        match self {
            Self::Column(name) if !found.contains(&name.as_str()) => found.push(name),
            _ => (self.parts().into_iter()).for_each(|part| part.columns(found)),
        }
    }

    /// The same expression with each of its parts changed by `change`.
    pub(super) fn map<E>(
        self,
        change: &mut impl FnMut(Self) -> Result<Self, E>,
    ) -> Result<Self, E> {
        let mut boxed = |part: Box<Self>| change(*part).map(Box::new);
        Ok(match self {
            Self::Column(_) | Self::Literal(_) => self,
            Self::Binary(a, operation, b) => Self::Binary(boxed(a)?, operation, boxed(b)?),
            Self::Same(a, b) => Self::Same(boxed(a)?, boxed(b)?),
            Self::Not(part) => Self::Not(boxed(part)?),
            Self::Negate(part) => Self::Negate(boxed(part)?),
            Self::IsNull(part) => Self::IsNull(boxed(part)?),
            Self::Cast(part, kind, lax) => Self::Cast(boxed(part)?, kind, lax),
            Self::Like(part, pattern, case) => Self::Like(boxed(part)?, pattern, case),
            Self::Call(function, part) => Self::Call(function, boxed(part)?),
            Self::Aggregate(function, parts) => {
                let parts = parts.into_iter().map(change).collect::<Result<_, E>>()?;
                Self::Aggregate(function, parts)
            }
            Self::Case(branches, otherwise) => {
                let branches = (branches.into_iter())
                    .map(|(when, then)| Ok((change(when)?, change(then)?)))
                    .collect::<Result<_, E>>()?;
                Self::Case(branches, Box::new(change(*otherwise)?))
            }
        })
    }
}
