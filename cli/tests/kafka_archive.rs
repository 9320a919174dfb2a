//! Archivers that follow a topic: they share it, come and go, and file each event once.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/process.rs"]
mod process;
#[path = "support/seam.rs"]
mod seam;

use std::fs;
use std::path::PathBuf;

use process::{Process, until};
use seam::{Folder, agree, command, ok, root};

/// Events of one round: two windows of ten pages.
const ROUND: u64 = 20_000;

/// The files of an archive.
fn files(store: &str, topic: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let folder = PathBuf::from(store).join("archive").join(topic);
    for partition in fs::read_dir(folder).into_iter().flatten() {
        let entries = fs::read_dir(partition.unwrap().path()).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        files.extend(paths.filter(|path| path.extension().is_some()));
    }
    files
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn archivers_that_come_and_go_file_each_event_once() {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker");
    let folder = Folder::new();
    let topic = format!("followed-{}", std::process::id());
    let sql = fs::read_to_string(root().join("views/clicks_by_page.sql")).unwrap();
    let sql = sql.replace("topic = 'clicks'", &format!("topic = '{topic}'"));
    let (view, store) = (folder.write("clicks.sql", &sql), folder.path("store"));
    let generate = |seed: u64, rate: &[&str]| {
        let (events, seed) = (ROUND.to_string(), seed.to_string());
        let to = format!("kafka:{topic}");
        let args = [
            "generate",
            "clicks",
            "--events",
            &events,
            "--seed",
            &seed,
            "--to",
            &to,
            "--brokers",
            &brokers,
        ];
        ok(&[&args[..], rate].concat())
    };
    let start = |name: &str| {
        let command = command(&[
            "archive",
            &view,
            "--store",
            &store,
            "--brokers",
            &brokers,
            "--follow",
            "--group",
            "archivers",
            "--roll-bytes",
            "300kB",
            "--roll-every",
            "1s",
        ]);
        Process::start(command, folder.path(name))
    };
    let owns = |archiver: &Process| archiver.log().contains("archiving").then_some(());
    generate(1, &[]);
    let one = start("one");
    until("files", || {
        (!files(&store, &topic).is_empty()).then_some(())
    });
    let two = start("two");
    until("partitions of the second", || owns(&two));
    let paced = generate(2, &["--rate", "10000"]);
    assert!(paced.contains("events/s of 10000 asked for"), "{paced}");
    // One dies, one is asked to end, and another takes over from both.
    drop(one);
    generate(3, &[]);
    two.stop();
    let three = start("three");
    until("partitions of the third", || owns(&three));
    three.stop();
    // What the third may not have come to.
    ok(&["archive", &view, "--store", &store, "--brokers", &brokers]);

    assert!(files(&store, &topic).len() > 8, "files are rolled");
    ok(&["batch", &view, "--store", &store]);
    let direct = folder.path("direct");
    ok(&["speed", &view, "--store", &direct, "--brokers", &brokers]);
    let ask = |store: &str| {
        let question = "SELECT * FROM clicks_by_page";
        ok(&["query", question, "--store", store, "--format", "json"])
    };
    let rows = ask(&store);
    agree(&rows, &ask(&direct));
    let count =
        |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()["clicks"].as_u64();
    let total: u64 = rows.lines().filter_map(count).sum();
    assert_eq!(total, 3 * ROUND);
}
