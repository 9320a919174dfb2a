//! What can go wrong, by what the caller can do about it.

use shared_logic::coverage::{CoverageError, OffsetVector};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::view::Fingerprint;

use crate::blobs::BlobError;
use crate::manifest::{Delivery, Epoch, Flaw, GenerationId, ManifestNumber, PinId};

/// An operation of the store did not succeed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The world has moved on, nothing is lost: take a new snapshot and do the same again.
    #[error("{path} is gone, gc has passed this snapshot: take a new one and repeat")]
    Retry {
        /// The file that is no longer there.
        path: String,
    },
    /// The edit was dropped because what it builds on has changed: drop what you hold for it and
    /// resume from what the manifest says.
    #[error("{0}: drop this work and resume from the newest manifest")]
    Stale(#[from] Stale),
    /// The store does not do this; another request may help.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A file is not what its writer wrote. Restore it, or build the generation anew.
    #[error("{path} is corrupt: {why}: restore it or rebuild with `seam reprocess`")]
    Corrupt {
        /// The file.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A segment was made by another version of the view.
    #[error(
        "{path} was made by logic {found}, the view has {expected}: run `seam reprocess` to build a generation of this logic"
    )]
    OtherLogic {
        /// The segment.
        path: String,
        /// The logic that made it.
        found: Fingerprint,
        /// The logic of the reader.
        expected: Fingerprint,
    },
    /// An edit that keeps all rules would have made a manifest that makes no sense; it was not
    /// written. This is a defect of the store.
    #[error("the edit after manifest {number} would break the job, report this: {flaw}")]
    Broken {
        /// The manifest that the edit extends.
        number: ManifestNumber,
        /// What the next one would have been like.
        flaw: Flaw,
    },
    /// The storage failed; whether an edit took effect is unknown until the manifest is read.
    #[error(transparent)]
    Storage(#[from] BlobError),
}

/// Why an edit no longer fits the manifest.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stale {
    /// The generation was dropped, or never was.
    #[error("there is no generation {0}")]
    Generation(GenerationId),
    /// Another process has claimed the partition.
    #[error("{place} is owned in epoch {now}, this process claimed epoch {held}")]
    Owner {
        /// The partition.
        place: TopicPartition,
        /// The epoch of the ownership shown.
        held: Epoch,
        /// The epoch of the manifest; 0 if nobody owns the partition.
        now: Epoch,
    },
    /// The fold does not start where the manifest stands.
    #[error("the fold of {place} starts at offset {start}, the manifest stands at {next}")]
    Next {
        /// The partition.
        place: TopicPartition,
        /// Where the fold starts.
        start: Offset,
        /// Where the manifest stands.
        next: Offset,
    },
    /// The pin's cut lies within what was to be added; seal up to it first.
    #[error(
        "the pin's cut {cut} lies within the fold of {coverage}: seal below and above it apart"
    )]
    Straddles {
        /// The cut of the generation's pin.
        cut: OffsetVector,
        /// The spans of the fold, as `topic/partition:[start, next)`.
        coverage: String,
    },
    /// The file may have been deleted before it was named; the store itself writes another one.
    #[error("the segment was written after manifest {base}, below the floor {floor}: run it again")]
    Base {
        /// The manifest that its writer had last read.
        base: ManifestNumber,
        /// The floor.
        floor: ManifestNumber,
    },
    /// Another run has pinned since, or this one has landed already.
    #[error("the pin {0} is gone")]
    Pin(PinId),
    /// A segment that was to be replaced is no longer named.
    #[error("{0} is no longer named")]
    Segment(String),
    /// Another process has swapped generations.
    #[error("generation {now} is live, no longer {before}")]
    Live {
        /// The live generation when the request began.
        before: GenerationId,
        /// The live generation now.
        now: GenerationId,
    },
    /// The manifest that was written is below the floor: it may count for nothing.
    #[error("manifest {number} was written below the floor {floor}")]
    Overrun {
        /// The number written.
        number: ManifestNumber,
        /// The newest floor.
        floor: ManifestNumber,
    },
}

