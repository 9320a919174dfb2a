//! Who falls asleep in the middle of an operation while rivals work and collect garbage: each tale
//! once as it ends, and once without the rule that makes it end so.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use view_store::blobs::memory::Memory;
use view_store::blobs::{BlobError, Blobs, Creation};
use view_store::error::{Error, Refusal, Stale};
use view_store::job::JobStore;
use view_store::job::generations::Behind;
use view_store::manifest::{Epoch, GenerationId, ManifestNumber};
use view_store::rule::Rule;

use crate::fixture::{FIRST, fold, generation, logic, place, store_on};

/// The call of a manifest before which the sleeper falls asleep.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Before {
    Get,
    Create,
}

type Dream = (Before, Box<dyn FnOnce() + Send>);

/// Blobs that let something happen, once, before a call.
#[derive(Default)]
struct Bed {
    blobs: Memory,
    dream: Mutex<Option<Dream>>,
}

impl Bed {
    fn reached(&self, call: Before, path: &str) {
        let due = (self.dream.lock().unwrap())
            .take_if(|(before, _)| *before == call && path.ends_with(".json"));
        due.into_iter().for_each(|(_, happens)| happens());
    }
}

impl Blobs for Bed {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        self.blobs.list(folder)
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        self.reached(Before::Get, path);
        self.blobs.get(path)
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        self.reached(Before::Create, path);
        self.blobs.create(path, bytes)
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        self.blobs.delete(path)
    }
}

/// A job with one generation as two processes see it; only the first can fall asleep.
struct Tale {
    bed: Arc<Bed>,
    sleeper: JobStore,
    rival: JobStore,
}

fn tale(without: &[Rule]) -> Tale {
    let bed = Arc::new(Bed::default());
    let sleeper = store_on(bed.clone(), 1).without(without);
    let sleeper = sleeper.job("clicks").unwrap();
    sleeper.create_generation(&generation(1)).unwrap();
    let rival = store_on(bed.clone(), 2).job("clicks").unwrap();
    Tale {
        bed,
        sleeper,
        rival,
    }
}

impl Tale {
    /// Before its next `call` the sleeper falls asleep, and meanwhile `happens`.
    fn asleep(&self, call: Before, happens: impl FnOnce(&JobStore) + Send + 'static) {
        let rival = self.rival.clone();
        let happens = Box::new(move || happens(&rival));
        *self.bed.dream.lock().unwrap() = Some((call, happens));
    }
}

/// Two edits, then gc: manifests 1 and 2 are deleted, 3 is the floor and 4 the newest.
fn work_and_collect(rival: &JobStore) {
    rival.claim(FIRST, [place(0)]).unwrap();
    rival.claim(FIRST, [place(0)]).unwrap();
    assert_eq!(rival.gc(0).unwrap().manifests.len(), 2);
}

#[test]
fn a_segment_that_gc_deleted_before_it_was_named_is_written_again() {
    let sealed = |without: &[Rule]| {
        let tale = tale(without);
        let own = tale.sleeper.claim(FIRST, [place(0)]).unwrap();
        tale.asleep(Before::Create, |rival| {
            rival.claim(FIRST, [place(1)]).unwrap();
            assert_eq!(rival.gc(0).unwrap().segments.len(), 1);
        });
        let manifest = tale.sleeper.seal(&own, &fold(&[(0, 0, 5)])).unwrap();
        let segment = &manifest.live().unwrap().segments[0];
        tale.sleeper.read(segment, &logic(1))
    };
    assert_eq!(sealed(&[]).unwrap(), fold(&[(0, 0, 5)]));
    let missing = sealed(&[Rule::Base]).unwrap_err();
    assert!(matches!(missing, Error::Corrupt { .. }), "{missing}");
}

#[test]
fn a_writer_that_fills_a_freed_number_has_failed() {
    let claimed = |without: &[Rule]| {
        let tale = tale(without);
        tale.asleep(Before::Create, work_and_collect);
        let claimed = tale.sleeper.claim(FIRST, [place(0)]);
        let newest = tale.rival.manifest().unwrap();
        assert_eq!(newest.live().unwrap().owners[&place(0)], Epoch(2));
        claimed.map(|own| own.epochs[&place(0)])
    };
    let error = claimed(&[]).unwrap_err();
    let Error::Stale(Stale::Overrun { number, floor }) = error else {
        panic!("{error}");
    };
    assert_eq!((number.0, floor.0), (2, 3));
    let believed = claimed(&[Rule::Confirmed]).unwrap();
    assert_eq!(believed, Epoch(1), "another process holds this epoch, too");
}

/// Fills manifest 1, which gc has deleted, as a sleeper would; it says another view.
fn fill_the_first(bed: &Bed, first: &Bytes) {
    let text = String::from_utf8(first.to_vec()).unwrap();
    let filled = text.replace("clicks_by_user", "filled again");
    let created = bed.blobs.create(FIRST_PATH, filled.into()).unwrap();
    assert_eq!(created, Creation::Created);
}

const FIRST_PATH: &str = "jobs/clicks/manifest/00000000000000000001.json";

#[test]
fn a_reader_does_not_take_a_freed_number_for_the_newest() {
    let seen = |without: &[Rule]| {
        let tale = tale(without);
        let first = tale.bed.blobs.get(FIRST_PATH).unwrap().unwrap();
        let bed = tale.bed.clone();
        tale.asleep(Before::Get, move |rival| {
            work_and_collect(rival);
            fill_the_first(&bed, &first);
        });
        let manifest = tale.sleeper.manifest().unwrap();
        (manifest.number.0, manifest.live().unwrap().view.clone())
    };
    assert_eq!(seen(&[]), (4, "clicks_by_user".into()));
    assert_eq!(seen(&[Rule::ListedAgain]), (1, "filled again".into()));
}

#[test]
fn a_freed_number_is_not_the_past() {
    let past = |without: &[Rule]| {
        let tale = tale(without);
        let first = tale.bed.blobs.get(FIRST_PATH).unwrap().unwrap();
        work_and_collect(&tale.rival);
        fill_the_first(&tale.bed, &first);
        tale.sleeper.manifest_at(ManifestNumber(1))
    };
    let error = past(&[]).unwrap_err();
    assert!(
        matches!(error, Error::Refused(Refusal::NotKept { .. })),
        "{error}"
    );
    let filled = past(&[Rule::Genuine]).unwrap();
    assert_eq!(filled.live().unwrap().view, "filled again");
}

#[test]
fn a_rollback_does_not_undo_a_rivals() {
    let rolled_back = |without: &[Rule]| {
        let tale = tale(without);
        let (second, _) = tale.sleeper.create_generation(&generation(2)).unwrap();
        tale.sleeper.cut_over(second, Behind::Refused).unwrap();
        tale.asleep(Before::Create, |rival| {
            assert_eq!(rival.rollback(Behind::Refused).unwrap().live, FIRST);
        });
        tale.sleeper.rollback(Behind::Refused)
    };
    let error = rolled_back(&[]).unwrap_err();
    assert!(matches!(error, Error::Stale(Stale::Live { .. })), "{error}");
    let undone = rolled_back(&[Rule::SameLive]).unwrap();
    assert_eq!(undone.live, GenerationId(2), "what both wanted to leave");
}
