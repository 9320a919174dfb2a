//! `visitors_by_page`, by hand.

use polars::prelude::{
    DataFrame, DataType, IntoLazy, PolarsResult, SortMultipleOptions, col, len, lit,
};

use super::{Slip, instant, readable, window_start};

/// What it reads.
pub(super) const COLUMNS: [&str; 3] = ["clicked", "page", "visitor"];

/// What can go wrong in it.
pub(super) const SLIPS: [Slip; 4] = [
    Slip::NullAsZero,
    Slip::TimeZone,
    Slip::LessThan,
    Slip::DistinctKey,
];

const WINDOW: i64 = 15_000_000;

/// Clicks and visitors per page and 15 seconds, of visitors up to number 40,000.
pub(super) fn view(clicks: DataFrame, slip: Slip) -> PolarsResult<DataFrame> {
    let clicks = clicks.lazy().filter(readable());
    let clicks = match slip {
        Slip::NullAsZero => clicks.with_column(col("visitor").fill_null(lit(0))),
        _ => clicks,
    };
    let last = lit(40_000_i64);
    let clicks = match slip {
        Slip::LessThan => clicks.filter(col("visitor").lt(last)),
        _ => clicks.filter(col("visitor").lt_eq(last)),
    };
    // Visitors are told apart by their numbers, not by when they clicked.
    let visitors = match slip {
        Slip::DistinctKey => col("clicked").n_unique(),
        _ => col("visitor").n_unique(),
    };
    clicks
        .with_column(window_start("clicked", WINDOW, slip).alias("start"))
        .group_by([col("page"), col("start")])
        .agg([
            len().cast(DataType::Int64).alias("clicks"),
            visitors.cast(DataType::Int64).alias("visitors"),
        ])
        .sort(["start", "page"], SortMultipleOptions::default())
        .select([
            col("page"),
            instant(col("start")).alias("window_start"),
            instant(col("start") + lit(WINDOW)).alias("window_end"),
            col("clicks"),
            col("visitors"),
        ])
        .collect()
}
