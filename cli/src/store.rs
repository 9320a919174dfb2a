//! The store as the commands see it: jobs, the archive, and the log that feeds both.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use event_log::EventLog;
use event_log::archive::Archive;
use event_log::origin::Origin;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::Topic;
use shared_logic::view::View;
use view_store::error::{Error, Refusal};
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::manifest::GenerationId;
use view_store::store::Store;

use crate::args::{ArchiveArgs, KafkaArgs, LogArgs, StoreArgs};
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::Loaded;

/// Opens the store; its folder is made if it does not exist.
pub fn open(args: &StoreArgs) -> Outcome<Store> {
    Store::open(&args.store).or_input()
}

/// The job of a view in a store.
pub fn job(store: &Store, view: &View) -> Outcome<JobStore> {
    store.job(&view.name).or_input()
}

/// The generation with this fold's logic; made where the job is new.
///
/// A job that exists with other logic is left alone: that takes a decision, `seam reprocess`.
pub fn generation(
    job: &JobStore,
    loaded: &Loaded,
    view: &View,
    origin: &OffsetVector,
) -> Outcome<GenerationId> {
    match job.manifest() {
        Ok(manifest) => manifest.generation_of(&view.fingerprint).ok_or_else(|| {
            Failure::input(format!(
                "the store holds {} with other logic than this file's: run seam reprocess to build a generation of the new logic beside it",
                view.name
            ))
        }),
        Err(Error::Refused(Refusal::NoJob(_))) => {
            match job.create_generation(&new_generation(loaded, view, origin)) {
                // Another process that begins has made it meanwhile.
                Err(Error::Refused(Refusal::SameLogic(id))) => Ok(id),
                made => Ok(made?.0),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// Where a job that is new begins in its log: what `--from` says. An old one goes on from where it
/// stands, so that the same command can be given again.
pub fn origin(job: &JobStore, from: &str, log: &dyn EventLog) -> Outcome<OffsetVector> {
    let from: Origin = from.parse().or_input()?;
    match job.manifest() {
        Ok(_) => Ok(OffsetVector::default()),
        Err(_) => from.offsets(log).or_input(),
    }
}

/// Makes sure that a log is the one that a generation was fed from, where its offsets are the log's.
#[cfg(feature = "kafka")]
pub fn same_log(job: &JobStore, generation: GenerationId, log: &dyn EventLog) -> Outcome {
    let manifest = job.manifest()?;
    let generation = manifest.generation(generation)?;
    if generation.delivery.is_exact() {
        event_log::recreated::verify(log, &generation.coverage()?)?;
    }
    Ok(())
}

/// A generation of this fold that begins at `origin`.
pub fn new_generation(loaded: &Loaded, view: &View, origin: &OffsetVector) -> NewGeneration {
    NewGeneration {
        view: view.name.clone(),
        fingerprint: view.fingerprint.clone(),
        sql: loaded.sql.clone(),
        origin: origin.clone(),
        again: false,
    }
}

/// The archive of a view's topic.
pub fn archive(store: &StoreArgs, archive: &ArchiveArgs, view: &View) -> Outcome<Archive> {
    archive_if_named(store, archive, view)?.ok_or_else(|| {
        Failure::input(format!(
            "the archive of events is kept in files, and {} holds none: name its folder by --archive or SEAM_ARCHIVE",
            store.store
        ))
    })
}

/// The archive of a view's topic; `None` where the store is in a bucket and no folder is named.
pub fn archive_if_named(
    store: &StoreArgs,
    archive: &ArchiveArgs,
    view: &View,
) -> Outcome<Option<Archive>> {
    let Some(root) = archive_folder(store, archive) else {
        return Ok(None);
    };
    let opened = Archive::open(root, &view.table.topic, Arc::clone(&view.table));
    opened.map(Some).or_input()
}

/// The folder that holds the archive of events.
pub fn archive_folder<'a>(store: &'a StoreArgs, archive: &'a ArchiveArgs) -> Option<&'a Path> {
    let folder = store.store.strip_prefix("file://").unwrap_or(&store.store);
    match &archive.archive {
        Some(folder) => Some(folder),
        None if folder.contains("://") => None,
        None => Some(Path::new(folder)),
    }
}

/// The log of a fold's topic: a file in the topic's place, or the topic.
pub fn log(args: &LogArgs, loaded: &Loaded, view: &View) -> Outcome<Box<dyn EventLog>> {
    if args.input.is_empty() {
        return topic(&args.kafka, args.compacted_as_log, &view.table.topic);
    }
    let file = loaded.file(&args.input, &view.table)?;
    let events = loaded.input(&view.table, file, &args.reading)?;
    Ok(Box::new(events.input.log))
}

/// Where every fold of a view is to stop: the ends of their topics, each asked once, so that folds
/// of one topic stop at the same offsets.
#[derive(Debug, Default)]
pub struct Ends(BTreeMap<Topic, OffsetVector>);

impl Ends {
    /// The end of the fold's topic.
    pub fn of(&mut self, view: &View, log: &dyn EventLog) -> Outcome<OffsetVector> {
        if let Some(known) = self.0.get(&view.table.topic) {
            return Ok(known.clone());
        }
        let end = log.end()?;
        self.0.insert(view.table.topic.clone(), end.clone());
        Ok(end)
    }
}

/// ` of name` where a view has several folds, to tell them apart.
pub fn of(loaded: &Loaded, view: &View) -> String {
    match loaded.folds() {
        [_] => String::new(),
        _ => format!(" of {}", view.name),
    }
}

/// A topic of the cluster that `kafka` names.
#[cfg(feature = "kafka")]
pub fn topic(kafka: &KafkaArgs, compacted: bool, topic: &Topic) -> Outcome<Box<dyn EventLog>> {
    Ok(Box::new(connect(kafka, compacted, topic)?))
}

/// The topic that `args` name a cluster for.
#[cfg(feature = "kafka")]
pub fn kafka_log(args: &LogArgs, topic: &Topic) -> Outcome<event_log::kafka::KafkaLog> {
    connect(&args.kafka, args.compacted_as_log, topic)
}

#[cfg(feature = "kafka")]
fn connect(
    kafka: &KafkaArgs,
    compacted: bool,
    topic: &Topic,
) -> Outcome<event_log::kafka::KafkaLog> {
    use crate::cluster::{PATIENCE, cluster};
    use event_log::kafka::KafkaLog;

    let Some(cluster) = cluster(kafka)? else {
        return Err(Failure::input(
            "no log to read: give --brokers (or KAFKA_BROKERS) for the topic, or --input for a file in its place",
        ));
    };
    let log = match compacted {
        true => KafkaLog::connect_compacted_as_log(&cluster, topic, PATIENCE),
        false => KafkaLog::connect(&cluster, topic, PATIENCE),
    };
    log.or_input()
}

#[cfg(not(feature = "kafka"))]
pub fn topic(_: &KafkaArgs, _: bool, topic: &Topic) -> Outcome<Box<dyn EventLog>> {
    Err(Failure::input(format!(
        "cannot read the topic {topic}: this seam was built without the kafka feature, so give --input for a file in its place"
    )))
}
