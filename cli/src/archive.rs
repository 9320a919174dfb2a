//! `seam archive`: the events of a log into Parquet files.

mod adopt;
#[cfg(feature = "kafka")]
mod follow;

use std::collections::BTreeSet;
use std::io::{Write, stdout};

use event_log::archiver::{self, ArchiveOptions, ArchiveReport, PartitionReport};
use shared_logic::identity::Topic;

use crate::args::Archive;
use crate::failure::Outcome;
use crate::job::Loaded;
use crate::store;

/// Copies from where the archive ends to the log's end, topic by topic, or follows all topics.
pub fn run(args: &Archive) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    if let Some(url) = &args.adopting.adopt {
        return adopt::run(args, &loaded, url);
    }
    if args.follow {
        return follow(args, &loaded);
    }
    let mut done = BTreeSet::new();
    for view in loaded.folds() {
        if !done.insert(view.table.topic.clone()) {
            continue;
        }
        let log = store::log(&args.log, &loaded, view)?;
        let archive = store::archive(&args.store, &args.archive, view)?;
        let report = archiver::archive(log.as_ref(), &archive, None, options(args))?;
        tell(&view.table.topic, &report)?;
    }
    Ok(())
}

/// How files are cut.
fn options(args: &Archive) -> ArchiveOptions {
    ArchiveOptions {
        file_rows: args.file_rows,
        file_bytes: usize::try_from(args.roll_bytes).unwrap_or(usize::MAX),
        ..Default::default()
    }
}

/// Says what was done in a topic.
fn tell(topic: &Topic, report: &ArchiveReport) -> Outcome {
    let sum =
        |figure: fn(&PartitionReport) -> u64| report.partitions.iter().map(figure).sum::<u64>();
    writeln!(
        stdout(),
        "archived {} records of {topic} in {} files, {} could not be read and are kept raw",
        sum(|partition| partition.records),
        sum(|partition| partition.files),
        sum(|partition| partition.faulty)
    )?;
    Ok(())
}

#[cfg(feature = "kafka")]
fn follow(args: &Archive, loaded: &Loaded) -> Outcome {
    follow::run(args, loaded)
}

#[cfg(not(feature = "kafka"))]
fn follow(_: &Archive, _: &Loaded) -> Outcome {
    Err(crate::failure::Failure::input(
        "cannot follow a topic: this seam was built without the kafka feature",
    ))
}