/// Why the store does not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The job has no manifest.
    #[error("job {0} does not exist in this store: run its batch or speed layer first")]
    NoJob(String),
    /// The name of a job is not one plain folder.
    #[error(
        "job name {0:?}: use up to 100 letters, digits, '_', '-' and '.', not starting with '.'"
    )]
    JobName(String),
    /// The place of a store cannot be read.
    #[error("store {0:?}: give a folder, file:// and an absolute path, or s3://BUCKET/FOLDER")]
    Location(String),
    /// The place of a store is in a bucket, and this program was built without a client for that.
    #[error("store {0}: this program was built without the s3 feature, so give a folder")]
    NotBuiltIn(String),
    /// There is a generation of this logic already.
    #[error("generation {0} has this logic already: feed that one")]
    SameLogic(GenerationId),
    /// The target is behind the live generation.
    #[error("generation {to} is behind the live generation {live} in {}: let it catch up, or allow --behind", places(.behind))]
    Behind {
        /// The target.
        to: GenerationId,
        /// The live generation.
        live: GenerationId,
        /// The partitions: where the target stands, where the live generation stands.
        behind: Vec<(TopicPartition, Offset, Offset)>,
    },
    /// The target is live already.
    #[error("generation {0} is live already")]
    AlreadyLive(GenerationId),
    /// There is nothing to roll back to.
    #[error("there is no previous generation to roll back to")]
    NoPrevious,
    /// The live generation cannot be dropped.
    #[error("generation {0} is live: cut over to another one before dropping it")]
    DropLive(GenerationId),
    /// A generation was fed in another way.
    #[error(
        "generation {id} is fed {found}, not {asked}: feed another store, as what either leaves does not mix"
    )]
    Delivery {
        /// The generation.
        id: GenerationId,
        /// How it was fed until now.
        found: Delivery,
        /// How it was to be fed.
        asked: Delivery,
    },
    /// A generation whose offsets are not the log's has no place for a cut of the log.
    #[error(
        "generation {id} is fed {delivery}, so its offsets are not the log's and a batch run cannot meet them: run batch and speed exactly-once"
    )]
    NotTheLog {
        /// The generation.
        id: GenerationId,
        /// How it is fed.
        delivery: Delivery,
    },
    /// A cut lies within a segment.
    #[error(
        "the cut {cut} lies within {path}: pin where every segment is below or above, such as the manifest's own offsets"
    )]
    CutWithin {
        /// The cut asked for.
        cut: OffsetVector,
        /// A segment that straddles it.
        path: String,
    },
    /// A cut lies below the generation's origin.
    #[error("the cut {cut} lies below the origin {origin} of the generation")]
    CutBelowOrigin {
        /// The cut asked for.
        cut: OffsetVector,
        /// Where the generation begins.
        origin: OffsetVector,
    },
    /// The fold covers no record.
    #[error("the fold covers nothing: there is nothing to add")]
    Nothing,
    /// The fold touches a partition that the ownership does not name.
    #[error("{0} is not claimed by this process: claim it first")]
    NotClaimed(TopicPartition),
    /// The fold does not cover what it must.
    #[error("the fold covers {place} from {found}, it must cover {expected}")]
    Coverage {
        /// The partition.
        place: TopicPartition,
        /// What it covers, as `[start, next)`.
        found: String,
        /// What it must cover, as `[start, next)`.
        expected: String,
    },
    /// A landing read another number of records than the segments it replaces.
    #[error(
        "below offset {cut} of {place} the segments hold {named} records, the batch read {found}: the archive is not the log that was folded"
    )]
    Records {
        /// The partition.
        place: TopicPartition,
        /// The cut.
        cut: Offset,
        /// The records of the segments.
        named: u64,
        /// The records of the batch.
        found: u64,
    },
    /// The fold does not follow on its neighbours.
    #[error(transparent)]
    Prefix(CoverageError),
    /// The merged fold is not the fold of the segments it replaces.
    #[error("the merged segment is not the merge of what it replaces: {0}")]
    Merge(String),
    /// The rows cannot be a segment.
    #[error("the rows cannot be a segment: {0}")]
    Rows(String),
    /// The manifest is gone, or will be any moment.
    #[error("manifest {number} is not kept, the oldest kept is {floor}")]
    NotKept {
        /// The number asked for.
        number: ManifestNumber,
        /// The newest floor.
        floor: ManifestNumber,
    },
}

fn places(behind: &[(TopicPartition, Offset, Offset)]) -> String {
    let one = |(place, here, there): &(TopicPartition, Offset, Offset)| {
        format!("{place} ({here} of {there})")
    };
    behind.iter().map(one).collect::<Vec<_>>().join(", ")
}
