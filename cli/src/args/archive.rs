//! The options of `seam archive`.

use clap::Args;

use super::{ArchiveArgs, LogArgs, StoreArgs, ViewArgs};

/// `seam archive`.
#[derive(Debug, Args)]
pub struct Archive {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub archive: ArchiveArgs,
    #[command(flatten)]
    pub log: LogArgs,
    #[command(flatten)]
    pub adopting: Adopting,
    /// Records per archive file at most.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub file_rows: u64,
    /// About how large an archive file gets at most.
    #[arg(long, value_name = "BYTES", default_value = "128MB", value_parser = crate::bytes::parse)]
    pub roll_bytes: u64,
    /// Go on with what comes, until SIGTERM or SIGINT.
    #[arg(long)]
    pub follow: bool,
    /// How long a record may be read and in no file: 10m, 30s.
    #[arg(
        long,
        value_name = "DURATION",
        default_value = "10m",
        requires = "follow"
    )]
    pub roll_every: humantime::Duration,
    /// Share the partitions with other archivers of this consumer group.
    #[arg(long, value_name = "NAME", requires = "follow")]
    pub group: Option<String>,
}

/// How to take in files that are there already.
#[derive(Debug, Args)]
pub struct Adopting {
    /// Parquet files that are there already: a folder, a glob or one file, as a path or file:///path.
    /// They stay where they are, and the archive says what is in them.
    #[arg(long, value_name = "URL", conflicts_with_all = ["follow", "input"])]
    pub adopt: Option<String>,
    /// The column of their offsets; by default one of the usual names (kafka_offset, offset, …), or
    /// the names that Kafka Connect gives files.
    #[arg(long, value_name = "COLUMN", requires = "adopt")]
    pub offset_column: Option<String>,
    /// The column of their partitions; by default one of the usual names, or the file's name or
    /// folder, or else there is only partition 0.
    #[arg(long, value_name = "COLUMN", requires = "adopt")]
    pub partition_column: Option<String>,
    /// Offsets that are in no file have no record: markers of transactions, compacted records.
    /// Otherwise they are holes, and refused.
    #[arg(long, requires = "adopt", conflicts_with = "numbered")]
    pub sparse: bool,
    /// Number records that have no offsets in the order of the files' names. Such an archive is for
    /// seam batch alone: nothing says where the topic goes on.
    #[arg(long, requires = "adopt", conflicts_with = "offset_column")]
    pub numbered: bool,
}
