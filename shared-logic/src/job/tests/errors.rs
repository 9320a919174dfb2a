//! Every mistake is one line that says where it is and what to write instead.

use super::*;

const ONE_TABLE: &str =
    "CREATE TABLE e (t TIMESTAMP NOT NULL, k VARCHAR, a INT) WITH (event_time = 't');\n";
const GROUP: &str = "GROUP BY window_start, window_end";
const WORKS: &str = "a view is SELECT … FROM TUMBLE(table, time, INTERVAL '1' HOUR) [WHERE …] GROUP BY window_start, window_end, keys";
const TYPES: &str = "known types: BOOLEAN, TINYINT, SMALLINT, INT, BIGINT, REAL, DOUBLE, DECIMAL(p, s), VARCHAR, DATE, TIMESTAMP";

#[track_caller]
fn fails(sql: &str, expected: &str) {
    match Job::compile("v", sql) {
        Ok(_) => panic!("compiles: {sql}"),
        Err(error) => assert_eq!(error.to_string(), format!("v.sql:{expected}"), "{sql}"),
    }
}

/// The error of a view on the second line, over the table e.
#[track_caller]
fn view_fails(view: &str, expected: &str) {
    fails(&format!("{ONE_TABLE}{view}"), expected);
}

/// The error of a view with this SELECT list, which starts at column 25, and these clauses.
#[track_caller]
fn select_fails(select: &str, rest: &str, expected: &str) {
    let from = "FROM TUMBLE(e, t, INTERVAL '1' HOUR)";
    view_fails(
        &format!("CREATE VIEW v AS SELECT {select} {from} {rest}"),
        expected,
    );
}

/// The error of a view of this FROM, which starts at column 32.
#[track_caller]
fn from_fails(from: &str, expected: &str) {
    view_fails(
        &format!("CREATE VIEW v AS SELECT 1 FROM {from} GROUP BY window_start"),
        expected,
    );
}

#[test]
fn names_that_are_unknown() {
    select_fails(
        "kk, COUNT(*)",
        GROUP,
        "2:25: unknown column kk; did you mean k?",
    );
    select_fails(
        "COUNT(*)",
        &format!("WHERE price > 1 {GROUP}"),
        "2:77: unknown column price; known columns: t, k, a, window_start, window_end",
    );
    select_fails(
        "x.k",
        GROUP,
        "2:25: unknown table x; columns are those of e",
    );
    select_fails(
        "cuont(*)",
        GROUP,
        "2:25: unknown function cuont; did you mean count?",
    );
    select_fails(
        "entropy(a)",
        GROUP,
        "2:25: unknown function entropy; aggregates are APPROX_COUNT_DISTINCT, APPROX_MEDIAN, APPROX_PERCENTILE, ARG_MAX, ARG_MIN, ARRAY_AGG, AVG, BOOL_AND, BOOL_OR, COUNT, FIRST_VALUE, LAST_VALUE, MAX, MEDIAN, MIN, STDDEV_POP, STDDEV_SAMP, STRING_AGG, SUM, TOP_K, VAR_POP, VAR_SAMP, VARIANCE; scalar functions are DataFusion's",
    );
    from_fails(
        "TUMBLE(ee, t, INTERVAL '1' HOUR)",
        "2:39: unknown table ee; did you mean e?",
    );
    from_fails(
        "TUMBLE(e, tt, INTERVAL '1' HOUR)",
        "2:42: unknown column tt; did you mean t?",
    );
    from_fails("nowhere", "2:32: unknown table nowhere; known tables: e");
    from_fails(
        "tmble(e, t)",
        "2:32: unknown table function tmble; did you mean tumble?",
    );
    select_fails(
        "COUNT(*)",
        "GROUP BY window_start, 3",
        "2:94: GROUP BY 3 names no item of SELECT; SELECT has 1 items",
    );
}

