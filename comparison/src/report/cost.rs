//! What both architectures cost on the same events, side by side.

use super::page::Sheet;
use super::{Subject, bytes, grouped, name};

/// A row for each architecture and rule, a column for each cost.
pub(super) fn sheet(subject: &Subject<'_>) -> Sheet {
    let lines = &subject.report.lines;
    let events = subject.rows.len().max(1) as f64;
    let log = lines
        .last()
        .map_or(0, |kappa| kappa.run.cost.bytes_read)
        .max(1) as f64;
    let rows = lines.iter().map(|line| {
        let cost = &line.run.cost;
        vec![
            name(line),
            format!("{:.2}", cost.cpu_seconds / events * 1e6),
            bytes(cost.bytes_read),
            format!("{:.2}", cost.bytes_read as f64 / log),
            bytes(cost.bytes_stored),
            grouped(line.difference.wrong as u64),
        ]
    });
    let header = [
        "",
        "CPU s per million events",
        "bytes read",
        "rework",
        "segments at the peak",
        "wrong groups",
    ];
    Sheet {
        title: "Running once".into(),
        caption: "Each architecture folds the same events once, in this process, one after the other; processor time is that of the whole process and differs from run to run. Bytes of events are those in memory; rework is bytes read ÷ bytes of the log. Segments only grow until the question is asked, so their peak is their end.".into(),
        command: subject.command.into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
        words: false,
    }
}
