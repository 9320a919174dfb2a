//! The archive where things go wrong: rivals, crashes, damage, holes, other table definitions.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/records.rs"]
mod records;

use std::fs::{self, OpenOptions};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema};
use event_log::archive::Archive;
use event_log::archiver::{ArchiveOptions, ArchiveReport, archive};
use event_log::memory::MemoryLog;
use event_log::{Chunks, EventLog, LogError};
use records::{decode, read, table, values};
use shared_logic::chunk::Payload;
use shared_logic::coverage::OffsetVector;
use shared_logic::decode::Decoder;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::table::Table;
use shared_logic::time::Watermark;

const RECORDS: u64 = 40;

fn place() -> TopicPartition {
    TopicPartition::new("clicks", 0)
}

fn log() -> MemoryLog {
    MemoryLog::raw([(place(), values(RECORDS as usize))])
}

fn open(root: &Path, table: Arc<Table>) -> Archive {
    Archive::open(root, &place().topic, table).unwrap()
}

fn cut(file_rows: u64) -> ArchiveOptions {
    ArchiveOptions {
        chunk_rows: 4,
        file_rows,
        ..ArchiveOptions::default()
    }
}

fn run(log: &dyn EventLog, copy: &Archive, file_rows: u64) -> Result<ArchiveReport, LogError> {
    archive(log, copy, None, cut(file_rows))
}

/// The files of the partition's folder, in order.
fn files(root: &Path) -> Vec<PathBuf> {
    let folder = root.join("archive/clicks/partition=0");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    files
}

fn assert_whole(copy: &Archive) {
    let ours = decode(&table(), &read(copy, &place(), 0..RECORDS, 7).unwrap());
    let theirs = decode(&table(), &read(&log(), &place(), 0..RECORDS, 7).unwrap());
    assert_eq!(ours, theirs);
}

/// A log that does something else before, or fails after, so many chunks of a read.
struct Disturbed<'a> {
    log: &'a dyn EventLog,
    before_read: &'a (dyn Fn() + Sync),
    fail_after: Option<usize>,
}

impl EventLog for Disturbed<'_> {
    fn partitions(&self) -> Result<Vec<TopicPartition>, LogError> {
        self.log.partitions()
    }

    fn bounds(&self, place: &TopicPartition) -> Result<Range<Offset>, LogError> {
        self.log.bounds(place)
    }

    fn read(
        &self,
        place: &TopicPartition,
        range: Range<Offset>,
        rows: usize,
    ) -> Result<Chunks, LogError> {
        (self.before_read)();
        let chunks = self.log.read(place, range, rows)?;
        match self.fail_after {
            None => Ok(chunks),
            Some(count) => {
                let killed = Err(LogError::Refused("killed".into()));
                Ok(Box::new(chunks.take(count).chain([killed])))
            }
        }
    }
}

#[test]
fn a_second_run_goes_on_where_the_first_one_ended() {
    let root = tempfile::tempdir().unwrap();
    let (log, copy) = (log(), open(root.path(), table()));
    let upto = OffsetVector([(place(), Offset(13))].into());
    let first = archive(&log, &copy, Some(&upto), cut(5)).unwrap();
    assert_eq!(
        (first.partitions[0].from, first.partitions[0].next),
        (Offset(0), Offset(13))
    );
    assert_eq!(
        (first.partitions[0].files, first.partitions[0].records),
        (3, 13)
    );
    let second = run(&log, &copy, 5).unwrap();
    assert_eq!(
        (second.partitions[0].from, second.partitions[0].next),
        (Offset(13), Offset(40))
    );
    let bytes: u64 = files(root.path())
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .sum();
    assert_eq!(
        first.partitions[0].bytes + second.partitions[0].bytes,
        bytes
    );
    assert_eq!(
        first.partitions[0].faulty + second.partitions[0].faulty,
        RECORDS / 5
    );
    assert_whole(&copy);
    let third = run(&log, &copy, 5).unwrap();
    assert_eq!(
        (third.partitions[0].files, third.partitions[0].from),
        (0, Offset(40))
    );
}

