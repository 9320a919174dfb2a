//! Files that are adopted: the same records as the log's, or a line that says which file does not fit.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/laws.rs"]
mod laws;
#[path = "support/records.rs"]
mod records;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
    TimestampMillisecondArray,
};
use event_log::adopt::{AdoptReport, Adoption, adopt};
use event_log::archive::Archive;
use event_log::archiver::{self, ArchiveOptions};
use event_log::memory::MemoryLog;
use event_log::{EventLog, LogError};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use records::{decode, read, table};
use shared_logic::chunk::Payload;
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::time::{EventTime, Watermark};

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("clicks", partition)
}

/// A record by its partition and offset, from which all else follows.
type Event = (u32, u64);

/// The columns of the table, in types of a lake, and one more; every seventh record has no time.
fn columns(events: &[Event]) -> Vec<(&'static str, ArrayRef)> {
    let time = |(_, n): &Event| (n % 7 != 6).then_some((*n * 777 % 5_000) as i64);
    let clicked = TimestampMillisecondArray::from_iter(events.iter().map(time));
    let page = StringArray::from_iter(events.iter().map(|(p, n)| Some(format!("/{p}/{}", n % 3))));
    let visitor =
        Int32Array::from_iter(events.iter().map(|(_, n)| (n % 4 > 0).then_some(*n as i32)));
    let extra = BooleanArray::from_iter(events.iter().map(|(_, n)| Some(n % 2 == 0)));
    vec![
        ("clicked", Arc::new(clicked) as ArrayRef),
        ("page", Arc::new(page)),
        ("visitor", Arc::new(visitor)),
        ("extra", Arc::new(extra)),
    ]
}

fn offsets(events: &[Event]) -> ArrayRef {
    Arc::new(Int64Array::from_iter_values(
        events.iter().map(|(_, n)| *n as i64),
    ))
}

fn partitions(events: &[Event]) -> ArrayRef {
    Arc::new(Int32Array::from_iter_values(
        events.iter().map(|(p, _)| *p as i32),
    ))
}

fn write(path: &Path, columns: Vec<(&str, ArrayRef)>) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let rows = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap();
    let small = WriterProperties::builder()
        .set_max_row_group_row_count(Some(4))
        .build();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), Some(small)).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

/// A folder with files to adopt, and one for the archive.
struct Lake(tempfile::TempDir);

impl Lake {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join("lake").join(name)
    }

    /// A file with columns of offsets and partitions.
    fn write(&self, name: &str, events: &[Event]) -> PathBuf {
        let mut all = columns(events);
        all.extend([
            ("kafka_offset", offsets(events)),
            ("kafka_partition", partitions(events)),
        ]);
        write(&self.path(name), all);
        self.path(name)
    }

    /// A file whose name alone may tell which records it holds.
    fn write_plain(&self, name: &str, events: &[Event]) {
        write(&self.path(name), columns(events));
    }

    fn archive(&self) -> Archive {
        Archive::open(self.0.path(), &place(0).topic, table()).unwrap()
    }

    fn adopt(&self, how: &Adoption) -> Result<AdoptReport, LogError> {
        adopt(&self.archive(), self.path("").to_str().unwrap(), how)
    }

    fn adopted(&self) -> AdoptReport {
        self.adopt(&Adoption::default()).unwrap()
    }

    /// The one line that says why nothing was adopted.
    fn refused(&self, how: &Adoption) -> String {
        let told = self.adopt(how).unwrap_err().to_string();
        assert!(!told.contains('\n'), "{told}");
        assert!(
            self.archive().partitions().unwrap().is_empty(),
            "nothing is taken in"
        );
        told
    }
}

/// The log that has these records.
fn log(events: &[Event]) -> MemoryLog {
    let log = MemoryLog::default();
    let mut first = std::collections::BTreeMap::new();
    for event in events {
        let place = place(event.0);
        let end = log.bounds(&place).map_or(0, |bounds| bounds.end.0);
        first.entry(place.clone()).or_insert(event.1);
        log.skip(&place, event.1 - end);
        let rows = RecordBatch::try_from_iter_with_nullable(
            columns(&[*event])
                .into_iter()
                .map(|(name, column)| (name, column, true)),
        );
        log.append(&place, Payload::Typed(rows.unwrap()), None)
            .unwrap();
    }
    for (place, first) in first {
        log.expire(&place, Offset(first));
    }
    log
}

