//! The command line: names and options, nothing else.

mod archive;
mod compare;
mod pains;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use speed_layer::sink::emit::Emit;

use crate::output::OutputArgs;
use crate::print::Format;

pub use archive::Archive;
pub use compare::Compare;
pub use pains::{Pains, PainsCommand};

/// Write a stream view once, run it as a Lambda architecture and as Kappa, and see every event
/// that the seam between batch and stream counts twice, loses or counts differently.
#[derive(Debug, Parser)]
#[command(
    name = "seam",
    version,
    propagate_version = true,
    arg_required_else_help = true
)]
pub struct Seam {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The commands, in the order of a first visit.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Tell the whole story on a week of flights; no server, under a minute.
    #[command(after_help = "Examples:\n  seam demo\n  seam demo --kafka --brokers 127.0.0.1:9092")]
    Demo(TopicArgs),
    /// Make a view for your own file, and say what the file is like.
    #[command(
        after_help = "Examples:\n  seam init --input events.jsonl > events.sql\n  seam init --input orders.csv --event-time placed_at --partition-by customer --id order_id --output orders.sql"
    )]
    Init(Init),
    /// Compute a view over a file once, without a store.
    #[command(
        after_help = "Example:\n  seam run views/delay_by_airport.sql --input data/flights-week.parquet --as lambda --seam-at 0.6"
    )]
    Run(Run),
    /// Run lambda under every seam rule, and kappa, against an independent truth.
    #[command(
        after_help = "Examples:\n  seam compare views/delay_by_airport.sql --input data/flights-week.parquet --seam-at 2001-01-05T09:00:00Z --batch-takes 90m\n  seam compare orders.sql --input orders.jsonl --report orders.html\n  seam compare orders.sql --kafka --brokers 127.0.0.1:9092\n  seam compare views/clicks_by_page.sql --schedule \"rate 20/s for 10m, late 5% by 30s..5m, batch every 3m takes 90s fails 2, seed 7\""
    )]
    Compare(Compare),
    /// The pains of Lambda and of Kappa, as lessons that can be run, seen and broken.
    #[command(
        after_help = "Examples:\n  seam pains list\n  seam pains run L1\n  seam pains check L1 mine.txt\n  seam pains all --report lab.html"
    )]
    Pains(Pains),
    /// Write made-up clicks, the week of flights or, if built with the feature nexmark, auctions, to a
    /// file or a topic.
    #[command(
        after_help = "Example:\n  seam generate clicks --events 120000 --seed 1 --to clicks.parquet"
    )]
    Generate(Generate),
    /// Copy the events of a topic or file into the Parquet archive, or adopt files that are there.
    #[command(
        after_help = "Examples:\n  seam archive views/delay_by_airport.sql --store store --brokers 127.0.0.1:9092\n  seam archive views/delay_by_airport.sql --store store --adopt /lake/topics/flights\n  seam archive views/delay_by_airport.sql --store store --adopt \"file:///lake/day=*/*.parquet\" --offset-column kafka_offset"
    )]
    Archive(Archive),
    /// Fold the archive up to a cut and land the result as one segment.
    #[command(after_help = "Example:\n  seam batch views/delay_by_airport.sql --store store")]
    Batch(Batch),
    /// Follow the log from where the store stands, sealing a segment at each checkpoint.
    #[command(
        after_help = "Example:\n  seam speed views/delay_by_airport.sql --store store --brokers 127.0.0.1:9092\n  seam speed views/delay_by_airport.sql --store store --brokers 127.0.0.1:9092 --follow --group delays"
    )]
    Speed(Speed),
    /// Build a generation for changed SQL beside the live one, and swap.
    #[command(
        after_help = "Examples:\n  seam reprocess views/delay_by_airport.sql --store store --from archive --cutover\n  seam reprocess views/delay_by_airport.sql --store store --rollback"
    )]
    Reprocess(Reprocess),
    /// Ask a question in SQL of the views in the store, merged at read time.
    #[command(
        after_help = "Example:\n  seam query \"SELECT origin, SUM(flights) AS n FROM delay_by_airport GROUP BY origin ORDER BY n DESC LIMIT 5\" --store store\n  seam query --store store < questions.sql\n  seam query \"SELECT * FROM delay_by_airport\" --output delays.parquet"
    )]
    Query(Query),
    /// Show what the store holds: each view's generations, up to where they are exact, and their size.
    #[command(after_help = "Example:\n  seam views --store store")]
    Views(Views),
    /// Show what a view maintains, with the algebra of each measure, and what it asks when it is read.
    #[command(after_help = "Example:\n  seam explain views/delay_by_airport.sql")]
    Explain(Explain),
    /// Check the laws that let a view be split and merged, on your own events.
    #[command(
        after_help = "Example:\n  seam verify views/delay_by_airport.sql --input data/flights-week.parquet"
    )]
    Verify(Verify),
    /// List the records that could not be read, with the reason.
    #[command(
        after_help = "Example:\n  seam rejects views/delay_by_airport.sql --input events.jsonl"
    )]
    Rejects(Rejects),
    /// Delete what no manifest names any more.
    #[command(after_help = "Example:\n  seam gc --store store")]
    Gc(Gc),
}

