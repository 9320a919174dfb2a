#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

use arrow::datatypes::{DataType, TimeUnit};

use super::*;
use crate::measure::Function;
use crate::window::Window;

mod aggregates;
mod errors;
mod questions;
mod spellings;

const FLIGHTS: &str = "CREATE TABLE flights (
  scheduled TIMESTAMP NOT NULL, delay INT, distance INT, origin VARCHAR, destination VARCHAR
) WITH (topic = 'flights', format = 'json', event_time = 'scheduled', partition_by = 'origin');";

fn compile(view: &str) -> Arc<View> {
    let sql = format!("{FLIGHTS}\n{view}");
    match Job::compile("test", &sql) {
        Ok(job) => Arc::clone(job.view(None).unwrap()),
        Err(error) => panic!("{error}\n{sql}"),
    }
}

fn windowed(select: &str, keys: &str) -> String {
    format!(
        "CREATE VIEW v AS SELECT {select}
         FROM TUMBLE(flights, scheduled, INTERVAL '1' HOUR)
         GROUP BY {keys}window_start, window_end"
    )
}

#[test]
fn the_example_views_compile() {
    let text = include_str!("../../../views/delay_by_airport.sql");
    let job = Job::compile("delay_by_airport", text).unwrap();
    let view = job.view(Some("delay_by_airport")).unwrap();
    assert_eq!(
        view.explain(),
        "view delay_by_airport
  from        flights (topic flights, json)
  window      TUMBLE over scheduled, 1 hour
  where       delay IS NOT NULL
  key         origin VARCHAR
  measure     AVG(delay): exact, sum DECIMAL(38, 0), count UInt64
              COUNT(*): exact, the events of the group
              MAX(delay): exact, max INT
  reads       scheduled, delay, origin
  shows       origin VARCHAR
              window_start TIMESTAMP
              window_end TIMESTAMP
              flights BIGINT = count(*)
              mean_delay DOUBLE = avg(delay)
              worst INT = max(delay)
  fingerprint 5d09068d0c40093ab81e50793e5baf69
"
    );
    let text = include_str!("../../../views/clicks_by_page.sql");
    let job = Job::compile("clicks_by_page", text).unwrap();
    let view = job.view(None).unwrap();
    assert_eq!(
        view.window,
        Window::Tumble {
            size: 15_000_000,
            offset: 0
        }
    );
    assert_eq!(view.table.arrival.as_deref(), Some("arrival"));
}

#[test]
fn a_table_says_where_its_events_come_from() {
    let sql = "CREATE TABLE Trips (
        at TIMESTAMP(3) NOT NULL, \"carId\" BIGINT, fare DECIMAL(10, 2), paid BOOLEAN NULL, day DATE,
        a TINYINT, b SMALLINT, c INTEGER, d REAL, e FLOAT, f DOUBLE, g DOUBLE PRECISION,
        h NUMERIC(5), i TEXT, j STRING, k CHAR(3), l VARCHAR(9), m TIMESTAMP_LTZ(3),
        WATERMARK FOR AT AS at - INTERVAL '5' SECOND
      ) WITH ('topic' = 'rides', format = 'CSV', partition_by = 'carId', arrival = 'seen');
      CREATE VIEW v AS SELECT COUNT(*) AS n FROM TUMBLE(trips, AT, INTERVAL '1' DAY)
      GROUP BY window_start, window_end";
    let job = Job::compile("test", sql).unwrap();
    let table = &job.tables[0];
    assert_eq!(
        (table.name.as_str(), table.topic.as_str()),
        ("trips", "rides")
    );
    assert_eq!((table.event_time, table.partition_by), (0, Some(1)));
    assert_eq!(table.arrival.as_deref(), Some("seen"));
    assert_eq!(table.watermark_delay, 5_000_000);
    assert_eq!(table.format.to_string(), "csv");
    assert_eq!(
        table.canonical(),
        "table v1 (\"at\" TIMESTAMP not null, \"carId\" BIGINT, \"fare\" DECIMAL(10, 2), \
         \"paid\" BOOLEAN, \"day\" DATE, \"a\" TINYINT, \"b\" SMALLINT, \"c\" INT, \"d\" REAL, \
         \"e\" REAL, \"f\" DOUBLE, \"g\" DOUBLE, \"h\" DECIMAL(5, 0), \"i\" VARCHAR, \"j\" VARCHAR, \
         \"k\" VARCHAR, \"l\" VARCHAR, \"m\" TIMESTAMP) format csv event_time 0"
    );
    let time = table.schema.field(17).data_type();
    assert_eq!(*time, DataType::Timestamp(TimeUnit::Microsecond, None));
}

