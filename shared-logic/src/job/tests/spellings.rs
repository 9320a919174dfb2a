//! However a view is written, the same is maintained.

use super::*;
use crate::parse::parse;

const SELECT: &str =
    "SELECT origin, window_start, window_end, COUNT(*) AS flights, AVG(delay) AS mean";

/// The same view in every spelling, over one-hour windows moved by five minutes.
fn moved() -> Vec<String> {
    let tail = "GROUP BY origin, window_start, window_end";
    let from = [
        "TUMBLE(flights, scheduled, INTERVAL '1' HOUR, INTERVAL '5' MINUTE)",
        "tumble(Flights, SCHEDULED, interval '1 hour', interval '5 minutes')",
        "TUMBLE(flights, scheduled, INTERVAL '60 minutes', INTERVAL '-55' MINUTE) AS f",
        "TABLE(TUMBLE(TABLE flights, DESCRIPTOR(scheduled), INTERVAL '1' HOUR, INTERVAL '5' MINUTE))",
        "TABLE(TUMBLE(TABLE flights PARTITION BY origin, DESCRIPTOR(scheduled), INTERVAL '1' HOUR, INTERVAL '5' MINUTE))",
        "TABLE(TUMBLE(TABLE flights PARTITION BY (origin, delay), DESCRIPTOR(scheduled), INTERVAL '1' HOUR, INTERVAL '5' MINUTE))",
        "TABLE(TUMBLE(DATA => TABLE flights, TIMECOL => DESCRIPTOR(scheduled), SIZE => INTERVAL '1' HOUR, OFFSET => INTERVAL '5' MINUTE)) AS f",
        "TABLE(TUMBLE(OFFSET => INTERVAL '5' MINUTE, SIZE => INTERVAL '3600' SECOND, DATA => TABLE flights, TIMECOL => DESCRIPTOR(scheduled)))",
        "TUMBLE(TABLE flights, DESCRIPTOR(scheduled), INTERVAL '1' HOUR, INTERVAL '00:05:00')",
        "TUMBLE(`flights`, \"scheduled\", INTERVAL '1' HOUR, INTERVAL '5' MINUTE)",
    ];
    let mut views: Vec<String> = (from.iter())
        .map(|from| format!("CREATE VIEW v AS {SELECT} FROM {from} {tail}"))
        .collect();
    let window = "(scheduled, INTERVAL '1' HOUR, INTERVAL '5' MINUTE)";
    let first = from[0];
    views.extend([
        format!(
            "CREATE VIEW v AS SELECT origin, TUMBLE_START{window} AS window_start,
             TUMBLE_END{window} AS window_end, COUNT(*) AS flights, AVG(delay) AS mean
             FROM flights GROUP BY origin, TUMBLE{window}"
        ),
        format!(
            "CREATE VIEW v AS SELECT f.origin,
             TUMBLE_START(f.scheduled, INTERVAL '1 hour', INTERVAL '5 min') AS window_start,
             COUNT(*) AS flights, AVG(f.delay) AS mean
             FROM flights f GROUP BY tumble{window}, f.origin"
        ),
        format!("CREATE MATERIALIZED VIEW w AS {SELECT} FROM {first} {tail};"),
        format!("CREATE VIEW w (a, b, c, d, e) AS {SELECT} FROM {first} {tail}"),
        format!(
            "CREATE VIEW v AS SELECT AVG(delay) + COUNT(*) AS x, window_end AS e, origin AS o
             FROM {first} GROUP BY 3, e"
        ),
        format!(
            "CREATE VIEW v AS SELECT f.origin, count(1) AS c, avg(F.delay) AS d
             FROM {first} f GROUP BY window_start, f.origin"
        ),
        format!(
            "create view v as select /* all */ origin, -- one
             count(*) n, avg(delay) m from {first} {}",
            tail.to_lowercase()
        ),
    ]);
    views
}

#[test]
fn every_spelling_maintains_the_same() {
    let views: Vec<_> = moved()
        .iter()
        .map(|sql| (sql.clone(), compile(sql)))
        .collect();
    let first = &views[0].1;
    assert_eq!(
        first.window,
        Window::Tumble {
            size: 3_600_000_000,
            offset: 300_000_000
        }
    );
    for (sql, view) in &views {
        assert_eq!(view.fingerprint, first.fingerprint, "{sql}");
        assert_eq!(
            (&view.measures, &view.keys),
            (&first.measures, &first.keys),
            "{sql}"
        );
    }
}

