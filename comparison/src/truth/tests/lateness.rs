//! Late events, and windows that are no longer kept.

use roaring::RoaringBitmap;

use super::*;
use crate::truth::Asked;

/// A job over windows of ten seconds whose watermark is two seconds behind.
fn late(with: &str, window: &str) -> String {
    let table = TABLE.replace(
        "s SMALLINT NOT NULL",
        "s SMALLINT NOT NULL, WATERMARK FOR at AS at - INTERVAL '2' SECOND",
    );
    format!(
        "{table} CREATE VIEW v WITH ({with}) AS
         SELECT window_start, COUNT(*) AS c, SUM(10 / n) AS q FROM {window}
         WHERE n < 9 GROUP BY window_start, window_end;"
    )
}

const TUMBLE: &str = "TUMBLE(events, at, INTERVAL '10' SECOND)";

/// Events at these seconds with this `n`.
fn events(of: &[(i64, i64)]) -> Vec<String> {
    let line = |(second, n): &(i64, i64)| format!(r#"{{"at": {second}000, "n": {n}}}"#);
    of.iter().map(line).collect()
}

fn opened(sql: &str, of: &[(i64, i64)]) -> Truth {
    let lines = events(of);
    truth(sql, &lines.iter().map(String::as_str).collect::<Vec<_>>())
}

fn numbers(of: &[u32]) -> RoaringBitmap {
    of.iter().copied().collect()
}

#[test]
fn an_event_is_late_once_its_window_has_been_closed_for_longer_than_allowed() {
    let sql = late("allowed_lateness = '5 seconds'", TUMBLE);
    // The watermark passes 10 + 5 when 17 has been seen.
    let truth = opened(&sql, &[(16, 1), (3, 1), (17, 1), (3, 1), (10, 1)]);
    let fates = truth.fates(&truth.all());
    assert_eq!(fates.late, numbers(&[3]));
    assert_eq!(fates.folded, numbers(&[0, 1, 2, 4]));
}

#[test]
fn the_last_window_of_an_event_decides_and_a_session_by_itself() {
    let of = [(17, 1), (3, 1)];
    let late_in = |window: &str| {
        let truth = opened(&late("allowed_lateness = '5 seconds'", window), &of);
        truth.fates(&truth.all()).late
    };
    let hop = "HOP(events, at, INTERVAL '2' SECOND, INTERVAL '10' SECOND)";
    assert_eq!(late_in(hop), numbers(&[]));
    let hop = "HOP(events, at, INTERVAL '2' SECOND, INTERVAL '8' SECOND)";
    assert_eq!(late_in(hop), numbers(&[1]));
    let cumulate = "CUMULATE(events, at, INTERVAL '2' SECOND, INTERVAL '10' SECOND)";
    assert_eq!(late_in(cumulate), numbers(&[1]));
    assert_eq!(
        late_in("SESSION(events, at, INTERVAL '7' SECOND)"),
        numbers(&[1])
    );
    assert_eq!(
        late_in("SESSION(events, at, INTERVAL '8' SECOND)"),
        numbers(&[])
    );
}

#[test]
fn late_is_asked_after_where_and_before_arguments() {
    let sql = late("allowed_lateness = '0 seconds'", TUMBLE);
    // The filtered and the rejected event move the watermark as well.
    let truth = opened(&sql, &[(14, 9), (3, 0), (3, 9), (3, 1), (19, 0), (22, 0)]);
    let fates = truth.fates(&truth.all());
    assert_eq!(fates.late, numbers(&[1, 3]));
    assert_eq!(fates.filtered, numbers(&[0, 2]));
    assert_eq!(fates.rejected, numbers(&[4, 5]));
}

#[test]
fn each_partition_has_its_own_watermark_and_only_what_was_read_moves_it() {
    let sql = late("allowed_lateness = '0 seconds'", TUMBLE);
    let truth = opened(&sql, &[(30, 1), (3, 1), (3, 1)]).dealt(vec![0, 1, 0]);
    assert_eq!(truth.fates(&truth.all()).late, numbers(&[2]));
    let without_the_first = Asked {
        read: numbers(&[1, 2]),
        speed: numbers(&[]),
    };
    assert_eq!(truth.fates(&without_the_first).late, numbers(&[]));
}

#[test]
fn a_batch_corrects_what_only_the_stream_leaves_out() {
    let sql = late(
        "allowed_lateness = '0 seconds', late = 'speed-only'",
        TUMBLE,
    );
    let truth = opened(&sql, &[(30, 1), (3, 1), (3, 1)]);
    assert_eq!(truth.fates(&truth.all()).late, numbers(&[]));
    let asked = Asked {
        speed: numbers(&[2]),
        ..truth.all()
    };
    assert_eq!(truth.fates(&asked).late, numbers(&[2]));
    let rows = |asked| shown(&truth.spec(asked).unwrap().rows).len();
    assert_eq!((rows(&asked), rows(&truth.all())), (2, 2));
    let counted = shown(&truth.spec(&asked).unwrap().rows);
    assert_eq!(counted[0], "1970-01-01T00:00:00 | 1 | 10");
}

#[test]
fn windows_are_shown_as_long_as_they_are_kept() {
    let shown_of = |retain: &str| {
        let sql = late(&format!("retain = '{retain} seconds'"), TUMBLE);
        let truth = opened(&sql, &[(3, 1), (13, 1), (32, 1)]);
        let held = truth.held(&truth.all().read).len();
        (shown(&truth.answer().unwrap().rows).len(), held)
    };
    // The newest time is 30: the windows that end at 10 and at 20 are 20 and 10 seconds old.
    assert_eq!(shown_of("21"), (3, 3));
    assert_eq!(shown_of("20"), (2, 2));
    assert_eq!(shown_of("10"), (1, 1));
}
