//! A topic that was deleted and made again, longer than before, where the store has no archive.

use std::fs;
use std::time::Duration;

use futures::executor::block_on;
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;

use crate::seam::{Folder, fails, ok, root};

/// Events of the first topic; the second has more.
const EVENTS: u64 = 20_000;

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn a_topic_that_was_made_anew_is_refused_however_long_it_is() {
    let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker");
    let folder = Folder::new();
    let topic = format!("recreated-{}", std::process::id());
    let sql = fs::read_to_string(root().join("views/clicks_by_page.sql")).unwrap();
    let sql = sql.replace("topic = 'clicks'", &format!("topic = '{topic}'"));
    let (view, store) = (folder.write("clicks.sql", &sql), folder.path("store"));
    let generate = |events: u64, seed: &str| {
        let (events, to) = (events.to_string(), format!("kafka:{topic}"));
        let what = ["generate", "clicks", "--events", &events, "--seed", seed];
        ok(&[&what[..], &["--to", &to, "--brokers", &brokers]].concat())
    };
    let speed = ["speed", &view, "--store", &store, "--brokers", &brokers];
    let question = ["query", "SELECT * FROM clicks_by_page", "--store", &store];
    generate(EVENTS, "1");
    ok(&speed);
    ok(&speed);
    let rows = ok(&question);

    let mut config = ClientConfig::new();
    config.set("bootstrap.servers", &brokers);
    let admin: AdminClient<DefaultClientContext> = config.create().unwrap();
    let options = AdminOptions::new().operation_timeout(Some(Duration::from_secs(30)));
    let deleted = block_on(admin.delete_topics(&[&topic], &options)).unwrap();
    deleted
        .into_iter()
        .for_each(|deleted| drop(deleted.unwrap()));
    generate(2 * EVENTS, "2");

    let follow = [&speed[..], &["--follow", "--group", &topic]].concat();
    for again in [&speed[..], &follow] {
        let (code, line) = fails(again);
        assert_eq!(code, 1, "{line}");
        assert!(
            line.contains("is not the one that was read before: the topic was deleted and created again; read it into another store"),
            "{line}"
        );
        assert_eq!(line.lines().count(), 1, "{line}");
    }
    assert_eq!(ok(&question), rows, "the view is as it was");
    let other = folder.path("other");
    ok(&["speed", &view, "--store", &other, "--brokers", &brokers]);
}
