//! One running part: killed, paused, and started again when it is gone.

use std::fs::{File, OpenOptions, read_to_string};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long a part may take to stop when it is asked to.
const GRACE: Duration = Duration::from_secs(30);

pub struct Process {
    pub name: String,
    folder: PathBuf,
    arguments: Vec<String>,
    child: Child,
}

fn seam(folder: &Path, arguments: &[impl AsRef<str>]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    command
        .args(arguments.iter().map(AsRef::as_ref))
        .current_dir(folder);
    command.env_remove("KAFKA_BROKERS").env_remove("SEAM_STORE");
    command
}

/// What a command prints that must succeed.
pub fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = seam(folder, arguments).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seam {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn spawn(folder: &Path, name: &str, arguments: &[String]) -> Child {
    let log = OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join(format!("{name}.log")))
        .unwrap();
    let mut command = seam(folder, arguments);
    let quiet: Stdio = File::create("/dev/null").unwrap().into();
    command.stdout(quiet).stderr(log).spawn().unwrap()
}

impl Process {
    pub fn start(folder: &Path, name: &str, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            child: spawn(folder, name, &arguments),
            arguments,
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again if it has ended, as whoever runs services does.
    pub fn revive(&mut self) {
        if let Some(status) = self.child.try_wait().unwrap() {
            println!("{} has ended with {status} and is started again", self.name);
            self.child = spawn(&self.folder, &self.name, &self.arguments);
        }
    }

    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn go_on(&self) {
        self.signal("CONT");
    }

    /// SIGTERM, and a good end.
    pub fn stop(mut self) {
        self.signal("TERM");
        let until = Instant::now() + GRACE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                assert!(
                    status.success(),
                    "{} stopped with {status}: {}",
                    self.name,
                    self.words()
                );
                return;
            }
            assert!(
                Instant::now() < until,
                "{} does not stop: {}",
                self.name,
                self.words()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill")
            .args(["-s", name, &id])
            .status()
            .unwrap();
        assert!(sent.success(), "{} cannot be sent SIG{name}", self.name);
    }

    /// The last lines that it logged.
    fn words(&self) -> String {
        let log = read_to_string(self.folder.join(format!("{}.log", self.name))).unwrap();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The last lines that each part logged.
pub fn last_words(parts: &[Process]) -> String {
    let words = parts
        .iter()
        .map(|part| format!("{}:\n{}", part.name, part.words()));
    words.collect::<Vec<_>>().join("\n")
}
