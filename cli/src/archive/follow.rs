//! `seam archive --follow`: the topics for as long as it is let, until SIGTERM or SIGINT.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use event_log::LogError;
use event_log::archiver::{ArchiveReport, Following, News, follow};
use event_log::kafka::{KafkaLog, KafkaTail};
use shared_logic::identity::TopicPartition;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag::{register, register_conditional_shutdown};

use super::{options, tell};
use crate::args::Archive;
use crate::failure::{Failure, Outcome};
use crate::job::Loaded;
use crate::store;

/// A topic that is followed into an archive.
struct Topic {
    log: KafkaLog,
    tail: KafkaTail,
    archive: event_log::archive::Archive,
}

/// Follows each topic on a thread of its own; where one fails, all end.
pub fn run(args: &Archive, loaded: &Loaded) -> Outcome {
    if !args.log.input.is_empty() {
        return Err(Failure::input(
            "--follow follows a topic: leave out --input, or leave out --follow to read the file to its end",
        ));
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGTERM, SIGINT] {
        // Who asks a second time does not want to wait.
        register_conditional_shutdown(signal, 1, Arc::clone(&stop))?;
        register(signal, Arc::clone(&stop))?;
    }
    let mut topics = Vec::new();
    let mut known = BTreeSet::new();
    for view in loaded.folds() {
        let name = &view.table.topic;
        if !known.insert(name.clone()) {
            continue;
        }
        let log = store::kafka_log(&args.log, name)?;
        // Members of one group are given the partitions of the topics that each asked for.
        let group = args.group.as_ref().map(|group| format!("{group}-{name}"));
        topics.push(Topic {
            tail: KafkaTail::follow(store::kafka_log(&args.log, name)?, group.as_deref())?,
            log,
            archive: store::archive(&args.store, &args.archive, view)?,
        });
    }
    let stop = &*stop;
    let reports = thread::scope(|scope| {
        let threads: Vec<_> = (topics.iter_mut())
            .map(|topic| {
                scope.spawn(|| {
                    let report = one(topic, args, stop);
                    stop.store(true, Ordering::Relaxed);
                    report
                })
            })
            .collect();
        let ended = threads.into_iter().map(|thread| {
            let panicked = || LogError::Refused("the archiver panicked".to_owned());
            thread.join().unwrap_or_else(|_| Err(panicked()))
        });
        ended.collect::<Result<Vec<_>, _>>()
    })?;
    for (topic, report) in topics.iter().zip(&reports) {
        tell(topic.archive.topic(), report)?;
    }
    Ok(())
}

fn one(topic: &mut Topic, args: &Archive, stop: &AtomicBool) -> Result<ArchiveReport, LogError> {
    let begun = Instant::now();
    let name = topic.archive.topic().clone();
    let following = Following {
        options: options(args),
        roll_every: args.roll_every.into(),
        clock: &|| begun.elapsed(),
        stop: &|| stop.load(Ordering::Relaxed),
        shared: args.group.is_some(),
        tell: &mut |news| match news {
            News::Begun(places) => eprintln!("{name}: archiving {}", list(places)),
            News::HandedOver(places) => eprintln!("{name}: handed over {}", list(places)),
            News::Lost(places) => eprintln!("{name}: lost {}", list(places)),
            News::Overtaken(place) => {
                eprintln!("{name}: another archiver has filed {place}, and goes on behind it");
            }
            News::Waiting { why } => eprintln!("{name}: waiting, {why}"),
            News::Recovered => eprintln!("{name}: goes on"),
        },
    };
    follow(&topic.log, &mut topic.tail, &topic.archive, following)
}

fn list(places: &[TopicPartition]) -> String {
    let names: Vec<String> = places.iter().map(ToString::to_string).collect();
    names.join(", ")
}
