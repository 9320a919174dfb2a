#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use shared_logic::coverage::{Coverage, OffsetVector, Span};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::Counters;
use shared_logic::time::{EventTime, Watermark};

use super::*;

/// The golden manifest's text: what every later version must read.
const GOLDEN: &str = include_str!("golden.json");

fn place() -> TopicPartition {
    TopicPartition::new("flights", 0)
}

fn segment(base: u64, maker: Maker, start: u64, next: u64) -> SegmentEntry {
    let watermark = |at: u64| (at > 0).then(|| Watermark(EventTime(at as i64 * 1000)));
    let span = Span {
        start: Offset(start),
        next: Offset(next),
        records: next - start,
        watermark_before: watermark(start),
        watermark_after: watermark(next),
        last: None,
    };
    SegmentEntry {
        path: crate::layout::segment(
            "airports",
            ManifestNumber(base),
            ulid::Ulid::from_parts(base, 7),
        ),
        base: ManifestNumber(base),
        maker,
        coverage: Coverage([(place(), span)].into()),
        counters: Counters {
            rejected: u64::from(maker == Maker::Batch),
            filtered: 0,
            late: 0,
        },
        rows: 3,
        bytes: 2000,
        checksum: Checksum {
            row_groups: vec![RowGroup { end: 900, crc: 11 }],
            footer: 22,
        },
    }
}

fn generation(logic: &str) -> Generation {
    Generation {
        view: "delay_by_airport".into(),
        fingerprint: Fingerprint(logic.into()),
        sql: "CREATE VIEW …".into(),
        origin: OffsetVector::default(),
        next: OffsetVector::default(),
        owners: BTreeMap::new(),
        delivery: Delivery::ExactlyOnce,
        pin: None,
        segments: vec![],
    }
}

/// The manifest that the golden text stands for.
pub(super) fn golden() -> Manifest {
    let mut live = generation("0123456789abcdef0123456789abcdef");
    live.segments = vec![
        segment(3, Maker::Batch, 0, 4),
        segment(5, Maker::Speed, 4, 6),
    ];
    live.next.set(place(), Offset(6));
    live.owners.insert(place(), Epoch(2));
    live.pin = Some(Pin {
        id: PinId("01J00000000000000000000000".into()),
        cut: OffsetVector([(place(), Offset(4))].into()),
    });
    Manifest {
        format: FORMAT,
        number: ManifestNumber(7),
        job: "airports".into(),
        floor: ManifestNumber(2),
        marks: [("sink".to_owned(), ManifestNumber(3))].into(),
        live: GenerationId(1),
        previous: None,
        next_generation: GenerationId(3),
        generations: [
            (GenerationId(1), live),
            (
                GenerationId(2),
                generation("fedcba9876543210fedcba9876543210"),
            ),
        ]
        .into(),
    }
}

const PATH: &str = "jobs/airports/manifest/00000000000000000007.json";

#[test]
fn the_text_is_the_golden_one() {
    let text = String::from_utf8(golden().encode().unwrap()).unwrap();
    assert_eq!(text, GOLDEN);
    assert_eq!(Manifest::decode(PATH, GOLDEN.as_bytes()).unwrap(), golden());
}

#[test]
fn what_is_not_a_manifest_is_corrupt_and_says_where() {
    for (text, why) in [
        ("".to_owned(), "EOF"),
        (
            GOLDEN.replace("\"format\": 1", "\"format\": 2"),
            "this program reads format 1",
        ),
        (GOLDEN.replace("\"floor\"", "\"flour\""), "flour"),
        (
            GOLDEN.replace("\"number\": 7", "\"number\": 8"),
            "manifest 8 of job airports",
        ),
        (
            GOLDEN.replace("\"job\": \"airports\"", "\"job\": \"b\""),
            "manifest 7 of job b",
        ),
        (
            GOLDEN.replace("flights/0", "flights"),
            "expected topic/partition",
        ),
    ] {
        let error = Manifest::decode(PATH, text.as_bytes())
            .unwrap_err()
            .to_string();
        assert!(error.contains(PATH) && error.contains(why), "{error}");
    }
}

#[test]
fn a_process_feeds_the_live_generation_of_its_logic_or_the_newest() {
    let mut manifest = golden();
    let [live, other] = [1, 2].map(|id| manifest.generations[&GenerationId(id)].clone());
    manifest.generations.insert(GenerationId(3), live.clone());
    manifest.generations.insert(GenerationId(4), other.clone());
    assert_eq!(
        manifest.generation_of(&live.fingerprint),
        Some(GenerationId(1))
    );
    assert_eq!(
        manifest.generation_of(&other.fingerprint),
        Some(GenerationId(4))
    );
    assert_eq!(manifest.generation_of(&Fingerprint("none".into())), None);
}