#[test]
fn clauses_and_relations_that_a_view_cannot_have() {
    let later =
        |what: &str, at: &str| format!("2:{at}: {what} is not supported yet in a view; {WORKS}");
    select_fails("COUNT(*)", "GROUP BY ALL", &later("GROUP BY ALL", "18"));
    select_fails("TOP 5 k", GROUP, &later("TOP", "18"));
    select_fails(
        "DISTINCT ON (k) k, COUNT(*)",
        &format!("{GROUP}, k"),
        "2:18: DISTINCT ON is not supported in a view; write QUALIFY ROW_NUMBER() OVER (PARTITION BY … ORDER BY …) = 1",
    );
    let join = "join what is to be kept of it: (SELECT column, … FROM e WHERE …) AS name";
    from_fails(
        "e JOIN e AS f ON true",
        &format!("2:32: the table e cannot be joined event by event; {join}"),
    );
    from_fails(
        "TUMBLE(e, t, INTERVAL '1' HOUR) JOIN (SELECT 1) AS f ON true",
        "2:32: a window cannot stand beside another relation; join (SELECT … FROM TUMBLE(table, time, INTERVAL '1' HOUR) GROUP BY window_start, window_end) AS name",
    );
    let nothing = "view v reads no events; read a table of events, or a view over one";
    from_fails("(SELECT 1) AS x", &format!("2:13: {nothing}"));
    view_fails(
        "CREATE VIEW v AS SELECT 1 UNION SELECT 2",
        &format!("2:13: {nothing}"),
    );
    view_fails(
        "CREATE VIEW v AS WITH e AS (SELECT 1) SELECT * FROM e",
        "2:23: the name e is taken; give the query in WITH another name",
    );
    view_fails(
        "CREATE VIEW v AS SELECT k FROM (SELECT k FROM e) JOIN f USING (k)",
        "2:55: unknown table f; did you mean e?",
    );
    view_fails(
        "CREATE VIEW v (a) AS SELECT k FROM e ORDER BY k",
        "2:16: columns named behind the view's name are read of a plain GROUP BY alone; name the columns in SELECT, each with AS",
    );
    let v = "CREATE VIEW v AS SELECT COUNT(*) AS n, window_start FROM TUMBLE(e, t, INTERVAL '1' HOUR) GROUP BY window_start";
    view_fails(
        &format!("{v};\nCREATE VIEW w AS SELECT 1 FROM TUMBLE(v, t, INTERVAL '1' HOUR) GROUP BY 1"),
        "3:39: v is a view: its rows are no events; group them by window_start and window_end, or read the table that it reads",
    );
    view_fails(
        &format!("{v};\nCREATE VIEW w WITH (retain = '1 day') AS SELECT n FROM v LIMIT 1"),
        "3:13: view w maintains nothing of its own; give the options to the views that it reads",
    );
    view_fails(
        &format!("{v};\nCREATE VIEW w AS SELECT n FROM v WHERE window_start < now()"),
        "3:55: now gives another value at every call; a view depends on its events alone, so that a replay gives the same rows",
    );
    select_fails(
        "k, SUM(a)",
        &format!("{GROUP}, k HAVING a > 1"),
        "2:116: a is neither grouped by nor aggregated; add it to GROUP BY, or write MIN(a)",
    );
    select_fails(
        "COUNT(*)",
        &format!("WHERE a IN (SELECT 1) {GROUP}"),
        "2:77: a subquery is not supported in a view; write the condition over the table's columns",
    );
}

