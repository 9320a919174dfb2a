//! A profile says what plain loops over the same events say.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::fs;

use proptest::prelude::*;
use shared_logic::job::Job;

use super::*;
use crate::input::Input;

const TABLE: &str = "CREATE TABLE e (t TIMESTAMP, k VARCHAR, x INT)
    WITH (event_time = 't', partition_by = 'k', time_unit = 'us');
    CREATE VIEW v AS SELECT COUNT(*) AS n FROM e";

/// One record: its time, key and value, each of which may be missing or wrong.
type Record = (Option<i64>, Option<u8>, Option<Result<i32, ()>>);

fn records() -> impl Strategy<Value = Vec<Record>> {
    let time = prop::option::weighted(0.9, 0..100_i64);
    let value = prop::option::weighted(
        0.7,
        prop_oneof![4 => any::<i32>().prop_map(Ok), 1 => Just(Err(()))],
    );
    prop::collection::vec((time, prop::option::of(0..5_u8), value), 0..200)
}

fn line((time, key, value): &Record) -> String {
    let text = |value: Option<String>| value.unwrap_or_else(|| "null".into());
    format!(
        "{{\"t\":{},\"k\":{},\"x\":{}}}",
        text(time.map(|time| time.to_string())),
        text(key.map(|key| format!("\"k{key}\""))),
        text(value.map(|value| value.map_or("\"x\"".into(), |value| value.to_string()))),
    )
}

proptest! {
    #[test]
    fn it_counts_what_a_loop_counts(records in records(), partitions in 1..5_u32) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.jsonl");
        let lines: Vec<String> = records.iter().map(line).collect();
        fs::write(&path, lines.join("\n")).unwrap();
        let job = Job::compile("v", TABLE).unwrap();
        let table = &job.tables[0];
        let window = Window::Tumble { size: 10, offset: 0 };
        let windows = [Window::All, window];
        let question = Question { partitions, id: Some("x"), windows: &windows };
        let found = profile(&path, table, &question).unwrap();

        prop_assert_eq!(found.events, records.len() as u64);
        let nulls: Vec<u64> = vec![
            records.iter().filter(|record| record.0.is_none()).count() as u64,
            records.iter().filter(|record| record.1.is_none()).count() as u64,
            records.iter().filter(|record| record.2.is_none()).count() as u64,
        ];
        prop_assert_eq!(found.columns.iter().map(|column| column.nulls).collect::<Vec<_>>(), nulls);
        let wrong = |record: &&Record| matches!(record.2, Some(Err(())));
        let rejected = &found.columns[2].rejected;
        prop_assert_eq!(rejected.count, records.iter().filter(wrong).count() as u64);
        let first = records.iter().position(|record| wrong(&record));
        prop_assert_eq!(rejected.first.as_ref().map(|(record, _)| *record), first.map(|at| at as u64 + 1));

        // Who is late: by the partitions that a log is dealt to.
        let input = Input::open(&path, table, partitions, None, None).unwrap();
        let mut watermarks = vec![i64::MIN; partitions as usize];
        let mut late = vec![0; partitions as usize];
        let (mut over, mut worst) = (0, 0);
        for ((time, ..), (partition, _)) in records.iter().zip(&input.assignment) {
            let Some(time) = *time else { continue };
            let watermark = &mut watermarks[partition.0 as usize];
            if time < *watermark {
                late[partition.0 as usize] += 1;
                worst = worst.max(*watermark - time);
            }
            over += u64::from((time / 10 + 1) * 10 <= *watermark);
            *watermark = time.max(*watermark);
        }
        prop_assert_eq!(found.partitions.iter().map(|one| one.late).collect::<Vec<u64>>(), late);
        prop_assert_eq!((found.all.over, found.all.worst), (vec![0, over], worst));
        let mut seen = std::collections::BTreeSet::new();
        let ids = records.iter().filter_map(|record| record.2?.ok());
        let again = ids.filter(|id| !seen.insert(*id)).count() as u64;
        prop_assert_eq!(found.duplicates.unwrap().events, again);
        let mut times: Vec<i64> = records.iter().filter_map(|record| record.0).collect();
        prop_assert_eq!(found.columns[0].ascends, times.is_sorted());
        times.sort_unstable();
        prop_assert_eq!(found.span.map(|(first, last)| (first.0, last.0)), times.first().copied().zip(times.last().copied()));
    }
}
