//! The speed layer: the log from where the store stands, folded as it comes, sealed at checkpoints.
//!
//! ```text
//!   event-log ──▶ ┏━━ speed-layer ━━┓ ──▶ view-store ──▶ serving-layer
//!    (the log)    ┃ read ▸ fold ▸   ┃        ▲
//!                 ┃ publish ▸ seal  ┃        │
//!                 ┗━━━━━━━━━━━━━━━━━┛   batch-layer
//! ```
//!
//! It runs the fold of `shared-logic` and has none of its own. Its files have the names of those in
//! `batch-layer`: `read` says which records come next, `fold` folds them, `commit` makes the result
//! durable. [`live::Live`] does the same for as long as it is let, as a member of a consumer group.
//! Deliberately absent: any offset kept elsewhere than in the manifest, but for the two delivery modes
//! that are there to be compared. State and position become durable in the same write, so a restart
//! can neither lose nor repeat a record.

pub mod clock;
pub mod commit;
pub mod compaction;
pub mod downstream;
pub mod error;
pub mod fold;
pub mod lane;
pub mod live;
pub mod read;
pub mod sealing;
pub mod shift;
pub mod sink;
pub mod watch;