#[test]
fn windows_that_are_missing_or_wrong() {
    view_fails(
        "CREATE VIEW v AS SELECT a, COUNT(*) FROM e GROUP BY k",
        "2:25: a is neither grouped by nor aggregated; add it to GROUP BY, or write MIN(a)",
    );
    view_fails(
        "CREATE VIEW v WITH (retain = '1 day') AS SELECT COUNT(*) FROM e GROUP BY k",
        "2:13: retain says nothing about a view without windows; read FROM TUMBLE(table, time, INTERVAL '1' HOUR), or leave the option out",
    );
    let needs = "a view needs GROUP BY window_start, window_end";
    select_fails("COUNT(*)", "", &format!("2:18: {needs}; {WORKS}"));
    select_fails(
        "k, COUNT(*)",
        "GROUP BY k",
        &format!("2:83: {needs}; {WORKS}"),
    );
    view_fails(
        "CREATE VIEW v AS SELECT window_start FROM e GROUP BY TUMBLE(t, INTERVAL '1' HOUR)",
        "2:25: window_start needs a window in FROM; write FROM TUMBLE(e, time, INTERVAL '1' HOUR)",
    );
    view_fails(
        "CREATE VIEW v AS SELECT TUMBLE_START(t, INTERVAL '2' HOUR) FROM e GROUP BY TUMBLE(t, INTERVAL '1' HOUR)",
        "2:25: tumble_start(t, INTERVAL '2' HOUR) is not the window of GROUP BY; use the same column and intervals",
    );
    let write =
        "write TUMBLE(table, time, INTERVAL '1' HOUR), optionally with an interval more as offset";
    from_fails(
        "TUMBLE(e, t)",
        &format!("2:32: TUMBLE has no size; {write}"),
    );
    from_fails(
        "TUMBLE(e, 5, INTERVAL '1' HOUR)",
        &format!("2:42: expected a column in TUMBLE, found 5; {write}"),
    );
    from_fails(
        "TUMBLE(e, t, INTERVAL '0' HOUR)",
        &format!("2:54: a window of INTERVAL '0' HOUR has no length; {write}"),
    );
    from_fails(
        "TUMBLE(e, t, INTERVAL '1' MONTH)",
        "2:54: a month has no fixed length, use weeks, days or less; write an interval such as INTERVAL '1' HOUR, INTERVAL '90 minutes' or INTERVAL '15' SECOND",
    );
    from_fails(
        "TUMBLE(DATA => TABLE e, TIMECOL => DESCRIPTOR(t), LENGTH => INTERVAL '1' HOUR)",
        "2:82: TUMBLE has no argument LENGTH; known arguments: DATA, TIMECOL, SIZE, OFFSET",
    );
    from_fails(
        "HOP(e, t, INTERVAL '2' HOUR, INTERVAL '1' HOUR)",
        "2:32: the slide of HOP is longer than its size: events between two windows would be lost; the slide comes first, then the size",
    );
    from_fails(
        "HOP(e, t, INTERVAL '1' HOUR)",
        "2:32: HOP has no size; write HOP(table, time, INTERVAL '10' MINUTE, INTERVAL '1' HOUR), optionally with an interval more as offset",
    );
    from_fails(
        "HOP(e, t, INTERVAL '1' SECOND, INTERVAL '1' DAY)",
        "2:32: every event would be in 86400 windows; 10000 at most, take a longer slide or step",
    );
    from_fails(
        "CUMULATE(e, t, INTERVAL '2' HOUR, INTERVAL '3' HOUR)",
        "2:32: the size of CUMULATE is no multiple of its step; the step comes first, then the size",
    );
    from_fails(
        "SESSION(e, t, INTERVAL '0' HOUR)",
        "2:55: a gap of INTERVAL '0' HOUR has no length; write SESSION(table, time, INTERVAL '30' MINUTE)",
    );
    view_fails(
        "CREATE VIEW v AS SELECT COUNT(*) FROM SESSION(e, t, INTERVAL '1' HOUR) WHERE window_start > t GROUP BY window_start",
        "2:18: window_start and window_end are not known yet when an event is folded; an event is in several windows, or in a session that still grows: use them in SELECT alone",
    );
    select_fails(
        "TUMBLE_START(t, INTERVAL '1' HOUR)",
        GROUP,
        "2:25: unknown function tumble_start; the window is in FROM, use window_start and window_end",
    );
    fails(
        "CREATE TABLE e (t TIMESTAMP, u TIMESTAMP) WITH (event_time = 't');
         CREATE VIEW v AS SELECT COUNT(*) FROM TUMBLE(e, u, INTERVAL '1' HOUR) GROUP BY window_start",
        "2:22: the window of v is over u, the event time of e is t; a window must be over the event time",
    );
}

