//! Files that are not what was written: always an error, and it names the file.

use std::path::{Path, PathBuf};

use view_store::error::Error;
use view_store::job::JobStore;
use view_store::store::Store;

use crate::fixture::{FIRST, generation, logic, seal};

/// A job on disk with one segment, and the segment's file.
fn on_disk(folder: &Path) -> (JobStore, PathBuf) {
    let store = Store::open(&folder.display().to_string()).unwrap();
    let job = store.job("clicks").unwrap();
    job.create_generation(&generation(1)).unwrap();
    let manifest = seal(&job, FIRST, &[(0, 0, 5)]);
    let segment = manifest.segments().next().unwrap();
    (job, folder.join(&segment.path))
}

fn read(job: &JobStore) -> Result<(), Error> {
    let snapshot = job.snapshot(None)?;
    for segment in snapshot.segments.iter() {
        job.read(segment, &logic(1))?;
    }
    Ok(())
}

#[test]
fn a_damaged_segment_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (job, path) = on_disk(folder.path());
    read(&job).unwrap();
    let whole = std::fs::read(&path).unwrap();
    for place in [0, 4, whole.len() / 2, whole.len() - 9, whole.len() - 1] {
        let mut bytes = whole.clone();
        bytes[place] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        let error = read(&job).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(error.to_string().contains(name), "{error}");
    }
}

#[test]
fn a_segment_that_is_named_and_missing_is_damage_too() {
    let folder = tempfile::tempdir().unwrap();
    let (job, path) = on_disk(folder.path());
    std::fs::remove_file(path).unwrap();
    let error = read(&job).unwrap_err();
    assert!(
        matches!(&error, Error::Corrupt { why, .. } if why.contains("missing")),
        "{error}"
    );
}

#[test]
fn a_segment_of_other_logic_says_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let (job, _) = on_disk(folder.path());
    let snapshot = job.snapshot(None).unwrap();
    let error = job.read(&snapshot.segments[0], &logic(2)).unwrap_err();
    assert!(matches!(error, Error::OtherLogic { .. }), "{error}");
    assert!(error.to_string().contains("seam reprocess"), "{error}");
}

#[test]
fn a_damaged_manifest_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (job, _) = on_disk(folder.path());
    let newest = job.manifest().unwrap().number;
    let name = format!("jobs/clicks/manifest/{:020}.json", newest.0);
    let path = folder.path().join(&name);
    let text = std::fs::read_to_string(&path).unwrap();
    for damaged in [
        String::new(),
        text.replace("\"next\": 5", "\"next\": 6"),
        text.replace("\"live\": 1", "\"live\": 2"),
    ] {
        assert_ne!(damaged, text);
        std::fs::write(&path, damaged).unwrap();
        let error = read(&job).unwrap_err();
        assert!(matches!(error, Error::Corrupt { .. }), "{error}");
        assert!(error.to_string().contains(&name), "{error}");
    }
}