#[test]
fn every_spelling_has_the_same_canonical_select() {
    let shown = |sql: &String| {
        let parsed = parse(&format!("{FLIGHTS}{sql}")).unwrap();
        let view = &parsed.views[0];
        assert_eq!(
            (view.table.as_str(), view.time_column.as_str()),
            ("flights", "scheduled")
        );
        view.select.to_string().replace(['`', '"'], "")
    };
    let views = moved();
    for sql in &views[..10] {
        assert_eq!(
            shown(sql),
            "SELECT origin, window_start, window_end, count(*) AS flights, avg(delay) AS mean \
             FROM flights GROUP BY window_start, window_end, origin",
            "{sql}"
        );
    }
    assert_eq!(
        shown(&views[11]),
        "SELECT origin, window_start AS window_start, count(*) AS flights, avg(delay) AS mean \
         FROM flights GROUP BY window_start, window_end, origin"
    );
    assert_eq!(
        shown(&views[14]),
        "SELECT avg(delay) + count(*) AS x, window_end AS e, origin AS o \
         FROM flights GROUP BY window_start, window_end, origin"
    );
}

#[test]
fn what_is_maintained_decides_the_fingerprint() {
    let tumble = "TUMBLE(flights, scheduled, INTERVAL '1' HOUR)";
    let view = |rest: &str| compile(&format!("CREATE VIEW v AS SELECT COUNT(*) AS n {rest}"));
    let group = "GROUP BY window_start, window_end";
    let base = view(&format!("FROM {tumble} WHERE delay > 5 {group}"));
    for other in [
        format!("FROM {tumble} {group}"),
        format!("FROM {tumble} WHERE delay > 6 {group}"),
        format!("FROM {tumble} WHERE delay >= 5 {group}"),
        format!("FROM {tumble} WHERE delay > 5.0 {group}"),
        format!("FROM {tumble} WHERE distance > 5 {group}"),
        format!("FROM {tumble} WHERE delay > 5 {group}, origin"),
        format!(", SUM(delay) AS s FROM {tumble} WHERE delay > 5 {group}"),
        format!(", COUNT(delay) AS s FROM {tumble} WHERE delay > 5 {group}"),
        format!("FROM TUMBLE(flights, scheduled, INTERVAL '2' HOUR) WHERE delay > 5 {group}"),
        format!(
            "FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR, INTERVAL '1' SECOND)
             WHERE delay > 5 {group}"
        ),
    ] {
        assert_ne!(view(&other).fingerprint, base.fingerprint, "{other}");
    }
    for same in [
        format!("FROM {tumble} WHERE (delay > 5) {group}"),
        format!("FROM {tumble} AS x WHERE X.delay > 5 {group}"),
        format!(", COUNT(*) + 1 AS m, window_start FROM {tumble} WHERE delay > 5 {group}"),
    ] {
        assert_eq!(view(&same).fingerprint, base.fingerprint, "{same}");
    }
}

#[test]
fn a_fingerprint_stays_as_it_was_published() {
    let sql = "CREATE TABLE e (
          t TIMESTAMP NOT NULL, k VARCHAR, a INT, f DOUBLE, d DECIMAL(9, 2)
        ) WITH (event_time = 't');
        CREATE VIEW v AS
        SELECT k, COUNT(*) AS n, SUM(a + 1) AS s, AVG(f) AS m,
               MIN(CASE WHEN a BETWEEN 1 AND 3 THEN d END) AS l
        FROM TUMBLE(e, t, INTERVAL '1' MINUTE)
        WHERE k LIKE 'x%' AND a IN (1, 2, 3) AND f > 0.5
          AND t > TIMESTAMP '2024-01-01 00:00:00' AND upper(k) <> 'it''s'
        GROUP BY window_start, window_end, k";
    let job = Job::compile("test", sql).unwrap();
    assert_eq!(
        job.view(None).unwrap().fingerprint.0,
        "23e413be56e06e667689d15b17da262d"
    );
}

