//! `seam rejects`: every record that could not be read, with the reason.

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

/// Reads everything again and keeps only what the view rejects.
pub fn run(args: &Rejects) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    let log: Box<dyn EventLog> = match &args.input {
        Some(file) => Box::new(loaded.input(file, &args.reading)?.input.log),
        None => Box::new(store::archive(&args.store.store, &loaded.view)?),
    };
    let (mut partitions, mut offsets, mut reasons) = (vec![], vec![], vec![]);
    for place in log.partitions()? {
        for chunk in log.read(&place, log.bounds(&place)?, 8192)? {
            let chunk = chunk?;
            // A fold of this chunk alone: its rejects are what is asked for, not its groups.
            for reject in Fold::new(&loaded.view)?.push(&chunk)? {
                partitions.push(place.to_string());
                offsets.push(chunk.offset(reject.row).0);
                reasons.push(reject.reason);
            }
        }
    }
    let columns: [(&str, ArrayRef); 3] = [
        ("partition", Arc::new(StringArray::from(partitions))),
        ("offset", Arc::new(UInt64Array::from(offsets))),
        ("reason", Arc::new(StringArray::from(reasons))),
    ];
    let mut out = BufWriter::new(stdout().lock());
    print::rows(&mut out, &RecordBatch::try_from_iter(columns)?, args.format)?;
    out.flush()?;
    Ok(())
}
