//! Where events are: moves their bytes, and gives each its identity.
//!
//! ```text
//!              ┏━━━━━━━━━━━━━━ event-log ━━━━━━━━━━━━━━┓
//! producers ─▶ ┃ Kafka topic  · in-memory log          ┃
//!              ┃      └─ archiver ─▶ Parquet archive   ┃
//!              ┗━━━━━━┯━━━━━━━━━━━━━━━━━━━━┯━━━━━━━━━━━┛
//!                tail │             ranges │
//!                     ▼                    ▼
//!                speed-layer          batch-layer ──▶ view-store ──▶ serving-layer
//! ```
//!
//! One trait, [`EventLog`], and three places behind it: [`memory::MemoryLog`] (and [`input`], a file
//! as one), [`archive::Archive`] and, with the feature `kafka`, `kafka::KafkaLog`. Whoever reads
//! cannot tell them apart: chunks of records that tile the range asked for. A [`tail::Tail`] hands over
//! the same chunks as they come, for the partitions that are its reader's at the moment. [`adopt`]
//! makes an archive of files that are there already.
//!
//! Deliberately absent: a log is not interpreted. What a record means is up to the decoder in
//! `shared-logic`; only the archive keeps its columns beside the raw bytes, and [`infer`] and
//! [`profile`] ask it what a file that has no table yet could mean. Nor does a reader's position come
//! from here: it is kept in its own manifest, whatever a consumer group knows.

pub mod adopt;
pub mod archive;
pub mod archiver;
pub mod changelog;
mod error;
pub mod generate;
pub mod infer;
pub mod input;
#[cfg(feature = "kafka")]
pub mod kafka;
mod log;
pub mod memory;
pub mod origin;
pub mod partitioner;
pub mod profile;
pub mod recreated;
mod row;
pub mod static_table;
pub mod tail;
mod tile;
mod value;

pub use error::LogError;
pub use log::{Chunks, EventLog};
pub use tile::part;
