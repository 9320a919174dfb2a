//! The serving layer: merges the segments of one snapshot and answers.
//!
//! ```text
//!   batch-layer ──▶ view-store ──▶ ┏━━ serving-layer ━━┓ ──▶ rows
//!   speed-layer ──▶                ┃ merge ▸ present ▸ ┃
//!                                  ┃ answer            ┃
//!                                  ┗━━━━━━━━━━━━━━━━━━━┛
//! ```
//!
//! It never asks who made a segment: a segment is a fold and its coverage, and folds merge where
//! their coverage tiles. Deliberately absent: any dependence on the layers that write.

pub mod error;
mod exact;
mod mistake;
pub mod point;
pub mod question;
pub mod reading;
pub mod sql;
mod steady;
pub mod together;
