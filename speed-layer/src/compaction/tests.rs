use proptest::prelude::*;
use shared_logic::coverage::Coverage;
use view_store::manifest::{Checksum, Maker, ManifestNumber, PinId};

use super::*;

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

/// A segment of these spans with a row an offset.
fn segment(coverage: Coverage) -> SegmentEntry {
    let rows = coverage.records();
    SegmentEntry {
        path: String::new(),
        base: ManifestNumber(0),
        maker: Maker::Speed,
        coverage,
        counters: Default::default(),
        rows,
        bytes: 100 * rows,
        checksum: Checksum {
            row_groups: vec![],
            footer: 0,
        },
    }
}

/// Checkpoints one after the other, each of the partitions that had records: how many each had.
fn sealed(checkpoints: &[Vec<u64>]) -> Vec<SegmentEntry> {
    let mut next = BTreeMap::new();
    let mut sealed = vec![];
    for records in checkpoints {
        let mut coverage = Coverage::default();
        for (partition, records) in (0_u32..).zip(records).filter(|(_, records)| **records > 0) {
            let start: &mut u64 = next.entry(partition).or_default();
            let span = Span {
                start: Offset(*start),
                next: Offset(*start + records),
                records: *records,
                watermark_before: None,
                watermark_after: None,
                last: None,
            };
            coverage.0.insert(place(partition), span);
            *start += records;
        }
        if !coverage.0.is_empty() {
            sealed.push(segment(coverage));
        }
    }
    sealed
}

/// Seals one after the other, and merges after each until nothing is worth it.
fn compacted(
    segments: &[SegmentEntry],
    pin: Option<&Pin>,
    owned: impl Fn(&TopicPartition) -> bool,
) -> Vec<SegmentEntry> {
    let mut kept: Vec<SegmentEntry> = vec![];
    for sealed in segments {
        kept.push(sealed.clone());
        loop {
            let chosen = choose(&kept, pin, &owned);
            if chosen.is_empty() {
                break;
            }
            assert!(chosen.len() >= WIDTH);
            assert!(
                chosen
                    .iter()
                    .all(|entry| entry.coverage.0.keys().all(&owned))
            );
            // Fails where they overlap or leave a hole.
            let union = covered(chosen.iter().copied());
            assert!(pin.is_none_or(|pin| Side::of(&union, &pin.cut) != Side::Straddles));
            let gone: Vec<_> = chosen.into_iter().cloned().collect();
            kept.retain(|entry| !gone.contains(entry));
            kept.push(segment(union));
        }
    }
    kept
}

fn covered<'s>(segments: impl IntoIterator<Item = &'s SegmentEntry>) -> Coverage {
    Coverage::union(segments.into_iter().map(|segment| &segment.coverage)).unwrap()
}

#[test]
fn their_number_grows_with_the_logarithm() {
    let all = sealed(&vec![vec![10; 4]; 1000]);
    let kept = compacted(&all, None, |_| true);
    assert!(kept.len() <= 4 * WIDTH, "{}", kept.len());
    assert_eq!(covered(&kept), covered(&all));
}

#[test]
fn so_it_does_where_each_checkpoint_has_records_of_other_partitions() {
    let checkpoint = |n: u64| {
        let has = |partition: u64| u64::from(!(n * 7 + partition * 5).is_multiple_of(3));
        (0..6).map(|partition| 10 * has(partition)).collect()
    };
    let checkpoints: Vec<Vec<u64>> = (0..1000).map(checkpoint).collect();
    let all = sealed(&checkpoints);
    let kept = compacted(&all, None, |_| true);
    assert!(kept.len() <= 4 * WIDTH, "{}", kept.len());
    assert_eq!(covered(&kept), covered(&all));
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    /// What is chosen tiles, is owned and beside the pin; and little is left where all is owned.
    #[test]
    fn what_is_chosen_can_be_one_segment(
        checkpoints in prop::collection::vec(prop::collection::vec(0..9_u64, 5), 0..120),
        cut in prop::option::of(0..120_usize),
        foreign in prop::option::of(0..5_u32),
    ) {
        let all = sealed(&checkpoints);
        let pin = cut.map(|cut| Pin {
            id: PinId("p".into()),
            cut: covered(all.iter().take(cut)).next(),
        });
        let owned = |place: &TopicPartition| Some(place.partition.0) != foreign;
        let kept = compacted(&all, pin.as_ref(), owned);
        prop_assert_eq!(covered(&kept), covered(&all));
        if cut.is_none() && foreign.is_none() {
            prop_assert!(kept.len() <= 4 * WIDTH, "{}", kept.len());
        }
    }
}
