//! Running the command from tests.
#![allow(dead_code, reason = "each test uses its part of these")]

use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .unwrap()
        .to_owned()
}

/// `seam` with these arguments, run from the root of the repository, deaf to the environment.
pub fn command<S: AsRef<str>>(args: &[S]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_seam"));
    command
        .args(args.iter().map(AsRef::as_ref))
        .current_dir(root());
    command
        .env_remove("KAFKA_BROKERS")
        .env_remove("SEAM_STORE")
        .env_remove("SEAM_ARCHIVE");
    command
}

/// What it prints; it must succeed.
pub fn ok<S: AsRef<str>>(args: &[S]) -> String {
    let output = command(args).output().unwrap();
    let shown: Vec<&str> = args.iter().map(AsRef::as_ref).collect();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "seam {}: {errors}",
        shown.join(" ")
    );
    String::from_utf8(output.stdout).unwrap()
}

/// Its exit code and the one line that it prints as an error.
pub fn fails<S: AsRef<str>>(args: &[S]) -> (i32, String) {
    let output = command(args).output().unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    (output.status.code().unwrap(), errors.trim_end().to_owned())
}

/// A folder for one test.
pub struct Folder(tempfile::TempDir);

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub fn path(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub fn write(&self, name: &str, text: &str) -> String {
        let path = self.path(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// Two answers as JSON lines: equal, floats up to 1e-9 of their size.
pub fn agree(mine: &str, other: &str) {
    assert_eq!(
        mine.lines().count(),
        other.lines().count(),
        "numbers of rows"
    );
    for (mine, other) in mine.lines().zip(other.lines()) {
        if mine == other {
            continue;
        }
        let (a, b): (serde_json::Value, serde_json::Value) = (
            serde_json::from_str(mine).unwrap(),
            serde_json::from_str(other).unwrap(),
        );
        for (name, value) in a.as_object().unwrap() {
            let other_value = &b[name];
            let close = match (value.as_f64(), other_value.as_f64()) {
                (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(y.abs()),
                _ => value == other_value,
            };
            assert!(close, "{name}:\n{mine}\n{other}");
        }
    }
}
