//! A broker that is not there or lets nobody in: one line that says what to check, exit code 2.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]

#[path = "support/seam.rs"]
mod seam;

use std::time::{Duration, Instant};

use seam::{Folder, command, fails};

/// How long a user may wait for the line.
const PATIENCE: Duration = Duration::from_secs(10);

/// The one line of a command that cannot work.
fn told(options: &[&str]) -> String {
    let folder = Folder::new();
    let (view, store) = ("views/clicks_by_page.sql", folder.path("store"));
    let args = [&["speed", view, "--store", &store], options].concat();
    let begun = Instant::now();
    let (code, line) = fails(&args);
    assert!(begun.elapsed() < PATIENCE, "{line}");
    assert_eq!((code, line.lines().count()), (2, 1), "{line}");
    line
}

fn listener(protocol: &str) -> String {
    let path = std::env::var("KAFKA_SECURE").expect("KAFKA_SECURE names a file of listeners");
    let text = std::fs::read_to_string(path).unwrap();
    let lines = text.lines().filter_map(|line| line.split_once('='));
    let mut found = lines.filter(|(name, _)| *name == protocol);
    found.next().unwrap().1.to_owned()
}

#[test]
fn no_broker_no_option_and_no_value_are_told() {
    let nobody = told(&["--brokers", "127.0.0.1:1"]);
    assert!(
        nobody.starts_with("seam: no broker at 127.0.0.1:1 ("),
        "{nobody}"
    );
    let brokers = ["--brokers", "127.0.0.1:1", "--kafka"];
    let option = told(&[&brokers[..], &["fetch.min.byte=1"]].concat());
    assert!(
        option.contains("No such configuration property: \"fetch.min.byte\""),
        "{option}"
    );
    let ours = told(&[&brokers[..], &["auto.offset.reset=latest"]].concat());
    assert!(
        ours.contains("cannot be set: an offset that is not there is an error"),
        "{ours}"
    );
    let nothing = told(&[&brokers[..], &["sasl.password"]].concat());
    assert_eq!(nothing, "seam: --kafka sasl.password: expected NAME=VALUE");
    let nowhere = told(&[]);
    assert!(nowhere.contains("give --brokers"), "{nowhere}");
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS and KAFKA_SECURE"]
fn whoever_may_not_read_is_told() {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker");
    let missing = told(&["--brokers", &brokers]);
    assert!(missing.contains("there is no topic clicks at"), "{missing}");

    let folder = Folder::new();
    let certificate = listener("certificate");
    let file = |password: &str, certificate: &str| {
        let text = format!(
            "# a client\nbootstrap.servers={}\nsecurity.protocol=sasl_ssl\nssl.ca.location={certificate}\nsasl.mechanism=SCRAM-SHA-256\nsasl.username=reader\nsasl.password={password}\n",
            listener("sasl_ssl")
        );
        folder.write("client.properties", &text)
    };
    let wrong = told(&["--kafka-config", &file("not-the-password", &certificate)]);
    assert!(
        wrong.contains("check sasl.mechanism, sasl.username and sasl.password"),
        "{wrong}"
    );
    assert!(!wrong.contains("not-the-password"), "{wrong}");
    let stranger = told(&["--kafka-config", &file("reads", &listener("other"))]);
    assert!(stranger.contains("check ssl.ca.location"), "{stranger}");
    // The file is read, and so is the environment.
    let within = told(&["--kafka-config", &file("reads", &certificate)]);
    assert!(within.contains("there is no topic clicks at"), "{within}");
    let view = [
        "speed",
        "views/clicks_by_page.sql",
        "--store",
        &folder.path("store"),
    ];
    let output = command(&view)
        .env("KAFKA_BOOTSTRAP_SERVERS", listener("ssl"))
        .env("KAFKA_SECURITY_PROTOCOL", "ssl")
        .env("KAFKA_SSL_CA_LOCATION", &certificate)
        .env("KAFKA_HEAP_OPTS", "-Xmx1g")
        .output()
        .unwrap();
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(line.contains("there is no topic clicks at"), "{line}");
}
