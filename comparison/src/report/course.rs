//! The merged answer against the truth, window by window, and the groups that are most wrong.

use std::collections::BTreeMap;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Float64Type};
use arrow::util::display::array_value_to_string;
use serde_json::json;

use super::figure::{Figure, Frame, Knob};
use super::page::Sheet;
use super::{Subject, name};

/// So many columns can be chosen, and so many places of the axis are drawn.
const COLUMNS: usize = 6;
const PLACES: usize = 400;
/// So many wrong groups are listed for each rule.
const LISTED: usize = 3;

/// The figure.
pub(super) fn figure(subject: &Subject<'_>) -> Figure {
    let schema = &subject.view.schema;
    let keys = subject.view.projection.keys_shown();
    let measures = (schema.fields().iter().enumerate())
        .filter(|(index, field)| field.data_type().is_numeric() && !keys.contains(index))
        .map(|(index, field)| (index, field.name().clone()))
        .take(COLUMNS)
        .collect::<Vec<_>>();
    let place = schema
        .index_of("window_start")
        .ok()
        .or(keys.first().copied());
    let mut frames = Vec::new();
    for line in &subject.report.lines {
        for (column, title) in &measures {
            let [served, truth] =
                [&line.run.served.rows, &line.truth].map(|rows| sums(rows, place, *column));
            frames.push(frame(&name(line), title, &served, &truth));
        }
    }
    let names = measures.into_iter().map(|(_, name)| name).collect();
    Figure {
        id: "course".into(),
        title: "The served answer and the truth".into(),
        caption: format!(
            "Each point is one window (one key, for views without windows): the sum of the column over its groups. A view with more than {PLACES} windows shows every nth. Bars are served − truth, on the same axis."
        ),
        command: subject.command.into(),
        knobs: vec![
            super::causes::rules(subject),
            Knob {
                label: "column".into(),
                positions: names,
                ordered: false,
                start: 0,
            },
        ],
        bases: vec![],
        frames,
        layout: json!({"yaxis": {"title": "sum over groups"}, "bargap": 0}),
    }
}

fn frame(
    who: &str,
    column: &str,
    served: &BTreeMap<String, f64>,
    truth: &BTreeMap<String, f64>,
) -> Frame {
    let mut places: Vec<&String> = served.keys().chain(truth.keys()).collect();
    places.sort_unstable();
    places.dedup();
    let of =
        |sums: &BTreeMap<String, f64>, place: &String| sums.get(place).copied().unwrap_or_default();
    let wrong = |place: &&&String| {
        let (mine, its) = (of(served, place), of(truth, place));
        (mine - its).abs() > 1e-9 * mine.abs().max(its.abs())
    };
    let wrong = places.iter().filter(wrong).count();
    let every = places.len().div_ceil(PLACES).max(1);
    let drawn: Vec<&&String> = places.iter().step_by(every).collect();
    let values = |sums: &BTreeMap<String, f64>| -> Vec<f64> {
        drawn.iter().map(|place| of(sums, place)).collect()
    };
    let (mine, its) = (values(served), values(truth));
    let error: Vec<f64> = mine
        .iter()
        .zip(&its)
        .map(|(mine, its)| mine - its)
        .collect();
    Frame {
        traces: vec![
            json!({"type": "bar", "name": "served − truth", "x": drawn, "y": error, "marker": {"color": "@double"}}),
            json!({"type": "scatter", "mode": "lines", "name": "truth", "x": drawn, "y": its, "line": {"color": "@truth", "width": 4}, "opacity": 0.35}),
            json!({"type": "scatter", "mode": "lines", "name": "served", "x": drawn, "y": mine, "line": {"color": "@served", "width": 1.5}}),
        ],
        says: format!(
            "{who}: {column} is wrong in {wrong} of {} windows",
            places.len()
        ),
        ..Frame::default()
    }
}

/// The sum of a column at each place of the axis.
fn sums(rows: &RecordBatch, place: Option<usize>, column: usize) -> BTreeMap<String, f64> {
    let mut sums = BTreeMap::new();
    let values = rows
        .columns()
        .get(column)
        .and_then(|values| cast(values, &DataType::Float64).ok());
    let Some(values) = values else { return sums };
    let values = values.as_primitive::<Float64Type>();
    for row in 0..rows.num_rows() {
        let at = place
            .and_then(|place| rows.columns().get(place))
            .map_or_else(String::new, |at| text(at, row));
        let sum: &mut f64 = sums.entry(at).or_default();
        if values.is_valid(row) && values.value(row).is_finite() {
            *sum += values.value(row);
        }
    }
    sums
}

fn text(column: &dyn Array, row: usize) -> String {
    match column.is_null(row) {
        true => "NULL".into(),
        false => array_value_to_string(column, row).unwrap_or_default(),
    }
}

/// The first wrong groups under each rule, with both answers.
pub(super) fn worst(subject: &Subject<'_>) -> Sheet {
    let schema = &subject.view.schema;
    let shown = |rows: &RecordBatch, row: Option<usize>| {
        let Some(row) = row else {
            return "no such group".to_owned();
        };
        let cells = rows.columns().iter().map(|column| text(column, row));
        cells.collect::<Vec<_>>().join(" · ")
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for line in &subject.report.lines {
        for (mine, its) in line.difference.rows.iter().rev().take(LISTED) {
            rows.push(vec![
                name(line),
                shown(&line.run.served.rows, *mine),
                shown(&line.truth, *its),
            ]);
        }
    }
    let columns: Vec<&str> = schema
        .fields()
        .iter()
        .map(|field| field.name().as_str())
        .collect();
    let none = rows.is_empty();
    Sheet {
        title: "Some groups that are wrong".into(),
        caption: match none {
            true => "No group is wrong under any rule.".into(),
            false => format!(
                "Up to {LISTED} for each rule, the newest first; columns are {}.",
                columns.join(" · ")
            ),
        },
        command: subject.command.into(),
        header: ["", "served", "truth"].map(String::from).to_vec(),
        rows,
        words: true,
    }
}
