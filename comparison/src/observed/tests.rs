#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use shared_logic::job::Job;

use super::*;

const SQL: &str = "
    CREATE TABLE clicks (at TIMESTAMP NOT NULL, page VARCHAR) WITH (topic = 'clicks', format = 'json', event_time = 'at');
    CREATE VIEW clicks_by_page AS
    SELECT page, window_start, window_end, COUNT(*) AS clicks
    FROM TUMBLE(clicks, at, INTERVAL '1' MINUTE) GROUP BY page, window_start, window_end;";

/// Two clicks on a in the first minute, one on b; one on a in the second; each arrives as it happens.
const LINES: &str = r#"{"at":"2001-01-01T00:00:10Z","page":"a"}
{"at":"2001-01-01T00:00:20Z","page":"a"}
{"at":"2001-01-01T00:00:30Z","page":"b"}
{"at":"2001-01-01T00:01:10Z","page":"a"}
"#;

fn view() -> Arc<View> {
    Arc::clone(&Job::compile("test", SQL).unwrap().views[0])
}

fn names(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    let pairs = pairs
        .iter()
        .map(|(ours, theirs)| ((*ours).to_owned(), (*theirs).to_owned()));
    pairs.collect()
}

fn agreement(text: &str) -> Agreement {
    let truth = Truth::of_lines(LINES.as_bytes(), SQL, None).unwrap();
    let arrivals: Vec<EventTime> = truth
        .event_times()
        .iter()
        .map(|at| EventTime(at.unwrap()))
        .collect();
    let observed = Observed::read(text, &view(), &names(&[])).unwrap();
    observed.against(&truth, Some(&arrivals)).unwrap()
}

#[test]
fn what_is_right_agrees() {
    let found = agreement(
        "page,window_start,clicks\na,2001-01-01T00:00:00Z,2\nb,2001-01-01T00:00:00Z,1\na,2001-01-01T00:01:00Z,1\n",
    );
    let right = Consistency {
        smape: vec![("clicks".into(), 0.0)],
        ..Consistency::default()
    };
    assert_eq!(
        (found.rows, found.moments, found.consistency),
        (3, 1, right)
    );
}

#[test]
fn a_wrong_a_missing_and_an_extra_group_are_told_apart() {
    let found =
        agreement("page,window_start,clicks\na,2001-01-01T00:00:00Z,4\nc,2001-01-01T00:00:00Z,1\n");
    // a: 4 instead of 2. b is missing, c is extra. The second minute was not asked for.
    let expected = Consistency {
        mismatch: 1.0,
        missing: 0.5,
        extra: 0.5,
        smape: vec![("clicks".into(), 2.0 * 2.0 / 6.0)],
    };
    assert_eq!(found.consistency, expected);
}

#[test]
fn each_answer_is_held_against_what_had_arrived_when_it_was_seen() {
    let text = "as_of,page,window_start,clicks\n2001-01-01T00:00:15Z,a,2001-01-01T00:00:00Z,1\n2001-01-01T00:00:25Z,a,2001-01-01T00:00:00Z,1\n";
    let found = agreement(text);
    // Then one click, and two: the second answer is stale.
    assert_eq!(
        (
            found.moments,
            found.consistency.mismatch,
            found.consistency.missing
        ),
        (2, 0.5, 0.0)
    );
}

#[test]
fn what_does_not_fit_is_told_with_its_column() {
    let told = |text: &str, pairs: &[(&str, &str)]| {
        Observed::read(text, &view(), &names(pairs)).unwrap_err()
    };
    for (text, pairs, says) in [
        (
            "window_start,clicks\n",
            &[][..],
            "no column \"page\", which names a group of clicks_by_page: the file has window_start, clicks; map it with page=THEIRS",
        ),
        (
            "page,clicks\n",
            &[],
            "no column \"window_start\", which names a group",
        ),
        (
            "page,window_start\n",
            &[],
            "no column to compare: expected one of clicks, the file has page, window_start",
        ),
        (
            "seite,window_start,clicks\n",
            &[("page", "side")],
            "there is no column \"side\", only seite, window_start, clicks",
        ),
        (
            "page,window_start,clicks\n",
            &[("pages", "page")],
            "clicks_by_page has no column \"pages\", only page, window_start, window_end, clicks and as_of",
        ),
        (
            "page,window_start,clicks\na,2001-01-01T00:00:00Z,1\nb,2001-01-01T00:00:00Z,many\n",
            &[],
            "line 3: column \"clicks\": expected BIGINT, found \"many\"",
        ),
        (
            "page,window_start,clicks\na,yesterday,1\n",
            &[],
            "line 2: column \"window_start\": expected TIMESTAMP, found \"yesterday\"",
        ),
    ] {
        let found = told(text, pairs);
        assert!(found.starts_with(says), "{found}");
        assert_eq!(found.lines().count(), 1);
    }
    let mapped = Observed::read(
        "seite,w,clicks\na,2001-01-01T00:00:00Z,1\n",
        &view(),
        &names(&[("page", "seite"), ("window_start", "w")]),
    );
    assert_eq!(mapped.unwrap().rows.num_rows(), 1);
}
