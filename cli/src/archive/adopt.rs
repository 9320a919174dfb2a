//! `seam archive --adopt`: files that are there already, as an archive.

use std::io::{Write, stdout};

use event_log::adopt::{AdoptReport, AdoptedPartition, Adoption, adopt};

use crate::args::Archive;
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::Loaded;
use crate::store;

/// Takes in the files at `url`, and says what they hold.
pub fn run(args: &Archive, loaded: &Loaded, url: &str) -> Outcome {
    let mut views = loaded.folds().iter();
    let Some(view) = views.next() else {
        return Err(Failure::input(
            "the view reads no topic: there is nothing to adopt",
        ));
    };
    if let Some(other) = views.find(|other| other.table.topic != view.table.topic) {
        return Err(Failure::input(format!(
            "files are adopted for one topic, and {} reads {} and {}: name a view of one of them by --view",
            loaded.question.name, view.table.topic, other.table.topic
        )));
    }
    let adopting = &args.adopting;
    let how = Adoption {
        offsets: adopting.offset_column.clone(),
        partitions: adopting.partition_column.clone(),
        sparse: adopting.sparse,
        numbered: adopting.numbered,
    };
    let archive = store::archive(&args.store, &args.archive, view)?;
    let report = adopt(&archive, url, &how).or_input()?;
    for line in lines(&report, adopting.numbered) {
        writeln!(stdout(), "{line}")?;
    }
    Ok(())
}

fn lines(report: &AdoptReport, numbered: bool) -> Vec<String> {
    let line = |of: &AdoptedPartition| {
        let known = match of.known {
            0 => String::new(),
            known => format!("; {known} files were there before"),
        };
        format!(
            "adopted {} records of {} in {} files, offsets {} to {}, {} could not be read{known}",
            of.records, of.place, of.files, of.from, of.next, of.faulty
        )
    };
    let mut lines: Vec<String> = report.partitions.iter().map(line).collect();
    if report.empty > 0 {
        lines.push(format!("{} files hold no record", report.empty));
    }
    if report.others > 0 {
        lines.push(format!(
            "{} files of other topics were passed over",
            report.others
        ));
    }
    if numbered {
        lines.push(
            "their offsets are numbers of this archive, not the topic's: seam batch folds them, but seam speed and seam archive cannot go on from the topic; of the seam rules only those of the kind event-time could divide the two"
                .to_owned(),
        );
    }
    lines
}