/// Which view.
#[derive(Debug, Args)]
pub struct ViewArgs {
    /// The file with the table and its views.
    #[arg(value_name = "VIEW")]
    pub file: PathBuf,
    /// Which view of the file; the last one by default.
    #[arg(long, value_name = "NAME")]
    pub view: Option<String>,
}

/// A file of events and how to read it.
#[derive(Debug, Args)]
pub struct InputArgs {
    /// Events as JSON lines, CSV with a header, Parquet or Avro, in the order in which they arrived;
    /// once for each table where the view reads several.
    #[arg(long, value_name = "[TABLE=]FILE", required = true)]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// How a file becomes a log.
#[derive(Debug, Args)]
pub struct ReadingArgs {
    /// Into how many partitions to deal the events, by the table's `partition_by` column.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub partitions: u32,
    /// The column that gives the order of arrival, where the file's order does not.
    #[arg(long, value_name = "COLUMN")]
    pub order_by: Option<String>,
    /// The column with the time of arrival; the table's `arrival` option by default.
    #[arg(long, value_name = "COLUMN")]
    pub arrival: Option<String>,
}

/// How to fold.
#[derive(Debug, Args)]
pub struct FoldArgs {
    /// Records per chunk.
    #[arg(long, default_value_t = 8192, value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    pub chunk_rows: u32,
    /// Fail at the first record that cannot be read.
    #[arg(long)]
    pub strict: bool,
}

/// `seam init`.
#[derive(Debug, Args)]
pub struct Init {
    /// Events as JSON lines, CSV with a header, Parquet or Avro, in the order in which they arrived.
    #[arg(long, value_name = "FILE")]
    pub input: PathBuf,
    /// The topic; by default the name of the file, which also names the table.
    #[arg(long, value_name = "NAME")]
    pub topic: Option<String>,
    /// The column of event times; by default the best candidate.
    #[arg(long, value_name = "COLUMN")]
    pub event_time: Option<String>,
    /// The column whose value chooses the partition; by default the best candidate.
    #[arg(long, value_name = "COLUMN")]
    pub partition_by: Option<String>,
    /// A column whose values should all be different: events that repeat one are counted.
    #[arg(long, value_name = "COLUMN")]
    pub id: Option<String>,
    /// Into how many partitions to deal the events.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub partitions: u32,
    /// A file for the `.sql`; without one it is printed.
    #[arg(long, value_name = "FILE")]
    pub output: Option<PathBuf>,
}

/// Which architecture computes the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum As {
    /// The batch layer over everything.
    Batch,
    /// The speed layer over everything.
    Speed,
    /// Batch below the seam, speed above it, merged.
    Lambda,
    /// One stream job with checkpoints over everything.
    Kappa,
    /// Polars reading the input by itself.
    Truth,
}

/// `seam run`.
#[derive(Debug, Args)]
pub struct Run {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub input: InputArgs,
    /// Which architecture computes the answer.
    #[arg(long = "as", value_enum, default_value = "kappa")]
    pub architecture: As,
    /// Where the batch ends: a share of the arrivals (0.6), an instant of arrival
    /// (2001-01-05T09:00:00Z) or an offset vector (flights/0:12,flights/1:7).
    #[arg(long, default_value = "0.6", value_name = "CUT")]
    pub seam_at: String,
    #[command(flatten)]
    pub fold: FoldArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// What to generate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Workload {
    /// Exactly 1,000 clicks per page and 15 seconds.
    Clicks,
    /// The week of flights that comes with Seamline.
    Flights,
    /// Persons, auctions and bids of the Nexmark benchmark, for the queries in views/nexmark.
    #[cfg(feature = "nexmark")]
    Nexmark,
}

/// `seam generate`.
#[derive(Debug, Args)]
pub struct Generate {
    /// What to write.
    #[arg(value_enum)]
    pub workload: Workload,
    /// How many events: clicks are rounded up to whole windows (120,000 by default), the week of
    /// flights (113,493) is repeated, a week later each time; Nexmark has 40 a second (6,000).
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=10_000_000_000))]
    pub events: Option<u64>,
    /// The seed that repeats every byte.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Where to: FILE.parquet, FILE.jsonl, FILE.avro or kafka:TOPIC.
    #[arg(long, value_name = "TARGET")]
    pub to: String,
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Events a second for a topic, whether or not the broker keeps up; by default as many as it takes.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    pub rate: Option<u64>,
    /// Partitions of a topic that is made.
    #[arg(long, default_value_t = 4, value_parser = clap::value_parser!(u32).range(1..=1024))]
    pub partitions: u32,
}

