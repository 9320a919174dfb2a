//! A second code base: two views as a careful engineer writes them for a batch engine, by hand.
//!
//! It agrees with the view to the last row, until one of the classical slips is made. Nothing else is
//! different then, so what differs is drift.

mod clicks;
mod flights;
mod rows;
mod served;

use std::fmt;
use std::str::FromStr;

use arrow::array::RecordBatch;
use polars::prelude::{DataFrame, DataType, Expr, IdxCa, TimeUnit, col, lit};
use shared_logic::view::View;

use crate::error::ComparisonError;
use crate::truth::{READABLE, Written, table};

pub use served::served;

/// What a second code base gets wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// Nothing.
    None,
    /// A mean is rounded before it is stored.
    Rounding,
    /// NULL is taken as 0.
    NullAsZero,
    /// Event times are taken as local times of New York in winter.
    TimeZone,
    /// `<` where `<=` is meant.
    LessThan,
    /// Distinct values are counted over another key.
    DistinctKey,
    /// Floats are added in single precision.
    FloatOrder,
    /// A mean is a division of integers.
    IntegerDivision,
}

impl Slip {
    /// All of them, and none.
    pub const ALL: [Self; 8] = [
        Self::None,
        Self::Rounding,
        Self::NullAsZero,
        Self::TimeZone,
        Self::LessThan,
        Self::DistinctKey,
        Self::FloatOrder,
        Self::IntegerDivision,
    ];
}

impl fmt::Display for Slip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Rounding => "rounding",
            Self::NullAsZero => "null-as-zero",
            Self::TimeZone => "time-zone",
            Self::LessThan => "less-than",
            Self::DistinctKey => "distinct-key",
            Self::FloatOrder => "float-order",
            Self::IntegerDivision => "integer-division",
        })
    }
}

impl FromStr for Slip {
    type Err = ComparisonError;

    fn from_str(text: &str) -> Result<Self, ComparisonError> {
        let found = Self::ALL.into_iter().find(|slip| slip.to_string() == text);
        found.ok_or_else(|| {
            let names = Self::ALL.map(|slip| slip.to_string()).join(", ");
            ComparisonError::Choice(format!("there is no slip {text:?}, only {names}"))
        })
    }
}

/// The views that have been written a second time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    Flights,
    Clicks,
}

/// A view that has been written a second time, over some events.
#[derive(Debug)]
pub struct Second {
    known: Known,
    /// One row for each record, broken ones included.
    events: DataFrame,
    slip: Slip,
}

impl Second {
    /// The second code base for `view`, with a slip.
    ///
    /// # Errors
    /// There is none for this view, the slip cannot be made in it, or the events cannot be read.
    pub fn new(
        view: &View,
        sql: &str,
        events: Written<'_>,
        slip: Slip,
    ) -> Result<Self, ComparisonError> {
        let (known, columns, slips): (_, &[&str], &[Slip]) = match view.name.as_str() {
            "delay_by_airport" => (Known::Flights, &flights::COLUMNS, &flights::SLIPS),
            "visitors_by_page" => (Known::Clicks, &clicks::COLUMNS, &clicks::SLIPS),
            other => {
                return Err(ComparisonError::Choice(format!(
                    "the view {other} has not been written a second time, only delay_by_airport and visitors_by_page"
                )));
            }
        };
        if slip != Slip::None && !slips.contains(&slip) {
            let names: Vec<String> = slips.iter().map(Slip::to_string).collect();
            return Err(ComparisonError::Choice(format!(
                "the slip {slip} cannot be made in {}, only none, {}",
                view.name,
                names.join(", ")
            )));
        }
        Ok(Self {
            known,
            events: table(events, sql, &view.name, columns)?,
            slip,
        })
    }

    /// The column that counts events.
    fn counts(&self) -> &'static str {
        match self.known {
            Known::Flights => "flights",
            Known::Clicks => "clicks",
        }
    }

    /// What it makes of the events of these numbers.
    ///
    /// # Errors
    /// Polars fails.
    pub fn rows(&self, numbers: &[u32]) -> Result<RecordBatch, ComparisonError> {
        let places = IdxCa::from_vec("places".into(), numbers.to_vec());
        let some = self.events.take(&places).map_err(polars)?;
        let frame = match self.known {
            Known::Flights => flights::view(some, self.slip),
            Known::Clicks => clicks::view(some, self.slip),
        };
        rows::rows(&frame.map_err(polars)?).map_err(ComparisonError::Truth)
    }
}

fn polars(error: polars::error::PolarsError) -> ComparisonError {
    ComparisonError::Truth(error.into())
}

/// The start of the window of `length` microseconds that an instant is in, as a number.
fn window_start(time: &str, length: i64, slip: Slip) -> Expr {
    const NEW_YORK: i64 = -5 * 3_600_000_000;
    let moved = match slip {
        Slip::TimeZone => NEW_YORK,
        _ => 0,
    };
    let micros = col(time).cast(DataType::Int64) + lit(moved);
    // Also before 1970, where a remainder is negative.
    micros.clone() - ((micros % lit(length)) + lit(length)) % lit(length)
}

/// A number of microseconds as an instant.
fn instant(micros: Expr) -> Expr {
    micros.cast(DataType::Datetime(TimeUnit::Microseconds, None))
}

/// The records that can be read.
fn readable() -> Expr {
    col(READABLE)
}
