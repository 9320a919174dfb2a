//! Several processes share a topic: they come, leave, die, and sleep through their session.

use std::fs;

use serde_json::Value;

use crate::process::{Process, until};
use crate::seam::{Folder, command, fails, ok, root};

/// Events of one round: two windows of ten pages.
const ROUND: u64 = 20_000;

struct Cluster {
    folder: Folder,
    brokers: String,
    topic: String,
    view: String,
    store: String,
    rounds: u64,
}

/// A `seam speed --follow`.
struct Member(Process);

impl Cluster {
    fn new(name: &str) -> Self {
        let brokers = std::env::var("KAFKA_BROKERS").expect("KAFKA_BROKERS names a broker");
        let folder = Folder::new();
        let topic = format!("{name}-{}", std::process::id());
        let sql = fs::read_to_string(root().join("views/clicks_by_page.sql")).unwrap();
        let sql = sql.replace("topic = 'clicks'", &format!("topic = '{topic}'"));
        Self {
            view: folder.write("clicks_by_page.sql", &sql),
            store: folder.path("store"),
            folder,
            brokers,
            topic,
            rounds: 0,
        }
    }

    /// Writes a round of clicks: 1,000 more for each page and window.
    fn generate(&mut self) {
        self.rounds += 1;
        let (events, seed) = (ROUND.to_string(), self.rounds.to_string());
        let to = format!("kafka:{}", self.topic);
        ok(&[
            "generate",
            "clicks",
            "--events",
            &events,
            "--seed",
            &seed,
            "--to",
            &to,
            "--brokers",
            &self.brokers,
            "--partitions",
            "6",
        ]);
    }

    fn start(&self, name: &str) -> Member {
        self.start_with(name, &[])
    }

    fn start_with(&self, name: &str, more: &[&str]) -> Member {
        let mut command = command(&[
            "speed",
            &self.view,
            "--store",
            &self.store,
            "--brokers",
            &self.brokers,
            "--follow",
            "--group",
            &self.topic,
            "--checkpoint-within",
            "200ms",
            "--log",
            "json",
            "--kafka",
            "session.timeout.ms=6000",
        ]);
        command.args(more);
        Member(Process::start(command, self.folder.path(name)))
    }

    fn total(&self) -> u64 {
        let question = "SELECT COALESCE(SUM(clicks), 0) AS n FROM clicks_by_page";
        let answer = ok(&[
            "query",
            question,
            "--store",
            &self.store,
            "--format",
            "json",
        ]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["n"].as_u64().unwrap()
    }

    /// Waits until the store has all that was written.
    fn catch_up(&self) {
        let all = self.rounds * ROUND;
        let mut last = 0;
        until(&format!("{all} clicks in the store"), || {
            last = self.total();
            assert!(
                last <= all,
                "{last} of {all} clicks: some were counted twice"
            );
            (last == all).then_some(())
        });
    }
}

impl Member {
    /// The lines with this message.
    fn said(&self, message: &str) -> Vec<Value> {
        let log = self.0.log();
        let lines = log
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok());
        lines
            .filter(|line: &Value| line["message"] == message)
            .collect()
    }

    /// How many partitions it has claimed, those that it gave up included.
    fn claimed(&self) -> usize {
        let lists = self.said("partitions claimed");
        let count = |line: &Value| line["partitions"].as_str().unwrap().split(',').count();
        lists.iter().map(count).sum()
    }

    fn stop(self) {
        let log = self.0.stop();
        let stopped = log.matches("stopped, all is sealed").count();
        assert_eq!(stopped, 1, "{log}");
    }
}

#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn processes_of_a_group_lose_and_double_nothing() {
    let mut cluster = Cluster::new("group");
    cluster.generate();

    let (first, mut second) = (cluster.start("first"), cluster.start("second"));
    until("partitions for both", || {
        (first.claimed() > 0 && second.claimed() > 0).then_some(())
    });
    cluster.generate();
    cluster.catch_up();

    // A third joins and leaves in the middle of a round.
    let third = cluster.start("third");
    until("partitions for the third", || {
        (third.claimed() > 0).then_some(())
    });
    cluster.generate();
    third.stop();
    cluster.catch_up();

    // One is killed; another comes in its place.
    cluster.generate();
    drop(first);
    let fourth = cluster.start("fourth");
    cluster.generate();
    cluster.catch_up();

    // One sleeps through its session, and what it held has gone to the other.
    cluster.generate();
    second.0.signal("STOP");
    cluster.generate();
    cluster.catch_up();
    second.0.signal("CONT");
    cluster.generate();
    until("word from the zombie", || {
        let lost = !second
            .said("partitions lost, what was open in them is folded by their new owner")
            .is_empty();
        (lost || second.0.ended().is_some()).then_some(())
    });
    if let Some(status) = second.0.ended() {
        let log = second.0.log();
        assert_eq!(status.code(), Some(1), "{log}");
        assert!(log.contains("fenced: "), "{log}");
    }
    cluster.catch_up();
    fourth.stop();

    let rows = ok(&[
        "query",
        "SELECT page, window_start, clicks FROM clicks_by_page",
        "--store",
        &cluster.store,
        "--format",
        "json",
    ]);
    assert_eq!(rows.lines().count(), 20);
    for row in rows.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        assert_eq!(row["clicks"].as_u64(), Some(1000 * cluster.rounds), "{row}");
    }
}

/// A process that begins where its group is goes on there, and its answers say what they may be.
#[test]
#[ignore = "needs a broker: scripts/kafka.sh start, then KAFKA_BROKERS"]
fn another_delivery_goes_on_from_the_group_and_says_so() {
    for (delivery, doubt) in [
        ("at-least-once", "may count events twice"),
        ("at-most-once", "may have lost events"),
    ] {
        let mut cluster = Cluster::new(delivery);
        for name in ["first", "second"] {
            cluster.generate();
            let process = cluster.start_with(name, &["--delivery", delivery]);
            until("partitions", || (process.claimed() > 0).then_some(()));
            cluster.catch_up();
            process.stop();
        }
        let question = ["query", "SELECT page FROM clicks_by_page", "--store"];
        let output = command(&[question.as_slice(), &[&cluster.store]].concat()).output();
        let said = String::from_utf8(output.unwrap().stderr).unwrap();
        assert!(said.contains(doubt), "{said}");
        // What was folded so is not taken for the truth by anybody else.
        let exact = [
            "speed",
            &cluster.view,
            "--store",
            &cluster.store,
            "--brokers",
        ];
        let (_, error) = fails(&[exact.as_slice(), &[&cluster.brokers]].concat());
        assert!(
            error.contains(&format!("is fed {delivery}, not exactly-once")),
            "{error}"
        );
    }
}
