//! `seam archive --adopt`: over files that were there already every way to a view has the same rows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::fs::{self, File};
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use event_log::EventLog;
use event_log::input::Input;
use parquet::arrow::ArrowWriter;
use seam::{Folder, agree, fails, ok, root};
use shared_logic::chunk::Payload;
use shared_logic::job::Job;

/// A view over a file, and the same events as a lake has them.
struct Lake {
    folder: Folder,
    view: String,
    input: String,
    name: &'static str,
}

/// How the files of a lake tell offsets.
#[derive(Clone, Copy, Debug)]
enum Told {
    /// By columns.
    Columns,
    /// By the names of Kafka Connect.
    Names,
}

impl Lake {
    /// Writes the events of `input`, dealt to partitions as `seam run` deals them, in files of so
    /// many rows.
    fn new(name: &'static str, input: &str, told: Told, rows: usize) -> Self {
        let folder = Folder::new();
        let view = root().join(format!("views/{name}.sql"));
        let sql = fs::read_to_string(&view).unwrap();
        let job = Job::compile(name, &sql).unwrap();
        let table = &job.views[0].table;
        let log = Input::open(input, table, 4, None, None).unwrap().log;
        let lake = folder.path("lake");
        fs::create_dir(&lake).unwrap();
        for place in log.partitions().unwrap() {
            let bounds = log.bounds(&place).unwrap();
            let chunks = log.read(&place, bounds, rows).unwrap();
            for chunk in chunks {
                let chunk = chunk.unwrap();
                let Payload::Typed(events) = &chunk.payload else {
                    panic!("a Parquet file has columns");
                };
                let (partition, first) = (place.partition.0, chunk.start.0);
                let file = match told {
                    Told::Columns => format!("{first:05}-{partition}.parquet"),
                    Told::Names => format!("{}+{partition}+{first:010}.parquet", place.topic),
                };
                let mut columns: Vec<(String, ArrayRef)> = Vec::new();
                for (field, column) in events.schema().fields().iter().zip(events.columns()) {
                    columns.push((field.name().clone(), Arc::clone(column)));
                }
                if let Told::Columns = told {
                    let count = events.num_rows() as i64;
                    let offsets = Int64Array::from_iter_values(first as i64..first as i64 + count);
                    let partitions = Int64Array::from(vec![i64::from(partition); count as usize]);
                    columns.push(("kafka_offset".to_owned(), Arc::new(offsets)));
                    columns.push(("kafka_partition".to_owned(), Arc::new(partitions)));
                }
                write(&Path::new(&lake).join(file), columns);
            }
        }
        Self {
            folder,
            view: view.to_str().unwrap().to_owned(),
            input: input.to_owned(),
            name,
        }
    }

    fn store(&self, name: &str) -> String {
        self.folder.path(name)
    }

    fn adopt(&self, store: &str) -> String {
        let lake = self.folder.path("lake");
        ok(&["archive", &self.view, "--store", store, "--adopt", &lake])
    }

    fn answer(&self, store: &str) -> String {
        let question = format!("SELECT * FROM {}", self.name);
        ok(&["query", &question, "--store", store, "--format", "json"])
    }

    fn run(&self, architecture: &str) -> String {
        let input = ["--input", &self.input, "--format", "json"];
        let args = ["run", &self.view, "--as", architecture];
        ok(&[&args[..], &input].concat())
    }
}

fn write(path: &Path, columns: Vec<(String, ArrayRef)>) {
    let rows = RecordBatch::try_from_iter_with_nullable(
        columns
            .into_iter()
            .map(|(name, column)| (name, column, true)),
    )
    .unwrap();
    let mut writer =
        ArrowWriter::try_new(File::create(path).unwrap(), rows.schema(), None).unwrap();
    writer.write(&rows).unwrap();
    writer.close().unwrap();
}

fn flights(told: Told) -> Lake {
    let week = root().join("data/flights-week.parquet");
    Lake::new("delay_by_airport", week.to_str().unwrap(), told, 9_000)
}

#[test]
fn a_batch_over_adopted_files_has_the_rows_of_a_run() {
    for told in [Told::Columns, Told::Names] {
        let lake = flights(told);
        let expected = lake.run("truth");
        for engine in ["fold", "polars"] {
            let store = lake.store(engine);
            let adopted = lake.adopt(&store);
            assert_eq!(adopted.lines().count(), 4, "{adopted}");
            assert!(adopted.contains("0 could not be read"), "{adopted}");
            ok(&["batch", &lake.view, "--store", &store, "--engine", engine]);
            agree(&lake.answer(&store), &expected);
        }
    }
}