#[test]
fn numbers_count_what_the_table_says() {
    let compiled = |options: &str| {
        let view = "CREATE VIEW v AS SELECT COUNT(*) AS n FROM TUMBLE(e, t, INTERVAL '1' DAY)
            GROUP BY window_start, window_end";
        let table = "CREATE TABLE e (t TIMESTAMP, x INT, u TIMESTAMP)";
        let sql = format!("{table} WITH (event_time = 't'{options}); {view}");
        Job::compile("test", &sql).unwrap()
    };
    let plain = compiled("");
    let text = "table v1 (\"t\" TIMESTAMP, \"x\" INT, \"u\" TIMESTAMP) format json event_time 0";
    assert_eq!(plain.tables[0].canonical(), text);
    // The default spelled out is the same view.
    let default = compiled(", time_unit = 'MS'");
    assert_eq!(default.tables[0].canonical(), text);
    assert_eq!(default.views[0].fingerprint, plain.views[0].fingerprint);

    let mixed = compiled(", arrival = 'seen', time_unit = 'us, u s , seen ns'");
    assert_eq!(
        mixed.tables[0].canonical(),
        format!("{text} \"t\" counts us \"u\" counts s")
    );
    assert_ne!(mixed.views[0].fingerprint, plain.views[0].fingerprint);
    assert_eq!(mixed.tables[0].units.of("seen"), TimeUnit::Nanosecond);
}

#[test]
fn the_schema_of_avro_decides_which_segments_may_be_merged() {
    let compiled = |format: &str, schema: &str| {
        let sql = format!(
            "CREATE TABLE e (t TIMESTAMP, x INT) WITH (event_time = 't', format = '{format}', schema = '{schema}');
             CREATE VIEW v AS SELECT COUNT(*) AS n FROM TUMBLE(e, t, INTERVAL '1' DAY)
             GROUP BY window_start, window_end"
        );
        Job::compile("test", &sql).unwrap()
    };
    let schema = |kind: &str| {
        format!(
            r#"{{"type": "record", "name": "r", "fields": [{{"name": "x", "type": "{kind}"}}, {{"name": "t", "type": "long"}}]}}"#
        )
    };
    let int = compiled("avro", &schema("int"));
    assert_eq!(
        int.tables[0].canonical(),
        "table v1 (\"t\" TIMESTAMP, \"x\" INT) format avro schema 69efc54dec5b248fba3653f08411d91d event_time 0"
    );
    let print = |job: &Job| job.views[0].fingerprint.clone();
    let blanks = compiled("avro", &schema("int").replace(' ', "\n "));
    assert_eq!(print(&blanks), print(&int));
    assert_ne!(print(&compiled("avro", &schema("long"))), print(&int));
    assert_ne!(
        print(&compiled("avro-confluent", &schema("int"))),
        print(&int)
    );
}

#[test]
fn the_event_time_may_come_from_the_window_or_the_watermark() {
    let view = "CREATE VIEW v AS SELECT COUNT(*) AS n FROM TUMBLE(e, t, INTERVAL '1' DAY)
        GROUP BY window_start, window_end";
    let job = Job::compile(
        "test",
        &format!("CREATE TABLE e (x INT, t TIMESTAMP); {view}"),
    )
    .unwrap();
    assert_eq!(
        (job.tables[0].event_time, job.tables[0].topic.as_str()),
        (1, "e")
    );
    let table = "CREATE TABLE e (WATERMARK FOR t AS t, x INT, t TIMESTAMP)";
    let job = Job::compile("test", &format!("{table}; {view}")).unwrap();
    assert_eq!(
        (job.tables[0].event_time, job.tables[0].watermark_delay),
        (1, 0)
    );
}