/// Spellings of one window each: all of a list maintain the same.
#[test]
fn every_kind_of_window_has_its_spellings() {
    let tail = "GROUP BY origin, window_start, window_end";
    let hops = [
        format!("FROM HOP(flights, scheduled, INTERVAL '10' MINUTE, INTERVAL '1' HOUR) {tail}"),
        format!(
            "FROM TABLE(HOP(TABLE flights, DESCRIPTOR(scheduled), INTERVAL '10' MINUTE, INTERVAL '1' HOUR)) {tail}"
        ),
        format!(
            "FROM TABLE(HOP(DATA => TABLE flights, TIMECOL => DESCRIPTOR(scheduled), SIZE => INTERVAL '1' HOUR, SLIDE => INTERVAL '10' MINUTE)) {tail}"
        ),
        "FROM flights GROUP BY origin, HOP(scheduled, INTERVAL '10' MINUTE, INTERVAL '1' HOUR)"
            .to_owned(),
    ];
    let cumulates = [
        format!("FROM CUMULATE(flights, scheduled, INTERVAL '1' HOUR, INTERVAL '1' DAY) {tail}"),
        format!(
            "FROM TABLE(CUMULATE(TABLE flights, DESCRIPTOR(scheduled), INTERVAL '1' HOUR, INTERVAL '24' HOUR)) {tail}"
        ),
    ];
    let sessions = [
        format!(
            "FROM SESSION(TABLE flights PARTITION BY origin, DESCRIPTOR(scheduled), INTERVAL '30' MINUTE) {tail}"
        ),
        format!(
            "FROM TABLE(SESSION(TABLE flights PARTITION BY (origin), DESCRIPTOR(scheduled), INTERVAL '30' MINUTE)) {tail}"
        ),
        format!(
            "FROM TABLE(SESSION(DATA => TABLE flights PARTITION BY origin, TIMECOL => DESCRIPTOR(scheduled), GAP => INTERVAL '1800' SECOND)) {tail}"
        ),
        "FROM flights GROUP BY origin, SESSION(scheduled, INTERVAL '30' MINUTE)".to_owned(),
    ];
    let totals = [
        "FROM flights GROUP BY origin".to_owned(),
        "FROM flights GROUP BY 1".to_owned(),
    ];
    let mut seen = vec![];
    for spellings in [hops.as_slice(), &cumulates, &sessions, &totals] {
        let views: Vec<_> = spellings
            .iter()
            .map(|from| {
                compile(&format!(
                    "CREATE VIEW v AS SELECT origin, COUNT(*) AS n {from}"
                ))
            })
            .collect();
        for (view, from) in views.iter().zip(spellings) {
            assert_eq!(view.fingerprint, views[0].fingerprint, "{from}");
            assert_eq!(view.window, views[0].window, "{from}");
        }
        seen.push(views[0].fingerprint.clone());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
}

#[test]
fn sessions_are_found_by_what_partition_by_names() {
    let by = |partition: &str, keys: &str| {
        let view = compile(&format!(
            "CREATE VIEW v AS SELECT COUNT(*) AS n
             FROM SESSION(TABLE flights {partition}, DESCRIPTOR(scheduled), INTERVAL '30' MINUTE)
             GROUP BY window_start, window_end{keys}"
        ));
        (view.sessions_by.clone(), view.keys.len(), view.grouped)
    };
    assert_eq!(by("", ", origin"), (vec![], 1, 1));
    assert_eq!(by("PARTITION BY origin", ", origin"), (vec![0], 1, 1));
    assert_eq!(by("PARTITION BY origin", ", delay"), (vec![1], 2, 1));
    assert_eq!(
        by("PARTITION BY (origin, delay)", ", delay"),
        (vec![0, 1], 2, 1)
    );
}

#[test]
fn a_view_of_rows_has_its_columns_as_keys() {
    let view =
        compile("CREATE VIEW v AS SELECT origin, delay + 1 AS d FROM flights WHERE delay > 0");
    assert!(view.rows);
    assert_eq!(
        (view.keys.len(), view.measures.len(), view.window),
        (2, 0, Window::All)
    );
    let all =
        compile("CREATE VIEW v AS SELECT * FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR)");
    assert_eq!((all.keys.len(), all.schema.fields().len()), (5, 7));
}
