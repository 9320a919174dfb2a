//! Random views over random events: every way to compute them gives the rows of the truth.
//!
//! `RANDOM_VIEWS` says how many cases are tried, 200 without it. `RANDOM_VIEW_SEED` runs one case
//! and prints it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod agree;
mod case;
mod check;
mod dice;
mod engines;
mod events;
mod found;
mod lowered;
mod shrink;
mod view;
mod views;

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use case::Case;
use shrink::{failure, shrink};

/// A number from the environment.
fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().expect("a number"))
}

#[test]
fn every_way_to_compute_a_random_view_is_right() {
    let seeds = match number("RANDOM_VIEW_SEED") {
        Some(seed) => {
            println!("{}", Case::new(seed).told());
            seed..seed + 1
        }
        None => 0..number("RANDOM_VIEWS").unwrap_or(200),
    };
    let (next, failed) = (AtomicU64::new(seeds.start), Mutex::new(vec![]));
    let work = || {
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return;
            }
            if failure(&Case::new(seed)).is_some() {
                failed.lock().unwrap().push(seed);
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let mut failed = failed.into_inner().unwrap();
    failed.sort_unstable();
    for seed in failed.iter().take(3) {
        let case = shrink(Case::new(*seed));
        let what = failure(&case).unwrap_or_default();
        println!("RANDOM_VIEW_SEED={seed}\n{what}\n{}", case.told());
    }
    assert!(failed.is_empty(), "these seeds fail: {failed:?}");
}

#[test]
fn polars_gives_the_same_rows_as_the_fold() {
    let mut computed = 0;
    for seed in 0..100 {
        let mut dice = dice::Dice::new(seed);
        let case = Case {
            sql: lowered::job(&mut dice),
            ..Case::new(seed)
        };
        match check::second_engine(&case) {
            Ok(true) => computed += 1,
            Ok(false) => {}
            Err(what) => panic!("seed {seed}: {what}\n{}", case.told()),
        }
    }
    assert!(computed >= 50, "Polars computed {computed} of 100 views");
}
