//! One run of an architecture: its answer, and what that cost.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use cpu_time::ProcessTime;
use event_log::{Chunks, EventLog, LogError};
use shared_logic::answer::answer;
use shared_logic::chunk::{Chunk, Payload};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::Partial;
use shared_logic::view::View;

use crate::error::ComparisonError;
use crate::halves::Halves;
use crate::rule::Rule;

/// Who computed an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Architecture {
    /// Batch and speed layer, merged at a seam.
    Lambda,
    /// One stream job.
    Kappa,
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lambda => "lambda",
            Self::Kappa => "kappa",
        })
    }
}

/// An answer and its cost.
#[derive(Clone, Debug)]
pub struct Run {
    /// Who computed it.
    pub architecture: Architecture,
    /// The seam rule of a lambda.
    pub rule: Option<Rule>,
    /// What it served.
    pub served: Served,
    /// What it cost.
    pub cost: Cost,
}

/// What an architecture serves at one moment, and what that was made of.
#[derive(Clone, Debug, PartialEq)]
pub struct Served {
    /// The answer, sorted by window, then by key.
    pub rows: RecordBatch,
    /// The events in the fold, each once: the COUNT(*) over all, except that sessions which the view
    /// no longer shows are among them, for they may still grow.
    pub counted: u64,
    /// Records that could not be read and are in no group.
    pub rejected: u64,
    /// What has been folded.
    pub halves: Halves,
}

impl Served {
    /// The answer of a merged fold of these halves.
    ///
    /// # Errors
    /// An expression of the SELECT list fails.
    pub fn of(view: &View, merged: &Partial, halves: Halves) -> Result<Self, ComparisonError> {
        let events = merged.rows.column_by_name("events");
        let events = events.map(|events| events.as_primitive::<UInt64Type>());
        Ok(Self {
            rows: answer(view, merged).map_err(serving_layer::error::ServingError::from)?,
            counted: events.map_or(0, |events| events.values().iter().sum()),
            rejected: merged.counters.rejected,
            halves,
        })
    }
}

/// What a run cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cost {
    /// Seconds of processor time of the whole process.
    pub cpu_seconds: f64,
    /// Bytes of events read, as they are in memory.
    pub bytes_read: u64,
    /// Bytes of segments at the end.
    pub bytes_stored: u64,
}

/// What the layers read.
#[derive(Clone, Copy)]
pub struct Logs<'l> {
    /// The batch layer: the archive of the log, or the log itself.
    pub batch: &'l dyn EventLog,
    /// The speed layer: the log.
    pub speed: &'l dyn EventLog,
}

impl<'l> Logs<'l> {
    /// One log for both.
    pub fn one(log: &'l dyn EventLog) -> Self {
        Self {
            batch: log,
            speed: log,
        }
    }
}

/// Logs that count what is read from them, and a clock of processor time.
pub(crate) struct Meter<'l> {
    batch: Counted<'l>,
    speed: Counted<'l>,
    bytes: Arc<AtomicU64>,
    started: ProcessTime,
}

impl<'l> Meter<'l> {
    pub(crate) fn start(logs: Logs<'l>) -> Self {
        let bytes = Arc::default();
        let counted = |log| Counted {
            log,
            bytes: Arc::clone(&bytes),
        };
        Self {
            batch: counted(logs.batch),
            speed: counted(logs.speed),
            bytes,
            started: ProcessTime::now(),
        }
    }

    /// The logs, for the layers to read.
    pub(crate) fn logs(&self) -> Logs<'_> {
        Logs {
            batch: &self.batch,
            speed: &self.speed,
        }
    }

    /// What the run has cost that keeps `bytes_stored`.
    pub(crate) fn cost(&self, bytes_stored: u64) -> Cost {
        Cost {
            cpu_seconds: self.started.elapsed().as_secs_f64(),
            bytes_read: self.bytes.load(Ordering::Relaxed),
            bytes_stored,
        }
    }
}

/// A log that counts the bytes that are read from it.
struct Counted<'l> {
    log: &'l dyn EventLog,
    bytes: Arc<AtomicU64>,
}

impl EventLog for Counted<'_> {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        self.log.partitions()
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        self.log.bounds(place)
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        chunk_rows: usize,
    ) -> Result<Chunks, LogError> {
        let bytes = Arc::clone(&self.bytes);
        let chunks = self.log.read(place, range, chunk_rows)?;
        Ok(Box::new(chunks.inspect(move |chunk| {
            if let Ok(chunk) = chunk {
                bytes.fetch_add(size(chunk), Ordering::Relaxed);
            }
        })))
    }
}

/// The bytes of a chunk's rows, without what a slice shares with its neighbours.
fn size(chunk: &Chunk) -> u64 {
    let bytes =
        |column: &dyn Array| column.to_data().get_slice_memory_size().unwrap_or_default() as u64;
    match &chunk.payload {
        Payload::Raw(raw) => bytes(&raw.keys) + bytes(&raw.values) + bytes(&raw.headers),
        Payload::Typed(rows) => rows.columns().iter().map(|column| bytes(column)).sum(),
    }
}