#[test]
fn expressions_that_a_view_cannot_have() {
    for (call, name) in [
        ("now()", "now"),
        ("CURRENT_TIMESTAMP", "current_timestamp"),
        ("CURRENT_DATE", "current_date"),
        ("PROCTIME()", "proctime"),
        ("random()", "random"),
        ("uuid()", "uuid"),
    ] {
        let unsteady = "gives another value at every call; a view depends on its events alone, so that a replay gives the same rows: use a column of the table";
        select_fails(
            &format!("MAX({call})"),
            GROUP,
            &format!("2:29: {name} {unsteady}"),
        );
    }
    let outside = "is neither grouped by nor aggregated; add it to GROUP BY, or write MIN";
    select_fails("k, COUNT(*)", GROUP, &format!("2:25: k {outside}(k)"));
    select_fails(
        "a + 1 + a % 2",
        &format!("{GROUP}, a + 1"),
        &format!("2:33: a {outside}(a)"),
    );
    select_fails(
        "SUM(COUNT(*))",
        GROUP,
        "2:29: count stands inside another aggregate; aggregate columns of the table",
    );
    select_fails(
        "COUNT(*)",
        &format!("WHERE SUM(a) > 1 {GROUP}"),
        "2:77: sum cannot stand in WHERE; aggregates stand in SELECT",
    );
    select_fails(
        "COUNT(*) AS n",
        &format!("{GROUP}, n"),
        "2:25: count cannot stand in GROUP BY; aggregates stand in SELECT",
    );
    select_fails(
        "SUM(k)",
        GROUP,
        "2:25: SUM does not apply to VARCHAR; it needs a number, as CAST(… AS DOUBLE) makes one",
    );
    select_fails(
        "COUNT(*)",
        &format!("WHERE a + 1 {GROUP}"),
        "2:77: WHERE needs a condition, found BIGINT; compare it with something",
    );
    select_fails(
        "MAX(k + 1)",
        GROUP,
        "2:29: cannot compute VARCHAR + BIGINT; write CAST(k AS BIGINT), or put texts together with ||",
    );
    select_fails(
        "MAX(CAST(k AS BLOB))",
        GROUP,
        &format!("2:34: cannot read the type BLOB; {TYPES}"),
    );
    select_fails(
        "*",
        GROUP,
        "2:25: cannot show * in a view; list keys, window_start, window_end and aggregates",
    );
    select_fails(
        "COUNT(*), COUNT(*)",
        GROUP,
        "2:35: two columns are named count(*); rename one with AS",
    );
    select_fails(
        "COUNT(*)",
        &format!("WHERE k ~ 'x' {GROUP}"),
        "2:77: the operator ~ is not supported in a view; write it with comparisons, LIKE, IN, CASE, arithmetic and functions; docs/sql.md lists them",
    );
}

#[test]
fn calls_of_aggregates_that_cannot_be_read() {
    let fails = |call: &str, expected: &str| {
        select_fails(call, GROUP, &format!("2:25: {expected}"));
    };
    fails(
        "SUM(DISTINCT a)",
        "sum with DISTINCT is not supported in a view; COUNT, MIN and MAX take DISTINCT; for SUM maintain a view that is grouped by the value too",
    );
    fails(
        "TOP_K(DISTINCT a, 3)",
        "top_k with DISTINCT is not supported in a view; COUNT, MIN and MAX take DISTINCT",
    );
    fails("COUNT(a, k)", "count takes 1 argument; write COUNT(value)");
    fails(
        "MAX(*)",
        "cannot read max(*); max(*) counts nothing, name a column",
    );
    fails(
        "ARG_MAX(a)",
        "arg_max takes 2 arguments; write ARG_MAX(value, measure)",
    );
    let share = "write APPROX_PERCENTILE(value, 0.9), the share from 0 to 1";
    fails(
        "APPROX_PERCENTILE(a, 90)",
        &format!("cannot read approx_percentile(a, 90); {share}"),
    );
    fails(
        "APPROX_PERCENTILE(a)",
        &format!("cannot read approx_percentile(a); {share}"),
    );
    fails(
        "TOP_K(a, 0)",
        "cannot read top_k(a, 0); write TOP_K(value, 3), with 1 to 10000 values",
    );
    fails(
        "STRING_AGG(k, k)",
        "cannot read string_agg(k, k); write STRING_AGG(text, ', ')",
    );
    fails(
        "STRING_AGG(a, ',')",
        "STRING_AGG does not apply to INT; it needs a text, write CAST(… AS VARCHAR)",
    );
    fails(
        "BOOL_AND(a)",
        "BOOL_AND does not apply to INT; it needs a condition, as a comparison is one",
    );
    fails(
        "MEDIAN(k)",
        "MEDIAN does not apply to VARCHAR; it needs a number, as CAST(… AS DOUBLE) makes one",
    );
    fails(
        "ARRAY_AGG(a ORDER BY a)",
        "array_agg with ORDER BY is not supported in a view; events are in the order of event time, then of partition and offset; leave ORDER BY out",
    );
    fails(
        "FIRST_VALUE(a) RESPECT NULLS",
        "first_value with RESPECT NULLS is not supported in a view; first_value skips NULLs; leave the clause out, or write COALESCE",
    );
    fails(
        "SUM(a) WITHIN GROUP (ORDER BY a)",
        "sum with WITHIN GROUP is not supported in a view; write the arguments alone",
    );
    select_fails(
        "SUM(a) FILTER (WHERE a + 1)",
        GROUP,
        "2:46: FILTER needs a condition, found BIGINT; compare it with something",
    );
    select_fails(
        "COUNT(*) FILTER (WHERE SUM(a) > 1)",
        GROUP,
        "2:48: sum stands inside another aggregate; aggregate columns of the table",
    );
    fails(
        "UPPER(k) FILTER (WHERE a > 1)",
        "upper is no aggregate and takes no clauses; write the arguments alone",
    );
}

