#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use proptest::prelude::*;

use super::*;
use crate::time::EventTime;

fn place(partition: u32) -> TopicPartition {
    TopicPartition::new("t", partition)
}

fn vector(offsets: &[(u32, u64)]) -> OffsetVector {
    let offsets = offsets.iter();
    OffsetVector(
        offsets
            .map(|(at, next)| (place(*at), Offset(*next)))
            .collect(),
    )
}

fn at(time: i64) -> Option<Watermark> {
    Some(Watermark(EventTime(time)))
}

/// A span whose watermarks are its ends.
fn span(start: u64, next: u64) -> Span {
    Span {
        start: Offset(start),
        next: Offset(next),
        records: next - start,
        watermark_before: at(start as i64),
        watermark_after: at(next as i64),
        last: None,
    }
}

fn coverage(spans: &[(u32, Span)]) -> Coverage {
    Coverage(spans.iter().map(|(at, span)| (place(*at), *span)).collect())
}

#[test]
fn a_partition_that_is_not_named_stands_at_zero() {
    let mut here = vector(&[(0, 3)]);
    assert_eq!(here.get(&place(0)), Offset(3));
    assert_eq!(here.get(&place(1)), Offset(0));
    here.set(place(1), Offset(5));
    assert_eq!(here, vector(&[(0, 3), (1, 5)]));
    here.set(place(1), Offset(2));
    assert_eq!(here.to_string(), "t/0:3,t/1:2");
    assert_eq!(vector(&[]).to_string(), "");
}

#[test]
fn a_topic_has_its_part_of_a_vector() {
    let mut here = vector(&[(0, 3), (1, 5)]);
    here.set(TopicPartition::new("u", 0), Offset(7));
    assert_eq!(here.of(&Topic::new("t")), vector(&[(0, 3), (1, 5)]));
    assert_eq!(here.of(&Topic::new("none")), vector(&[]));
}

#[test]
fn vectors_are_compared_partition_by_partition() {
    let (low, high) = (vector(&[(0, 3), (1, 5)]), vector(&[(0, 4), (1, 5), (2, 0)]));
    assert_eq!(low.behind(&high).collect::<Vec<_>>(), [&place(0)]);
    assert_eq!(high.behind(&low).count(), 0);
    assert!(high.reaches(&low) && high.reaches(&high) && !low.reaches(&high));
    let other = vector(&[(0, 9), (3, 1)]);
    let both = vector(&[(0, 9), (1, 5), (2, 0), (3, 1)]);
    assert_eq!(high.max(&other), both);
    assert_eq!(other.max(&high), both);
}

#[test]
fn spans_join_where_one_follows_on_the_other() {
    let (first, second) = (span(2, 5), span(5, 9));
    let whole = span(2, 9);
    assert_eq!(first.join(&second, &place(0)), Ok(whole));
    assert_eq!(second.join(&first, &place(0)), Ok(whole));
}

#[test]
fn an_empty_span_joins_its_neighbour_on_both_sides() {
    for empty in [span(2, 2), span(5, 5)] {
        assert_eq!(span(2, 5).join(&empty, &place(0)), Ok(span(2, 5)));
        assert_eq!(empty.join(&span(2, 5), &place(0)), Ok(span(2, 5)));
        assert_eq!(empty.join(&empty, &place(0)), Ok(empty));
    }
}

#[test]
fn overlaps_and_holes_name_their_offsets() {
    let place = || place(7);
    let overlap = |start, next| {
        let (start, next) = (Offset(start), Offset(next));
        Err(CoverageError::Overlap {
            place: place(),
            start,
            next,
        })
    };
    let join = |one: Span, other: Span| {
        let joined = one.join(&other, &place());
        assert_eq!(joined, other.join(&one, &place()));
        joined
    };
    assert_eq!(join(span(2, 5), span(4, 9)), overlap(4, 5));
    assert_eq!(join(span(2, 9), span(3, 4)), overlap(3, 4));
    assert_eq!(join(span(2, 5), span(2, 5)), overlap(2, 5));
    assert_eq!(join(span(2, 5), span(2, 9)), overlap(2, 5));
    let (start, next) = (Offset(5), Offset(6));
    let hole = CoverageError::Hole {
        place: place(),
        start,
        next,
    };
    assert_eq!(join(span(2, 5), span(6, 9)), Err(hole));
    let error = span(2, 5)
        .join(&span(4, 9), &place())
        .unwrap_err()
        .to_string();
    assert_eq!(
        error,
        "both sides cover t/7 from offset 4 to 5: merging would count these records twice"
    );
}

