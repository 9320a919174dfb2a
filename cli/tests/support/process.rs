//! Commands that run beside a test.
#![allow(dead_code, reason = "each test uses its part of these")]

use std::fs::{OpenOptions, read_to_string};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take that a test waits for; most takes a few seconds.
const DEADLINE: Duration = Duration::from_secs(90);

/// Polls until `probe` gives something.
pub fn until<T>(what: &str, mut probe: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = probe() {
            return found;
        }
        assert!(begun.elapsed() < DEADLINE, "no {what} in {DEADLINE:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A command that runs, and is killed when it goes out of scope.
pub struct Process {
    child: Child,
    /// What it prints as errors goes here, behind what is there.
    log: PathBuf,
}

impl Process {
    /// Starts a command.
    pub fn start(mut command: Command, log: impl AsRef<Path>) -> Self {
        let log = log.as_ref().to_owned();
        let errors = OpenOptions::new().create(true).append(true).open(&log);
        let command = command.stdout(Stdio::null()).stderr(errors.unwrap());
        Self {
            child: command.spawn().unwrap(),
            log,
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends a signal by its name without SIG.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status();
        assert!(sent.unwrap().success(), "no SIG{name} could be sent");
    }

    /// How it ended, if it has.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// SIGTERM, and a good end; what it has printed as errors.
    pub fn stop(mut self) -> String {
        self.signal("TERM");
        let status = until("end of a process", || self.ended());
        let log = self.log();
        assert!(status.success(), "{status}: {log}");
        log
    }

    /// What it has printed as errors so far.
    pub fn log(&self) -> String {
        read_to_string(&self.log).unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
