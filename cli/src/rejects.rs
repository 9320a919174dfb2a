//! `seam rejects`: every record that could not be read or came too late, with the reason.

use std::collections::BTreeSet;
use std::io::{BufWriter, Write, stdout};
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray, UInt64Array};
use event_log::EventLog;
use shared_logic::fold::Fold;
use shared_logic::view::View;

use crate::args::Rejects;
use crate::failure::Outcome;
use crate::job::Loaded;
use crate::print;
use crate::store;

const LATE: &str = "too late: the watermark has passed the end of its windows";

/// Reads everything again and keeps only what the view leaves out.
pub fn run(args: &Rejects) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let mut left_out = vec![];
    // Several folds may leave out the same record for the same reason.
    let mut known = BTreeSet::new();
    for view in loaded.folds() {
        let log: Box<dyn EventLog> = match args.input.is_empty() {
            false => {
                let file = loaded.file(&args.input, &view.table)?;
                Box::new(loaded.input(&view.table, file, &args.reading)?.input.log)
            }
            true => Box::new(store::archive(&args.store, &args.archive, view)?),
        };
        for record in rejects(view, log.as_ref())? {
            if loaded.folds().len() == 1 || known.insert(record.clone()) {
                left_out.push(record);
            }
        }
    }
    let (mut partitions, mut offsets, mut reasons) = (vec![], vec![], vec![]);
    for (partition, offset, reason) in left_out {
        partitions.push(partition);
        offsets.push(offset);
        reasons.push(reason);
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

/// Partition, offset and reason of each record that a fold leaves out.
fn rejects(view: &Arc<View>, log: &dyn EventLog) -> Outcome<Vec<(String, u64, String)>> {
    let mut all = vec![];
    for place in log.partitions()? {
        let mut reached = None;
        for chunk in log.read(&place, log.bounds(&place)?, 8192)? {
            let chunk = chunk?;
            // A fold of this chunk alone: what it leaves out is asked for, not its groups.
            let mut fold = Fold::new(view)?;
            fold.begin(place.clone(), chunk.start, reached);
            let rejects = fold.push(&chunk)?;
            let mut left_out: Vec<(usize, String)> = (rejects.into_iter())
                .map(|reject| (reject.row, reject.reason))
                .chain(fold.late().iter().map(|row| (*row, LATE.to_owned())))
                .collect();
            left_out.sort_by_key(|(row, _)| *row);
            for (row, reason) in left_out {
                all.push((place.to_string(), chunk.offset(row).0, reason));
            }
            let span = fold.coverage().0.get(&place);
            reached = span.and_then(|span| span.watermark_after);
        }
    }
    Ok(all)
}
