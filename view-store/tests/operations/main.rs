//! What each operation of a store does, and what it refuses, one at a time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod damage;
mod fixture;
mod garbage;
mod golden;
mod owners;
mod pins;
mod reopening;
mod sleepers;
mod swaps;
