//! The same rows over a real broker: generate, archive, batch, speed, query.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "kafka/group.rs"]
mod group;
#[path = "support/process.rs"]
mod process;
#[path = "kafka/recreated.rs"]
mod recreated;
#[path = "support/seam.rs"]
mod seam;

use std::fs;

use seam::{agree, ok};

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn flights_through_a_topic_give_the_same_rows() {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker");
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    // A topic of its own, so that the test can run again on the same broker.
    let topic = format!("flights-{}", std::process::id());
    let view = path("view.sql");
    let sql = fs::read_to_string(seam::root().join("views/delay_by_airport.sql")).unwrap();
    fs::write(
        &view,
        sql.replace("topic = 'flights'", &format!("topic = '{topic}'")),
    )
    .unwrap();
    let truth = ok(&[
        "run",
        &view,
        "--input",
        "data/flights-week.parquet",
        "--as",
        "truth",
        "--format",
        "json",
    ]);

    ok(&[
        "generate",
        "flights",
        "--to",
        &format!("kafka:{topic}"),
        "--brokers",
        &brokers,
    ]);
    let lambda = path("lambda");
    ok(&[
        "archive",
        &view,
        "--store",
        &lambda,
        "--brokers",
        &brokers,
        "--file-rows",
        "10000",
    ]);
    let cut = format!("{topic}/0:9000,{topic}/1:100,{topic}/2:15000,{topic}/3:1");
    ok(&["batch", &view, "--store", &lambda, "--cut", &cut]);
    ok(&[
        "speed",
        &view,
        "--store",
        &lambda,
        "--brokers",
        &brokers,
        "--checkpoint-every",
        "7000",
    ]);
    let kappa = path("kappa");
    ok(&["speed", &view, "--store", &kappa, "--brokers", &brokers]);
    for store in [&lambda, &kappa] {
        let question = [
            "query",
            "SELECT * FROM delay_by_airport",
            "--store",
            store,
            "--format",
            "json",
        ];
        agree(&ok(&question), &truth);
    }
}
