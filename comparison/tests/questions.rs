//! Random questions over random folds: every way to compute the folds gives one answer.
//!
//! The truth of a question is the question over the rows that Polars folds; what a question itself
//! means is DuckDB's to say, in `scripts/witness.sh`. `RANDOM_QUESTIONS` says how many are tried.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing)]
#![allow(
    dead_code,
    reason = "the generators have more to offer than is needed here"
)]

#[path = "random_views/dice.rs"]
mod dice;
#[path = "random_views/events.rs"]
mod events;
#[path = "random_views/view.rs"]
mod view;

use std::sync::Arc;
use std::time::Duration;

use arrow::array::{Array, AsArray, BinaryArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::array_value_to_string;
use comparison::kappa::kappa;
use comparison::lambda::{Options, lambda};
use comparison::rule::Rule;
use comparison::run::Logs;
use comparison::seam::Seam;
use comparison::truth::Truth;
use dice::Dice;
use event_log::EventLog;
use event_log::memory::MemoryLog;
use events::events;
use serving_layer::question::{ask, check};
use shared_logic::chunk::{Payload, Raw};
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use shared_logic::job::Job;
use shared_logic::question::Question;
use shared_logic::time::EventTime;
use shared_logic::view::View;
use view::{COLUMNS, Window};

const CUTS: usize = 5;

/// A windowed GROUP BY with the columns `k`, `s`, `e` (window), `n` and `m`.
fn fold(dice: &mut Dice) -> String {
    let window = loop {
        match Window::new(dice) {
            Window::All => {}
            window => break window,
        }
    };
    let key = dice.pick(&["k", "k", "i % 3", "f"]);
    let measure = dice.pick(&["SUM(i)", "MAX(s)", "COUNT(DISTINCT k)", "MIN(b)"]);
    let filter = dice.pick(&["", " WHERE i > 0", " WHERE k IS NOT NULL"]);
    let from = window.in_from(dice);
    format!(
        "SELECT CAST({key} AS VARCHAR) AS k, window_start AS s, window_end AS e, COUNT(*) AS n, {measure} AS m \
         FROM {from}{filter} GROUP BY {key}, window_start, window_end"
    )
}

/// One fold and what is asked of it in the same SELECT.
fn clauses(dice: &mut Dice) -> String {
    let fold = fold(dice);
    let number = dice.between(0, 4);
    let clauses = match dice.below(5) {
        0 => format!("HAVING COUNT(*) > {number}"),
        1 => format!("HAVING MAX(i) > {number} OR SUM(s) IS NULL"),
        2 => format!("ORDER BY n DESC, k LIMIT {number}"),
        3 => format!("HAVING MIN(i) < 3 ORDER BY COUNT(*), AVG(i) DESC LIMIT 4 OFFSET {number}"),
        _ => format!(
            "QUALIFY ROW_NUMBER() OVER (PARTITION BY window_start ORDER BY COUNT(*) DESC) <= {number}"
        ),
    };
    format!("{fold} {clauses}")
}

fn question(dice: &mut Dice) -> String {
    let (one, other) = (fold(dice), fold(dice));
    let number = dice.between(1, 4);
    match dice.below(12) {
        0..=3 => clauses(dice),
        4 => format!(
            "SELECT s, e, SUM(n) AS n, MAX(m) AS m, COUNT(*) AS groups FROM ({one}) AS a GROUP BY s, e"
        ),
        5 => format!("{one} UNION ALL {other}"),
        6 => format!(
            "SELECT a.k, a.s, a.n, b.n AS other, b.m FROM ({one}) AS a JOIN ({other}) AS b ON a.k = b.k AND a.s = b.s"
        ),
        7 => format!(
            "WITH per AS ({one}), most AS (SELECT s, e, MAX(n) AS most FROM per GROUP BY s, e) \
             SELECT per.k, per.s, per.n FROM per JOIN most ON per.s = most.s AND per.e = most.e AND per.n >= most.most"
        ),
        8 => format!(
            "SELECT k, s, n, place FROM (SELECT k, s, n, ROW_NUMBER() OVER (PARTITION BY s ORDER BY n DESC) AS place FROM ({one}) AS a) AS b WHERE place <= {number}"
        ),
        9 => format!(
            "SELECT k, s, SUM(n) OVER (PARTITION BY k ORDER BY s, e) AS so_far, LAG(n) OVER (PARTITION BY k ORDER BY s) AS before FROM ({one}) AS a"
        ),
        10 => format!(
            "SELECT name, SUM(n) AS n FROM ({one}) AS a LEFT JOIN side ON a.k = side.k GROUP BY name"
        ),
        _ => format!(
            "SELECT k, s, n FROM ({one}) AS a WHERE n >= (SELECT AVG(n) FROM ({other}) AS b) OR k IN (SELECT k FROM side)"
        ),
    }
}

struct Laid {
    question: Arc<Question>,
    sql: String,
    log: MemoryLog,
    end: OffsetVector,
    partitions: Vec<u32>,
    folder: tempfile::TempDir,
}

impl Laid {
    fn new(dice: &mut Dice) -> Self {
        let file = "CREATE TABLE side (k VARCHAR, name VARCHAR) WITH (path = 'side.csv')";
        let table =
            format!("CREATE TABLE events (at TIMESTAMP, {COLUMNS}) WITH (event_time = 'at')");
        let sql = format!("{table};\n{file};\nCREATE VIEW v AS {};", question(dice));
        let job = Job::compile("random", &sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
        let question = Arc::clone(job.question(None).unwrap());
        let (partitions, events) = events(dice);
        let folder = tempfile::tempdir().unwrap();
        let lines: Vec<&str> = events.iter().map(|event| event.text.as_str()).collect();
        std::fs::write(folder.path().join("events.jsonl"), lines.join("\n")).unwrap();
        let place = |partition| TopicPartition::new("events", partition);
        let log = MemoryLog::new((0..partitions).map(place));
        for event in &events {
            let nothing = BinaryArray::new_null(1);
            let record = Raw {
                keys: nothing.clone(),
                values: BinaryArray::from_vec(vec![event.text.as_bytes()]),
                headers: nothing,
            };
            log.append(&place(event.partition), Payload::Raw(record), None)
                .unwrap();
        }
        Self {
            question,
            sql,
            end: log.end().unwrap(),
            log,
            partitions: events.iter().map(|event| event.partition).collect(),
            folder,
        }
    }

    fn truth(&self, fold: &View) -> Result<RecordBatch, String> {
        let path = self.folder.path().join("events.jsonl");
        let truth = Truth::open(&path, &self.sql, Some(&fold.name), None, None);
        let truth = truth.unwrap().dealt(self.partitions.clone());
        Ok(truth.answer().map_err(|error| error.to_string())?.rows)
    }

    fn answer(
        &self,
        rows: impl FnMut(&Arc<View>) -> Result<RecordBatch, String>,
    ) -> Result<RecordBatch, String> {
        let folds = self.question.folds.iter().map(rows);
        let folds = folds.collect::<Result<Vec<_>, _>>()?;
        let text = |values: Vec<Option<&str>>| Arc::new(StringArray::from(values)) as _;
        let side = RecordBatch::try_from_iter([
            ("k", text(vec![Some("a"), Some("b"), Some("1"), None])),
            (
                "name",
                text(vec![Some("A"), Some("B"), Some("A"), Some("none")]),
            ),
        ]);
        let sides = match self.question.statics.is_empty() {
            true => vec![],
            false => vec![side.unwrap()],
        };
        ask(&self.question, &folds, &sides).map_err(|error| error.to_string())
    }

    fn at(&self, cut: &OffsetVector, options: &Options) -> Result<RecordBatch, String> {
        let seam = Seam {
            origin: Default::default(),
            cut: cut.clone(),
            landing: cut.clone(),
            end: self.end.clone(),
            boundary: EventTime(0),
            interval: Duration::from_secs(60),
        };
        self.answer(|fold| {
            let run = lambda(fold, Logs::one(&self.log), Rule::OFFSET, &seam, options);
            Ok(run.map_err(|error| error.to_string())?.served.rows)
        })
    }
}

/// Cell by cell: floats up to a share of their size, everything else as it is.
fn same(one: &RecordBatch, other: &RecordBatch) -> bool {
    let close = |a: &dyn Array, b: &dyn Array, row: usize| {
        if a.is_null(row) || b.is_null(row) {
            return a.is_null(row) && b.is_null(row);
        }
        if *a.data_type() == DataType::Float64 {
            let value = |column: &dyn Array| column.as_primitive::<Float64Type>().value(row);
            let (a, b) = (value(a), value(b));
            return a == b || (a - b).abs() <= 1e-9 * a.abs().max(b.abs());
        }
        array_value_to_string(a, row).unwrap() == array_value_to_string(b, row).unwrap()
    };
    one.num_rows() == other.num_rows()
        && one.num_columns() == other.num_columns()
        && (one.columns().iter().zip(other.columns()))
            .all(|(a, b)| (0..one.num_rows()).all(|row| close(a, b, row)))
}

#[test]
fn every_way_to_compute_the_folds_gives_one_answer() {
    let cases = std::env::var("RANDOM_QUESTIONS").map_or(200, |text| text.parse().unwrap());
    let mut shown = 0;
    for seed in 0..cases {
        let mut dice = Dice::new(seed);
        let laid = Laid::new(&mut dice);
        let columns = check(&laid.question).unwrap_or_else(|error| panic!("{error}\n{}", laid.sql));
        let truth = laid.answer(|fold| laid.truth(fold));
        let agree = |how: &str, found: Result<RecordBatch, String>| match (&truth, &found) {
            (Ok(truth), Ok(found)) => {
                let print = |rows: &RecordBatch| {
                    arrow::util::pretty::pretty_format_batches(std::slice::from_ref(rows))
                        .unwrap()
                        .to_string()
                };
                assert!(
                    same(truth, found),
                    "seed {seed}, {how}\n{}\n{}\n{}",
                    laid.sql,
                    print(truth),
                    print(found)
                );
                assert_eq!(found.schema().fields().len(), columns.fields().len());
            }
            // A sum that does not fit fails in either.
            (Err(_), Err(_)) => {}
            _ => panic!("seed {seed}, {how}\n{}\n{truth:?}\n{found:?}", laid.sql),
        };
        let options = Options {
            batch: batch_layer::fold::Options {
                chunk_rows: dice.between(1, 40) as usize,
                threads: 2,
                ..Default::default()
            },
            speed: speed_layer::fold::Options {
                chunk_rows: dice.between(1, 40) as usize,
                publish_every: dice.between(1, 60) as u64,
                checkpoint_every: dice.between(1, 120) as u64,
                ..Default::default()
            },
        };
        agree("batch", laid.at(&laid.end, &options));
        agree("speed", laid.at(&OffsetVector::default(), &options));
        for _ in 0..CUTS {
            let mut cut = laid.end.clone();
            for next in cut.0.values_mut() {
                next.0 = next.0 * dice.below(101) / 100;
            }
            agree(&format!("lambda at {cut}"), laid.at(&cut, &options));
        }
        let run = |fold: &Arc<View>| {
            let run = kappa(
                fold,
                &laid.log,
                &Default::default(),
                &laid.end,
                &options.speed,
            );
            Ok(run.map_err(|error| error.to_string())?.served.rows)
        };
        agree("kappa", laid.answer(run));
        shown += truth.map_or(0, |rows| rows.num_rows());
    }
    assert!(shown as u64 > cases, "only {shown} rows in {cases} answers");
}

#[test]
fn fold_rows_need_no_order() {
    let mut dice = Dice::new(3);
    for seed in 0..40 {
        let mut case = Dice::new(seed);
        let laid = Laid::new(&mut case);
        let Ok(truth) = laid.answer(|fold| laid.truth(fold)) else {
            continue;
        };
        let shuffled = laid.answer(|fold| {
            let rows = laid.truth(fold)?;
            let mut places: Vec<i64> = (0..rows.num_rows() as i64).collect();
            for at in (1..places.len()).rev() {
                places.swap(at, dice.below(at as u64 + 1) as usize);
            }
            Ok(arrow::compute::take_record_batch(&rows, &Int64Array::from(places)).unwrap())
        });
        // A view without a question shows the rows of its fold as they come.
        if laid.question.sql.is_some() {
            assert!(
                same(&truth, &shuffled.unwrap()),
                "seed {seed}\n{}",
                laid.sql
            );
        }
    }
}
