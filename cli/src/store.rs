//! The store as the commands see it: jobs, the archive, and the log that feeds both.

use std::path::Path;
use std::sync::Arc;

use event_log::EventLog;
use event_log::archive::Archive;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::Topic;
use shared_logic::view::View;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::GenerationId;
use view_store::store::Store;

use crate::args::{LogArgs, StoreArgs};
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::Loaded;

/// How long a broker may take for an answer.
#[cfg(feature = "kafka")]
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Opens the store; its folder is made if it does not exist.
pub fn open(args: &StoreArgs) -> Outcome<Store> {
    Store::open(&args.store.to_string_lossy()).or_input()
}

/// The job of a view in a store.
pub fn job(store: &Store, view: &View) -> Outcome<JobStore> {
    store.job(&view.name).or_input()
}

/// The generation with this view's logic; made where the job is new.
///
/// A job that exists with other logic is left alone: that takes a decision, `seam reprocess`.
pub fn generation(job: &JobStore, loaded: &Loaded, origin: &OffsetVector) -> Outcome<GenerationId> {
    match job.manifest() {
        Ok(manifest) => manifest.generation_of(&loaded.view.fingerprint).ok_or_else(|| {
            Failure::input(format!(
                "the store holds {} with other logic than this file's: run seam reprocess to build a generation of the new logic beside it",
                loaded.view.name
            ))
        }),
        Err(view_store::error::Error::Refused(view_store::error::Refusal::NoJob(_))) => {
            Ok(job.create_generation(&new_generation(loaded, origin))?.0)
        }
        Err(error) => Err(error.into()),
    }
}

/// A generation of this view that begins at `origin`.
pub fn new_generation(loaded: &Loaded, origin: &OffsetVector) -> NewGeneration {
    NewGeneration {
        view: loaded.view.name.clone(),
        fingerprint: loaded.view.fingerprint.clone(),
        sql: loaded.sql.clone(),
        origin: origin.clone(),
        again: false,
    }
}

/// The archive of a view's topic.
pub fn archive(root: &Path, view: &View) -> Outcome<Archive> {
    Archive::open(root, &view.table.topic, Arc::clone(&view.table)).or_input()
}

/// The log that is asked for: a file in the topic's place, or the topic.
pub fn log(args: &LogArgs, loaded: &Loaded) -> Outcome<Box<dyn EventLog>> {
    match (&args.input, &args.kafka.brokers) {
        (Some(file), _) => Ok(Box::new(loaded.input(file, &args.reading)?.input.log)),
        (None, Some(brokers)) => topic(brokers, &loaded.view.table.topic, args.compacted_as_log),
        (None, None) => Err(Failure::input(
            "no log to read: give --brokers (or KAFKA_BROKERS) for the topic, or --input for a file in its place",
        )),
    }
}

#[cfg(feature = "kafka")]
fn topic(brokers: &str, topic: &Topic, compacted_as_log: bool) -> Outcome<Box<dyn EventLog>> {
    use event_log::kafka::KafkaLog;

    let log = match compacted_as_log {
        true => KafkaLog::connect_compacted_as_log(brokers, topic, PATIENCE),
        false => KafkaLog::connect(brokers, topic, PATIENCE),
    };
    Ok(Box::new(log.or_input()?))
}

#[cfg(not(feature = "kafka"))]
fn topic(_: &str, topic: &Topic, _: bool) -> Outcome<Box<dyn EventLog>> {
    Err(Failure::input(format!(
        "cannot read the topic {topic}: this seam was built without the kafka feature"
    )))
}