/// The store.
#[derive(Debug, Args)]
pub struct StoreArgs {
    /// The folder of the store, or s3://BUCKET/FOLDER, which AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID and
    /// the other variables of AWS say how to reach.
    #[arg(
        long,
        env = "SEAM_STORE",
        default_value = "store",
        value_name = "DIR|URL"
    )]
    pub store: String,
}

/// The archive of events.
#[derive(Debug, Args)]
pub struct ArchiveArgs {
    /// The folder that holds the archive of events; the store's own, unless that is in a bucket.
    #[arg(long, env = "SEAM_ARCHIVE", value_name = "DIR")]
    pub archive: Option<PathBuf>,
}

/// The brokers.
#[derive(Debug, Args)]
pub struct KafkaArgs {
    /// Kafka's bootstrap servers.
    #[arg(long, env = "KAFKA_BROKERS", value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// An option of the Kafka client by its name in librdkafka, such as security.protocol=sasl_ssl;
    /// any number of times. Also from the environment: KAFKA_SECURITY_PROTOCOL.
    #[arg(long = "kafka", value_name = "NAME=VALUE")]
    pub options: Vec<String>,
    /// A properties file of such options; the place for passwords.
    #[arg(long, value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,
}

/// A topic instead of a file.
#[derive(Debug, Args)]
pub struct TopicArgs {
    /// Over the view's topic at --brokers and an archive of it, instead of a file. With NAME=VALUE it
    /// also sets an option of the Kafka client; any number of times.
    #[arg(long, value_name = "NAME=VALUE", num_args = 0..=1, default_missing_value = "")]
    pub kafka: Vec<String>,
    /// Kafka's bootstrap servers.
    #[arg(long, env = "KAFKA_BROKERS", value_name = "HOST:PORT")]
    pub brokers: Option<String>,
    /// A properties file of the client's options; the place for passwords.
    #[arg(long, value_name = "FILE")]
    pub kafka_config: Option<PathBuf>,
}

impl TopicArgs {
    /// Whether a topic is asked for, by more than an address in the environment.
    pub fn is_asked(&self) -> bool {
        !self.kafka.is_empty() || self.kafka_config.is_some()
    }

    /// The cluster.
    pub fn cluster(&self) -> KafkaArgs {
        let options = self.kafka.iter().filter(|option| !option.is_empty());
        KafkaArgs {
            brokers: self.brokers.clone(),
            options: options.cloned().collect(),
            kafka_config: self.kafka_config.clone(),
        }
    }
}

/// A log to read: a topic, or a file in its place.
#[derive(Debug, Args)]
pub struct LogArgs {
    #[command(flatten)]
    pub kafka: KafkaArgs,
    /// Read a compacted topic as it is, though a replay sees another history than the live run.
    #[arg(long)]
    pub compacted_as_log: bool,
    /// A file read as if it were the topic; once for each table where the view reads several.
    #[arg(long, value_name = "[TABLE=]FILE")]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingArgs,
}

/// `seam batch`.
#[derive(Debug, Args)]
pub struct Batch {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub archive: ArchiveArgs,
    /// Where to stop, as an offset vector (flights/0:12,flights/1:7); the archive's end by default.
    #[arg(long, value_name = "OFFSETS")]
    pub cut: Option<String>,
    /// What folds: the fold that the speed layer runs, too, or Polars; seam explain says whether
    /// Polars can.
    #[arg(long, value_enum, default_value_t = Engine::Fold)]
    pub engine: Engine,
    /// About how much memory to take, such as 512MB; what exceeds it lands as more segments. Without
    /// it there is no limit.
    #[arg(long, value_name = "BYTES", value_parser = crate::bytes::parse)]
    pub memory: Option<u64>,
    #[command(flatten)]
    pub fold: FoldArgs,
}

/// What folds a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Engine {
    /// The fold that the speed layer runs, too.
    Fold,
    /// Polars' streaming group-by.
    Polars,
}

/// `seam speed`.
#[derive(Debug, Args)]
pub struct Speed {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub archive: ArchiveArgs,
    #[command(flatten)]
    pub log: LogArgs,
    /// Where a view begins that the store does not hold yet: earliest, latest, an instant of arrival
    /// (2024-01-31T12:00:00Z) or an offset for each partition (p0=12,p1=40).
    #[arg(long, value_name = "PLACE", default_value = "earliest")]
    pub from: String,
    /// Offsets per partition between two checkpoints.
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..))]
    pub checkpoint_every: u64,
    #[command(flatten)]
    pub follow: FollowArgs,
    #[command(flatten)]
    pub fold: FoldArgs,
}