#[test]
fn a_watermark_chain_that_does_not_meet_is_a_changed_prefix() {
    let (first, second) = (span(2, 5), span(5, 9));
    let other = Span {
        watermark_before: None,
        ..second
    };
    let error = first.join(&other, &place(0)).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at t/0 offset 5 the earlier side ends with watermark 1970-01-01T00:00:00.000005Z, \
         the later one began with none: the log's prefix has changed, recompute one side"
    );
    assert_eq!(other.join(&first, &place(0)), Err(error));
}

#[test]
fn a_span_that_was_folded_alone_follows_on_what_was_before() {
    let alone = Span {
        watermark_before: None,
        ..span(5, 9)
    };
    let later = alone.following(at(3));
    assert_eq!(
        (later.watermark_before, later.watermark_after),
        (at(3), at(9))
    );
    let behind = alone.following(at(50));
    assert_eq!(
        (behind.watermark_before, behind.watermark_after),
        (at(50), at(50))
    );
    let (start, next, records) = (behind.start, behind.next, behind.records);
    assert_eq!((start, next, records), (Offset(5), Offset(9), 4));
}

#[test]
fn coverage_joins_partition_by_partition() {
    let low = coverage(&[(0, span(0, 4)), (1, span(3, 5))]);
    let high = coverage(&[(0, span(4, 9)), (2, span(7, 8))]);
    let both = coverage(&[(0, span(0, 9)), (1, span(3, 5)), (2, span(7, 8))]);
    assert_eq!(low.join(&high), Ok(both.clone()));
    assert_eq!(high.join(&low), Ok(both.clone()));
    assert_eq!(both.start(), vector(&[(0, 0), (1, 3), (2, 7)]));
    assert_eq!(both.next(), vector(&[(0, 9), (1, 5), (2, 8)]));
    assert_eq!(both.records(), 12);
    assert!(low.join(&low).is_err());
}

#[test]
fn records_that_are_read_extend_what_is_covered() {
    let mut here = Coverage::default();
    let mut read = |range: std::ops::Range<u64>, latest| {
        let chunk = Chunk {
            next: Offset(range.end),
            ..Chunk::raw(place(0), Offset(range.start), ["a", "b"])
        };
        here.read(&chunk, latest).map(|()| here.0[&place(0)])
    };
    let first = read(3..6, None).unwrap();
    assert_eq!(
        (first.start, first.next, first.records),
        (Offset(3), Offset(6), 2)
    );
    assert_eq!(
        (first.watermark_before, first.watermark_after),
        (None, None)
    );
    let second = read(6..8, at(4)).unwrap();
    assert_eq!(
        (second.start, second.next, second.records),
        (Offset(3), Offset(8), 4)
    );
    assert_eq!(
        (second.watermark_before, second.watermark_after),
        (None, at(4))
    );
    let third = read(8..8, at(1)).unwrap();
    assert_eq!((third.next, third.watermark_after), (Offset(8), at(4)));
    assert!(matches!(
        read(7..9, None),
        Err(CoverageError::Overlap { .. })
    ));
    assert!(matches!(read(9..10, None), Err(CoverageError::Hole { .. })));
    assert_eq!(read(8..9, at(9)).unwrap().watermark_after, at(9));
}

proptest! {
    #[test]
    fn pieces_in_any_order_are_their_union(
        mut cuts in proptest::collection::btree_set(1..40_u64, 0..6),
        order in proptest::collection::vec(any::<prop::sample::Index>(), 8),
        drop in any::<prop::sample::Index>(),
    ) {
        cuts.extend([0, 40]);
        let cuts: Vec<u64> = cuts.into_iter().collect();
        let mut pieces: Vec<Coverage> = (cuts.windows(2).enumerate())
            .map(|(n, cut)| coverage(&[(0, span(cut[0], cut[1])), (1 + n as u32, span(0, 1))]))
            .collect();
        for at in order {
            let piece = pieces.remove(at.index(pieces.len()));
            pieces.push(piece);
        }
        let union = Coverage::union(&pieces).unwrap();
        prop_assert_eq!(union.0[&place(0)], span(0, 40));
        prop_assert_eq!(union.records(), 40 + pieces.len() as u64);
        prop_assert!(Coverage::union(pieces.iter().chain(&pieces[..1])).is_err());
        let at = drop.index(pieces.len());
        let inner = pieces[at].0[&place(0)];
        pieces.remove(at);
        let expected = inner.start == Offset(0) || inner.next == Offset(40);
        prop_assert_eq!(Coverage::union(&pieces).is_ok(), expected);
    }
}