#[test]
fn a_run_that_is_killed_anywhere_is_resumed() {
    let root = tempfile::tempdir().unwrap();
    let (log, copy) = (log(), open(root.path(), table()));
    let mut reached = Offset(0);
    let mut steps = 0;
    for kill in 0..40 {
        let killed = Disturbed {
            log: &log,
            before_read: &|| (),
            fail_after: Some(kill % 4),
        };
        run(&killed, &copy, 3).unwrap_err();
        let next = copy.next(&place()).unwrap().unwrap_or_default();
        assert!(next >= reached, "nothing is lost");
        steps += u32::from(next > reached);
        reached = next;
        let ours = decode(
            &table(),
            &read(&copy, &place(), 0..reached.0, 7).unwrap_or_default(),
        );
        let theirs = decode(&table(), &read(&log, &place(), 0..reached.0, 7).unwrap());
        assert_eq!(ours, theirs);
        // What a process leaves that dies while it writes.
        let folder = root.path().join("archive/clicks/partition=0");
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join(format!(".unfinished-{:020}-0", next.0)), "PAR1").unwrap();
    }
    assert!(steps > 3, "{steps}");
    run(&log, &copy, 3).unwrap();
    assert!(
        files(root.path())
            .iter()
            .all(|path| path.extension().is_some()),
        "leftovers are gone"
    );
    assert_whole(&copy);
}

#[test]
fn leftovers_are_ignored_and_files_that_are_being_written_are_left_alone() {
    let root = tempfile::tempdir().unwrap();
    let (log, copy) = (log(), open(root.path(), table()));
    run(&log, &copy, 9).unwrap();
    let folder = root.path().join("archive/clicks/partition=0");
    let (dead, alive) = (
        folder.join(".unfinished-x-0"),
        folder.join(".unfinished-x-1"),
    );
    fs::write(&dead, "half").unwrap();
    fs::write(&alive, "half").unwrap();
    let held = OpenOptions::new().write(true).open(&alive).unwrap();
    held.try_lock().unwrap();
    assert_whole(&copy);
    run(&log, &copy, 9).unwrap();
    assert!(!dead.exists());
    assert!(alive.exists());
    drop(held);
    run(&log, &copy, 9).unwrap();
    assert!(!alive.exists());
}

#[test]
fn of_two_rivals_one_fails_and_nothing_is_lost_or_doubled() {
    let root = tempfile::tempdir().unwrap();
    let (log, copy) = (log(), open(root.path(), table()));
    // The rival runs after this one has seen where the archive ends, and with other file sizes.
    let rival = || drop(run(&log, &open(root.path(), table()), 11).unwrap());
    let disturbed = Disturbed {
        log: &log,
        before_read: &rival,
        fail_after: None,
    };
    let error = run(&disturbed, &copy, 7).unwrap_err();
    assert!(matches!(error, LogError::Rival { .. }), "{error}");
    assert_eq!(files(root.path()).len(), 4);
    assert_whole(&copy);
}

#[test]
fn rivals_in_two_threads_leave_a_whole_archive() {
    let log = log();
    for _ in 0..5 {
        let root = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for file_rows in [3, 4] {
                let (log, root) = (&log, root.path());
                scope.spawn(move || {
                    let copy = open(root, table());
                    loop {
                        match run(log, &copy, file_rows) {
                            Ok(_) => break,
                            Err(LogError::Rival { .. }) => {}
                            Err(error) => panic!("{error}"),
                        }
                    }
                });
            }
        });
        assert_whole(&open(root.path(), table()));
    }
}

#[test]
fn a_flipped_byte_is_found_by_whoever_reads_it() {
    let root = tempfile::tempdir().unwrap();
    let copy = open(root.path(), table());
    run(&log(), &copy, 10).unwrap();
    let path = files(root.path()).remove(1);
    let good = fs::read(&path).unwrap();
    let whole = decode(&table(), &read(&copy, &place(), 12..15, 100).unwrap());
    let mut unread = 0;
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 1 << (at % 8);
        fs::write(&path, &bad).unwrap();
        match read(&copy, &place(), 12..15, 100) {
            Err(LogError::Damaged { path: found, .. }) if found == path => {}
            Err(error) => panic!("byte {at}: {error}"),
            Ok(chunks) => {
                unread += 1;
                assert_eq!(decode(&table(), &chunks), whole, "byte {at}");
            }
        }
    }
    // The first bytes of the file, and the typed columns: a record in it is faulty.
    assert!(unread > 4 && unread < good.len() / 4, "{unread}");
    for length in [0, 3, 8, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..length]).unwrap();
        let error = read(&copy, &place(), 12..15, 100).unwrap_err();
        assert!(matches!(error, LogError::Damaged { .. }), "{error}");
    }
    fs::write(&path, &good).unwrap();
    assert_whole(&copy);
}