/// The archive holds what the log does, over any range and in chunks of any size.
fn assert_same(archive: &Archive, log: &MemoryLog) {
    assert_eq!(archive.partitions().unwrap(), log.partitions().unwrap());
    for place in log.partitions().unwrap() {
        let bounds = log.bounds(&place).unwrap();
        assert_eq!(archive.bounds(&place).unwrap(), bounds, "{place}");
        let (first, end) = (bounds.start.0, bounds.end.0);
        let ranges: Vec<_> = (first..=end)
            .step_by(1 + (end - first) as usize / 7)
            .flat_map(|start| {
                (start..=end)
                    .step_by(1 + (end - first) as usize / 9)
                    .map(move |next| start..next)
            })
            .collect();
        for rows in [1, 3, 100] {
            laws::check(archive, &place, &table(), ranges.iter().cloned(), &[rows]);
            for range in &ranges {
                let ours = decode(
                    &table(),
                    &read(archive, &place, range.clone(), rows).unwrap(),
                );
                let theirs = decode(&table(), &read(log, &place, range.clone(), rows).unwrap());
                assert_eq!(ours, theirs, "{place} {range:?} in {rows}");
            }
        }
    }
}

fn run(partition: u32, range: std::ops::Range<u64>) -> Vec<Event> {
    range.map(|at| (partition, at)).collect()
}

fn named(offsets: &str) -> Adoption {
    Adoption {
        offsets: Some(offsets.into()),
        ..Adoption::default()
    }
}

