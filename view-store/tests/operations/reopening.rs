//! What one process wrote, another finds.

use view_store::error::{Error, Refusal};
use view_store::store::Store;

use crate::fixture::{FIRST, fold, generation, job, logic, offsets, seal};

#[test]
fn a_store_on_disk_is_found_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a/b").display().to_string();
    {
        let job = Store::open(&path).unwrap().job("clicks").unwrap();
        job.create_generation(&generation(1)).unwrap();
        seal(&job, FIRST, &[(0, 0, 10), (1, 0, 5)]);
    }
    for location in [path.clone(), format!("file://{path}")] {
        let store = Store::open(&location).unwrap();
        assert_eq!(store.jobs().unwrap(), ["clicks"]);
        let job = store.job("clicks").unwrap();
        let snapshot = job.snapshot(None).unwrap();
        assert_eq!(snapshot.offsets, offsets(&[(0, 10), (1, 5)]));
        let partial = job.read(&snapshot.segments[0], &logic(1)).unwrap();
        assert_eq!(partial, fold(&[(0, 0, 10), (1, 0, 5)]));
    }
}

#[test]
fn two_handles_see_each_others_edits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().display().to_string();
    let [one, two] = [0, 1].map(|_| Store::open(&path).unwrap().job("clicks").unwrap());
    one.create_generation(&generation(1)).unwrap();
    let again = two.create_generation(&generation(1)).unwrap_err();
    assert!(matches!(again, Error::Refused(Refusal::SameLogic(FIRST))));
    seal(&two, FIRST, &[(0, 0, 4)]);
    let newest = seal(&one, FIRST, &[(0, 4, 9)]);
    assert_eq!(two.manifest().unwrap(), newest);
}

#[test]
fn many_threads_lose_no_edit() {
    let job = job();
    std::thread::scope(|scope| {
        for partition in 0..8 {
            let job = job.clone();
            scope.spawn(move || {
                for step in 0..5 {
                    seal(&job, FIRST, &[(partition, step, step + 1)]);
                }
            });
        }
    });
    let manifest = job.manifest().unwrap();
    assert_eq!(manifest.number.0, 1 + 8 * 5 * 2);
    let next: Vec<(u32, u64)> = (0..8).map(|partition| (partition, 5)).collect();
    assert_eq!(manifest.live().unwrap().next, offsets(&next));
}

#[test]
fn a_job_that_nobody_began_is_said_to_be_missing() {
    let store = Store::memory();
    let error = store.job("clicks").unwrap().snapshot(None).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NoJob(_))),
        "{error}"
    );
    assert!(store.jobs().unwrap().is_empty());
}

#[test]
fn places_and_names_that_are_none_are_refused() {
    for location in ["", "gs://bucket/x", "file://relative", "file:///a%20b"] {
        let error = Store::open(location).unwrap_err();
        assert!(
            matches!(error, Error::Refused(Refusal::Location(_))),
            "{location}: {error}"
        );
    }
    let error = Store::memory().job("../up").unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::JobName(_))),
        "{error}"
    );
}
