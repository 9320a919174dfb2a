//! Killed at any moment, a command that is run again reaches the rows of one that was left alone.
//!
//! Each of the three running parts is killed with SIGKILL at 25 moments that a seed chooses: when
//! so many files are in its store, and some microseconds later. When that is decides which moment
//! is hit, never whether the test passes. Those that are ignored do the same with a store in a bucket
//! of an S3 server, which `scripts/s3.sh start` starts.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
#[cfg(feature = "s3")]
use view_store::blobs::Blobs;

const MOMENTS: u64 = 25;

/// Fewer than these were killed half-way: then the moments are not random, but late.
const KILLED: u64 = 5;

const EVENTS: u64 = 60_000;

const SQL: &str = "
CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT)
WITH (event_time = 'at', partition_by = 'name');
CREATE VIEW totals AS
SELECT name, window_start, COUNT(*) AS n, SUM(value) AS total, MAX(value) AS most, AVG(value) AS mean
FROM TUMBLE(events, at, INTERVAL '10' SECOND)
GROUP BY name, window_start, window_end;
";

const QUESTION: &str = "SELECT * FROM totals ORDER BY window_start, name";

/// Numbers that are the same in each run of a seed: splitmix64.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// Where a store is: a folder, or a bucket's folder as a URL and as a client sees it.
enum Place {
    Folder(PathBuf),
    #[cfg(feature = "s3")]
    Bucket(String, view_store::blobs::s3::S3),
}

impl Place {
    /// What `--store` takes.
    fn argument(&self) -> &OsStr {
        match self {
            Self::Folder(folder) => folder.as_ref(),
            #[cfg(feature = "s3")]
            Self::Bucket(url, _) => url.as_ref(),
        }
    }

    /// How many files are there; a folder's folders and what is unfinished in it count.
    fn files(&self) -> usize {
        match self {
            Self::Folder(folder) => files(folder),
            #[cfg(feature = "s3")]
            Self::Bucket(_, bucket) => bucket.list("").unwrap().len(),
        }
    }
}

/// A folder with the view, the events, and any number of stores, there or elsewhere.
struct Workshop {
    folder: TempDir,
    stores: fn(&Path, &str) -> Place,
    /// How many lines are events; the others are rejected.
    good: u64,
}

/// Stores beside the view.
fn beside(folder: &Path, name: &str) -> Place {
    Place::Folder(folder.join(name))
}

/// Stores on the server of the environment, each in a folder of its own.
#[cfg(feature = "s3")]
fn in_bucket(folder: &Path, name: &str) -> Place {
    let server = std::env::var("S3_STORE").expect("S3_STORE, which scripts/s3.sh start prints");
    let own = folder.file_name().unwrap().to_str().unwrap();
    let url = format!("{server}-kill/{}/{name}", own.trim_matches('.'));
    let names = std::sync::Arc::new(view_store::entropy::System);
    let bucket = view_store::blobs::s3::S3::connect(&url, std::env::vars(), names);
    Place::Bucket(url, bucket.unwrap())
}