#[test]
fn a_hole_is_named_and_the_rest_can_be_read() {
    let root = tempfile::tempdir().unwrap();
    let copy = open(root.path(), table());
    run(&log(), &copy, 10).unwrap();
    fs::remove_file(files(root.path()).remove(1)).unwrap();
    for range in [0..40, 5..15, 15..25, 12..13] {
        let error = read(&copy, &place(), range.clone(), 100).unwrap_err();
        let LogError::Hole {
            place: found,
            start,
            ..
        } = error
        else {
            panic!("{range:?}: {error}")
        };
        assert_eq!((found, start), (place(), Offset(10)), "{range:?}");
    }
    assert_eq!(read(&copy, &place(), 0..10, 100).unwrap().len(), 1);
    assert!(read(&copy, &place(), 20..40, 100).is_ok());
}

#[test]
fn a_file_in_the_wrong_place_is_found() {
    let root = tempfile::tempdir().unwrap();
    let copy = open(root.path(), table());
    run(&log(), &copy, 10).unwrap();
    let files = files(root.path());
    fs::copy(&files[0], &files[1]).unwrap();
    let error = read(&copy, &place(), 10..15, 100).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is the file of clicks/0 that begins at 0"),
        "{error}"
    );
}

#[test]
fn a_log_that_begins_anew_or_has_expired_is_not_archived_on() {
    let root = tempfile::tempdir().unwrap();
    let copy = open(root.path(), table());
    run(&log(), &copy, 10).unwrap();
    let anew = MemoryLog::raw([(place(), values(7))]);
    let error = run(&anew, &copy, 10).unwrap_err();
    assert!(
        matches!(
            error,
            LogError::Recreated {
                reached: Offset(40),
                end: Offset(7),
                ..
            }
        ),
        "{error}"
    );
    // As long as the old one, with other records.
    let other: Vec<_> = (0..60).map(|n| Some(format!("{{\"n\":{n}}}"))).collect();
    let error = run(&MemoryLog::raw([(place(), other)]), &copy, 10).unwrap_err();
    assert!(
        matches!(
            error,
            LogError::Replaced {
                offset: Offset(39),
                ..
            }
        ),
        "{error}"
    );
    let later = MemoryLog::raw([(place(), values(90))]);
    later.expire(&place(), Offset(50));
    let error = run(&later, &copy, 10).unwrap_err();
    assert!(
        matches!(
            error,
            LogError::Expired {
                asked: Offset(40),
                first: Offset(50),
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn an_archive_begins_where_its_log_does() {
    let root = tempfile::tempdir().unwrap();
    let (log, copy) = (log(), open(root.path(), table()));
    log.expire(&place(), Offset(15));
    run(&log, &copy, 10).unwrap();
    assert_eq!(copy.bounds(&place()).unwrap(), Offset(15)..Offset(40));
}

#[test]
fn columns_are_ready_where_definition_and_records_are_sound() {
    let root = tempfile::tempdir().unwrap();
    let copy = open(root.path(), table());
    run(&log(), &copy, 4).unwrap();
    // Files of four records: the first is sound, the second has the first wrong record.
    let typed = |archive: &Archive, range| {
        let chunks = read(archive, &place(), range, 100).unwrap();
        chunks
            .into_iter()
            .map(|chunk| matches!(chunk.payload, Payload::Typed(_)))
            .collect::<Vec<_>>()
    };
    assert_eq!(typed(&copy, 0..8), [true, false]);
    let copy = copy.only(&[2, 0]);
    let chunk = read(&copy, &place(), 0..4, 100).unwrap().remove(0);
    let Payload::Typed(rows) = chunk.payload else {
        panic!("columns")
    };
    let names: Vec<_> = rows
        .schema()
        .fields()
        .iter()
        .map(|field| field.name().clone())
        .collect();
    assert_eq!(names, ["clicked", "visitor"]);
}

/// The same table with `visitor` a text and a column more.
fn other_table() -> Arc<Table> {
    let mut other = table().as_ref().clone();
    let mut fields: Vec<Field> = other
        .schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone())
        .collect();
    fields[2] = Field::new("visitor", DataType::Utf8, true);
    fields.push(Field::new("extra", DataType::Int32, true));
    other.schema = Arc::new(Schema::new(fields));
    Arc::new(other)
}

#[test]
fn another_definition_decodes_the_raw_records_again() {
    let root = tempfile::tempdir().unwrap();
    run(&log(), &open(root.path(), table()), 4).unwrap();
    let copy = open(root.path(), other_table());
    let chunks = read(&copy, &place(), 0..RECORDS, 100).unwrap();
    assert!(
        chunks
            .iter()
            .all(|chunk| matches!(chunk.payload, Payload::Raw(_)))
    );
    let theirs = read(&log(), &place(), 0..RECORDS, 100).unwrap();
    assert_eq!(
        decode(&other_table(), &chunks),
        decode(&other_table(), &theirs)
    );
}

#[test]
fn watermarks_are_known_at_every_offset_whatever_defined_the_files() {
    let root = tempfile::tempdir().unwrap();
    let log = log();
    // Two definitions took turns.
    let upto = OffsetVector([(place(), Offset(17))].into());
    archive(&log, &open(root.path(), table()), Some(&upto), cut(4)).unwrap();
    run(&log, &open(root.path(), other_table()), 5).unwrap();

    let decoder = Decoder::new(table(), &[0]);
    let expected = |before: u64| {
        let chunks = read(&log, &place(), 0..before, 100).unwrap();
        let decoded = chunks.iter().map(|chunk| decoder.decode(chunk).unwrap());
        let times = decoded.flat_map(|decoded| {
            let times = arrow::array::AsArray::as_primitive::<
                arrow::datatypes::TimestampMicrosecondType,
            >(decoded.columns.column(0))
            .clone();
            times.iter().flatten().collect::<Vec<_>>()
        });
        times
            .max()
            .map(|time| Watermark(shared_logic::time::EventTime(time)))
    };
    for table in [table(), other_table()] {
        let copy = open(root.path(), table);
        for before in 0..=RECORDS {
            assert_eq!(
                copy.watermark(&place(), Offset(before)).unwrap(),
                expected(before),
                "before {before}"
            );
        }
    }
}

#[test]
fn files_are_no_larger_than_they_may_be() {
    let root = tempfile::tempdir().unwrap();
    let long = |n: u32| {
        // Digits that do not compress to nothing.
        let noise: String = (0..200_u32)
            .map(|m| format!("{:x}", (n * 1000 + m).wrapping_mul(2_654_435_761)))
            .collect();
        Some(format!(
            "{{\"clicked\":\"2024-01-01\",\"page\":\"{noise}\",\"visitor\":{n}}}"
        ))
    };
    let log = MemoryLog::raw([(place(), (0..400).map(long).collect())]);
    let copy = open(root.path(), table());
    let options = ArchiveOptions {
        file_bytes: 100_000,
        ..ArchiveOptions::default()
    };
    archive(&log, &copy, None, options).unwrap();
    let sizes: Vec<u64> = files(root.path())
        .iter()
        .map(|path| path.metadata().unwrap().len())
        .collect();
    assert!(
        sizes.len() > 3 && sizes.iter().all(|size| *size <= 100_000),
        "{sizes:?}"
    );
    assert_eq!(copy.end().unwrap().get(&place()), Offset(400));
}

#[test]
fn names_that_cannot_be_folders_or_columns_are_refused() {
    for name in ["", ".", "..", "../x", "a/b"] {
        let topic = shared_logic::identity::Topic::new(name);
        assert!(
            matches!(
                Archive::open("x", &topic, table()),
                Err(LogError::Refused(_))
            ),
            "{name:?}"
        );
    }
    let mut taken = table().as_ref().clone();
    taken.schema = Arc::new(Schema::new(vec![Field::new(
        "__value",
        DataType::Utf8,
        true,
    )]));
    assert!(matches!(
        Archive::open("x", &place().topic, Arc::new(taken)),
        Err(LogError::Refused(_))
    ));
}
