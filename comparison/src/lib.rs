//! Lambda, kappa and the truth side by side, and what the seam between batch and stream costs.
//!
//! ```text
//!   event-log ─┬─▶ lambda.rs (batch-layer + speed-layer, under a seam rule) ─┐
//!              └─▶ kappa.rs  (speed-layer alone) ────────────────────────────┤
//!   the input ──────▶ truth.rs (Polars, by itself) ──────────────────────────┤
//!                                                                            ▼
//!                                          ┏━━━━━━━━━━━ comparison ━━━━━━━━━━━━┓
//!                                          ┃ answer − truth, by cause, in rows ┃
//!                                          ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//!
//! Read `lambda.rs` and `kappa.rs` first. The truth shares no code with decode, prepare or fold. What
//! happens here never enters a production view: only this crate merges halves that do not tile.

pub mod attribution;
pub mod books;
pub mod clock;
pub mod compare;
pub mod ddmin;
pub mod dice;
pub mod difference;
pub mod drift;
pub mod error;
pub mod halves;
pub mod judge;
pub mod kappa;
mod kept;
pub mod lambda;
pub mod matrix;
pub mod observed;
pub mod over_time;
pub mod pains;
mod patch;
pub mod play;
pub mod recorded;
pub mod report;
pub mod rule;
pub mod run;
pub mod scene;
pub mod schedule;
pub mod seam;
pub mod second;
mod stream;
pub mod timeline;
pub mod trial;
pub mod truth;
