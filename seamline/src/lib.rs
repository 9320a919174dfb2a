//! Stream views, written once, that batch and stream compute alike.
//!
//! ```text
//!  ┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━ seamline ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┓
//!  ┃ event-log ──▶ batch-layer ─┐                                                 ┃
//!  ┃           ──▶ speed-layer ─┴──▶ view-store ──▶ serving-layer                 ┃
//!  ┃                    │  all run                                                ┃
//!  ┃   shared-logic: decode ▸ prepare ▸ fold ▸ merge ▸ present                    ┃
//!  ┗━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┛
//! ```
//!
//! This crate is what an application depends on. It has no code of its own: it gives the parts of
//! the others one name and one version, Arrow's included.
//!
//! | feature | |
//! |---|---|
//! | none | [`ViewBuilder`], closures, [`Fold`], [`merge()`], ordered state, laws: builds in about a minute |
//! | `sql` | views written in SQL |
//! | `layers` (default) | logs, stores, the two layers, and questions; includes `sql` |
//! | `kafka` | topics of Apache Kafka as logs; includes `layers` |
//! | `s3` | stores in a bucket of S3; includes `layers` |
//!
//! A view in an application's own process:
//!
//! ```
#![doc = include_str!("../examples/embed.rs")]
//! ```
//!
//! More in the folder `examples`: ordered state ([`ordered`]) that drops duplicates, finds gaps in
//! sequences and follows a funnel, and a Lambda architecture of a log, a store and two layers.

pub use arrow;
pub use shared_logic::{
    admission, answer, builder, chunk, coverage, decode, error, fold, identity, lateness, laws,
    measure, merge, ordered, partial, prepare, present, reach, saved, table, time, view, window,
};
#[cfg(feature = "sql")]
pub use shared_logic::{job, parse, sql_error};

pub use answer::answer;
pub use builder::ViewBuilder;
pub use chunk::Chunk;
pub use fold::Fold;
pub use identity::{Offset, TopicPartition};
#[cfg(feature = "sql")]
pub use job::Job;
pub use merge::merge;
pub use partial::Partial;
pub use table::Table;
pub use view::View;

#[cfg(feature = "layers")]
pub use {batch_layer, event_log, serving_layer, speed_layer, view_store};
