//! A short life of a small store, command by command, with all that it did to the disk.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::disk::{Disk, Tree};
use crate::trace;
use crate::verdict::{Judge, Standing};

/// Events, of which the first commands see only the first half.
const EVENTS: usize = 40;

const SQL: &str = "
CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value BIGINT)
WITH (event_time = 'at', partition_by = 'name');
CREATE VIEW totals AS
SELECT name, window_start, COUNT(*) AS n, SUM(value) AS total, MAX(value) AS most
FROM TUMBLE(events, at, INTERVAL '10' SECOND)
WHERE value > 3
GROUP BY name, window_start, window_end;
";

/// The commands: archive and land, seal, archive and land over the seals, swap, collect.
const COMMANDS: &[&[&str]] = &[
    &[
        "archive",
        "old.sql",
        "--input",
        "half.jsonl",
        "--partitions",
        "2",
        "--file-rows",
        "6",
    ],
    &["batch", "old.sql"],
    &[
        "speed",
        "old.sql",
        "--input",
        "all.jsonl",
        "--partitions",
        "2",
        "--checkpoint-every",
        "4",
    ],
    &[
        "archive",
        "old.sql",
        "--input",
        "all.jsonl",
        "--partitions",
        "2",
        "--file-rows",
        "6",
    ],
    &["batch", "old.sql"],
    &["reprocess", "new.sql", "--from", "archive", "--cutover"],
    &["gc"],
];

/// All that was done to a disk, and what the first n commands had reported as done.
pub struct Life {
    /// All that was done.
    pub disk: Disk,
    /// What stood after n commands.
    pub standing: Vec<Standing>,
    /// The folder in which it was done.
    world: TempDir,
}

impl Life {
    /// An operation for a message: what, where, and in which command.
    pub fn name(&self, at: usize) -> String {
        let Some(op) = self.disk.ops.get(at) else {
            return "the end".into();
        };
        let command = COMMANDS[self.disk.done_before(at)].join(" ");
        format!(
            "{at}, {op} of {:?} in `seam {command}`",
            self.disk.paths[at]
        )
    }
}

/// The life of a store, and all that is needed to go on with it.
pub struct Story {
    desk: TempDir,
    judge: Judge,
    life: Option<Life>,
}

impl Story {
    /// Runs the commands and records them.
    pub fn record() -> Self {
        let desk = TempDir::new().unwrap();
        let write = |name: &str, text: &str| fs::write(desk.path().join(name), text).unwrap();
        let (old, new) = (SQL, SQL.replace("value > 3", "value > 5"));
        write("old.sql", old);
        write("new.sql", &new);
        write("half.jsonl", &events(EVENTS / 2));
        write("all.jsonl", &events(EVENTS));
        let judge = Judge::new(&desk.path().join("all.jsonl"), &[old, &new]);

        let world = TempDir::new().unwrap();
        let folder = world.path().canonicalize().unwrap();
        let disk = Disk::new(&folder);
        let mut life = Life {
            disk,
            standing: vec![Standing::default()],
            world,
        };
        let mut story = Self {
            desk,
            judge,
            life: None,
        };
        for n in 0..COMMANDS.len() {
            story.run(&mut life, n);
        }
        story.life = Some(life);
        story
    }

    /// The life of a store that nobody killed.
    pub fn life(&self) -> &Life {
        self.life.as_ref().unwrap()
    }

    /// Runs the nth command in the world of a life, as a part of it.
    fn run(&self, life: &mut Life, n: usize) {
        let store = life.world.path().canonicalize().unwrap().join("store");
        let log = TempDir::new().unwrap();
        let command = command(self.desk.path(), &store, n);
        life.disk
            .record(trace::record(&command, &log.path().join("strace")));
        life.disk.done();
        life.standing.push(self.judge.standing(&store).unwrap());
        self.judge.check(&store, &life.standing[n + 1]).unwrap();
    }

    /// What happens when the process is killed just before operation `at` and its command is run
    /// again, to its end.
    pub fn killed(&self, at: usize) -> Life {
        let before = &self.life().disk;
        let n = before.done_before(at);
        let world = TempDir::new().unwrap();
        before.materialize(&before.before(at), world.path());
        let disk = before.until(at, &world.path().canonicalize().unwrap());
        let mut life = Life {
            disk,
            standing: self.life().standing[..=n].to_vec(),
            world,
        };
        self.run(&mut life, n);
        let (found, expected) = (&life.standing[n + 1], &self.life().standing[n + 1]);
        assert!(
            found.reaches(expected),
            "killed before {}: {found:?}",
            self.life().name(at)
        );
        life
    }

    /// Builds a disk and looks at it, when this had been reported as done.
    pub fn look(&self, life: &Life, tree: &Tree, done: usize) -> Result<TempDir, String> {
        let world = TempDir::new().unwrap();
        life.disk.materialize(tree, world.path());
        self.judge
            .check(&world.path().join("store"), &life.standing[done])?;
        Ok(world)
    }

    /// Runs the nth command once more, in another world; it must succeed and do what it did.
    pub fn again(&self, n: usize, world: &Path) -> Result<(), String> {
        if n == COMMANDS.len() {
            return Ok(());
        }
        let store = world.join("store");
        let output = command(self.desk.path(), &store, n).output().unwrap();
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            return Err(format!(
                "run again it ended with {}: {errors}",
                output.status
            ));
        }
        self.judge.check(&store, &self.life().standing[n])?;
        let found = self.judge.standing(&store)?;
        if !found.reaches(&self.life().standing[n + 1]) {
            return Err(format!("run again it reached only {found:?}"));
        }
        Ok(())
    }
}

/// The nth command, with files named in full, as it runs in any folder.
fn command(desk: &Path, store: &Path, n: usize) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    for argument in COMMANDS[n] {
        if argument.contains('.') {
            command.arg(PathBuf::from(desk).join(argument));
        } else {
            command.arg(argument);
        }
    }
    command
        .arg("--store")
        .arg(store)
        .env_remove("KAFKA_BROKERS")
        .env_remove("SEAM_STORE");
    command
}

/// Some events, every ninth of them broken; those of the first half all in one partition, so that
/// the folder of the other is made when there is one already.
fn events(count: usize) -> String {
    let mut lines = String::new();
    for n in 0..count {
        let (at, name) = (n * 700, if n < EVENTS / 2 { 0 } else { n % 10 });
        match n % 9 {
            8 if n > EVENTS / 2 => writeln!(lines, "this is no record"),
            8 => writeln!(lines, r#"{{"at":{at},"name":"{name}","value":"much"}}"#),
            _ => writeln!(lines, r#"{{"at":{at},"name":"{name}","value":{}}}"#, n % 13),
        }
        .unwrap();
    }
    lines
}