#[test]
fn tables_that_cannot_be_read() {
    let with =
        |columns: &str, options: &str| format!("CREATE TABLE e ({columns}) WITH ({options})");
    let time = "event_time = 't'";
    let digits = "write DECIMAL(p, s) with 1 to 38 digits, s of them after the point";
    let columns = |columns: &str, expected: &str| fails(&with(columns, time), expected);
    columns(
        "t TIMESTAMP, x BLOB",
        &format!("1:30: cannot read the type BLOB; {TYPES}"),
    );
    columns(
        "t TIMESTAMP, x DECIMAL",
        &format!("1:30: cannot read the type DECIMAL; {digits}"),
    );
    columns(
        "t TIMESTAMP, x DECIMAL(39, 2)",
        &format!("1:30: cannot read the type DECIMAL(39,2); {digits}"),
    );
    columns(
        "t TIMESTAMP(9)",
        "1:17: cannot read the type TIMESTAMP(9); time is kept in microseconds, write TIMESTAMP(6)",
    );
    columns(
        "t TIMESTAMP, T INT",
        "1:30: two columns are named t; rename one",
    );
    columns(
        "t TIMESTAMP PRIMARY KEY",
        "1:17: cannot read PRIMARY KEY of column t; a column has a type and perhaps NOT NULL",
    );
    columns(
        "t TIMESTAMP, window_end INT",
        "1:30: the name window_end is taken by the window; rename the column",
    );
    columns(
        "t BIGINT",
        "1:46: the event time t is BIGINT; declare it as TIMESTAMP: numbers since 1970 and ISO 8601 are read alike",
    );
    let options = |options: &str, expected: &str| fails(&with("t TIMESTAMP", options), expected);
    options(
        "event_time = 'tt'",
        "1:49: table e has no column tt; did you mean t?",
    );
    options(
        "topic = 'x'",
        "1:14: table e has no event time; add WITH (event_time = 'column')",
    );
    options(
        "formt = 'json'",
        "1:36: unknown option formt; did you mean format?",
    );
    let known =
        "known options: topic, format, event_time, partition_by, arrival, time_unit, schema";
    options(
        "connector = 'kafka'",
        &format!("1:36: unknown option connector; {known}"),
    );
    options(
        "allowed_lateness = '1 hour'",
        "1:36: option allowed_lateness belongs to a view; write CREATE VIEW name WITH (allowed_lateness = '…') AS SELECT …",
    );
    options(
        "format = 'protobuf'",
        "1:45: unknown format protobuf; known formats: json, csv, avro, avro-confluent",
    );
    options(
        &format!("{time}, format = 'avro'"),
        "1:63: an Avro table needs a schema; add schema = 'events.avsc', a file beside this one",
    );
    options(
        &format!("{time}, schema = '{{}}'"),
        "1:63: only Avro tables have a schema; add format = 'avro', or 'avro-confluent' where a registry numbers the schemas",
    );
    let avro = |schema: &str, expected: &str| {
        let help = "name a file of a record's schema in JSON, or write its text here";
        let options = format!("{time}, format = 'avro', schema = '{schema}'");
        let expected = expected.replace("HELP", help);
        fails(&with("t TIMESTAMP", &options), &format!("1:80: {expected}"));
    };
    avro(
        "events.avsc",
        "the schema is no JSON: expected value at line 1 column 1; HELP",
    );
    avro("[\"null\"]", "the schema is of no record; HELP");
    let fields =
        |fields: &str| format!(r#"{{"type": "record", "name": "r", "fields": [{fields}]}}"#);
    avro(
        &fields(r#"{"name": "tt", "type": "long"}"#),
        "the schema has no field t; did you mean tt?",
    );
    avro(
        &fields(r#"{"name": "t", "type": {"type": "array", "items": "long"}}"#),
        "the schema's field t is of a type that no column can hold; leave the column away: arrays, maps, records and unions of several types are not read",
    );
    let units = "write time_unit = 's', 'ms', 'us' or 'ns', or units for single TIMESTAMP columns: time_unit = 'us, arrival ms'";
    for (value, message) in [
        ("m", "unknown unit of time \"m\""),
        ("us,", "unknown unit of time \"\""),
        ("t", "unknown unit of time \"t\""),
        ("seen s", "seen is no TIMESTAMP column"),
        ("us, s", "the unit of time is given twice"),
        ("t us, t s", "the unit of time of t is given twice"),
    ] {
        options(
            &format!("{time}, time_unit = '{value}'"),
            &format!("1:66: {message}; {units}"),
        );
    }
    options(
        "topic = 5",
        "1:44: option topic needs a text, found 5; write topic = '…'",
    );
    options(
        "topic = 'a', TOPIC = 'b'",
        "1:49: option topic is given twice; keep one",
    );
    fails(
        "CREATE TABLE e (t TIMESTAMP, u TIMESTAMP, WATERMARK FOR u AS u) WITH (event_time = 't')",
        "1:84: event_time is t, and WATERMARK is for u; name the same column",
    );
    fails(
        "CREATE TABLE e (t TIMESTAMP, WATERMARK FOR t AS t + INTERVAL '5' SECOND)",
        "1:49: cannot read the watermark t + INTERVAL '5' SECOND; write WATERMARK FOR column AS column, or … AS column - INTERVAL '5' SECOND",
    );
    fails(
        "CREATE TABLE e (t TIMESTAMP, WATERMARK FOR t AS t, WATERMARK FOR t AS t)",
        "1:52: a table has one WATERMARK clause; remove one",
    );
    fails(
        "CREATE TABLE e AS SELECT 1",
        "1:14: a table cannot have AS SELECT; a table is a list of columns and WITH (…); its events come from its topic",
    );
    fails(
        &format!("{ONE_TABLE}{ONE_TABLE}"),
        "2:14: the name e is taken; give the table another name",
    );
}

#[test]
fn texts_that_are_no_job() {
    let ours = "1:1: a job is made of CREATE TABLE and CREATE VIEW statements only; write CREATE VIEW name AS SELECT …";
    fails("SELECT 1", ours);
    fails("CREATE INDEX i ON e (t)", ours);
    fails(
        ONE_TABLE,
        " the file has no view; write CREATE VIEW name AS SELECT … GROUP BY window_start, window_end",
    );
    fails(
        "CREATE TABLE e (t TIMESTAMP",
        "1:28: expected ',' or ')' after column definition, found the end of the statement; a ( is still open: close it with )",
    );
    fails(
        "CREATE VIEW v AS\nSELECT k,, FROM e",
        "2:10: expected an expression, found ,; write something between the commas, or remove one",
    );
    fails(
        "CREATE VIEW v AS SELECT 1 FROM e GROUP BY k CREATE VIEW w AS SELECT 1",
        "1:45: expected the end of the statement, found CREATE; separate statements by ;",
    );
    fails(
        "CREATE VIEW v AS SELECT 'x",
        "1:25: unterminated string literal; close it with another quote; a quote inside is written twice",
    );
    fails(
        "CREATE VIEW a.v AS SELECT 1",
        "1:13: the name a.v has several parts; a job has no catalogs or schemas, write the last part alone",
    );
}
