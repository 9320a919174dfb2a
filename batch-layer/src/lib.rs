//! The batch layer: everything below a cut, folded side by side, landed as one segment.
//!
//! ```text
//!   event-log ──▶ ┏━━ batch-layer ━━┓ ──▶ view-store ──▶ serving-layer
//!  (the archive)  ┃ pin ▸ read ▸    ┃        ▲
//!                 ┃ fold ▸ land     ┃        │
//!                 ┗━━━━━━━━━━━━━━━━━┛   speed-layer
//! ```
//!
//! It runs the fold of `shared-logic` and has none of its own. Its files have the names of those in
//! `speed-layer`: `read` says which records come next, `fold` folds them, `commit` makes the result
//! durable. Deliberately absent: state between runs. A run that dies has changed nothing but a pin.

pub mod commit;
pub mod engine;
pub mod error;
pub mod fold;
pub mod reach;
pub mod read;
pub mod spill;
