//! Which columns hold times, and in which unit where these are numbers.

use arrow::array::Array;
use arrow::datatypes::{DataType, TimeUnit};
use shared_logic::table::{TimeUnits, unit_name};

use super::columns::{ARRIVAL, Column};
use super::names::words;
use super::{INSTANT, LeftOut};

/// Words that names of times have.
const TIME: [&str; 34] = [
    "t",
    "ts",
    "time",
    "timestamp",
    "date",
    "datetime",
    "day",
    "at",
    "epoch",
    "when",
    "instant",
    "event",
    "created",
    "updated",
    "modified",
    "occurred",
    "happened",
    "scheduled",
    "started",
    "ended",
    "start",
    "end",
    "begin",
    "clicked",
    "seen",
    "arrival",
    "arrived",
    "received",
    "ingested",
    "processed",
    "eventtime",
    "unixtime",
    "utc",
    "moment",
];

/// Words of times that are not when the event happened.
const OTHER: [&str; 10] = [
    "updated",
    "modified",
    "deleted",
    "expires",
    "expiry",
    "expiration",
    "birth",
    "birthday",
    "due",
    "end",
];

/// Words of the time when the event happened.
const EVENT: [&str; 9] = [
    "event",
    "eventtime",
    "occurred",
    "happened",
    "timestamp",
    "ts",
    "time",
    "t",
    "at",
];

/// Makes instants of the columns of numbers whose names speak of time and whose values all lie
/// between 1990 and 2100 in one unit.
pub(super) fn find(columns: &mut [Column]) {
    for column in columns {
        let named = column.speaks_of(&TIME)
            || column.name.to_lowercase().ends_with("time")
            || is_participle(&column.name);
        if named && let Some(unit) = unit(column) {
            column.unit = Some(unit);
            column.data_type = INSTANT;
        }
    }
}

/// Whether a name ends with a word such as `placed` or `shipped`: events are often named by what was
/// done then.
fn is_participle(name: &str) -> bool {
    const OTHERS: [&str; 6] = ["speed", "seed", "feed", "need", "bed", "red"];
    words(name)
        .last()
        .is_some_and(|word| word.ends_with("ed") && !OTHERS.contains(&word.as_str()))
}

/// Makes instants of a column that the caller knows to hold them.
///
/// # Errors
/// It holds nothing that could be instants.
pub(super) fn force(column: &mut Column) -> Result<(), String> {
    if matches!(column.data_type, DataType::Timestamp(..) | DataType::Date32) {
        return Ok(());
    }
    if !column.data_type.is_numeric() {
        return Err(format!(
            "column {:?} holds {}, which are no times: an event time is ISO 8601 text, or a number of s, ms, us or ns since 1970",
            column.name,
            shared_logic::table::type_name(&column.data_type)
        ));
    }
    // What the caller knows to be times may be at any time: milliseconds are what tables take.
    column.unit = Some(unit(column).unwrap_or(TimeUnit::Millisecond));
    column.data_type = INSTANT;
    Ok(())
}

/// The unit in which all numbers of a column lie between 1990 and 2100.
pub(super) fn unit(column: &Column) -> Option<TimeUnit> {
    if !column.data_type.is_numeric() {
        return None;
    }
    let (least, greatest) = column.range()?;
    let units = [
        (TimeUnit::Second, 1.0),
        (TimeUnit::Millisecond, 1e3),
        (TimeUnit::Microsecond, 1e6),
        (TimeUnit::Nanosecond, 1e9),
    ];
    let fits = |(_, scale): &(TimeUnit, f64)| {
        least >= 631_152_000.0 * scale && greatest < 4_102_444_800.0 * scale
    };
    units.into_iter().find(fits).map(|(unit, _)| unit)
}

/// Columns of times, the best candidate for the event time first: by the name, then by how many
/// events have one, then in the order of the file.
pub(super) fn ranked(columns: &[Column], named: Option<&str>) -> Vec<usize> {
    let mut found: Vec<(i32, usize, usize)> = vec![];
    for (at, column) in columns.iter().enumerate() {
        let day = column.data_type == DataType::Date32;
        if !day && !matches!(column.data_type, DataType::Timestamp(..)) {
            continue;
        }
        let rank = match () {
            () if named == Some(column.name.as_str()) => 0,
            () if column.speaks_of(&ARRIVAL) => 5,
            () if column.speaks_of(&OTHER) => 4,
            () if day => 3,
            () if column.speaks_of(&EVENT) => 1,
            () => 2,
        };
        found.push((rank, column.values.null_count(), at));
    }
    found.sort_unstable();
    found.into_iter().map(|(.., at)| at).collect()
}

/// What to say where no column holds times.
pub(super) fn missing(columns: &[Column], left_out: &[(usize, LeftOut)]) -> String {
    let mut there: Vec<String> = (columns.iter())
        .map(|column| {
            let kind = shared_logic::table::type_name(&column.data_type);
            match unit(column) {
                Some(unit) => {
                    let unit = unit_name(unit);
                    format!(
                        "{} {kind} (could count {unit} since 1970: --event-time {})",
                        column.name, column.name
                    )
                }
                None => format!("{} {kind}", column.name),
            }
        })
        .collect();
    there.extend(
        left_out
            .iter()
            .map(|(_, left)| format!("{} (left out)", left.column)),
    );
    format!(
        "no column holds times, and a view needs an event time: ISO 8601 text, or a number of s, ms, us or ns since 1970; name one with --event-time, or add one; there is {}",
        there.join(", ")
    )
}

/// What the option of the table says: the unit of the event time for all columns, others by name.
pub(super) fn units(columns: &[Column], event_time: usize) -> TimeUnits {
    let counted = || (columns.iter()).filter_map(|column| Some((&column.name, column.unit?)));
    let own = columns.get(event_time).and_then(|column| column.unit);
    let Some(others) = own.or_else(|| counted().map(|(_, unit)| unit).next()) else {
        return TimeUnits::default();
    };
    TimeUnits {
        others,
        columns: counted()
            .filter(|(_, unit)| *unit != others)
            .map(|(name, unit)| (name.clone(), unit))
            .collect(),
    }
}
