#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const NOW: Duration = Duration::ZERO;

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// A reader that keeps the rules, and remembers what it folded and has not handed over.
struct Reader {
    tail: MemoryTail,
    at: OffsetVector,
    revoked: Vec<TopicPartition>,
}

/// What all readers have in common: where each partition stands, as a manifest would say.
#[derive(Default)]
struct World {
    manifest: OffsetVector,
    seen: BTreeMap<TopicPartition, Vec<u64>>,
}

impl Reader {
    /// One poll; what is folded is written down at once.
    fn step(&mut self, world: &mut World) {
        for event in self.tail.poll(NOW).unwrap() {
            match event {
                TailEvent::Assigned(places) => {
                    let from = places
                        .iter()
                        .map(|place| (place.clone(), world.manifest.get(place)));
                    let from = OffsetVector(from.collect());
                    self.tail.start(&from).unwrap();
                    self.at = self.at.max(&from);
                }
                TailEvent::Records(chunk) => {
                    assert_eq!(self.at.get(&chunk.place), chunk.start, "chunks tile");
                    assert_eq!(world.manifest.get(&chunk.place), chunk.start, "one owner");
                    let offsets = (0..chunk.rows()).map(|row| chunk.offset(row).0);
                    world
                        .seen
                        .entry(chunk.place.clone())
                        .or_default()
                        .extend(offsets);
                    self.at.set(chunk.place.clone(), chunk.next);
                    world.manifest.set(chunk.place.clone(), chunk.next);
                }
                TailEvent::Revoked(places) => self.revoked.extend(places),
                TailEvent::Lost(places) => {
                    let kept = |place: &&TopicPartition| !places.contains(place);
                    self.revoked = self.revoked.iter().filter(kept).cloned().collect();
                    self.at.0.retain(|place, _| !places.contains(place));
                }
                TailEvent::Waiting { .. } | TailEvent::Recovered => {}
            }
        }
    }

    fn release(&mut self) {
        let places = std::mem::take(&mut self.revoked);
        self.tail.release(&places).unwrap();
        self.at.0.retain(|place, _| !places.contains(place));
    }
}

#[derive(Clone, Debug)]
enum Step {
    Join,
    Leave(usize),
    Expire(usize),
    Poll(usize),
    Release(usize),
    Append(u32, u8),
    Skip(u32, u8),
    Add,
    BreakOff,
    ComeBack,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        1 => Just(Step::Join),
        1 => (0..4_usize).prop_map(Step::Leave),
        1 => (0..4_usize).prop_map(Step::Expire),
        8 => (0..4_usize).prop_map(Step::Poll),
        4 => (0..4_usize).prop_map(Step::Release),
        6 => (0..6_u32, 1..9_u8).prop_map(|(place, rows)| Step::Append(place, rows)),
        1 => (0..6_u32, 1..4_u8).prop_map(|(place, offsets)| Step::Skip(place, offsets)),
        1 => Just(Step::Add),
        1 => Just(Step::BreakOff),
        2 => Just(Step::ComeBack),
    ]
}

