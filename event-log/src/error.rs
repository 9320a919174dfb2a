//! What can go wrong with a log.

use std::ops::Range;
use std::path::PathBuf;

use shared_logic::decode::DecodeError;
use shared_logic::identity::{Offset, Topic, TopicPartition};

/// Why a log could not be read or written, by what the caller can do.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// Ask for another partition.
    #[error("there is no partition {place}; there is {}", .there.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "))]
    NoPartition {
        /// What was asked for.
        place: TopicPartition,
        /// The partitions there are.
        there: Vec<TopicPartition>,
    },
    /// The records are gone from this log: read them from the archive, or begin later.
    #[error(
        "offset {asked} of {place} has expired, the log now begins at {first}: read the older records from the archive, or begin at {first} and live without them"
    )]
    Expired {
        /// The partition.
        place: TopicPartition,
        /// The first offset asked for.
        asked: Offset,
        /// The first offset that is left.
        first: Offset,
    },
    /// Records that were to come next are gone from this log: fold them from the archive, or begin a
    /// new generation behind them.
    #[error(
        "the log no longer has {}: fold them from the archive (seam batch), or leave them out for good in a new generation (seam reprocess --from log)", .gaps.iter().map(|(place, gap)| format!("offsets {} to {} of {place}", gap.start, gap.end)).collect::<Vec<_>>().join(", ")
    )]
    Lost {
        /// What is missing in each partition: from the offset asked for to the first that is left.
        gaps: Vec<(TopicPartition, Range<Offset>)>,
    },
    /// The records are not there yet: ask for less, or again later.
    #[error("offset {asked} of {place} is beyond the end of the log, which is {end}")]
    Beyond {
        /// The partition.
        place: TopicPartition,
        /// The end asked for.
        asked: Offset,
        /// The end there is.
        end: Offset,
    },
    /// A file of the archive is missing: restore it.
    #[error(
        "the archive of {place} has a hole from offset {start} to {next}: restore the file that began at {start}"
    )]
    Hole {
        /// The partition.
        place: TopicPartition,
        /// The first offset that is missing.
        start: Offset,
        /// The first offset after the hole.
        next: Offset,
    },
    /// A file is not what was written: restore it from a copy, or delete it and archive again.
    #[error(
        "{} is damaged, {reason}: restore it from a copy, or delete it and what follows and archive again", .path.display()
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What does not fit.
        reason: String,
    },
    /// A file that was adopted is not the one that it was: put that one back.
    #[error(
        "{} is not the file that was adopted, {reason}: put back the one that was, or adopt what is there now into another store", .path.display()
    )]
    Changed {
        /// The file.
        path: PathBuf,
        /// What is different.
        reason: String,
    },
    /// Somebody else has written the next file of the archive: go on from what is there now.
    #[error(
        "{} appeared meanwhile: another archiver is at work; run one at a time, the next run goes on from what is there", .path.display()
    )]
    Rival {
        /// The file that this run wanted to write.
        path: PathBuf,
    },
    /// The log is not the one that was read before: its offsets have begun anew.
    #[error(
        "{place} was read up to offset {reached}, but its log ends at {end}: the topic was deleted and created again; read it into another store"
    )]
    Recreated {
        /// The partition.
        place: TopicPartition,
        /// The next offset, as the archive or a manifest has it.
        reached: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// The log is not the one that was read before: a record has changed.
    #[error(
        "record {place}@{offset} is not the one that was read before: the topic was deleted and created again; read it into another store"
    )]
    Replaced {
        /// The partition.
        place: TopicPartition,
        /// The record.
        offset: Offset,
    },
    /// An input file, or what was asked of it, is wrong: correct one of the two.
    #[error("{}: {reason}", .path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong, with the line where there is one, and what would be right.
        reason: String,
    },
    /// A name, a number or a setting is not possible: correct it.
    #[error("{0}")]
    Refused(String),
    /// The file system failed.
    #[error("{} could not be {action}: {source}", .path.display())]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What was tried: `read`, `written` and so on.
        action: &'static str,
        /// Why it failed.
        source: std::io::Error,
    },
    /// No broker answers: start one, or name another.
    #[error(
        "no broker at {brokers} ({reason}): start one with scripts/kafka.sh start, or set KAFKA_BROKERS to one that runs"
    )]
    Unreachable {
        /// The addresses tried.
        brokers: String,
        /// What happened instead.
        reason: String,
    },
    /// A broker is there and does not let us in, or forbids what was asked: correct an option, or
    /// have the right given.
    #[error("{what} is closed to us ({reason}): {check}")]
    Denied {
        /// The addresses, topic or group.
        what: String,
        /// What the broker or the client says.
        reason: String,
        /// What to check.
        check: String,
    },
    /// The broker answered with an error, or stopped answering: mostly worth another try.
    #[error("{what} failed at the broker: {reason}")]
    Broker {
        /// What was tried, with topic, partition and offset.
        what: String,
        /// What the client says.
        reason: String,
    },
    /// Another writer of the same name has begun, and this one can no longer write.
    #[error("another writer called {name} has taken over topic {topic}: leave it to that one")]
    Fenced {
        /// The topic.
        topic: Topic,
        /// The name of both writers.
        name: String,
    },
    /// Records could not be put into columns.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// Arrow could not build or change columns.
    #[error("columns of {what} could not be made: {reason}")]
    Columns {
        /// Of which records.
        what: String,
        /// What Arrow says.
        reason: String,
    },
}

impl LogError {
    /// A failure of the file system.
    pub(crate) fn file(
        path: impl Into<PathBuf>,
        action: &'static str,
        source: std::io::Error,
    ) -> Self {
        Self::File {
            path: path.into(),
            action,
            source,
        }
    }

    /// A failure of Arrow.
    pub(crate) fn columns(what: impl ToString, error: &arrow::error::ArrowError) -> Self {
        Self::Columns {
            what: what.to_string(),
            reason: error.to_string(),
        }
    }
}
