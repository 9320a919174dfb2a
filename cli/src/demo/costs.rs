//! What both architectures cost.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use comparison::compare::{Line, Report};
use comparison::kappa::kappa;
use comparison::lambda::Options;
use event_log::EventLog;
use event_log::archive::Archive;
use event_log::archiver;
use shared_logic::view::View;
use view_store::store::Store;

use crate::failure::Outcome;
use crate::generate;
use crate::job::Loaded;
use crate::source::Source;

/// What both architectures cost on this week: once running, and once redone.
///
/// Where the week is in a file, it becomes a log of JSON and an archive in `folder`; a topic has both.
pub fn costs(
    loaded: &Loaded,
    view: &Arc<View>,
    report: &Report,
    source: &Source,
    folder: &Path,
) -> Outcome<String> {
    let json = folder.join("flights.jsonl");
    generate::flights_to(&folder.join("flights-week.parquet"), &json)?;
    let laid;
    let (log, archive): (&dyn EventLog, &Archive) = match &source.archive {
        Some(archive) => (source.log.as_ref(), archive),
        None => {
            let log = loaded.input(&view.table, &json, &super::READING)?.input.log;
            let archive = Archive::open(folder, &view.table.topic, Arc::clone(&view.table))?;
            archiver::archive(&log, &archive, None, archiver::ArchiveOptions::default())?;
            laid = (log, archive);
            (&laid.0, &laid.1)
        }
    };

    let started = Instant::now();
    let end = archive.end()?;
    let job = Store::memory().job("redo")?;
    let (generation, _) = job.create_generation(&crate::store::new_generation(
        loaded,
        view,
        &Default::default(),
    ))?;
    let options = Options::default();
    batch_layer::commit::run(view, archive, &job, generation, &end, &options.batch)?;
    let from_files = started.elapsed();

    let started = Instant::now();
    kappa(view, log, &report.seam.origin, &end, &options.speed)?;
    let from_log = started.elapsed();

    let of = |line: &Line| (line.run.cost.cpu_seconds, line.run.cost.bytes_stored);
    let lambda = report.lines.first().map(of).unwrap_or_default();
    let kappa = report.lines.last().map(of).unwrap_or_default();
    let (files, log) = (
        bytes_below(&source.made().unwrap_or(folder).join("archive"))?,
        fs::metadata(&json)?.len(),
    );
    let mut table = crate::print::sheet(&[
        "What it costs",
        "CPU s",
        "MB of segments",
        "MB of events kept",
        "redo the week, ms",
    ]);
    let megabytes = |bytes: u64| format!("{:.2}", bytes as f64 / 1e6);
    let row =
        |who: &str, (cpu, stored): (f64, u64), kept: u64, how: &str, redo: std::time::Duration| {
            [
                who.to_owned(),
                format!("{cpu:.2}"),
                megabytes(stored),
                format!("{} ({how})", megabytes(kept)),
                format!("{} from {how}", redo.as_millis()),
            ]
        };
    table.add_row(row("lambda offset", lambda, files, "files", from_files));
    table.add_row(row("kappa", kappa, log, "log", from_log));
    crate::print::numbers_right(&mut table, 1);
    Ok(format!(
        "{table}\nRedoing the week takes {:.1} times as long by replaying JSON from the log as from columnar files.",
        from_log.as_secs_f64() / from_files.as_secs_f64().max(1e-9)
    ))
}

fn bytes_below(folder: &Path) -> Outcome<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() {
            bytes_below(&entry.path())?
        } else {
            metadata.len()
        };
    }
    Ok(bytes)
}
