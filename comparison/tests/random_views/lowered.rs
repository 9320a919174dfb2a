//! A random view of the kind that Polars computes as a batch engine.

use crate::dice::Dice;
use crate::view::{COLUMNS, Window};

const KEYS: &[&str] = &[
    "k",
    "i",
    "s",
    "b",
    "f",
    "day",
    "at",
    "CASE WHEN f THEN k END",
];
const CONDITIONS: &[&str] = &[
    "f",
    "i > 0",
    "NOT f OR i < 3",
    "k <> 'a' OR k IS NULL",
    "i BETWEEN -5 AND 10",
    "k IN ('a', 'b')",
    "b IS NOT NULL AND s >= 1",
    "at < TIMESTAMP '1970-01-01T00:00:30'",
    "day IS NULL OR day > DATE '2001-01-01'",
];
const MEASURES: &[&str] = &[
    "COUNT(*)",
    "COUNT(k)",
    "SUM(i)",
    "SUM(s)",
    "AVG(b)",
    "SUM(x)",
    "AVG(r)",
    "MIN(i)",
    "MAX(b)",
    "MIN(k)",
    "MAX(at)",
    "MIN(day)",
    "SUM(CASE WHEN f THEN i END)",
    "COUNT(x * 2.5)",
];

/// A job of one table and one view.
pub fn job(dice: &mut Dice) -> String {
    let window = Window::new(dice);
    let mut items: Vec<String> = vec![];
    let mut groups: Vec<String> = vec![];
    if !matches!(window, Window::All) {
        items.push("window_start, window_end".to_owned());
        groups.push("window_start, window_end".to_owned());
    }
    let mut keys: Vec<&str> = (0..dice.between(0, 3)).map(|_| dice.pick(KEYS)).collect();
    keys.sort_unstable();
    keys.dedup();
    for (number, key) in keys.iter().enumerate() {
        items.push(format!("{key} AS key_{number}"));
        groups.push((*key).to_owned());
    }
    for number in 0..dice.between(1, 4) {
        items.push(format!("{} AS m{number}", dice.pick(MEASURES)));
    }
    let filter = match dice.percent(50) {
        true => format!(" WHERE {}", dice.pick(CONDITIONS)),
        false => String::new(),
    };
    let group_by = match groups.is_empty() {
        true => String::new(),
        false => format!(" GROUP BY {}", groups.join(", ")),
    };
    let retain = match dice.percent(20) && !matches!(window, Window::All) {
        true => " WITH (retain = '20 seconds')",
        false => "",
    };
    format!(
        "CREATE TABLE events (at TIMESTAMP, {COLUMNS}) WITH (event_time = 'at');\n\
         CREATE VIEW v{retain} AS SELECT {} FROM {}{filter}{group_by};",
        items.join(", "),
        window.in_from(dice)
    )
}
