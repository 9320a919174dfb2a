#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use shared_logic::coverage::{Coverage, Span};
use shared_logic::partial::Counters;

use super::*;
use crate::manifest::tests::golden;
use crate::manifest::{Maker, Pin, PinId, SegmentEntry};

fn place() -> TopicPartition {
    TopicPartition::new("flights", 0)
}

/// The golden manifest after one change, which must be a flaw.
fn flaw(change: impl Fn(&mut Manifest)) -> Flaw {
    let mut manifest = golden();
    manifest.check().unwrap();
    change(&mut manifest);
    manifest.check().unwrap_err()
}

fn first(manifest: &mut Manifest) -> &mut Generation {
    manifest.generations.get_mut(&GenerationId(1)).unwrap()
}

fn span(manifest: &mut Manifest, segment: usize) -> &mut Span {
    let coverage = &mut first(manifest).segments[segment].coverage;
    coverage.0.get_mut(&place()).unwrap()
}

#[test]
fn the_live_and_the_previous_generation_must_exist() {
    for change in [
        (|m| m.live = GenerationId(9)) as fn(&mut Manifest),
        |m| m.previous = Some(GenerationId(9)),
        |m| m.previous = Some(m.live),
    ] {
        assert!(matches!(flaw(change), Flaw::Swap { .. }));
    }
    let not_given = flaw(|m| m.next_generation = GenerationId(2));
    assert_eq!(not_given, Flaw::Number(GenerationId(2)));
}

#[test]
fn a_hole_an_overlap_and_a_broken_chain_are_flaws() {
    for change in [
        (|m| {
            span(m, 1).start = Offset(5);
            span(m, 1).records = 1;
        }) as fn(&mut Manifest),
        |m| {
            span(m, 1).start = Offset(3);
            first(m).pin = None;
        },
        |m| span(m, 1).watermark_before = None,
    ] {
        assert!(matches!(flaw(change), Flaw::Tile { .. }));
    }
}

#[test]
fn the_segments_end_where_the_generation_stands() {
    let short = flaw(|m| first(m).next.set(place(), Offset(99)));
    assert!(matches!(short, Flaw::Ends { .. }));
    let elsewhere = flaw(|m| {
        first(m)
            .next
            .set(TopicPartition::new("flights", 7), Offset(1))
    });
    assert!(matches!(elsewhere, Flaw::Ends { .. }));
    let late = flaw(|m| {
        first(m).origin.set(place(), Offset(1));
        first(m).pin = None;
    });
    assert!(matches!(late, Flaw::Ends { .. }));
}

#[test]
fn a_span_has_offsets_and_no_more_records_than_offsets() {
    for change in [(|m| span(m, 1).records = 9) as fn(&mut Manifest), |m| {
        span(m, 1).next = Offset(4)
    }] {
        assert!(matches!(flaw(change), Flaw::Span { .. }));
    }
}

#[test]
fn nothing_straddles_the_pin() {
    let pin = |cut: u64| {
        move |m: &mut Manifest| {
            first(m).pin = Some(Pin {
                id: PinId("p".into()),
                cut: OffsetVector([(place(), Offset(cut))].into()),
            });
        }
    };
    assert!(matches!(flaw(pin(3)), Flaw::Pin { .. }));
    assert!(matches!(flaw(pin(5)), Flaw::Pin { .. }));
}

#[test]
fn a_path_is_this_jobs_once_and_says_the_base() {
    for change in [
        (|m| first(m).segments[0].path = "jobs/other/segments/x.parquet".into())
            as fn(&mut Manifest),
        |m| first(m).segments[0].base = ManifestNumber(1),
        |m| first(m).segments[1].path = first(m).segments[0].path.clone(),
    ] {
        assert!(matches!(flaw(change), Flaw::Path(_)));
    }
}

#[test]
fn floor_marks_and_bases_are_older_manifests() {
    for change in [
        (|m| m.floor = ManifestNumber(8)) as fn(&mut Manifest),
        |m| {
            m.marks.insert("sink".into(), ManifestNumber(1));
        },
        |m| {
            m.marks.insert("sink".into(), ManifestNumber(8));
        },
        |m| m.number = ManifestNumber(5),
    ] {
        assert!(matches!(flaw(change), Flaw::Floor { .. }));
    }
}

#[test]
fn a_generation_without_segments_is_fine() {
    let mut manifest = golden();
    let segments: Vec<SegmentEntry> = std::mem::take(&mut first(&mut manifest).segments);
    assert_eq!(segments[0].maker, Maker::Batch);
    assert_eq!(
        segments[0].counters,
        Counters {
            rejected: 1,
            filtered: 0,
            late: 0,
        }
    );
    assert_ne!(segments[0].coverage, Coverage::default());
    first(&mut manifest).next = OffsetVector::default();
    first(&mut manifest).pin = None;
    manifest.check().unwrap();
}