fn sparse() -> Adoption {
    Adoption {
        sparse: true,
        ..Adoption::default()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// However records lie in files, partitions mixed in them, with or without gaps, in one go or
    /// two: the archive is the log.
    #[test]
    fn the_archive_is_the_log(
        steps in prop::collection::vec((0..2_u32, prop_oneof![9 => Just(1_u64), 1 => 2..4_u64], prop_oneof![4 => Just(false), 1 => Just(true)]), 1..40),
        starts in (0..5_u64, 0..5_u64),
        half in any::<bool>(),
    ) {
        let lake = Lake::new();
        let mut next = [starts.0, starts.1];
        let (mut all, mut file, mut files) = (vec![], vec![], vec![]);
        for (partition, step, cut) in steps {
            let event = (partition, next[partition as usize]);
            next[partition as usize] += step;
            all.push(event);
            file.push(event);
            if cut {
                files.push(std::mem::take(&mut file));
            }
        }
        files.push(file);
        for (n, events) in files.iter().enumerate() {
            // In the order of their names files are not in that of offsets.
            lake.write(&format!("{}.parquet", (n * 7) % 10), &[]);
            lake.write(&format!("day={}/{n}.parquet", n % 3), events);
            if half && n == 1 {
                lake.adopt(&sparse()).unwrap();
            }
        }
        let report = lake.adopt(&sparse()).unwrap();
        let fresh: u64 = report.partitions.iter().map(|of| of.files).sum();
        let again = lake.adopt(&sparse()).unwrap();
        prop_assert!(again.partitions.iter().all(|of| of.files == 0 && of.records == 0));
        prop_assert!(half || fresh == again.partitions.iter().map(|of| of.known).sum::<u64>());
        assert_same(&lake.archive(), &log(&all));
    }
}

#[test]
fn names_of_kafka_connect_are_enough() {
    let lake = Lake::new();
    lake.write_plain(
        "clicks/partition=0/clicks+0+0000000003.parquet",
        &run(0, 3..9),
    );
    lake.write_plain(
        "clicks/partition=0/clicks+0+0000000009.parquet",
        &run(0, 9..20),
    );
    lake.write_plain(
        "clicks/clicks+1+0000000000+0000000005.parquet",
        &run(1, 0..6),
    );
    lake.write_plain(
        "clicks/clicks+1+0000000006+0000000007.snappy.parquet",
        &run(1, 6..8),
    );
    lake.write_plain("orders/orders+0+0000000000.parquet", &run(0, 0..9));
    let report = lake.adopted();
    assert_eq!((report.others, report.empty), (1, 0));
    let of = &report.partitions[0];
    assert_eq!(
        (of.from, of.next, of.records, of.files),
        (Offset(3), Offset(20), 17, 2)
    );
    assert_eq!(of.faulty, 2, "those without a time");
    let all: Vec<Event> = [run(0, 3..20), run(1, 0..8)].concat();
    assert_same(&lake.archive(), &log(&all));
}

#[test]
fn a_folder_names_the_partition_where_no_column_does() {
    let lake = Lake::new();
    for (name, events) in [
        ("partition=1/a.parquet", run(1, 0..5)),
        ("partition=0/b.parquet", run(0, 2..4)),
    ] {
        let mut all = columns(&events);
        all.push(("_offset", offsets(&events)));
        write(&lake.path(name), all);
    }
    lake.adopted();
    assert_same(
        &lake.archive(),
        &log(&[run(0, 2..4), run(1, 0..5)].concat()),
    );
}

#[test]
fn a_glob_a_file_and_a_url_name_files() {
    let lake = Lake::new();
    let one = lake.write("day=1/a.parquet", &run(0, 0..5));
    lake.write("day=2/b.parquet", &run(0, 5..9));
    lake.write("_temporary/c.parquet", &run(0, 2..9));
    let archive = lake.archive();
    let taken = |url: &str| {
        let report = adopt(&archive, url, &Adoption::default()).unwrap();
        report.partitions[0].files
    };
    assert_eq!(taken(one.to_str().unwrap()), 1);
    let url = format!("file://{}", lake.path("day=*/*.parquet").display());
    assert_eq!(taken(&url), 1);
    assert_eq!(taken(lake.path("day=2").to_str().unwrap()), 0);
    assert_same(&archive, &log(&run(0, 0..9)));
    for (url, why) in [
        ("s3://lake/clicks", "files of this machine alone"),
        ("/there/is/none", "there is no Parquet file"),
    ] {
        let told = adopt(&archive, url, &Adoption::default())
            .unwrap_err()
            .to_string();
        assert!(told.contains(why), "{told}");
    }
}

#[test]
fn holes_and_overlaps_are_refused_by_name() {
    let lake = Lake::new();
    let (a, b) = (
        lake.write("a.parquet", &run(0, 0..5)),
        lake.write("b.parquet", &run(0, 7..9)),
    );
    let hole = lake.refused(&Adoption::default());
    let expected = format!(
        "{}: offsets 5 to 6 of clicks/0, behind {}, are in no file: bring",
        b.display(),
        a.display()
    );
    assert!(hole.starts_with(&expected), "{hole}");

    lake.write("b.parquet", &run(0, 3..9));
    let overlap = lake.refused(&sparse());
    let expected = format!(
        "{}: offsets 3 to 4 of clicks/0 are in {}, too",
        b.display(),
        a.display()
    );
    assert!(overlap.starts_with(&expected), "{overlap}");

    let within = [run(0, 5..7), run(0, 8..9)].concat();
    lake.write("b.parquet", &within);
    let hole = lake.refused(&Adoption::default());
    let expected = format!(
        "{}: offsets 7 to 7 of clicks/0, behind records of this file, are in no file",
        b.display()
    );
    assert!(hole.starts_with(&expected), "{hole}");
    lake.adopt(&sparse()).unwrap();
    assert_same(&lake.archive(), &log(&[run(0, 0..5), within].concat()));
}

#[test]
fn offsets_that_are_counted_must_leave_none_out() {
    let lake = Lake::new();
    lake.write_plain("clicks+0+0.parquet", &run(0, 0..5));
    lake.write_plain("clicks+0+6.parquet", &run(0, 6..9));
    // Nothing says which offsets the five have.
    let told = lake.refused(&sparse());
    assert!(
        told.contains("clicks+0+6.parquet: offsets 5 to 5 of clicks/0")
            && told.contains("--offset-column"),
        "{told}"
    );
    let lake = Lake::new();
    lake.write_plain("clicks+0+0+5.parquet", &run(0, 0..5));
    let told = lake.refused(&Adoption::default());
    assert!(
        told.contains("its name says that it ends with offset 5, and it has 5 records from 0 on"),
        "{told}"
    );
}

#[test]
fn what_a_file_holds_twice_or_in_no_order_is_refused() {
    for (events, why) in [
        (
            vec![(0, 1), (0, 2), (0, 2)],
            "offset 2 of clicks/0 is there twice, the second time in record 3",
        ),
        (
            vec![(0, 1), (1, 5), (0, 3), (1, 4)],
            "record 4 has offset 4 of clicks/1 behind offset 5: sort",
        ),
        (
            vec![(0, 1), (0, 3), (0, 1)],
            "record 3 has offset 1 of clicks/0 behind offset 3",
        ),
    ] {
        let lake = Lake::new();
        let path = lake.write("a.parquet", &events);
        let told = lake.refused(&sparse());
        assert!(
            told.starts_with(&path.display().to_string()) && told.contains(why),
            "{told}"
        );
    }
}

#[test]
fn columns_that_do_not_tell_offsets_are_refused() {
    let events = run(0, 0..3);
    let text = |texts: [&str; 3]| Arc::new(StringArray::from_iter_values(texts)) as ArrayRef;
    let with = |name: &'static str, column: ArrayRef, how: &Adoption| {
        let lake = Lake::new();
        let mut all = columns(&events);
        all.push((name, column));
        write(&lake.path("a.parquet"), all);
        lake.refused(how)
    };
    let default = Adoption::default();
    for (name, column, how, why) in [
        (
            "offset",
            Arc::new(Float64Array::from_iter_values([0.0, 1.0, 2.0])) as ArrayRef,
            &default,
            "column \"offset\" does not hold offsets",
        ),
        (
            "offset",
            text(["0", "1", "x"]),
            &default,
            "column \"offset\" does not hold offsets",
        ),
        (
            "offset",
            Arc::new(Int64Array::from_iter_values([-1, 0, 1])),
            &default,
            "column \"offset\" does not hold offsets",
        ),
        (
            "offset",
            Arc::new(Int64Array::from_iter([Some(0), None, Some(2)])),
            &default,
            "record 2 has no offset in column \"offset\"",
        ),
        (
            "position",
            offsets(&events),
            &default,
            "nothing tells of offsets: it has no column kafka_offset",
        ),
        (
            "position",
            offsets(&events),
            &named("place"),
            "it has no column \"place\"",
        ),
        (
            "position",
            text(["a", "b", "c"]),
            &named("position"),
            "column \"position\" does not hold offsets",
        ),
    ] {
        let told = with(name, column, how);
        assert!(told.contains(why), "{name}: {told}");
    }
    // Text that is a number is one.
    let lake = Lake::new();
    let mut all = columns(&events);
    all.push(("position", text(["0", "1", "2"])));
    write(&lake.path("a.parquet"), all);
    lake.adopt(&named("position")).unwrap();
    assert_same(&lake.archive(), &log(&events));
}