/// How to follow a topic beyond its end.
#[derive(Debug, Args)]
pub struct FollowArgs {
    /// Go on with what comes, as a member of a consumer group, until SIGTERM or SIGINT.
    #[arg(long)]
    pub follow: bool,
    /// The consumer group whose members share the partitions; seamline-VIEW by default.
    #[arg(long, value_name = "NAME", requires = "follow")]
    pub group: Option<String>,
    /// How long an event may be unsealed: 10s, 500ms.
    #[arg(
        long,
        default_value = "10s",
        value_name = "DURATION",
        requires = "follow"
    )]
    pub checkpoint_within: humantime::Duration,
    /// What a crash may do to events; the first two are there to be compared.
    #[arg(long, value_enum, default_value_t = Delivery::Exactly, requires = "follow")]
    pub delivery: Delivery,
    /// A topic to keep in step with the rows of the view: by window and key the row as it is now, or
    /// nothing where there is none any more.
    #[arg(long, value_name = "TOPIC", requires = "follow")]
    pub sink: Option<String>,
    /// When the sink gets what has changed: checkpoint, close (of a window), or 500ms.
    #[arg(long, default_value = "checkpoint", requires = "sink")]
    pub emit: Emit,
    /// Answer GET /metrics for Prometheus at this address, such as 127.0.0.1:9464.
    #[arg(long, value_name = "HOST:PORT", requires = "follow")]
    pub metrics: Option<std::net::SocketAddr>,
    /// How log lines look, which go to the standard error.
    #[arg(long = "log", value_enum, default_value_t = LogFormat::Text, requires = "follow")]
    pub log_format: LogFormat,
}

/// What a crash may do to events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Delivery {
    /// The group's offset first, then the state: a crash in between loses.
    #[value(name = "at-most-once")]
    AtMost,
    /// The state first, then the group's offset: a crash in between counts twice.
    #[value(name = "at-least-once")]
    AtLeast,
    /// State and offset in one write.
    #[value(name = "exactly-once")]
    Exactly,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One line each, to be read by people.
    Text,
    /// One JSON object each.
    Json,
}

/// Where a new generation reads from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum From {
    /// The Parquet archive.
    Archive,
    /// The log.
    Log,
    /// The archive as far as it goes, then the log.
    Hybrid,
}

/// `seam reprocess`.
#[derive(Debug, Args)]
pub struct Reprocess {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub archive: ArchiveArgs,
    #[command(flatten)]
    pub log: LogArgs,
    /// What to read.
    #[arg(long, value_enum, default_value = "archive")]
    pub from: From,
    /// Swap to the new generation once it has caught up.
    #[arg(long, conflicts_with = "rollback")]
    pub cutover: bool,
    /// Swap back to the previous generation.
    #[arg(long)]
    pub rollback: bool,
    /// Swap even though the target is behind the live generation.
    #[arg(long)]
    pub behind: bool,
    #[command(flatten)]
    pub fold: FoldArgs,
}

/// `seam query`.
#[derive(Debug, Args)]
pub struct Query {
    /// The question; each view in the store is a table. Without one, questions are read from the
    /// standard input, each up to a semicolon.
    pub sql: Option<String>,
    /// The same as SQL without this option.
    #[arg(
        short = 'c',
        long = "command",
        value_name = "SQL",
        conflicts_with = "sql"
    )]
    pub command: Option<String>,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `seam views`.
#[derive(Debug, Args)]
pub struct Views {
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub output: OutputArgs,
}

/// `seam explain`.
#[derive(Debug, Args)]
pub struct Explain {
    #[command(flatten)]
    pub view: ViewArgs,
}

/// `seam verify`.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub input: InputArgs,
    /// How many events to take, from the beginning of each partition.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub rows: u32,
}

/// `seam rejects`.
#[derive(Debug, Args)]
pub struct Rejects {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub store: StoreArgs,
    #[command(flatten)]
    pub archive: ArchiveArgs,
    /// A file to look through; the archive of the store by default.
    #[arg(long, value_name = "[TABLE=]FILE")]
    pub input: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: ReadingArgs,
    /// How rows are printed.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
}

/// `seam gc`.
#[derive(Debug, Args)]
pub struct Gc {
    #[command(flatten)]
    pub store: StoreArgs,
    /// Forget this mark, so that what it keeps can be deleted.
    #[arg(long, value_name = "MARK")]
    pub forget: Option<String>,
}
