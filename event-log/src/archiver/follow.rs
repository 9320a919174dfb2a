//! Archiving what comes, for as long as it is let.

use std::collections::BTreeMap;
use std::time::Duration;

use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;

use super::filing::Filing;
use super::{ArchiveOptions, ArchiveReport, PartitionReport};
use crate::archive::Archive;
use crate::tail::{Tail, TailEvent};
use crate::{EventLog, LogError};

/// How often a tail that has nothing is asked again, and files are looked at.
const WAIT: Duration = Duration::from_millis(100);

/// What an archiver that follows needs besides the log and the archive.
pub struct Following<'a> {
    /// How files are cut by size.
    pub options: ArchiveOptions,
    /// How long a file may be open, so that its records are not in the archive.
    pub roll_every: Duration,
    /// The time on any clock that goes on.
    pub clock: &'a dyn Fn() -> Duration,
    /// Whether to end: open files are finished first.
    pub stop: &'a dyn Fn() -> bool,
    /// Is told of assignments and outages.
    pub tell: &'a mut dyn FnMut(&TailEvent),
}

/// Copies what `tail` hands over, each partition from where the archive ends, until it is stopped.
///
/// Several of them may share a topic as members of a consumer group. A partition that goes to another
/// member is first filed to where it was read. A member that slept through its session may file once
/// more: then it or its successor finds the file that the other has written, and stops.
///
/// # Errors
/// As [`archive`](super::archive()), and whatever the tail may bring. Files that were made stay.
pub fn follow(
    log: &dyn EventLog,
    tail: &mut dyn Tail,
    archive: &Archive,
    following: Following<'_>,
) -> Result<ArchiveReport, LogError> {
    let Following {
        options,
        roll_every,
        clock,
        stop,
        tell,
    } = following;
    let mut open: BTreeMap<TopicPartition, Filing> = BTreeMap::new();
    let mut done: Vec<PartitionReport> = Vec::new();
    let begin = |place: &TopicPartition| Filing::begin(archive, log, place, options);
    while !stop() {
        for event in tail.poll(WAIT)? {
            match event {
                TailEvent::Records(chunk) => {
                    if let Some(filing) = open.get_mut(&chunk.place) {
                        filing.push(chunk, clock())?;
                    }
                }
                TailEvent::Assigned(ref places) => {
                    let mut from = OffsetVector::default();
                    for place in places {
                        let filing = begin(place)?;
                        from.set(place.clone(), filing.report().from);
                        open.insert(place.clone(), filing);
                    }
                    tail.start(&from)?;
                    tell(&event);
                }
                TailEvent::Revoked(ref places) => {
                    for place in places {
                        if let Some(filing) = open.get_mut(place) {
                            filing.roll()?;
                        }
                    }
                    tail.commit(&filed(&open))?;
                    let closed = places.iter().filter_map(|place| open.remove(place));
                    done.extend(closed.map(|filing| filing.report().clone()));
                    tail.release(places)?;
                    tell(&event);
                }
                TailEvent::Lost(ref places) => {
                    // What is in no file yet, the next owner files.
                    let closed = places.iter().filter_map(|place| open.remove(place));
                    done.extend(closed.map(|filing| filing.report().clone()));
                    tell(&event);
                }
                TailEvent::Waiting { .. } | TailEvent::Recovered => tell(&event),
            }
        }
        let now = clock();
        let mut rolled = false;
        for filing in open.values_mut() {
            let age = filing.opened().map(|opened| now.saturating_sub(opened));
            if age.is_some_and(|age| age >= roll_every) {
                rolled |= filing.roll()?;
            }
        }
        if rolled {
            tail.commit(&filed(&open))?;
        }
    }
    for filing in open.values_mut() {
        filing.roll()?;
    }
    tail.commit(&filed(&open))?;
    done.extend(open.values().map(|filing| filing.report().clone()));
    Ok(ArchiveReport { partitions: done })
}

/// Where the files of each partition end.
fn filed(open: &BTreeMap<TopicPartition, Filing>) -> OffsetVector {
    let ends = open
        .iter()
        .map(|(place, filing)| (place.clone(), filing.report().next));
    OffsetVector(ends.collect())
}
