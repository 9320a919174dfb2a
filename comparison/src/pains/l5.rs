//! L5: measures that do not merge.

use std::collections::{BTreeMap, BTreeSet};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Float64Type, Int64Type};
use arrow::util::display::array_value_to_string;
use roaring::RoaringBitmap;
use serde_json::Value;

use super::check::{Answers, CheckError};
use super::staged::{CLICKS, Staged, lambda};
use super::{Claim, Measured, Pain, Position};
use crate::error::ComparisonError;

pub(super) const PAIN: Pain = Pain {
    id: "L5",
    text: include_str!("../../../pains/L5.md"),
    knob: "the cut, as a share of the arrivals",
    positions: &["0 %", "25 %", "50 %", "75 %", "100 %"],
    unit: "distinct visitors too many, or wrong groups",
    run,
    check,
};

/// The cut in seconds of 240, so that it lies within a minute.
const CUTS: [u64; 5] = [0, 70, 130, 170, 240];
const SHOWN: &str = "COUNT(*) AS clicks, AVG(amount) AS mean, COUNT(DISTINCT visitor) AS visitors";

fn sql() -> String {
    CLICKS.replace("COUNT(*) AS clicks, SUM(amount) AS amount", SHOWN)
}

/// A group's answer: clicks, mean, visitors.
type Cells = (i64, f64, i64);

fn cells(rows: &RecordBatch) -> BTreeMap<String, Cells> {
    let text = |name: &str, row: usize| {
        let column = rows.column_by_name(name);
        column
            .and_then(|column| array_value_to_string(column, row).ok())
            .unwrap_or_default()
    };
    let whole = |name: &str, row: usize| {
        let column = rows
            .column_by_name(name)
            .and_then(|column| column.as_primitive_opt::<Int64Type>());
        column.map_or(0, |column| column.value(row))
    };
    let float = |name: &str, row: usize| {
        let column = rows
            .column_by_name(name)
            .and_then(|column| column.as_primitive_opt::<Float64Type>());
        column
            .filter(|column| column.is_valid(row))
            .map_or(0.0, |column| column.value(row))
    };
    let groups = (0..rows.num_rows()).map(|row| {
        let key = format!("{} {}", text("page", row), text("window_start", row));
        (
            key,
            (
                whole("clicks", row),
                float("mean", row),
                whole("visitors", row),
            ),
        )
    });
    groups.collect()
}

/// Two answers put together as they are shown: counts added, averages averaged.
fn put_together(
    batch: &BTreeMap<String, Cells>,
    speed: &BTreeMap<String, Cells>,
) -> BTreeMap<String, Cells> {
    let mut all = batch.clone();
    for (key, (clicks, mean, visitors)) in speed {
        all.entry(key.clone())
            .and_modify(|mine| *mine = (mine.0 + clicks, (mine.1 + mean) / 2.0, mine.2 + visitors))
            .or_insert((*clicks, *mean, *visitors));
    }
    all
}

/// How many visitors of a group are on both sides of the cut: sets in a plain loop.
fn on_both_sides(trial: &Staged, below: &RoaringBitmap) -> u64 {
    let mut seen: BTreeMap<(String, i64), [BTreeSet<i64>; 2]> = BTreeMap::new();
    for ((number, line), row) in (0_u32..)
        .zip(&trial.scene.made.lines)
        .zip(&trial.scene.rows)
    {
        let record: Value = serde_json::from_str(line).unwrap_or_default();
        let page = record.get("page").and_then(Value::as_str);
        let visitor = record.get("visitor").and_then(Value::as_i64);
        if let (Some(page), Some(visitor), Some(time)) = (page, visitor, row.time) {
            let sides = seen
                .entry((page.to_owned(), time.0.div_euclid(60_000_000)))
                .or_default();
            let [batch, speed] = sides;
            let side = if below.contains(number) { batch } else { speed };
            side.insert(visitor);
        }
    }
    let both = seen
        .values()
        .map(|[batch, speed]| batch.intersection(speed).count() as u64);
    both.sum()
}

fn run(position: usize) -> Result<Position, ComparisonError> {
    let cut = CUTS.get(position).copied().unwrap_or_default();
    let schedule =
        format!("rate 5/s for 4m, keys 3, values 20, batch at {cut}s takes 0s, ask every 1h");
    let trial = Staged::new(&sql(), &schedule)?;
    let judged = trial.judged(lambda("offset")?)?;
    let truth = &trial.scene.truth;
    let at = trial
        .scene
        .clock
        .offsets(std::time::Duration::from_secs(cut));
    let rows = (0_u32..).zip(&trial.scene.rows);
    let below: RoaringBitmap = rows
        .filter(|(_, row)| row.offset < at.get(&row.place))
        .map(|(number, _)| number)
        .collect();
    let all = truth.all().read;
    let above = &all - &below;
    let half = |numbers: &RoaringBitmap| -> Result<BTreeMap<String, Cells>, ComparisonError> {
        let folded: Vec<u32> = numbers.iter().collect();
        Ok(cells(&truth.fold_of(&folded, &all)?.rows))
    };
    let together = put_together(&half(&below)?, &half(&above)?);
    let right = half(&all)?;
    let wrong = |differs: &dyn Fn(&Cells, &Cells) -> bool| {
        let groups = right
            .iter()
            .filter(|(key, right)| together.get(*key).is_none_or(|mine| differs(mine, right)));
        groups.count()
    };
    let visitors = |groups: &BTreeMap<String, Cells>| {
        groups
            .values()
            .map(|(_, _, visitors)| visitors)
            .sum::<i64>()
    };
    let merged = judged.measured.called("accumulators merged (offset)");
    let naive = Measured {
        who: "final answers put together".into(),
        wrong_groups: wrong(&|mine, right| mine.2 != right.2 || (mine.1 - right.1).abs() > 1e-9),
        ..merged.clone()
    };
    let claims = vec![
        Claim::exact(
            "distinct visitors too many, answers added",
            on_both_sides(&trial, &below) as f64,
            (visitors(&together) - visitors(&right)) as f64,
        ),
        Claim::exact(
            "wrong groups of COUNT, answers added",
            0,
            wrong(&|mine, right| mine.0 != right.0) as f64,
        ),
        Claim::exact(
            "wrong groups of any, accumulators merged",
            0,
            merged.wrong_groups as f64,
        ),
    ];
    Ok(Position {
        knob: PAIN
            .positions
            .get(position)
            .copied()
            .unwrap_or_default()
            .into(),
        schedule: trial.schedule.to_string(),
        lines: vec![naive, merged],
        claims,
    })
}

fn check(answers: &Answers) -> Result<Vec<Claim>, CheckError> {
    let naive: f64 = answers.read("average_of_averages", "a number")?;
    let right: f64 = answers.read("average", "a number")?;
    let (batch, speed) = ([10.0, 10.0, 10.0], [50.0]);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let all: Vec<f64> = batch.into_iter().chain(speed).collect();
    Ok(vec![
        Claim::about(
            "the average of the averages",
            mean(&[mean(&batch), mean(&speed)]),
            naive,
            1e-9,
        ),
        Claim::about("the average", mean(&all), right, 1e-9),
    ])
}
