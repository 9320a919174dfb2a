//! What is kept of a view: segments, the manifests that name them, generations, snapshots.
//!
//! ```text
//!  event-log ──▶ batch-layer ── pin, land ──┐
//!            ──▶ speed-layer ── claim, seal ┤
//!                                           ▼
//!                        ┏━━━━━━━━━━━━━ view-store ━━━━━━━━━━━━━┓
//!                        ┃ manifest 7 ▸ 8 ▸ 9   each one commit ┃──▶ snapshot ──▶ serving-layer
//!                        ┃    └─▶ generation ─▶ segments        ┃
//!                        ┗━━━━━━━ compact, swap, gc ━━━━━━━━━━━━┛
//! ```
//!
//! A [`Store`](store::Store) holds jobs; a [`JobStore`](job::JobStore) is one job with all its
//! operations. Any number of processes work on a job at once, without a coordinator: each change
//! writes the next [`Manifest`](manifest::Manifest), only one writer can create it, and the others
//! try again on top of it or learn that they are late. [`rule::Rule`] lists what makes that safe,
//! and `tests/protocol` shows for each rule what happens without it.
//!
//! Deliberately not here: merging. A segment's rows are opaque columns; whoever merges them
//! ([`compact`](job::JobStore::compact), a query) brings the merge from shared-logic. Nor does it
//! read a log, know SQL, or own a thread, a clock or a runtime, but for the client of a bucket:
//! calls block until the storage has answered, and names come from an injected
//! [`Entropy`](entropy::Entropy).

pub mod blobs;
pub mod entropy;
pub mod error;
pub mod job;
mod layout;
pub mod manifest;
pub mod open_fold;
pub mod rule;
pub mod segment;
pub mod snapshot;
pub mod store;
