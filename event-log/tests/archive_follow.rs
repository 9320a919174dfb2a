//! Archiving what comes: files by time and by handing over, whoever comes and goes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/records.rs"]
mod records;

use std::cell::{Cell, RefCell};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arrow::array::BinaryArray;
use event_log::archive::Archive;
use event_log::archiver::{self, ArchiveOptions, ArchiveReport, Following, News, follow};
use event_log::memory::MemoryLog;
use event_log::tail::memory::{MemoryGroup, MemoryTail};
use event_log::{Chunks, EventLog, LogError};
use proptest::prelude::*;
use records::{decode, read, table, values};
use shared_logic::chunk::{Payload, Raw};
use shared_logic::identity::{Offset, TopicPartition};

const PARTITIONS: u32 = 3;

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("clicks", partition)
}

fn append(log: &MemoryLog, partition: u32, rows: usize) {
    let values = BinaryArray::from_iter(values(rows));
    let nothing = BinaryArray::new_null(rows);
    let raw = Raw {
        keys: nothing.clone(),
        values,
        headers: nothing,
    };
    log.append(&place(partition), Payload::Raw(raw), None)
        .unwrap();
}

/// Follows for so many polls, each of which takes a second.
fn run(
    log: &MemoryLog,
    tail: &mut MemoryTail,
    root: &Path,
    polls: u64,
) -> Result<ArchiveReport, LogError> {
    let archive = Archive::open(root, &place(0).topic, table()).unwrap();
    let asked = Cell::new(0);
    let following = Following {
        options: ArchiveOptions {
            file_rows: 7,
            ..ArchiveOptions::default()
        },
        roll_every: Duration::from_secs(2),
        clock: &|| Duration::from_secs(asked.get()),
        stop: &|| {
            asked.set(asked.get() + 1);
            asked.get() > polls
        },
        shared: true,
        tell: &mut |_| {},
    };
    follow(log, tail, &archive, following)
}

#[derive(Clone, Debug)]
enum Step {
    Append(u32, usize),
    Skip(u32, u64),
    Follow(usize, u64),
    Join,
    Leave(usize),
    Expire(usize),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0..PARTITIONS, 1..20_usize).prop_map(|(place, rows)| Step::Append(place, rows)),
        1 => (0..PARTITIONS, 1..4_u64).prop_map(|(place, offsets)| Step::Skip(place, offsets)),
        4 => (0..3_usize, 1..6_u64).prop_map(|(member, polls)| Step::Follow(member, polls)),
        1 => Just(Step::Join),
        1 => (0..3_usize).prop_map(Step::Leave),
        1 => (0..3_usize).prop_map(Step::Expire),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whoever comes, goes or sleeps, the archive holds each offset once, and the same records.
    #[test]
    fn the_archive_is_the_log(steps in prop::collection::vec(step(), 1..40)) {
        let root = tempfile::tempdir().unwrap();
        let log = Arc::new(MemoryLog::new((0..PARTITIONS).map(place)));
        let group = MemoryGroup::new(Arc::clone(&log));
        let mut members = vec![group.join(5)];
        for step in steps {
            match step {
                Step::Append(partition, rows) => append(&log, partition, rows),
                Step::Skip(partition, offsets) => log.skip(&place(partition), offsets),
                Step::Follow(n, polls) if n < members.len() => {
                    run(&log, &mut members[n], root.path(), polls).unwrap();
                    // It has ended, and the next one begins.
                    members.remove(n);
                    members.push(group.join(5));
                }
                Step::Join if members.len() < 3 => members.push(group.join(5)),
                Step::Leave(n) if n < members.len() && members.len() > 1 => drop(members.remove(n)),
                Step::Expire(n) if n < members.len() => group.expire(&members[n]),
                _ => {}
            }
        }
        members.truncate(0);
        let mut last = group.join(5);
        let report = run(&log, &mut last, root.path(), 200).unwrap();
        prop_assert_eq!(report.partitions.len(), PARTITIONS as usize);
        let archive = Archive::open(root.path(), &place(0).topic, table()).unwrap();
        for partition in 0..PARTITIONS {
            let place = place(partition);
            let end = log.bounds(&place).unwrap().end;
            if end == Offset(0) {
                continue;
            }
            prop_assert_eq!(archive.bounds(&place).unwrap(), Offset(0)..end);
            let ours = decode(&table(), &read(&archive, &place, 0..end.0, 100).unwrap());
            let theirs = decode(&table(), &read(&*log, &place, 0..end.0, 100).unwrap());
            prop_assert_eq!(ours, theirs);
            prop_assert_eq!(group.committed().get(&place), end);
        }
    }
}