#[test]
fn a_speed_layer_and_an_archiver_go_on_where_adopted_files_end() {
    let lake = flights(Told::Columns);
    // The last file of each partition has not come yet.
    let late = lake.folder.path("late");
    fs::create_dir(&late).unwrap();
    let mut files: Vec<_> = fs::read_dir(lake.folder.path("lake"))
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    for path in files.split_off(files.len() - 4) {
        fs::rename(&path, Path::new(&late).join(path.file_name().unwrap())).unwrap();
    }
    let expected = lake.run("truth");
    let store = lake.store("speed");
    lake.adopt(&store);
    ok(&["batch", &lake.view, "--store", &store]);
    ok(&[
        "speed",
        &lake.view,
        "--store",
        &store,
        "--input",
        &lake.input,
    ]);
    agree(&lake.answer(&store), &expected);

    let store = lake.store("archiver");
    lake.adopt(&store);
    ok(&[
        "archive",
        &lake.view,
        "--store",
        &store,
        "--input",
        &lake.input,
    ]);
    ok(&["batch", &lake.view, "--store", &store]);
    agree(&lake.answer(&store), &expected);

    // Or they come later.
    let store = lake.store("later");
    lake.adopt(&store);
    let report = ok(&["archive", &lake.view, "--store", &store, "--adopt", &late]);
    assert!(!report.contains("there before"), "{report}");
    ok(&["batch", &lake.view, "--store", &store, "--engine", "polars"]);
    agree(&lake.answer(&store), &expected);
}

#[test]
fn what_cannot_be_adopted_is_one_line_and_exit_code_2() {
    let lake = flights(Told::Names);
    let store = lake.store("store");
    let path = |name: &str| lake.folder.path(&format!("lake/{name}"));
    let refused = |args: &[&str]| {
        let begin = ["archive", &lake.view, "--store", &store];
        let (code, line) = fails(&[&begin[..], args].concat());
        assert_eq!(code, 2, "{line}");
        assert_eq!(line.lines().count(), 1, "{line}");
        line
    };
    let all = lake.folder.path("lake");
    fs::rename(
        path("flights+1+0000009000.parquet"),
        lake.folder.path("kept"),
    )
    .unwrap();
    let hole = refused(&["--adopt", &all]);
    assert!(
        hole.contains("flights+1+0000018000.parquet: offsets 9000 to 17999 of flights/1, behind")
            && hole.contains("are in no file"),
        "{hole}"
    );
    let missing = refused(&["--adopt", &all, "--offset-column", "position"]);
    assert!(
        missing.contains("it has no column \"position\""),
        "{missing}"
    );
    fs::create_dir(lake.folder.path("plain")).unwrap();
    fs::copy(
        path("flights+0+0000000000.parquet"),
        lake.folder.path("plain/part-0.parquet"),
    )
    .unwrap();
    let plain = lake.folder.path("plain");
    let offsetless = refused(&["--adopt", &plain]);
    assert!(
        offsetless.contains("nothing tells of offsets"),
        "{offsetless}"
    );

    // Numbered they are good for a batch, and for nothing that goes on from the topic.
    let adopt = [
        "archive",
        &lake.view,
        "--store",
        &store,
        "--adopt",
        &plain,
        "--numbered",
    ];
    let report = ok(&adopt);
    assert!(
        report.contains("not the topic's") && report.contains("event-time"),
        "{report}"
    );
    ok(&["batch", &lake.view, "--store", &store]);
    let speed = [
        "speed",
        &lake.view,
        "--store",
        &store,
        "--input",
        &lake.input,
    ];
    let (_, line) = fails(&speed);
    assert!(
        line.contains("flights/0 was adopted with --numbered"),
        "{line}"
    );

    // What was adopted and is gone, or is another one, is named.
    fs::remove_file(lake.folder.path("plain/part-0.parquet")).unwrap();
    let (code, line) = fails(&["batch", &lake.view, "--store", &store]);
    assert_eq!(code, 1);
    assert!(
        line.contains("plain/part-0.parquet is not the file that was adopted, it is gone"),
        "{line}"
    );
}
