//! What a manifest says of one segment.

use serde::{Deserialize, Serialize};
use shared_logic::coverage::Coverage;
use shared_logic::partial::Counters;

use super::ManifestNumber;

/// Who made a segment; nothing depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Maker {
    /// A batch run, from the archive.
    Batch,
    /// A checkpoint of the speed layer, from the log.
    Speed,
    /// A merge of other segments.
    Compaction,
}

/// What a manifest says of one segment: enough to plan a query without opening the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmentEntry {
    /// Its path within the store.
    pub path: String,
    /// The manifest that its writer had last read; also in its path.
    pub base: ManifestNumber,
    /// Who made it.
    pub maker: Maker,
    /// The records that it stands for.
    pub coverage: Coverage,
    /// What became of the records that are in no row.
    pub counters: Counters,
    /// How many rows it has.
    pub rows: u64,
    /// How long its file is, in bytes.
    pub bytes: u64,
    /// The checksums of its file.
    pub checksum: Checksum,
}

/// The CRC-32C of each part of a segment's file; the parts follow one another without a gap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checksum {
    /// The row groups in the order of the file, each with its bloom filters.
    pub row_groups: Vec<RowGroup>,
    /// All after the last row group: page index, metadata, their length and the magic number.
    pub footer: u32,
}

/// One row group's part of the file: from the end of the one before, or the start of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowGroup {
    /// The position of the first byte after it.
    pub end: u64,
    /// The CRC-32C of its bytes.
    pub crc: u32,
}
