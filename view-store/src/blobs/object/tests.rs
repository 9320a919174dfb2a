#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use object_store::memory::InMemory;

use super::super::memory::Memory;
use super::*;

fn everywhere(check: impl Fn(&dyn Blobs)) {
    let folder = tempfile::tempdir().unwrap();
    check(&Memory::default());
    check(&Objects::over(Arc::new(InMemory::new())));
    check(&Objects::local(&folder.path().join("new/store")).unwrap());
}

#[test]
fn a_blob_is_created_once_and_read_back() {
    everywhere(|blobs| {
        let first = blobs.create("a/b", Bytes::from_static(b"one")).unwrap();
        let second = blobs.create("a/b", Bytes::from_static(b"two")).unwrap();
        assert_eq!((first, second), (Creation::Created, Creation::AlreadyThere));
        assert_eq!(blobs.get("a/b").unwrap().unwrap(), "one");
        assert_eq!(blobs.get("a/c").unwrap(), None);
    });
}

#[test]
fn a_list_is_sorted_and_stays_in_its_folder() {
    everywhere(|blobs| {
        for path in ["m/2", "m/10", "mm/1", "m/sub/3"] {
            let _ = blobs.create(path, Bytes::new()).unwrap();
        }
        assert_eq!(blobs.list("m").unwrap(), ["m/10", "m/2", "m/sub/3"]);
        assert!(blobs.list("nothing").unwrap().is_empty());
    });
}

#[test]
fn deleting_twice_is_fine() {
    everywhere(|blobs| {
        let _ = blobs.create("a/b", Bytes::new()).unwrap();
        blobs.delete("a/b").unwrap();
        blobs.delete("a/b").unwrap();
        assert_eq!(blobs.get("a/b").unwrap(), None);
    });
}

#[test]
fn of_many_threads_one_creates() {
    everywhere(|blobs| {
        let created = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|n| scope.spawn(move || blobs.create("a/b", vec![n; 9].into()).unwrap()))
                .collect();
            let all = threads.into_iter().map(|thread| thread.join().unwrap());
            all.filter(|creation| *creation == Creation::Created)
                .count()
        });
        assert_eq!(created, 1);
    });
}

#[test]
fn a_temporary_left_by_a_crash_is_no_blob() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Objects::local(folder.path()).unwrap();
    let _ = blobs.create("a/b", Bytes::from_static(b"whole")).unwrap();
    std::fs::write(folder.path().join("a/b#1"), b"ha").unwrap();
    std::fs::write(folder.path().join("a/c#1"), b"ha").unwrap();
    assert_eq!(blobs.list("a").unwrap(), ["a/b"]);
    let again = blobs.create("a/c", Bytes::from_static(b"whole")).unwrap();
    assert_eq!(again, Creation::Created);
    assert_eq!(blobs.get("a/c").unwrap().unwrap(), "whole");
}

#[test]
fn a_path_that_would_leave_the_store_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Objects::local(folder.path()).unwrap();
    let refused = blobs.get("a/../../etc/passwd").unwrap_err().to_string();
    assert!(refused.starts_with("cannot read a/../../etc/passwd"));
}

#[test]
fn it_works_inside_a_tokio_runtime() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Objects::local(folder.path()).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let _ = blobs.create("a/b", Bytes::from_static(b"one")).unwrap();
        assert_eq!(blobs.list("a").unwrap(), ["a/b"]);
        assert_eq!(blobs.get("a/b").unwrap().unwrap(), "one");
    });
}
