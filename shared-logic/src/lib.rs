//! What a view is and what it computes, in batch and in stream alike.
//!
//! ```text
//!  event-log ──▶ batch-layer ─┐                    ┌─▶ serving-layer ──▶ comparison, cli
//!            ──▶ speed-layer ─┴──▶ view-store ─────┘
//!                   │  both run
//!                   ▼
//!       ┏━━━━━━━━ shared-logic ━━━━━━━━┓
//!       ┃ decode ▸ prepare ▸ fold ▸ merge ▸ present ┃
//!       ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//!
//! Deliberately pure: no file, no clock, no thread, no Kafka. Events come in as [`chunk::Chunk`]s
//! and leave as [`partial::Partial`]s, the mergeable folds that segments hold.

pub mod admission;
pub mod answer;
pub mod builder;
pub mod chunk;
#[cfg(feature = "sql")]
mod compile;
pub mod coverage;
pub mod decode;
#[cfg(feature = "sql")]
pub mod dialect;
pub mod error;
mod explain;
mod fingerprint;
pub mod fold;
mod group;
pub mod identity;
#[cfg(feature = "sql")]
pub mod job;
pub mod lateness;
pub mod laws;
pub mod measure;
pub mod merge;
pub mod ordered;
#[cfg(feature = "sql")]
pub mod parse;
pub mod partial;
pub mod prepare;
pub mod present;
#[cfg(feature = "sql")]
pub mod question;
pub mod reach;
pub mod saved;
#[cfg(feature = "sql")]
mod spelling;
#[cfg(feature = "sql")]
pub mod sql_error;
pub mod static_table;
pub mod table;
pub mod time;
pub mod view;
pub mod window;
mod windows;
