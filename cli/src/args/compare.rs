//! The options of `seam compare`.

use std::path::PathBuf;

use clap::Args;

use super::{FoldArgs, InputArgs, TopicArgs, ViewArgs};
use crate::print::Format;

/// `seam compare`.
#[derive(Debug, Args)]
#[command(
    mut_arg("input", |input| {
        let without = ["schedule", "kafka", "brokers", "kafka_config"];
        input.required(false).required_unless_present_any(without).conflicts_with("kafka")
    }),
    mut_arg("order_by", |order_by| order_by.conflicts_with("kafka")),
    mut_arg("partitions", |partitions| partitions.conflicts_with("kafka")),
)]
pub struct Compare {
    #[command(flatten)]
    pub view: ViewArgs,
    #[command(flatten)]
    pub input: InputArgs,
    #[command(flatten)]
    pub topic: TopicArgs,
    /// Read a compacted topic as it is, though a replay sees another history than the live run.
    #[arg(long, conflicts_with = "input")]
    pub compacted_as_log: bool,
    /// The folder that holds an archive of the topic, for the batch layer; without it one is made and
    /// thrown away.
    #[arg(long, value_name = "DIR", conflicts_with = "input")]
    pub archive: Option<PathBuf>,
    /// Where the batch ends: a share of the arrivals (0.6), an instant of arrival
    /// (2001-01-05T09:00:00Z) or an offset vector (flights/0:12,flights/1:7).
    #[arg(long, default_value = "0.6", value_name = "CUT")]
    pub seam_at: String,
    /// How long after its cut the batch lands, in arrival time: 90m, 2h, 30s.
    #[arg(long, default_value = "0s", value_name = "DURATION")]
    pub batch_takes: String,
    /// What happens on a virtual clock, instead of one batch run: arrivals where there is no --input,
    /// batches, checkpoints, crashes, retention. docs/schedules.md lists the clauses.
    #[arg(long, value_name = "TEXT", conflicts_with_all = ["seam_at", "batch_takes"])]
    pub schedule: Option<String>,
    /// Beside the rules, a second code base for the view (delay_by_airport, visitors_by_page) with a
    /// slip in it: where it drifts, and the fewest events that show it. The slips: none, rounding,
    /// null-as-zero, time-zone, less-than, distinct-key, float-order, integer-division.
    #[arg(long, value_name = "SLIP")]
    pub second_code_base: Option<String>,
    /// Instead of the rules, whether the answer is the same however the log is read: replayed,
    /// interleaved, in other chunks, after a restart; under Seamline's rules and naive ones.
    #[arg(long, requires = "schedule")]
    pub matrix: bool,
    /// Only lambdas under this seam rule, and kappa; may be given several times.
    #[arg(long, value_name = "RULE")]
    pub rule: Vec<String>,
    #[command(flatten)]
    pub fold: FoldArgs,
    /// How rows are printed.
    #[arg(long, value_enum, default_value = "table")]
    pub format: Format,
    /// A page with all of it, in one file that needs no network; FILE.json and FILE.csv go beside it.
    #[arg(long, value_name = "FILE.html", conflicts_with = "matrix")]
    pub report: Option<PathBuf>,
    /// What a system that is not ours showed, as CSV with the view's columns and, where it is known,
    /// as_of: when each row was seen. It is measured against the truth at that moment, from the first
    /// window that was seen to the last.
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["report", "schedule", "seam_at"])]
    pub observed: Option<PathBuf>,
    /// What a column of the view is called in the observed file; once for each.
    #[arg(long, value_name = "OURS=THEIRS", requires = "observed", value_parser = pair)]
    pub map: Vec<(String, String)>,
    /// Prices for the page's decision sheet, as JSON: {"currency": "EUR", "core_hour": 0.04,
    /// "log_gb_month": 0.3, "file_gb_month": 0.02}.
    #[arg(
        long,
        value_name = "FILE",
        requires = "report",
        conflicts_with = "schedule"
    )]
    pub prices: Option<PathBuf>,
}

/// `OURS=THEIRS`.
fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((ours, theirs)) if !ours.is_empty() && !theirs.is_empty() => {
            Ok((ours.to_owned(), theirs.to_owned()))
        }
        _ => Err(format!(
            "expected a column of the view, = and a column of the file, found {text:?}"
        )),
    }
}
