//! Segments that were read and are likely to be read again.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use shared_logic::merge::merge;
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::manifest::SegmentEntry;

use super::error::SinkError;
use super::parts::Part;

/// How many bytes of columns are kept.
const ROOM: usize = 128 << 20;

/// Of a larger file only the rows asked for are read, each time.
const WHOLE: u64 = 4 << 20;

/// Decoded segments by path, the ones that were used last.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    segments: BTreeMap<String, (u64, Arc<Partial>)>,
    used: u64,
    bytes: usize,
}

impl Shelf {
    /// A part, at least its rows within `times`.
    pub(super) fn take(
        &mut self,
        job: &JobStore,
        view: &View,
        part: Part,
        times: Option<&Range<i64>>,
    ) -> Result<Arc<Partial>, SinkError> {
        let entry = match part {
            Part::Run(run) => return Ok(Arc::clone(run)),
            Part::Segment(entry) => entry,
        };
        self.used += 1;
        if let Some((used, known)) = self.segments.get_mut(&entry.path) {
            *used = self.used;
            return Ok(Arc::clone(known));
        }
        if let (Some(times), true) = (times, entry.bytes > WHOLE) {
            let read = job.read_between(entry, &view.fingerprint, times)?;
            return Ok(Arc::new(read));
        }
        let whole = Arc::new(job.read(entry, &view.fingerprint)?);
        self.put(entry, Arc::clone(&whole));
        Ok(whole)
    }

    /// Puts the runs that were sealed as a segment in its place, so that it need not be read.
    pub(super) fn seal(
        &mut self,
        view: &Arc<View>,
        entry: &SegmentEntry,
        runs: &[&Arc<Partial>],
    ) -> Result<(), SinkError> {
        let merged = merge(view, runs.iter().map(|run| run.as_ref()))?;
        self.put(entry, Arc::new(merged));
        Ok(())
    }

    fn put(&mut self, entry: &SegmentEntry, partial: Arc<Partial>) {
        self.bytes += size(&partial);
        self.segments
            .insert(entry.path.clone(), (self.used, partial));
        while self.bytes > ROOM {
            let oldest = (self.segments.iter()).min_by_key(|(_, (used, _))| *used);
            let Some(path) = oldest.map(|(path, _)| path.clone()) else {
                return;
            };
            if let Some((_, gone)) = self.segments.remove(&path) {
                self.bytes -= size(&gone).min(self.bytes);
            }
        }
    }
}

fn size(partial: &Partial) -> usize {
    partial.rows.get_array_memory_size()
}