proptest! {
    /// However members come, go and sleep, whoever keeps the rules sees each record once, and in
    /// the end everybody has an equal share of the partitions.
    #[test]
    fn each_record_is_seen_once(steps in prop::collection::vec(step(), 1..200)) {
        let log = Arc::new(MemoryLog::new((0..3).map(place)));
        let group = MemoryGroup::new(Arc::clone(&log));
        let (mut world, mut readers, mut count) = (World::default(), Vec::<Reader>::new(), 3);
        let mut all: BTreeMap<TopicPartition, Vec<u64>> = BTreeMap::new();
        let join = || Reader {
            tail: group.join(3),
            at: OffsetVector::default(),
            revoked: Vec::new(),
        };
        for step in steps {
            match step {
                Step::Join if readers.len() < 4 => readers.push(join()),
                Step::Leave(n) if n < readers.len() => drop(readers.remove(n)),
                Step::Expire(n) if n < readers.len() => group.expire(&readers[n].tail),
                Step::Poll(n) if n < readers.len() => readers[n].step(&mut world),
                Step::Release(n) if n < readers.len() => readers[n].release(),
                Step::Append(n, rows) if n < count => {
                    let values = arrow::array::BinaryArray::from_iter_values(vec![b"{}"; rows.into()]);
                    let nothing = arrow::array::BinaryArray::new_null(rows.into());
                    let raw = shared_logic::chunk::Raw { keys: nothing.clone(), values, headers: nothing };
                    let range = log.append(&place(n), Payload::Raw(raw), None).unwrap();
                    all.entry(place(n)).or_default().extend(range.start.0..range.end.0);
                }
                Step::Skip(n, offsets) if n < count => log.skip(&place(n), offsets.into()),
                Step::Add if count < 6 => {
                    log.skip(&place(count), 0);
                    count += 1;
                }
                Step::BreakOff => group.break_off("down"),
                Step::ComeBack => group.come_back(),
                _ => {}
            }
        }
        group.come_back();
        readers.push(join());
        for _ in 0..200 {
            for reader in &mut readers {
                reader.step(&mut world);
                reader.release();
            }
        }
        world.seen.retain(|_, offsets| !offsets.is_empty());
        prop_assert_eq!(&world.seen, &all);
        prop_assert!(world.manifest.reaches(&log.end().unwrap()));
        let shares: Vec<usize> = readers.iter().map(|reader| reader.at.0.len()).collect();
        prop_assert_eq!(shares.iter().sum::<usize>(), count as usize);
        let least = shares.iter().min().unwrap();
        prop_assert!(shares.iter().all(|share| share - least <= 1), "{:?}", shares);
    }
}

#[test]
fn a_member_that_slept_hears_of_it_and_owns_nothing() {
    let log = Arc::new(MemoryLog::new((0..4).map(place)));
    let group = MemoryGroup::new(log);
    let (mut one, mut two) = (group.join(10), group.join(10));
    let assigned = |events: Vec<TailEvent>| -> BTreeSet<TopicPartition> {
        let places = events.into_iter().filter_map(|event| match event {
            TailEvent::Assigned(places) => Some(places),
            _ => None,
        });
        places.flatten().collect()
    };
    assert_eq!(assigned(one.poll(NOW).unwrap()).len(), 4);
    group.expire(&one);
    assert_eq!(assigned(two.poll(NOW).unwrap()).len(), 4);
    // It does not know yet, as in Kafka.
    one.start(&OffsetVector([(place(0), Offset(0))].into()))
        .unwrap();
    let news = one.poll(NOW).unwrap();
    assert!(
        matches!(&news[..], [TailEvent::Lost(places)] if places.len() == 4),
        "{news:?}"
    );
}

#[test]
fn a_start_is_whole_and_within_the_log() {
    let log = Arc::new(MemoryLog::raw([
        (place(0), vec![Some("{}"); 9]),
        (place(1), vec![]),
    ]));
    log.expire(&place(0), Offset(4));
    let group = MemoryGroup::new(log);
    let mut tail = group.join(10);
    tail.poll(NOW).unwrap();
    let mut refused = |offsets: &[(u32, u64)]| {
        let from = offsets.iter().map(|(n, at)| (place(*n), Offset(*at)));
        tail.start(&OffsetVector(from.collect())).unwrap_err()
    };
    assert!(
        refused(&[(0, 4)])
            .to_string()
            .starts_with("t/1 was assigned and is not started")
    );
    assert!(matches!(refused(&[(0, 3), (1, 0)]), LogError::Lost { .. }));
    assert!(matches!(
        refused(&[(0, 4), (1, 1)]),
        LogError::Recreated { .. }
    ));
    assert!(
        refused(&[(0, 4), (1, 0), (2, 0)])
            .to_string()
            .contains("not assigned")
    );
}