#[test]
fn a_file_that_lacks_a_column_of_the_table_is_refused_and_one_of_another_type_has_faults() {
    let lake = Lake::new();
    let events = run(0, 0..8);
    let mut all = columns(&events);
    all.push(("offset", offsets(&events)));
    all.remove(1);
    write(&lake.path("a.parquet"), all.clone());
    let told = lake.refused(&Adoption::default());
    assert!(
        told.contains("it has no column \"page\", which table clicks declares"),
        "{told}"
    );

    all.push(("page", columns(&events).swap_remove(1).1));
    all[1] = ("visitor", Arc::new(BooleanArray::from(vec![true; 8])));
    write(&lake.path("a.parquet"), all);
    let report = lake.adopted();
    assert_eq!(
        (report.partitions[0].records, report.partitions[0].faulty),
        (8, 8)
    );
}

#[test]
fn a_file_that_is_no_parquet_or_empty_is_told() {
    let lake = Lake::new();
    lake.write("a.parquet", &[]);
    let told = lake.refused(&Adoption::default());
    assert!(
        told.contains("there is no record of topic clicks"),
        "{told}"
    );
    fs::write(lake.path("b.parquet"), "PAR1").unwrap();
    let told = lake.refused(&Adoption::default());
    assert!(
        told.contains("b.parquet: it cannot be read as Parquet"),
        "{told}"
    );
}

/// Whatever becomes of an adopted file, it is noticed when it is read.
#[test]
fn a_file_that_has_changed_or_is_gone_is_named() {
    let lake = Lake::new();
    let path = lake.write("a.parquet", &run(0, 0..9));
    lake.write("b.parquet", &run(0, 9..12));
    lake.adopted();
    let whole = fs::read(&path).unwrap();
    let archive = lake.archive();
    let reads = |range: std::ops::Range<u64>| read(&archive, &place(0), range, 100);
    let refused = |why: &str| {
        let told = reads(0..12).unwrap_err().to_string();
        let expected = format!("{} is not the file that was adopted, ", path.display());
        assert!(told.starts_with(&expected) && told.contains(why), "{told}");
        let error = archive
            .checked(&place(0), &(Offset(0)..Offset(12)))
            .unwrap_err();
        assert!(matches!(error, LogError::Changed { .. }), "{error}");
    };
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 4;
        fs::write(&path, changed).unwrap();
        // A byte between the parts that is not read changes nothing.
        if let Ok(chunks) = reads(0..9) {
            assert_eq!(
                decode(&table(), &chunks),
                decode(
                    &table(),
                    &read(&log(&run(0, 0..9)), &place(0), 0..9, 100).unwrap()
                ),
                "byte {at}"
            );
        }
        let error = archive
            .checked(&place(0), &(Offset(0)..Offset(12)))
            .unwrap_err();
        assert!(
            matches!(error, LogError::Changed { .. }),
            "byte {at}: {error}"
        );
    }
    fs::write(&path, &whole[1..]).unwrap();
    refused("it has ");
    // The same size, other records.
    lake.write("a.parquet", &run(0, 20..29));
    let error = reads(0..9).unwrap_err();
    assert!(matches!(error, LogError::Changed { .. }), "{error}");
    fs::remove_file(&path).unwrap();
    refused("it is gone");
    assert_eq!(
        reads(9..12).unwrap().len(),
        1,
        "the others are as they were"
    );
    fs::write(&path, &whole).unwrap();
    assert_same(&archive, &log(&run(0, 0..12)));
}

