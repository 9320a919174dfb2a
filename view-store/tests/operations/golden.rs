//! A store that format 1 wrote, committed: every later version must read it.

use std::path::PathBuf;
use std::sync::Arc;

use view_store::blobs::Blobs;
use view_store::blobs::memory::Memory;
use view_store::manifest::{Epoch, Maker};
use view_store::store::Store;

use crate::fixture::{FIRST, fold, generation, logic, offsets, place, seal, store_on};

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden"]
        .iter()
        .collect()
}

#[test]
fn the_golden_store_reads_as_ever() {
    let store = Store::open(folder().to_str().unwrap()).unwrap();
    assert_eq!(store.jobs().unwrap(), ["clicks"]);
    let job = store.job("clicks").unwrap();
    let snapshot = job.snapshot(None).unwrap();
    assert_eq!(snapshot.offsets, offsets(&[(0, 12), (1, 6)]));
    let made = [
        (Maker::Batch, fold(&[(0, 0, 8), (1, 0, 6)])),
        (Maker::Speed, fold(&[(0, 8, 12)])),
    ];
    assert_eq!(snapshot.segments.len(), made.len());
    for (segment, (maker, partial)) in snapshot.segments.iter().zip(made) {
        assert_eq!(segment.maker, maker);
        assert_eq!(job.read(segment, &logic(1)).unwrap(), partial);
    }
    let manifest = job.manifest().unwrap();
    let live = manifest.live().unwrap();
    assert_eq!(live.pin.as_ref().unwrap().cut, offsets(&[(0, 12), (1, 9)]));
    assert_eq!(live.owners[&place(0)], Epoch(2));
    assert_eq!(
        manifest.marks["savepoint"],
        job.manifest_at(manifest.marks["savepoint"]).unwrap().number
    );
}

/// Run by hand, once a format: `cargo test -p view-store --test operations -- --ignored golden`.
#[test]
#[ignore = "writes the golden store; only for a new format"]
fn write_the_golden_store() {
    let blobs = Arc::new(Memory::default());
    let job = store_on(blobs.clone(), 1).job("clicks").unwrap();
    job.create_generation(&generation(1)).unwrap();
    seal(&job, FIRST, &[(0, 0, 5), (1, 0, 6)]);
    let pin = job.pin(FIRST, offsets(&[(0, 8), (1, 6)])).unwrap();
    job.land(FIRST, &pin, &fold(&[(0, 0, 8), (1, 0, 6)]))
        .unwrap();
    let sealed = seal(&job, FIRST, &[(0, 8, 12)]);
    job.mark("savepoint", sealed.number).unwrap();
    job.pin(FIRST, offsets(&[(0, 12), (1, 9)])).unwrap();
    job.gc(0).unwrap();
    for path in blobs.list("jobs").unwrap() {
        let file = folder().join(&path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, blobs.get(&path).unwrap().unwrap()).unwrap();
    }
}
