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
pub mod chunk;
mod compile;
pub mod coverage;
pub mod decode;
pub mod dialect;
mod explain;
mod fingerprint;
pub mod fold;
mod group;
pub mod identity;
pub mod job;
pub mod lateness;
pub mod laws;
pub mod measure;
pub mod merge;
pub mod parse;
pub mod partial;
pub mod prepare;
pub mod present;
pub mod question;
pub mod reach;
mod spelling;
pub mod sql_error;
pub mod static_table;
pub mod table;
pub mod time;
pub mod view;
pub mod window;
mod windows;
