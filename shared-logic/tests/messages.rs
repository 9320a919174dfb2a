//! Wrong queries and what is said about them: each file in `messages` is a job with one mistake, the
//! text beside it what the user reads. Every message points at a place and names a way out.
//!
//! `REWRITE=1 cargo test …` writes the texts anew, for a look at the difference.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};

use shared_logic::job::Job;

fn jobs() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/messages");
    let mut jobs: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "sql"))
        .collect();
    jobs.sort();
    jobs
}

#[test]
fn every_mistake_has_its_message() {
    let rewrite = std::env::var_os("REWRITE").is_some();
    let jobs = jobs();
    assert!(jobs.len() >= 30, "{} wrong queries", jobs.len());
    for path in jobs {
        let sql = fs::read_to_string(&path).unwrap();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        let Err(error) = Job::compile(&name, &sql) else {
            panic!("{name} compiles");
        };
        assert!(!error.help.is_empty(), "no way out: {error}");
        let excerpt = error.excerpt(&sql);
        assert!(excerpt.contains('^'), "no place: {error}");
        let said = format!("{error}\n{excerpt}");
        let golden = path.with_extension("txt");
        if rewrite {
            fs::write(&golden, &said).unwrap();
        }
        let expected = fs::read_to_string(&golden).unwrap_or_default();
        assert_eq!(said, expected, "{name}");
    }
}