#[test]
fn measures_are_kept_once_and_shown_in_any_expression() {
    let view = compile(&windowed(
        "origin, SUM(delay) / COUNT(*) AS mean, COUNT(*) * 2 AS twice, count(1), Sum(Delay),
         MAX(delay) - MIN(delay), window_end",
        "origin, ",
    ));
    let names: Vec<_> = view
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    assert_eq!(
        names,
        [
            "origin",
            "mean",
            "twice",
            "count(1)",
            "sum(delay)",
            "max(delay) - min(delay)",
            "window_end"
        ]
    );
    let functions: Vec<_> = view
        .measures
        .iter()
        .map(|measure| measure.function.clone())
        .collect();
    assert_eq!(
        functions,
        [
            Function::CountRows,
            Function::Max,
            Function::Min,
            Function::Sum
        ]
    );
    assert_eq!(view.schema.field(1).data_type(), &DataType::Int64);
    assert!(!view.schema.field(2).is_nullable() && view.schema.field(1).is_nullable());
}

#[test]
fn measures_take_the_argument_as_it_is_and_give_datafusions_type() {
    let view = compile(&windowed(
        "SUM(delay) AS a, AVG(delay) AS b, SUM(CAST(delay AS DOUBLE)) AS c, MIN(origin) AS d,
         AVG(CAST(delay AS DECIMAL(10, 2))) AS e, COUNT(origin) AS f, MAX(scheduled) AS g,
         MIN(delay > 3) AS h, SUM(delay * 2) AS i, MAX(upper(origin)) AS j",
        "",
    ));
    let types: Vec<_> = view
        .schema
        .fields()
        .iter()
        .map(|field| field.data_type().to_string())
        .collect();
    assert_eq!(
        types,
        [
            "Int64",
            "Float64",
            "Float64",
            "Utf8",
            "Decimal128(14, 6)",
            "Int64",
            "Timestamp(µs)",
            "Boolean",
            "Int64",
            "Utf8"
        ]
    );
    let inputs = |function| {
        let of = view
            .measures
            .iter()
            .filter(move |measure| measure.function == function);
        of.map(|measure| measure.inputs[0].to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(inputs(Function::Sum), ["Float64", "Int32", "Int64"]);
    assert_eq!(inputs(Function::Avg), ["Decimal128(10, 2)", "Int32"]);
}

#[test]
fn keys_may_be_expressions_ordinals_and_aliases() {
    let fingerprint =
        |select: &str, keys: &str| compile(&windowed(select, keys)).fingerprint.clone();
    let plain = fingerprint("delay > 15 AS is_late, COUNT(*) AS n", "delay > 15, ");
    assert_eq!(
        fingerprint("delay > 15 AS is_late, COUNT(*) AS n", "is_late, "),
        plain
    );
    assert_eq!(
        fingerprint("delay > 15 AS is_late, COUNT(*) AS n", "1, "),
        plain
    );
    assert_eq!(
        fingerprint("(delay > 15), COUNT(*) AS n", "(delay > 15), "),
        plain
    );
    assert_eq!(
        fingerprint("COUNT(*) AS n", "delay > 15, delay > 15, "),
        plain
    );
    // A column wins over an alias of the same name, as in the standard.
    let column = fingerprint("origin, COUNT(*) AS n", "origin, ");
    assert_eq!(
        fingerprint("MAX(delay) AS origin, COUNT(*) AS n", "origin, ")
            .0
            .len(),
        32
    );
    assert_eq!(fingerprint("COUNT(*) AS n", "origin, "), column);
    let view = compile(&windowed(
        "upper(origin) AS o, date_trunc('day', scheduled) AS d, COUNT(*) AS n",
        "1, 2, ",
    ));
    assert_eq!(
        view.keys,
        [
            DataType::Utf8,
            DataType::Timestamp(TimeUnit::Microsecond, None)
        ]
    );
}

#[test]
fn a_view_is_found_by_name_and_the_last_is_the_answer() {
    let one = windowed("COUNT(*) AS n", "");
    let two = one.replace("VIEW v", "VIEW w");
    let job = Job::compile("test", &format!("{FLIGHTS}; {one}; {two};;")).unwrap();
    assert_eq!(job.view(None).unwrap().name, "w");
    assert_eq!(job.view(Some("v")).unwrap().name, "v");
    let error = job.view(Some("vv")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "test.sql: unknown view vv; did you mean v?"
    );
}
