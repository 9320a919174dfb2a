//! One running part: killed, paused, and started again when it is gone.

use std::path::{Path, PathBuf};

use crate::process::Process;
use crate::seam::command;

pub struct Part {
    pub name: String,
    folder: PathBuf,
    arguments: Vec<String>,
    process: Process,
}

/// What a command prints that must succeed.
pub fn run(folder: &Path, arguments: &[&str]) -> String {
    let output = command(arguments).current_dir(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "seam {arguments:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn spawn(folder: &Path, name: &str, arguments: &[String]) -> Process {
    let mut command = command(arguments);
    command.current_dir(folder);
    Process::start(command, folder.join(format!("{name}.log")))
}

impl Part {
    pub fn start(folder: &Path, name: &str, arguments: &[&str]) -> Self {
        let arguments: Vec<String> = arguments.iter().map(|text| (*text).to_owned()).collect();
        Self {
            name: name.to_owned(),
            folder: folder.to_owned(),
            process: spawn(folder, name, &arguments),
            arguments,
        }
    }

    /// SIGKILL, and another one in its place, as whoever runs services does.
    pub fn kill(&mut self) {
        self.process.kill();
        self.process = spawn(&self.folder, &self.name, &self.arguments);
    }

    /// Starts it again if it has ended by itself, which not every part may.
    pub fn look_after(&mut self, may_end: bool) {
        if let Some(status) = self.process.ended() {
            let words = self.words();
            assert!(may_end, "{} has ended with {status}: {words}", self.name);
            println!("{} has ended with {status} and is started again", self.name);
            self.process = spawn(&self.folder, &self.name, &self.arguments);
        }
    }

    pub fn pause(&self) {
        self.process.signal("STOP");
    }

    pub fn go_on(&self) {
        self.process.signal("CONT");
    }

    /// SIGTERM, and a good end.
    pub fn stop(self) {
        self.process.stop();
    }

    /// The last lines that it logged.
    fn words(&self) -> String {
        let log = self.process.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(8)..].join("\n")
    }
}

/// The last lines that each part logged.
pub fn last_words(parts: &[Part]) -> String {
    let words = parts
        .iter()
        .map(|part| format!("{}:\n{}", part.name, part.words()));
    words.collect::<Vec<_>>().join("\n")
}
