//! The events of a comparison: a file that is dealt into partitions, or a topic and its archive.

use std::path::Path;
use std::sync::Arc;

use comparison::books::Row;
use comparison::compare::Events;
use comparison::recorded::Recorded;
use comparison::run::Logs;
use comparison::seam::Arrivals;
use comparison::truth::Truth;
use event_log::EventLog;
use event_log::archive::Archive;
use event_log::archiver::{self, ArchiveOptions};
use shared_logic::coverage::OffsetVector;
use shared_logic::time::EventTime;
use shared_logic::view::View;
use tempfile::TempDir;

use crate::args::{Compare, ReadingArgs};
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::Loaded;
use crate::store;

/// Events, read by both sides.
pub struct Source {
    /// Where they came from, as a reader calls it.
    pub name: String,
    /// Every event in the order of arrival.
    pub rows: Vec<Row>,
    /// When each arrived, if that is known.
    pub instants: Option<Vec<EventTime>>,
    /// The independent reader of the same events, which knows their partitions.
    pub truth: Truth,
    /// What the speed layer reads.
    pub log: Box<dyn EventLog>,
    /// What the batch layer reads, where that is not the log.
    pub archive: Option<Archive>,
    /// The folder of an archive that was made for this comparison.
    made: Option<TempDir>,
}

impl Source {
    /// What `seam compare` was told to compare over.
    pub fn open(args: &Compare, loaded: &Loaded, view: &Arc<View>) -> Outcome<Self> {
        let reading = &args.input.reading;
        if !args.input.input.is_empty() {
            let file = loaded.file(&args.input.input, &view.table)?;
            return Self::file(loaded, view, file, reading);
        }
        let kafka = args.topic.cluster();
        let log = store::topic(&kafka, args.compacted_as_log, &view.table.topic)?;
        let arrival = reading.arrival.as_deref();
        Self::topic(loaded, view, log, args.archive.as_deref(), arrival)
    }

    /// A file.
    pub fn file(
        loaded: &Loaded,
        view: &Arc<View>,
        file: &Path,
        reading: &ReadingArgs,
    ) -> Outcome<Self> {
        let events = loaded.input(&view.table, file, reading)?;
        let truth = loaded.truth(view, file, reading)?;
        let truth = truth.dealt(events.partitions());
        Ok(Self {
            name: file.display().to_string(),
            rows: events.rows(truth.event_times()),
            truth,
            instants: events.input.arrivals,
            log: Box::new(events.input.log),
            archive: None,
            made: None,
        })
    }

    /// What a topic holds now; without the folder of an archive one is made of it.
    pub fn topic(
        loaded: &Loaded,
        view: &Arc<View>,
        log: Box<dyn EventLog>,
        archive: Option<&Path>,
        arrival: Option<&str>,
    ) -> Outcome<Self> {
        let topic = &view.table.topic;
        let end = log.end()?;
        let arrival = arrival.or(view.table.arrival.as_deref());
        let recorded = Recorded::read(log.as_ref(), &end, view, &loaded.sql, arrival).or_input()?;
        let made = match archive {
            Some(_) => None,
            None => Some(tempfile::tempdir()?),
        };
        let folder = archive.or(made.as_ref().map(TempDir::path));
        let archive = match folder {
            Some(folder) => Some(Archive::open(folder, topic, Arc::clone(&view.table)).or_input()?),
            None => None,
        };
        if let (Some(archive), Some(_)) = (&archive, &made) {
            archiver::archive(log.as_ref(), archive, Some(&end), ArchiveOptions::default())?;
        }
        Ok(Self {
            name: format!("topic {topic}"),
            rows: recorded.rows,
            instants: recorded.instants,
            truth: recorded.truth,
            log,
            archive,
            made,
        })
    }

    /// The folder of the archive that was made of a topic.
    pub fn made(&self) -> Option<&Path> {
        self.made.as_ref().map(TempDir::path)
    }

    /// The events, for a comparison.
    pub fn events(&self) -> Events<'_> {
        let log = self.log.as_ref();
        let archive = self.archive.as_ref();
        Events {
            logs: Logs {
                batch: archive.map_or(log, |archive| archive as &dyn EventLog),
                speed: log,
            },
            rows: &self.rows,
            truth: &self.truth,
        }
    }

    /// The events with their times of arrival.
    pub fn arrivals(&self) -> Arrivals<'_> {
        Arrivals {
            rows: &self.rows,
            instants: self.instants.as_deref(),
        }
    }

    /// Makes sure that the batch layer can read everything below `cut`.
    pub fn archived(&self, cut: &OffsetVector) -> Outcome {
        let Some(archive) = &self.archive else {
            return Ok(());
        };
        let end = archive.end()?;
        match end.behind(cut).next() {
            None => Ok(()),
            Some(place) => Err(Failure::input(format!(
                "the archive of {place} ends at {}, below the cut at {}: run seam archive, or cut earlier by --seam-at",
                end.get(place),
                cut.get(place)
            ))),
        }
    }
}
