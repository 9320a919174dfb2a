//! Power loss, at every moment of a store's life and with every loss that a disk may make of it.
//!
//! The system calls of the commands that archive, land, seal, swap and collect are recorded with
//! `strace`. For each moment between two of them, every disk that a power loss could leave is built
//! with what was not yet synced dropped, in whole or in part. On each of them the store must open,
//! whole and true, with all that had been reported as done; and the command that was interrupted,
//! run again, must reach its end. A second test leaves out one sync after the other and must see
//! some disk go wrong: so no sync is there for nothing, and the first test sees what it should.
//!
//! The method is that of Pillai and others, "All File Systems Are Not Created Equal", OSDI 2014.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

mod disk;
mod story;
mod trace;
mod verdict;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};
use std::thread;

use disk::{Op, Tree};
use story::{Life, Story};

/// The one recording, from which all tests work.
fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(Story::record)
}

/// What happens when a process is killed after a change of a folder, just before it syncs that, and
/// is run again: the operation where it was killed, and the life that it led to.
fn killed() -> &'static [(usize, Life)] {
    static KILLED: OnceLock<Vec<(usize, Life)>> = OnceLock::new();
    KILLED.get_or_init(|| {
        let lives = Mutex::new(Vec::new());
        let disk = &story().life().disk;
        let mut kills = syncs(story().life(), 0);
        kills.retain(|at| disk.syncs_folder(*at) && disk.synced(at - 1).is_none());
        in_parallel(&kills, |kill| {
            let second = story().killed(*kill);
            lives.lock().unwrap().push((*kill, second));
        });
        lives.into_inner().unwrap()
    })
}

/// Calls `each` with every item, on all cores.
fn in_parallel<T: Sync>(items: &[T], each: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                    each(item);
                }
            });
        }
    });
}

/// All disks that a power loss at operation `from` or later may leave, each with the number of
/// commands that had reported success, and the first operation that is lost.
fn disks(life: &Life, from: usize) -> Vec<((Tree, usize), usize)> {
    let mut disks = BTreeMap::new();
    for at in from..=life.disk.ops.len() {
        for tree in life.disk.after_power_loss(at, None) {
            disks.entry((tree, life.disk.done_before(at))).or_insert(at);
        }
    }
    disks.into_iter().collect()
}

#[test]
fn no_power_loss_leaves_a_wrong_store() {
    let (story, life) = (story(), story().life());
    let disks = disks(life, 0);
    println!(
        "{} operations may leave {} disks",
        life.disk.ops.len(),
        disks.len()
    );
    assert!(
        disks.len() > 300,
        "only {} disks: the recording is not what it was",
        disks.len()
    );
    in_parallel(&disks, |((tree, done), at)| {
        let seen = story.look(life, tree, *done);
        if let Err(wrong) = seen.and_then(|world| story.again(*done, world.path())) {
            panic!("power lost before {}: {wrong}\n{tree:#?}", life.name(*at));
        }
    });
}

/// A process that is killed before a sync leaves what the next one sees and no disk yet holds.
#[test]
fn no_power_loss_after_a_kill_leaves_a_wrong_store() {
    let (story, life) = (story(), story().life());
    let wrong = Mutex::new(BTreeSet::new());
    in_parallel(killed(), |(kill, second)| {
        for ((tree, done), at) in disks(second, *kill) {
            if let Err(error) = story.look(second, &tree, done) {
                let (kill, at) = (life.name(*kill), second.name(at));
                wrong.lock().unwrap().insert(format!(
                    "killed before {kill}, power lost before {at}: {error}"
                ));
                break;
            }
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(
        wrong.is_empty(),
        "{}",
        wrong.into_iter().collect::<Vec<_>>().join("\n")
    );
}

/// Folders whose syncs do not all show in a life here, each with the reason.
const FOR_OTHERS: &[(&str, &str)] = &[
    (
        "store/jobs/totals",
        "it is synced when it is found and again before the first segment, as a process at the same \
         time may have made the folder of segments; each makes up for the other",
    ),
    (
        "store/jobs/totals/segments",
        "gc lists the folder to delete from it; listing syncs whatever it is for",
    ),
];

/// Most are needed by a store that nobody kills. The first sync of a folder in a process is also
/// for what a process before it left when it was killed; then it must be needed there.
#[test]
fn no_sync_can_be_left_out() {
    let (story, life) = (story(), story().life());
    let idle = Mutex::new(BTreeSet::new());
    in_parallel(&syncs(life, 0), |sync| {
        if !needed(story, life, *sync) {
            idle.lock().unwrap().insert(*sync);
        }
    });
    let mut idle = idle.into_inner().unwrap();
    println!(
        "{} syncs, {} of them not needed unless a process is killed",
        syncs(life, 0).len(),
        idle.len()
    );
    let found = Mutex::new(HashSet::new());
    if idle.iter().any(|sync| is_first(life, *sync, 0)) {
        in_parallel(killed(), |(kill, second)| {
            let syncs = syncs(second, *kill).into_iter();
            for sync in syncs.filter(|sync| is_first(second, *sync, *kill)) {
                let path = &second.disk.paths[sync];
                if !found.lock().unwrap().contains(path) && needed(story, second, sync) {
                    found.lock().unwrap().insert(path.clone());
                }
            }
        });
    }
    let found = found.into_inner().unwrap();
    idle.retain(|sync| !(is_first(life, *sync, 0) && found.contains(&life.disk.paths[*sync])));
    let for_others = |sync: &usize| {
        let path = &life.disk.paths[*sync];
        FOR_OTHERS.iter().any(|(folder, _)| folder == path)
    };
    idle.retain(|sync| !for_others(sync));
    let names: Vec<String> = idle.iter().map(|sync| life.name(*sync)).collect();
    assert!(
        idle.is_empty(),
        "nothing goes wrong without these:\n{}",
        names.join("\n")
    );
}

/// The syncs of a life from an operation on.
fn syncs(life: &Life, from: usize) -> Vec<usize> {
    (from..life.disk.ops.len())
        .filter(|at| life.disk.synced(*at).is_some())
        .collect()
}

/// Whether the process had not synced the same before; it began at `from` or at the last report.
fn is_first(life: &Life, sync: usize, from: usize) -> bool {
    let disk = &life.disk;
    let mut ops = (from..sync)
        .rev()
        .take_while(|at| !matches!(disk.ops[*at], Op::Done));
    ops.all(|at| disk.synced(at) != disk.synced(sync))
}

/// Whether without the sync some power loss leaves a wrong store. Only until the same file or
/// folder is synced again can anything be different.
fn needed(story: &Story, life: &Life, sync: usize) -> bool {
    let disk = &life.disk;
    let end = disk.ops.len();
    let again = (sync + 1..end).find(|at| disk.synced(*at) == disk.synced(sync));
    let mut seen = BTreeSet::new();
    (sync + 1..=again.unwrap_or(end)).any(|at| {
        let done = disk.done_before(at);
        let with = disk.after_power_loss(at, None);
        disk.after_power_loss(at, Some(sync))
            .into_iter()
            .any(|tree| {
                !with.contains(&tree)
                    && seen.insert((tree.clone(), done))
                    && story.look(life, &tree, done).is_err()
            })
    })
}
