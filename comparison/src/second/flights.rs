//! `delay_by_airport`, by hand.

use polars::prelude::{
    DataFrame, DataType, IntoLazy, PolarsResult, SortMultipleOptions, col, len, lit,
};

use super::{Slip, instant, readable, window_start};

/// What it reads.
pub(super) const COLUMNS: [&str; 3] = ["scheduled", "origin", "delay"];

/// What can go wrong in it.
pub(super) const SLIPS: [Slip; 5] = [
    Slip::Rounding,
    Slip::NullAsZero,
    Slip::TimeZone,
    Slip::FloatOrder,
    Slip::IntegerDivision,
];

const HOUR: i64 = 3_600_000_000;

/// How late flights leave, per airport and hour of scheduled departure.
pub(super) fn view(flights: DataFrame, slip: Slip) -> PolarsResult<DataFrame> {
    let flights = flights.lazy().filter(readable());
    let flights = match slip {
        Slip::NullAsZero => flights.with_column(col("delay").fill_null(lit(0))),
        _ => flights.filter(col("delay").is_not_null()),
    };
    let delay = || col("delay").cast(DataType::Int64);
    let mean = match slip {
        Slip::Rounding => {
            (col("delay").mean() * lit(10.0))
                .cast(DataType::Int64)
                .cast(DataType::Float64)
                / lit(10.0)
        }
        Slip::FloatOrder => col("delay")
            .cast(DataType::Float32)
            .mean()
            .cast(DataType::Float64),
        Slip::IntegerDivision => {
            (delay().sum() - delay().sum() % len().cast(DataType::Int64)).cast(DataType::Float64)
                / len().cast(DataType::Float64)
        }
        _ => col("delay").mean(),
    };
    flights
        .with_column(window_start("scheduled", HOUR, slip).alias("start"))
        .group_by([col("origin"), col("start")])
        .agg([
            len().cast(DataType::Int64).alias("flights"),
            mean.alias("mean_delay"),
            col("delay").max().alias("worst"),
        ])
        .sort(["start", "origin"], SortMultipleOptions::default())
        .select([
            col("origin"),
            instant(col("start")).alias("window_start"),
            instant(col("start") + lit(HOUR)).alias("window_end"),
            col("flights"),
            col("mean_delay"),
            col("worst"),
        ])
        .collect()
}
