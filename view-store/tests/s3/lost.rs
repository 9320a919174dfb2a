//! Answers that do not arrive: whoever created a blob is told so, and nobody else.

use std::collections::BTreeSet;
use std::sync::{Arc, Barrier};

use bytes::Bytes;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use shared_logic::view::Fingerprint;
use view_store::blobs::{Blobs, Creation};
use view_store::entropy::Seeded;
use view_store::job::JobStore;
use view_store::job::generations::NewGeneration;
use view_store::store::Store;

use crate::server::{Kind, Server, Whim};
use crate::{good, store};

/// Whatever may become of a request to put, but for an answer.
const WHIMS: [Whim; 4] = [
    Whim::LoseAnswer,
    Whim::LoseRequest,
    Whim::DoAndFail,
    Whim::Refuse(409),
];

const KEY: &str = "bucket/store/jobs/a";

#[test]
fn a_create_whose_answer_is_lost_was_a_creation() {
    for whim in [Whim::LoseAnswer, Whim::DoAndFail] {
        let (server, store) = good();
        server.state().whims.extend([whim, whim]);
        let created = store.create("jobs/a", Bytes::from_static(b"one")).unwrap();
        assert_eq!(created, Creation::Created, "{whim:?}");
        assert_eq!(server.state().puts[KEY], 3, "{whim:?}");
    }
}

#[test]
fn a_create_that_did_not_arrive_is_sent_again() {
    for whim in [
        Whim::LoseRequest,
        Whim::Refuse(503),
        Whim::Refuse(429),
        Whim::Refuse(409),
    ] {
        let (server, store) = good();
        server.state().whims.push_back(whim);
        let created = store.create("jobs/a", Bytes::from_static(b"one")).unwrap();
        assert_eq!(created, Creation::Created, "{whim:?}");
        assert_eq!(server.state().puts[KEY], 2, "{whim:?}");
    }
}

/// A conflict (409) says that another request is under way, not what became of it.
#[test]
fn a_conflict_is_decided_by_the_server() {
    let (server, mine) = good();
    let theirs = store(&server);
    let created = theirs
        .create("jobs/a", Bytes::from_static(b"theirs"))
        .unwrap();
    assert_eq!(created, Creation::Created);
    server.state().whims.push_back(Whim::Refuse(409));
    let late = mine.create("jobs/a", Bytes::from_static(b"mine")).unwrap();
    assert_eq!(late, Creation::AlreadyThere);
    assert_eq!(mine.get("jobs/a").unwrap().unwrap(), "theirs");
}

#[test]
fn a_conflict_that_lasts_is_no_blob() {
    let (server, store) = good();
    server.state().whims.extend([Whim::Refuse(409); 4]);
    let created = store.create("jobs/a", Bytes::from_static(b"one")).unwrap();
    assert_eq!(created, Creation::Created);
}

/// Two processes that claim the same partitions write the same bytes; one of them owns nothing.
#[test]
fn equal_bytes_are_no_proof_of_who_created_them() {
    let bytes = Bytes::from_static(b"epoch 7");
    for whims in [
        vec![],
        vec![Whim::LoseAnswer],
        vec![Whim::DoAndFail, Whim::LoseAnswer],
    ] {
        let (server, mine) = good();
        let theirs = store(&server);
        let created = theirs.create("jobs/a", bytes.clone()).unwrap();
        assert_eq!(created, Creation::Created);
        server.state().whims.extend(whims.clone());
        let late = mine.create("jobs/a", bytes.clone()).unwrap();
        assert_eq!(late, Creation::AlreadyThere, "{whims:?}");
    }
}

/// Many writers of the same bytes, of whose answers most are lost: each blob has one creator.
#[test]
fn of_many_writers_one_creates_whatever_is_lost() {
    let server = Server::start(Kind::default());
    let stores: Vec<_> = (0..6).map(|_| store(&server)).collect();
    for blob in 0..40 {
        let whims = (0..6).map(|n| WHIMS[(blob * 7 + n * (blob + 3)) % 4]);
        server.state().whims = whims.take(blob % 7).collect();
        let path = format!("jobs/{blob}");
        let created = std::thread::scope(|scope| {
            let threads: Vec<_> = (stores.iter())
                .map(|store| {
                    scope.spawn(|| store.create(&path, Bytes::from_static(b"same")).unwrap())
                })
                .collect();
            let all = threads.into_iter().map(|thread| thread.join().unwrap());
            all.filter(|creation| *creation == Creation::Created)
                .count()
        });
        assert_eq!(created, 1, "{path}");
    }
}

/// Rivals read the same manifest and write the same next one, byte for byte. If one of them took
/// another's for its own, both would hold an epoch, and no fence would keep them apart.
#[test]
fn of_rivals_that_claim_at_once_no_two_hold_an_epoch() {
    let server = Server::start(Kind::default());
    let jobs: Vec<JobStore> = (0..4)
        .map(|seed| {
            let names = Arc::new(Seeded::new(seed));
            let store = Store::with(Arc::new(store(&server)), names);
            store.job("clicks").unwrap()
        })
        .collect();
    let new = NewGeneration {
        view: "clicks".into(),
        fingerprint: Fingerprint("logic".into()),
        sql: String::new(),
        origin: OffsetVector::default(),
        again: false,
    };
    let (generation, _) = jobs[0].create_generation(&new).unwrap();
    let place = TopicPartition::new("clicks", 0);
    let start = Barrier::new(jobs.len());
    let mut epochs = BTreeSet::new();
    for round in 0..25 {
        let whims = (0..5).map(|n| WHIMS[(round * 5 + n * (round + 2)) % 4]);
        server.state().whims = whims.take(round % 6).collect();
        let claims: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (jobs.iter())
                .map(|job| {
                    scope.spawn(|| {
                        start.wait();
                        job.claim(generation, [place.clone()]).unwrap()
                    })
                })
                .collect();
            (threads.into_iter())
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        for claim in claims {
            let epoch = claim.epochs[&place];
            assert!(epochs.insert(epoch), "two rivals hold epoch {epoch:?}");
        }
    }
    assert_eq!(epochs.len(), 100);
}
