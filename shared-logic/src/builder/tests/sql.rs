//! A built view is the view that SQL compiles to: the same fingerprint, columns and rows.

use super::*;
use crate::job::Job;
use crate::measure::function::Share;

/// The view that is answered by `SELECT name, bounds, {select} FROM {from} … GROUP BY name, bounds`.
fn compiled(select: &str, from: &str, filter: &str, options: &str) -> Arc<View> {
    let sql = format!(
        "CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value INT, flag BOOLEAN)
         WITH (event_time = 'at');
         CREATE VIEW events_ {options} AS SELECT name, window_start, window_end, {select}
         FROM {from} {filter} GROUP BY name, window_start, window_end"
    );
    Arc::clone(Job::compile("test", &sql).unwrap().view(None).unwrap())
}

fn same(built: ViewBuilder, sql: &Arc<View>) {
    let built = built.build().unwrap();
    assert_eq!(
        built.fingerprint,
        sql.fingerprint,
        "{}\n{}",
        built.explain(),
        sql.explain()
    );
    assert_eq!(built.schema, sql.schema);
    assert_eq!(rows(&built), rows(sql));
    assert!(built.prepare.logical().is_some());
}

#[test]
fn every_window_is_that_of_sql() {
    let size = "INTERVAL '10' SECOND";
    let views = [
        (totals(), format!("TUMBLE(events, at, {size})")),
        (
            totals().offset(seconds(3)),
            format!("TUMBLE(events, at, {size}, INTERVAL '3' SECOND)"),
        ),
        (
            totals().hop(seconds(10), seconds(4)),
            format!("HOP(events, at, INTERVAL '4' SECOND, {size})"),
        ),
        (
            totals().cumulate(seconds(10), seconds(5)),
            format!("CUMULATE(events, at, INTERVAL '5' SECOND, {size})"),
        ),
        (
            totals().session(seconds(10)),
            format!("TABLE(SESSION(TABLE events PARTITION BY name, DESCRIPTOR(at), {size}))"),
        ),
    ];
    for (built, from) in views {
        same(
            built.measure("n", count()),
            &compiled("COUNT(*) AS n", &from, "", ""),
        );
    }
}

#[test]
fn every_measure_is_that_of_sql() {
    let calls = [
        (count(), "COUNT(*)"),
        (count_of("value"), "COUNT(value)"),
        (sum("value"), "SUM(value)"),
        (min("name"), "MIN(name)"),
        (max("value"), "MAX(value)"),
        (avg("value"), "AVG(value)"),
        (var_pop("value"), "VAR_POP(value)"),
        (var_samp("value"), "VAR_SAMP(value)"),
        (stddev_pop("value"), "STDDEV_POP(value)"),
        (stddev_samp("value"), "STDDEV_SAMP(value)"),
        (first("value"), "FIRST_VALUE(value)"),
        (last("name"), "LAST_VALUE(name)"),
        (arg_min("name", "value"), "ARG_MIN(name, value)"),
        (arg_max("name", "value"), "ARG_MAX(name, value)"),
        (count_distinct("value"), "COUNT(DISTINCT value)"),
        (
            approx_count_distinct("value"),
            "APPROX_COUNT_DISTINCT(value)",
        ),
        (
            approx_percentile("value", Share::new(0.9).unwrap()),
            "APPROX_PERCENTILE(value, 0.9)",
        ),
        (median("value"), "MEDIAN(value)"),
        (array_agg("value"), "ARRAY_AGG(value)"),
        (string_agg("name", "; "), "STRING_AGG(name, '; ')"),
        (top_k("value", 2), "TOP_K(value, 2)"),
        (bool_and("flag"), "BOOL_AND(flag)"),
        (bool_or("flag"), "BOOL_OR(flag)"),
    ];
    let from = "TUMBLE(events, at, INTERVAL '10' SECOND)";
    let mut all = totals();
    let mut select = vec![];
    for (n, (call, sql)) in calls.into_iter().enumerate() {
        let one = totals().measure("m", call.clone());
        same(one, &compiled(&format!("{sql} AS m"), from, "", ""));
        all = all.measure(format!("m{n}"), call);
        select.push(format!("{sql} AS m{n}"));
    }
    same(all, &compiled(&select.join(", "), from, "", ""));
}

#[test]
fn conditions_and_options_are_those_of_sql() {
    let from = "TUMBLE(events, at, INTERVAL '10' SECOND)";
    let sql = compiled("COUNT(*) AS n", from, "WHERE flag", "");
    same(totals().filter("flag").measure("n", count()), &sql);
    let options = "WITH (allowed_lateness = '5 seconds', late = 'speed-only', retain = '1 day')";
    let sql = compiled("COUNT(*) AS n", from, "", options);
    let built = totals()
        .allowed_lateness(seconds(5), Late::SpeedOnly)
        .retain(seconds(86_400))
        .measure("n", count());
    same(built, &sql);
}

#[test]
fn a_view_without_windows_is_that_of_sql() {
    let sql = "CREATE TABLE events (at TIMESTAMP NOT NULL, name VARCHAR, value INT, flag BOOLEAN)
               WITH (event_time = 'at');
               CREATE VIEW v AS SELECT name, SUM(value) AS total, COUNT(*) AS n
               FROM events GROUP BY name";
    let sql = Arc::clone(Job::compile("test", sql).unwrap().view(None).unwrap());
    let built = ViewBuilder::over(&table()).key("name");
    same(
        built.measure("total", sum("value")).measure("n", count()),
        &sql,
    );
}

#[test]
fn code_has_no_plan_for_other_engines() {
    let large = each("large", "value", |value: i32| value > 1);
    let view = totals()
        .filter(large)
        .measure("n", count())
        .build()
        .unwrap();
    assert!(view.prepare.logical().is_none());
    let view = totals()
        .measure("n", sum(each("x", "value", |x: i32| x)))
        .build()
        .unwrap();
    assert!(view.prepare.logical().is_none());
}
