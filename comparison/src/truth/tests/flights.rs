//! The week of flights, against figures that DuckDB computed.

use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int32Type, Int64Type};

use super::*;

#[test]
fn the_week_is_told_as_duckdb_tells_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sql = fs::read_to_string(root.join("views/delay_by_airport.sql")).unwrap();
    let week = root.join("data/flights-week.parquet");
    let truth = Truth::open(&week, &sql, None, None, Some("arrival")).unwrap();
    assert_eq!(truth.rows(), 113_493);
    assert_eq!(truth.passes().len(), 113_493);
    let arrivals = truth.arrivals().unwrap();
    assert!(arrivals.windows(2).all(|pair| pair[0] <= pair[1]));

    let rows = truth.answer().unwrap().rows;
    assert_eq!(rows.num_rows(), 16_391);
    let flights = rows["flights"].as_primitive::<Int64Type>();
    let means = rows["mean_delay"].as_primitive::<Float64Type>();
    let worst = rows["worst"].as_primitive::<Int32Type>();
    assert_eq!(flights.values().iter().sum::<i64>(), 113_493);
    let delay: f64 = flights
        .values()
        .iter()
        .zip(means.values())
        .map(|(n, mean)| *n as f64 * mean)
        .sum();
    assert!((delay - 1_124_849.0).abs() < 1e-3, "{delay}");
    assert_eq!(worst.values().iter().max(), Some(&1575));

    let all = shown(&rows);
    assert_eq!(
        all[0],
        "ANC | 2001-01-01T00:00:00 | 2001-01-01T01:00:00 | 6 | 24.666666666666668 | 110"
    );
    assert_eq!(
        all[3],
        "CVG | 2001-01-01T00:00:00 | 2001-01-01T01:00:00 | 2 | 112.5 | 114"
    );
    let busiest = all
        .iter()
        .find(|row| row.starts_with("DFW | 2001-01-07T19"))
        .unwrap();
    let expected = "DFW | 2001-01-07T19:00:00 | 2001-01-07T20:00:00 | 90 | 9.311111111111112 | 127";
    assert_eq!(busiest, expected);
}

#[test]
fn where_takes_its_share_of_the_week() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let sql = fs::read_to_string(root.join("views/delay_by_airport.sql")).unwrap();
    let sql = sql.replace("delay IS NOT NULL", "delay > 60");
    let week = root.join("data/flights-week.parquet");
    let truth = Truth::open(&week, &sql, None, None, None).unwrap();
    assert_eq!(truth.passes().len(), 6_859);
    let rows = truth.answer().unwrap().rows;
    assert_eq!(
        rows["flights"]
            .as_primitive::<Int64Type>()
            .values()
            .iter()
            .max(),
        Some(&29)
    );
}
