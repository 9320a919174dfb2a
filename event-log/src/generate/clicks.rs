//! Clicks on the pages of a site, of which the number is known in advance.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use arrow::array::{
    ArrayRef, Int64Builder, RecordBatch, StringBuilder, TimestampMicrosecondBuilder,
};
use arrow::error::ArrowError;

use super::clicks_schema;
use crate::LogError;

/// The pages.
const PAGES: [&str; 10] = [
    "/",
    "/about",
    "/basket",
    "/blog",
    "/checkout",
    "/help",
    "/news",
    "/offers",
    "/products",
    "/search",
];

/// How many clicks each page has in each window.
const CLICKS: u64 = 1000;

/// The length of a window, in milliseconds.
const WINDOW: i64 = 15_000;

/// The first window's start, 2024-01-01T00:00:00Z, in milliseconds since 1970.
const BEGIN: i64 = 1_704_067_200_000;

/// How many rows come at once, at most.
const ROWS: usize = 8192;

/// Clicks in the order of their arrival: exactly 1,000 a page in each window of 15 seconds, on ten
/// pages.
///
/// At least `events` clicks, rounded up to whole windows; all follow from `seed`. A click arrives
/// within 2 seconds in 95 of 100 cases, within a minute in 4, and within ten minutes in 1, so
/// events overtake each other and some come when their window is long over.
pub fn clicks(events: u64, seed: u64) -> Clicks {
    Clicks {
        random: Random(seed),
        windows: events.div_ceil(CLICKS * PAGES.len() as u64),
        window: 0,
        underway: BinaryHeap::new(),
        number: 0,
    }
}

/// See [`clicks`].
#[derive(Debug)]
pub struct Clicks {
    random: Random,
    /// How many windows there are.
    windows: u64,
    /// The next window to be made.
    window: u64,
    /// Clicks that have been made and have not arrived.
    underway: BinaryHeap<Reverse<Click>>,
    number: u64,
}

/// One click; in order of arrival, ties in the order in which they were made.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Click {
    arrival: i64,
    number: u64,
    clicked: i64,
    page: &'static str,
    visitor: i64,
}

impl Clicks {
    /// How many clicks there are in all.
    pub fn total(&self) -> u64 {
        self.windows * CLICKS * PAGES.len() as u64
    }

    fn make_window(&mut self) {
        let start = BEGIN + self.window as i64 * WINDOW;
        for page in PAGES {
            for _ in 0..CLICKS {
                let clicked = start + self.random.below(WINDOW);
                let delay = match self.random.below(100) {
                    0..95 => self.random.below(2_000),
                    95..99 => 2_000 + self.random.below(58_000),
                    _ => 60_000 + self.random.below(540_000),
                };
                self.underway.push(Reverse(Click {
                    arrival: clicked + delay,
                    number: self.number,
                    clicked,
                    page,
                    visitor: self.random.below(50_000),
                }));
                self.number += 1;
            }
        }
        self.window += 1;
    }

    /// The next click to arrive.
    fn click(&mut self) -> Option<Click> {
        loop {
            // No click of a window still to be made can arrive before that window begins.
            let certain = BEGIN + self.window as i64 * WINDOW;
            let last = self.window == self.windows;
            match self.underway.peek() {
                Some(Reverse(next)) if last || next.arrival < certain => {
                    return self.underway.pop().map(|Reverse(click)| click);
                }
                None if last => return None,
                _ => self.make_window(),
            }
        }
    }

    fn rows(&mut self) -> Result<Option<RecordBatch>, ArrowError> {
        let mut clicked = TimestampMicrosecondBuilder::with_capacity(ROWS);
        let mut page = StringBuilder::with_capacity(ROWS, ROWS * 8);
        let mut visitor = Int64Builder::with_capacity(ROWS);
        let mut arrival = TimestampMicrosecondBuilder::with_capacity(ROWS);
        let mut rows = 0;
        while rows < ROWS {
            let Some(click) = self.click() else { break };
            clicked.append_value(click.clicked * 1000);
            page.append_value(click.page);
            visitor.append_value(click.visitor);
            arrival.append_value(click.arrival * 1000);
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let columns: Vec<ArrayRef> = vec![
            Arc::new(clicked.finish()),
            Arc::new(page.finish()),
            Arc::new(visitor.finish()),
            Arc::new(arrival.finish()),
        ];
        RecordBatch::try_new(clicks_schema(), columns).map(Some)
    }
}

impl Iterator for Clicks {
    type Item = Result<RecordBatch, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        (self
            .rows()
            .map_err(|error| LogError::columns("clicks", &error)))
        .transpose()
    }
}

/// SplitMix64: numbers that look random and follow from the seed, on every machine.
#[derive(Debug)]
struct Random(u64);

impl Random {
    /// A number from 0 up to `limit`, which is small enough for the skew not to matter.
    fn below(&mut self, limit: i64) -> i64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        ((u128::from(mixed) * u128::from(limit.unsigned_abs())) >> 64) as i64
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use std::collections::BTreeMap;

    use arrow::array::AsArray;
    use arrow::datatypes::TimestampMicrosecondType;

    use super::*;

    fn all(events: u64, seed: u64) -> Vec<RecordBatch> {
        clicks(events, seed).map(Result::unwrap).collect()
    }

    #[test]
    fn every_page_has_a_thousand_clicks_in_every_window() {
        let mut counts = BTreeMap::new();
        let rows = all(25_000, 7);
        for batch in &rows {
            let clicked = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            let pages = batch.column(1).as_string::<i32>();
            for (clicked, page) in clicked.values().iter().zip(pages) {
                *counts
                    .entry((clicked.div_euclid(15_000_000), page.unwrap().to_owned()))
                    .or_insert(0) += 1;
            }
        }
        assert_eq!(counts.len(), 3 * PAGES.len());
        assert!(counts.values().all(|count| *count == 1000), "{counts:?}");
        assert_eq!(clicks(25_000, 7).total(), 30_000);
        assert_eq!(clicks(30_001, 7).total(), 40_000);
        assert_eq!(clicks(0, 7).next().map(Result::unwrap), None);
    }

    #[test]
    fn clicks_come_in_the_order_of_arrival_and_some_come_late() {
        let mut last = i64::MIN;
        let mut greatest = i64::MIN;
        let (mut behind, mut over) = (0, 0);
        for batch in all(100_000, 1) {
            let clicked = batch.column(0).as_primitive::<TimestampMicrosecondType>();
            let arrival = batch.column(3).as_primitive::<TimestampMicrosecondType>();
            for (clicked, arrival) in clicked.values().iter().zip(arrival.values()) {
                assert!(last <= *arrival && clicked <= arrival);
                last = *arrival;
                behind += u32::from(*clicked < greatest);
                over += u32::from(*clicked < greatest - 60_000_000);
                greatest = greatest.max(*clicked);
            }
        }
        assert!(behind > 50_000 && over > 500, "{behind} {over}");
    }

    #[test]
    fn the_seed_decides_everything() {
        assert_eq!(all(20_000, 42), all(20_000, 42));
        assert_ne!(all(20_000, 42), all(20_000, 43));
    }
}