#[test]
fn an_open_file_is_finished_when_its_time_has_come() {
    let root = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::new([place(0)]));
    append(&log, 0, 3);
    let group = MemoryGroup::new(Arc::clone(&log));
    let mut tail = group.join(5);
    let archive = Archive::open(root.path(), &place(0).topic, table()).unwrap();
    let (asked, seen) = (Cell::new(0_u64), Cell::new(None));
    let following = Following {
        options: ArchiveOptions::default(),
        roll_every: Duration::from_secs(5),
        clock: &|| Duration::from_secs(asked.get()),
        stop: &|| {
            asked.set(asked.get() + 1);
            let filed = archive.next(&place(0)).unwrap();
            if filed.is_some() && seen.get().is_none() {
                seen.set(Some(asked.get()));
            }
            asked.get() > 20
        },
        shared: true,
        tell: &mut |_| {},
    };
    follow(&*log, &mut tail, &archive, following).unwrap();
    // Assigned in the first poll, read in the second, which is second 2; finished in second 7.
    assert_eq!(seen.get(), Some(8));
}

/// A log whose broker does not answer for a while.
struct Unsteady<'a> {
    log: &'a MemoryLog,
    down: &'a AtomicBool,
}

impl EventLog for Unsteady<'_> {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        self.log.partitions()
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        match self.down.load(Ordering::Relaxed) {
            false => self.log.bounds(place),
            true => Err(LogError::Broker {
                what: format!("asking for the offsets of {place}"),
                reason: "no answer".into(),
            }),
        }
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        rows: usize,
    ) -> Result<Chunks, LogError> {
        self.log.read(place, range, rows)
    }
}

/// The broker dies while partitions are assigned, and the tail hears of it, too: it is waited for, and
/// both are told as one.
#[test]
fn an_outage_is_waited_for_and_told_once() {
    let root = tempfile::tempdir().unwrap();
    let log = Arc::new(MemoryLog::new((0..PARTITIONS).map(place)));
    (0..PARTITIONS).for_each(|partition| append(&log, partition, 9));
    let group = MemoryGroup::new(Arc::clone(&log));
    let mut tail = group.join(5);
    let archive = Archive::open(root.path(), &place(0).topic, table()).unwrap();
    let (down, asked) = (AtomicBool::new(true), Cell::new(0_u64));
    let unsteady = Unsteady {
        log: &log,
        down: &down,
    };
    let told = RefCell::new(vec![]);
    let following = Following {
        options: ArchiveOptions::default(),
        roll_every: Duration::from_secs(2),
        shared: true,
        clock: &|| Duration::from_secs(asked.get()),
        stop: &|| {
            asked.set(asked.get() + 1);
            match asked.get() {
                3 => group.break_off("no broker is connected"),
                6 => group.come_back(),
                9 => down.store(false, Ordering::Relaxed),
                // And once more, when all is under way.
                15 => group.break_off("no broker is connected"),
                17 => group.come_back(),
                _ => {}
            }
            asked.get() > 30
        },
        tell: &mut |news| {
            told.borrow_mut().push(match news {
                News::Begun(places) => format!("begun {}", places.len()),
                News::Waiting { why } => format!("waiting, {why}"),
                News::Recovered => "recovered".to_owned(),
                other => panic!("{other:?}"),
            });
        },
    };
    follow(&unsteady, &mut tail, &archive, following).unwrap();
    assert_eq!(
        told.into_inner(),
        [
            "waiting, asking for the offsets of clicks/0 failed at the broker: no answer",
            "recovered",
            "begun 3",
            "waiting, no broker is connected",
            "recovered",
        ]
    );
    for partition in 0..PARTITIONS {
        assert_eq!(
            archive.bounds(&place(partition)).unwrap(),
            Offset(0)..Offset(9)
        );
    }
}

/// Another member files what this one has open: this one goes on behind it, or, where it thinks that
/// it is alone, ends.
#[test]
fn whoever_was_overtaken_goes_on_behind_the_other() {
    for shared in [true, false] {
        let root = tempfile::tempdir().unwrap();
        let log = Arc::new(MemoryLog::new([place(0)]));
        append(&log, 0, 4);
        let group = MemoryGroup::new(Arc::clone(&log));
        let mut tail = group.join(5);
        let archive = Archive::open(root.path(), &place(0).topic, table()).unwrap();
        let asked = Cell::new(0_u64);
        let overtaken = Cell::new(0);
        let following = Following {
            options: ArchiveOptions::default(),
            roll_every: Duration::from_secs(5),
            shared,
            clock: &|| Duration::from_secs(asked.get()),
            stop: &|| {
                asked.set(asked.get() + 1);
                if asked.get() == 4 {
                    archiver::archive(&*log, &archive, None, ArchiveOptions::default()).unwrap();
                    append(&log, 0, 7);
                }
                asked.get() > 20
            },
            tell: &mut |news| {
                overtaken.set(overtaken.get() + u32::from(matches!(news, News::Overtaken(_))));
            },
        };
        let done = follow(&*log, &mut tail, &archive, following);
        if !shared {
            assert!(matches!(done, Err(LogError::Rival { .. })), "{done:?}");
            continue;
        }
        done.unwrap();
        assert_eq!(overtaken.get(), 1);
        assert_eq!(archive.bounds(&place(0)).unwrap(), Offset(0)..Offset(11));
        let ours = decode(&table(), &read(&archive, &place(0), 0..11, 100).unwrap());
        let theirs = decode(&table(), &read(&*log, &place(0), 0..11, 100).unwrap());
        assert_eq!(ours, theirs);
    }
}
