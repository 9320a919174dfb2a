//! `seam rejects`: every record that could not be read or came too late, with the reason.

use std::io::{BufWriter, Write, stdout};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use event_log::EventLog;
use shared_logic::fold::Fold;

use crate::args::Rejects;
use crate::failure::Outcome;
use crate::job::Loaded;
use crate::print;
use crate::store;

const LATE: &str = "too late: the watermark has passed the end of its windows";

/// Reads everything again and keeps only what the view leaves out.
pub fn run(args: &Rejects) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let log: Box<dyn EventLog> = match &args.input {
        Some(file) => Box::new(loaded.input(file, &args.reading)?.input.log),
        None => Box::new(store::archive(&args.store.store, &loaded.view)?),
    };
    let (mut partitions, mut offsets, mut reasons) = (vec![], vec![], vec![]);
    for place in log.partitions()? {
        let mut reached = None;
        for chunk in log.read(&place, log.bounds(&place)?, 8192)? {
            let chunk = chunk?;
            // A fold of this chunk alone: what it leaves out is asked for, not its groups.
            let mut fold = Fold::new(&loaded.view)?;
            fold.begin(place.clone(), chunk.start, reached);
            let rejects = fold.push(&chunk)?;
            let mut left_out: Vec<(usize, String)> = (rejects.into_iter())
                .map(|reject| (reject.row, reject.reason))
                .chain(fold.late().iter().map(|row| (*row, LATE.to_owned())))
                .collect();
            left_out.sort_by_key(|(row, _)| *row);
            for (row, reason) in left_out {
                partitions.push(place.to_string());
                offsets.push(chunk.offset(row).0);
                reasons.push(reason);
            }
            let span = fold.coverage().0.get(&place);
            reached = span.and_then(|span| span.watermark_after);
        }
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("partition", Arc::new(StringArray::from(partitions))),
        ("offset", Arc::new(UInt64Array::from(offsets))),
        ("reason", Arc::new(StringArray::from(reasons))),
    ];
    let mut out = BufWriter::new(stdout().lock());
    print::rows(
        &mut out,
        &RecordBatch::try_from_iter(columns)?,
        args.format,
        true,
    )?;
    out.flush()?;
    Ok(())
}
