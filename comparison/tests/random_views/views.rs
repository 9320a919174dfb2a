//! The views in `views/`, over some of the events that they are for.

use std::fs;
use std::path::{Path, PathBuf};

use event_log::generate;

use crate::case::Case;
use crate::dice::Dice;
use crate::events::Event;
use crate::shrink::failure;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Events in lines of JSON, dealt at random to three partitions of four.
fn dealt(text: &str, every: usize) -> Vec<Event> {
    let mut dice = Dice::new(7);
    text.lines()
        .step_by(every)
        .map(|line| Event {
            partition: dice.below(3) as u32,
            gap: 0,
            text: line.to_owned(),
        })
        .collect()
}

fn events(topic: &str) -> Vec<Event> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    if topic == "flights" {
        let week = root().join("data/flights-week.parquet");
        let flights = generate::flights(week, 113_493).unwrap();
        generate::write_json_lines(&path, flights).unwrap();
        return dealt(&fs::read_to_string(&path).unwrap(), 50);
    }
    let clicks = generate::clicks(150_000, 1);
    generate::write_json_lines(&path, clicks).unwrap();
    dealt(&fs::read_to_string(&path).unwrap(), 60)
}

#[test]
fn every_way_to_compute_an_example_is_right() {
    let mut seen = vec![];
    for file in fs::read_dir(root().join("views")).unwrap() {
        let path = file.unwrap().path();
        if path.extension().is_none_or(|ending| ending != "sql") {
            continue;
        }
        let sql = fs::read_to_string(&path).unwrap();
        let topic = ["flights", "clicks"]
            .into_iter()
            .find(|topic| sql.contains(&format!("topic = '{topic}'")))
            .unwrap();
        let case = Case {
            seed: 1,
            sql,
            partitions: 4,
            events: events(topic),
        };
        assert!(case.events.len() > 2000);
        assert_eq!(failure(&case), None, "{}", path.display());
        seen.push(topic);
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, ["clicks", "flights"]);
}
