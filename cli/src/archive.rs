//! `seam archive`: the events of a log into Parquet files.

use std::collections::BTreeSet;
use std::io::{Write, stdout};

use event_log::archiver;

use crate::args::Archive;
use crate::failure::Outcome;
use crate::job::Loaded;
use crate::store;

/// Copies from where the archive ends to the log's end: topic by topic.
pub fn run(args: &Archive) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let options = archiver::ArchiveOptions {
        file_rows: args.file_rows,
        ..Default::default()
    };
    let mut done = BTreeSet::new();
    for view in loaded.folds() {
        if !done.insert(view.table.topic.clone()) {
            continue;
        }
        let log = store::log(&args.log, &loaded, view)?;
        let archive = store::archive(&args.store.store, view)?;
        let report = archiver::archive(log.as_ref(), &archive, None, options)?;
        let sum = |figure: fn(&archiver::PartitionReport) -> u64| {
            report.partitions.iter().map(figure).sum::<u64>()
        };
        writeln!(
            stdout(),
            "archived {} records of {} in {} files, {} could not be read and are kept raw",
            sum(|partition| partition.records),
            view.table.topic,
            sum(|partition| partition.files),
            sum(|partition| partition.faulty)
        )?;
    }
    Ok(())
}
