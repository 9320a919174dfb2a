//! The promises of a store's storage, kept by a bucket.

use std::sync::Arc;

use bytes::Bytes;
use view_store::blobs::s3::S3;
use view_store::blobs::{Blobs, Creation};
use view_store::entropy::System;

use crate::{good, store};

/// Checks that take a store that nobody else uses.
const CHECKS: [fn(&S3); 4] = [
    created_once,
    listed_in_full,
    deleted_twice,
    one_of_many_creates,
];

#[test]
fn a_bucket_keeps_the_promises() {
    for check in CHECKS {
        check(&good().1);
    }
}

/// A server of the environment's: `scripts/s3.sh start`.
#[test]
#[ignore = "needs an S3 server"]
fn s3_a_server_keeps_the_promises() {
    for check in CHECKS {
        check(&elsewhere());
    }
}

/// A store of its own on the environment's server.
fn elsewhere() -> S3 {
    let place = std::env::var("S3_STORE").expect("S3_STORE, which scripts/s3.sh start prints");
    let name = ulid::Ulid::generate();
    S3::connect(
        &format!("{place}/{name}"),
        std::env::vars(),
        Arc::new(System),
    )
    .unwrap()
}

fn create(store: &S3, path: &str, text: &'static str) -> Creation {
    store
        .create(path, Bytes::from_static(text.as_bytes()))
        .unwrap()
}

fn created_once(store: &S3) {
    assert_eq!(create(store, "a/b", "one"), Creation::Created);
    assert_eq!(create(store, "a/b", "two"), Creation::AlreadyThere);
    assert_eq!(create(store, "a/b", "one"), Creation::AlreadyThere);
    assert_eq!(store.get("a/b").unwrap().unwrap(), "one");
    assert_eq!(store.get("a/c").unwrap(), None);
}

/// More than one page, in order, of this folder alone.
fn listed_in_full(store: &S3) {
    let paths: Vec<_> = (0..1100).map(|n| format!("m/{n:04}")).collect();
    std::thread::scope(|scope| {
        for some in paths.chunks(100) {
            scope.spawn(|| some.iter().for_each(|path| _ = create(store, path, "")));
        }
    });
    let _ = create(store, "mm/1", "");
    assert_eq!(store.list("m").unwrap(), paths);
    assert!(store.list("nothing").unwrap().is_empty());
    let folders = store.list("").unwrap();
    assert_eq!(folders.len(), 1102, "and the proof of the server");
}

fn deleted_twice(store: &S3) {
    let _ = create(store, "a/b", "one");
    store.delete("a/b").unwrap();
    store.delete("a/b").unwrap();
    assert_eq!(store.get("a/b").unwrap(), None);
    assert!(store.list("a").unwrap().is_empty());
    assert_eq!(create(store, "a/b", "two"), Creation::Created);
}

fn one_of_many_creates(store: &S3) {
    for round in 0..200 {
        let path = format!("race/{round}");
        let created = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..16)
                .map(|_| scope.spawn(|| create(store, &path, "same")))
                .collect();
            let all = threads.into_iter().map(|thread| thread.join().unwrap());
            all.filter(|creation| *creation == Creation::Created)
                .count()
        });
        assert_eq!(created, 1, "{path}");
    }
}

#[test]
fn it_works_inside_a_runtime() {
    let (server, _) = good();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let store = store(&server);
        assert_eq!(create(&store, "a/b", "one"), Creation::Created);
        assert_eq!(store.list("a").unwrap(), ["a/b"]);
    });
}

#[test]
fn a_path_that_would_leave_the_store_is_refused() {
    let refused = good().1.get("a/../../b").unwrap_err().to_string();
    assert!(refused.starts_with("cannot read a/../../b"), "{refused}");
}

#[test]
fn a_bucket_is_a_store_with_or_without_a_folder() {
    let (server, _) = good();
    for (url, key) in [
        ("s3://bucket", "bucket/jobs/1"),
        ("s3://bucket/", "bucket/jobs/2"),
        ("s3://bucket/a/b/", "bucket/a/b/jobs/3"),
    ] {
        let store = S3::connect(url, server.variables(), Arc::new(System)).unwrap();
        let path = key.rsplit_once("jobs/").unwrap().1;
        let _ = create(&store, &format!("jobs/{path}"), "");
        assert!(server.state().objects.contains_key(key), "{url}");
    }
}