impl Workshop {
    fn open(stores: fn(&Path, &str) -> Place) -> Self {
        let folder = TempDir::new().unwrap();
        fs::write(folder.path().join("totals.sql"), SQL).unwrap();
        let mut random = Random(1);
        let mut lines = String::new();
        let mut good = 0;
        for n in 0..EVENTS {
            let (at, name) = (n * 3 + random.below(20_000), random.below(200));
            match random.below(500) {
                0 => writeln!(lines, "this is no record {n}"),
                1 => writeln!(lines, r#"{{"at":null,"name":"{name}","value":1}}"#),
                2 => writeln!(lines, r#"{{"at":{at},"name":"{name}","value":"much"}}"#),
                value => {
                    good += 1;
                    writeln!(lines, r#"{{"at":{at},"name":"{name}","value":{value}}}"#)
                }
            }
            .unwrap();
        }
        fs::write(folder.path().join("events.jsonl"), lines).unwrap();
        Self {
            folder,
            stores,
            good,
        }
    }

    fn store(&self, name: &str) -> Place {
        (self.stores)(self.folder.path(), name)
    }

    fn seam(&self, store: &Place, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
        command
            .args(arguments)
            .arg("--store")
            .arg(store.argument())
            .current_dir(self.folder.path());
        command
            .env_remove("KAFKA_BROKERS")
            .env_remove("SEAM_ARCHIVE");
        command
    }

    /// Runs a command to its end, which must be a good one.
    fn run(&self, store: &Place, arguments: &[&str]) -> String {
        let output = self.seam(store, arguments).output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "seam {arguments:?} ended with {}: {errors}",
            output.status
        );
        String::from_utf8(output.stdout).unwrap()
    }

    fn rows(&self, store: &Place) -> String {
        self.run(store, &["query", QUESTION, "--format", "json"])
    }

    /// Kills `arguments` at 25 moments, each in a new store, runs it again and then `after`, and
    /// compares the rows with those of a store that was left alone.
    fn kill(&self, arguments: &[&str], after: &[&str]) {
        let alone = self.store("alone");
        let before = alone.files();
        let began = Instant::now();
        self.run(&alone, arguments);
        let lasted = began.elapsed();
        let made = alone.files() - before;
        if !after.is_empty() {
            self.run(&alone, after);
        }
        let expected = self.rows(&alone);
        assert_eq!(
            counted(&expected),
            self.good,
            "the rows of the store left alone are wrong"
        );

        let (mut killed, mut halfway) = (0, 0);
        for seed in 0..MOMENTS {
            let store = self.store(&format!("killed-{seed}"));
            let mut random = Random(seed);
            let files_then = before + random.below(made as u64) as usize;
            // A part that makes few files is at work for long between two of them.
            let pause = lasted.as_micros() as u64 / (made as u64 + 1);
            let pause = Duration::from_micros(random.below(pause.max(1)));
            let mut child = (self.seam(&store, arguments))
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            wait(&mut child, || store.files() > files_then);
            let reached = Instant::now();
            wait(&mut child, || reached.elapsed() >= pause);
            child.kill().unwrap();
            let by_signal = child.wait().unwrap().signal().is_some();
            killed += u64::from(by_signal);
            halfway += u64::from(by_signal && store.files() > before);

            self.run(&store, arguments);
            if !after.is_empty() {
                self.run(&store, after);
            }
            if seed % 2 == 0 {
                self.run(&store, &["gc"]);
            }
            let rows = self.rows(&store);
            assert!(
                rows == expected,
                "seed {seed}: {}",
                first_difference(&rows, &expected)
            );
            if let Place::Folder(folder) = store {
                fs::remove_dir_all(folder).unwrap();
            }
        }
        println!("{arguments:?}: {killed} of {MOMENTS} killed, {halfway} of them with files made");
        assert!(
            killed >= KILLED,
            "only {killed} of {MOMENTS} runs were killed before they ended"
        );
        assert!(halfway > 0, "no run was killed after it had made a file");
    }
}

/// Waits until `moment`, or the end of the child.
fn wait(child: &mut Child, moment: impl Fn() -> bool) {
    while !moment() && child.try_wait().unwrap().is_none() {
        std::thread::yield_now();
    }
}

/// How many files and folders are below `folder`; unfinished ones count.
fn files(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    // What is listed may be gone already: staging files come and go.
    entries
        .flatten()
        .map(|entry| 1 + files(&entry.path()))
        .sum()
}

fn counted(rows: &str) -> u64 {
    let row = |line| serde_json::from_str::<serde_json::Value>(line).unwrap();
    rows.lines()
        .map(|line| row(line)["n"].as_u64().unwrap())
        .sum()
}

fn first_difference(found: &str, expected: &str) -> String {
    let lines = found.lines().count();
    match found
        .lines()
        .zip(expected.lines())
        .find(|(found, expected)| found != expected)
    {
        Some((found, expected)) => format!("found {found}, expected {expected}"),
        None => format!("{lines} rows, expected {}", expected.lines().count()),
    }
}

fn speed_resumes(workshop: &Workshop, checkpoint_every: &str) {
    let speed = [
        "speed",
        "totals.sql",
        "--input",
        "events.jsonl",
        "--checkpoint-every",
        checkpoint_every,
    ];
    workshop.kill(&speed, &[]);
}

fn batch_resumes(workshop: &Workshop) {
    let archive = [
        "archive",
        "totals.sql",
        "--input",
        "events.jsonl",
        "--archive",
        "archived",
        "--file-rows",
        "10000",
    ];
    workshop.run(&workshop.store("unused"), &archive);
    workshop.kill(&["batch", "totals.sql", "--archive", "archived"], &[]);
}

#[test]
fn speed_resumes_to_the_same_rows() {
    speed_resumes(&Workshop::open(beside), "1000");
}

#[test]
fn batch_resumes_to_the_same_rows() {
    batch_resumes(&Workshop::open(beside));
}

#[cfg(feature = "s3")]
#[test]
#[ignore = "needs an S3 server"]
fn s3_speed_resumes_to_the_same_rows() {
    // A request takes longer than a write, so there are fewer.
    speed_resumes(&Workshop::open(in_bucket), "4000");
}

#[cfg(feature = "s3")]
#[test]
#[ignore = "needs an S3 server"]
fn s3_batch_resumes_to_the_same_rows() {
    batch_resumes(&Workshop::open(in_bucket));
}

#[test]
fn archive_resumes_to_the_same_rows() {
    let archive = [
        "archive",
        "totals.sql",
        "--input",
        "events.jsonl",
        "--file-rows",
        "1500",
    ];
    Workshop::open(beside).kill(&archive, &["batch", "totals.sql"]);
}