#[test]
fn the_footers_know_the_watermarks() {
    let lake = Lake::new();
    lake.write("a.parquet", &run(0, 0..5));
    lake.write("b.parquet", &run(0, 5..9));
    lake.adopted();
    let archive = lake.archive();
    let time =
        |n: u64| (n % 7 != 6).then_some(Watermark(EventTime((n * 777 % 5_000) as i64 * 1_000)));
    for before in 0..=9 {
        let expected = (0..before).filter_map(time).max();
        assert_eq!(
            archive.watermark(&place(0), Offset(before)).unwrap(),
            expected,
            "{before}"
        );
    }
}

/// Records as producers wrote them, which decode to what the files have.
fn topic(events: &[Event]) -> MemoryLog {
    let value = |(partition, n): &Event| {
        let time = (n % 7 != 6).then_some(n * 777 % 5_000);
        let visitor = (n % 4 > 0).then_some(*n);
        let null = |value: Option<u64>| value.map_or("null".to_owned(), |value| value.to_string());
        Some(format!(
            r#"{{"clicked":{},"page":"/{partition}/{}","visitor":{}}}"#,
            null(time),
            n % 3,
            null(visitor)
        ))
    };
    MemoryLog::raw([(place(0), events.iter().map(value).collect::<Vec<_>>())])
}

#[test]
fn the_archiver_goes_on_where_the_adopted_files_end() {
    let lake = Lake::new();
    lake.write("a.parquet", &run(0, 0..5));
    lake.adopted();
    let archive = lake.archive();
    let report = archiver::archive(
        &topic(&run(0, 0..12)),
        &archive,
        None,
        ArchiveOptions::default(),
    )
    .unwrap();
    assert_eq!(
        (report.partitions[0].from, report.partitions[0].next),
        (Offset(5), Offset(12))
    );
    assert_same(&archive, &log(&run(0, 0..12)));
    // And what the archiver has filed is not adopted beside it.
    lake.write("b.parquet", &run(0, 5..9));
    let told = lake.adopt(&Adoption::default()).unwrap_err().to_string();
    assert!(
        told.contains("b.parquet: offsets 5 to 8 of clicks/0 are in the archive already"),
        "{told}"
    );
}

#[test]
fn a_topic_that_the_files_are_not_of_is_refused() {
    let lake = Lake::new();
    lake.write("a.parquet", &run(0, 1..5));
    lake.adopted();
    // Its records have moved by one.
    let others = topic(&run(0, 1..13));
    let told = archiver::verify(&others, &lake.archive())
        .unwrap_err()
        .to_string();
    assert!(
        told.starts_with(
            "record clicks/0@4 of the topic is another one in the files that were adopted"
        ),
        "{told}"
    );
    let short = topic(&run(0, 0..3));
    let told = archiver::verify(&short, &lake.archive()).unwrap_err();
    assert!(matches!(told, LogError::Recreated { .. }), "{told}");
}

#[test]
fn numbered_records_are_an_archive_that_no_topic_goes_on_from() {
    let lake = Lake::new();
    lake.write_plain("a.parquet", &run(0, 0..5));
    lake.write_plain("b.parquet", &run(0, 5..9));
    let told = lake.refused(&Adoption::default());
    assert!(
        told.contains("--numbered") && told.contains("event-time alone"),
        "{told}"
    );
    let numbered = Adoption {
        numbered: true,
        ..Adoption::default()
    };
    lake.adopt(&numbered).unwrap();
    assert_same(&lake.archive(), &log(&run(0, 0..9)));
    let told = archiver::verify(&topic(&run(0, 0..12)), &lake.archive())
        .unwrap_err()
        .to_string();
    assert!(
        told.starts_with("the archive of clicks/0 was adopted with --numbered"),
        "{told}"
    );
    let told = archiver::archive(
        &topic(&run(0, 0..12)),
        &lake.archive(),
        None,
        ArchiveOptions::default(),
    )
    .unwrap_err();
    assert!(matches!(told, LogError::Refused(_)), "{told}");
}
