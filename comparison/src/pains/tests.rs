//! Every lesson is whole, its answers are known, and its exercise can be failed and passed.
#![allow(clippy::unwrap_used)]

use super::{ALL, Claim, check, find};

/// What turns each exercise green.
const SOLVED: [(&str, &str); 13] = [
    ("L1", "rule = event-time <=/>"),
    ("L2", "missing = 2000"),
    ("L3", "allowed_lateness = 120s"),
    ("L4", "slip = null-as-zero"),
    ("L5", "average_of_averages = 30\naverage = 20"),
    ("L6", "keep = 15m"),
    ("L7", "retain = 4m"),
    ("L8", "every = 2m"),
    ("K1", "rate = 35/s"),
    ("K2", "retain = 8m"),
    ("K3", "watermark = partition"),
    ("K4", "lacking = 300"),
    ("K5", "delivery = at-least-once\ncheckpoint = 2s"),
];

#[test]
fn every_lesson_is_whole_and_names_a_public_page() {
    for pain in ALL {
        let lesson = pain.lesson();
        assert!(lesson.is_whole(), "{}: {:?}", pain.id, lesson.parts);
        assert!(lesson.part("Who has it").contains("](http"), "{}", pain.id);
        assert!(
            lesson
                .part("Run")
                .contains(&format!("seam pains run {}", pain.id)),
            "{}",
            pain.id
        );
    }
}

#[test]
fn every_answer_is_as_known() {
    for pain in ALL {
        let positions = pain.run().unwrap();
        assert_eq!(positions.len(), pain.positions.len(), "{}", pain.id);
        for position in positions {
            assert!(
                position.holds(),
                "{} at {}: {:#?}",
                pain.id,
                position.knob,
                position.claims
            );
            for line in position
                .lines
                .iter()
                .filter(|line| line.who.contains("offset"))
            {
                assert_eq!(
                    (line.wrong_groups, line.drift),
                    (0, 0),
                    "{} at {}: {line:?}",
                    pain.id,
                    position.knob
                );
            }
        }
    }
}

#[test]
fn every_exercise_is_red_as_it_is_handed_out_and_green_when_solved() {
    let holds = |id: &str, text: &str| {
        let claims = check(find(id).unwrap(), text).unwrap();
        (claims.iter().all(Claim::holds), claims)
    };
    assert_eq!(SOLVED.map(|(id, _)| id), ALL.map(|pain| pain.id));
    for (id, solved) in SOLVED {
        let handed_out = find(id).unwrap().lesson().exercise;
        let (held, claims) = holds(id, &handed_out);
        assert!(!held, "{id} as handed out: {claims:?}");
        let (held, claims) = holds(id, solved);
        assert!(held, "{id} solved: {claims:?}");
    }
}

#[test]
fn what_is_wrong_with_an_answer_is_told_with_its_line() {
    let told = |id: &str, text: &str| check(find(id).unwrap(), text).unwrap_err().to_string();
    for (id, text, says) in [
        (
            "L2",
            "missing",
            "line 1: expected name = value, found \"missing\"",
        ),
        (
            "L2",
            "# mine\nmissing = many",
            "line 2: missing is \"many\": expected a whole number of events",
        ),
        (
            "L2",
            "lost = 3",
            "line 1: \"lost\" is not asked for: L2 asks for missing",
        ),
        (
            "L2",
            "missing = 1\nmissing = 2",
            "line 2: \"missing\" is answered twice",
        ),
        ("L2", "", "no answer \"missing\": add a line missing = …"),
        (
            "L1",
            "rule = offset",
            "line 1: rule is \"offset\": expected a rule on event time",
        ),
        (
            "L6",
            "keep = 90s",
            "line 1: keep is \"90s\": expected a whole number of 1m, 1 or more",
        ),
        (
            "K5",
            "delivery = exactly-once\ncheckpoint = 1s",
            "line 1: delivery is \"exactly-once\"",
        ),
    ] {
        let found = told(id, text);
        assert!(found.starts_with(says), "{found}");
    }
}
