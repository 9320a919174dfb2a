//! What both architectures cost on the same events, side by side.

use super::page::Sheet;
use super::{Subject, bytes, grouped, name};
use crate::compare::Line;

/// A column for each architecture and rule, a row for each cost.
pub(super) fn sheet(subject: &Subject<'_>) -> Sheet {
    let lines = &subject.report.lines;
    let events = subject.rows.len().max(1) as f64;
    let log = lines
        .last()
        .map_or(0, |kappa| kappa.run.cost.bytes_read)
        .max(1) as f64;
    let row = |label: &str, cell: &dyn Fn(&Line) -> String| {
        let cells = lines.iter().map(cell);
        [label.to_owned()]
            .into_iter()
            .chain(cells)
            .collect::<Vec<_>>()
    };
    let rows = vec![
        row("CPU seconds per million events", &|line| {
            format!("{:.2}", line.run.cost.cpu_seconds / events * 1e6)
        }),
        row("bytes read", &|line| bytes(line.run.cost.bytes_read)),
        row("rework: bytes read ÷ bytes of the log", &|line| {
            format!("{:.2}", line.run.cost.bytes_read as f64 / log)
        }),
        row("bytes of segments, at the peak", &|line| {
            bytes(line.run.cost.bytes_stored)
        }),
        row("wrong groups", &|line| {
            grouped(line.difference.wrong as u64)
        }),
    ];
    let header = [String::new()].into_iter().chain(lines.iter().map(name));
    Sheet {
        title: "Running once".into(),
        caption: "Each architecture folds the same events once, in this process, one after the other; processor time is that of the whole process and differs from run to run. Bytes of events are those in memory. Segments only grow until the question is asked, so their peak is their end.".into(),
        command: subject.command.into(),
        header: header.collect(),
        rows,
        words: false,
    }
}
