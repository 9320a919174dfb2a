//! What is kept of the events, and what redoing all of them takes: from files and from the log.

use std::path::Path;
use std::sync::Arc;

use cpu_time::ProcessTime;
use event_log::EventLog;
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, archive};
use shared_logic::coverage::OffsetVector;
use shared_logic::view::View;

use crate::error::ComparisonError;
use crate::kept;
use crate::lambda::Options;

/// Both forms of the same events, measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Kept {
    /// Bytes of the archive's Parquet files.
    pub file_bytes: u64,
    /// Seconds of processor time to fold all events from these files by the batch layer.
    pub from_files: f64,
    /// Events in the files.
    pub events: u64,
}

impl Kept {
    /// Archives `log` in `folder`, which should be empty, and folds `view` from there.
    ///
    /// # Errors
    /// The archive cannot be written or the view cannot be folded.
    pub fn measure(
        view: &Arc<View>,
        log: &dyn EventLog,
        folder: &Path,
        options: &Options,
    ) -> Result<Self, ComparisonError> {
        let files = Archive::open(folder, &view.table.topic, Arc::clone(&view.table))?;
        let copied = archive(log, &files, None, ArchiveOptions::default())?;
        let started = ProcessTime::now();
        let half = kept::Kept::new(view, &OffsetVector::default())?;
        let end = files.end()?;
        batch_layer::commit::run(
            view,
            &files,
            &half.job,
            half.generation,
            &end,
            &options.batch,
        )?;
        Ok(Self {
            file_bytes: copied.partitions.iter().map(|part| part.bytes).sum(),
            from_files: started.elapsed().as_secs_f64(),
            events: copied.partitions.iter().map(|part| part.records).sum(),
        })
    }
}
