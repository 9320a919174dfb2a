//! The plane of event time and processing time, with every event that was counted other than once.

use std::collections::{BTreeMap, BTreeSet};

use roaring::RoaringBitmap;
use serde_json::{Value, json};
use shared_logic::identity::TopicPartition;
use shared_logic::time::EventTime;

use super::figure::{Figure, Frame, Knob};
use super::grouped;
use super::seam::{arrival, instant};
use crate::books::{Multiplicity, Row};

/// So many events that were counted once are drawn at most, and so many of each kind of error.
const DRAWN: u64 = 3000;
/// So many watermarks are drawn, with so many steps each.
const WATERMARKS: usize = 4;
const STEPS: usize = 300;

/// What is to be seen of an event upwards.
#[derive(Clone, Copy)]
enum Height {
    /// When it happened.
    Time,
    /// How far it is behind the watermark of its partition, in seconds.
    Behind,
}

/// The events, and who folded them how.
pub(super) struct Plane<'p> {
    /// Every event in the order of arrival.
    pub(super) rows: &'p [Row],
    /// When each arrived, if that is known.
    pub(super) arrivals: Option<&'p [EventTime]>,
    /// The numbers of those that the view folds.
    pub(super) wanted: &'p RoaringBitmap,
    /// Architectures.
    pub(super) lines: Vec<Taken<'p>>,
    /// The command that repeats it.
    pub(super) command: &'p str,
    /// What the lines across the picture are.
    pub(super) marks: &'p str,
}

/// What an architecture made of the events.
pub(super) struct Taken<'p> {
    pub(super) name: String,
    pub(super) taken: &'p Multiplicity,
    /// Lines across the plane, and across the picture of lateness.
    pub(super) marks: [Value; 2],
}

/// The figure.
pub(super) fn figure(plane: &Plane<'_>, rules: Knob) -> Figure {
    let behind = behind(plane.rows);
    let heights = [Height::Time, Height::Behind];
    let point = |number: u32, height: Height| -> Option<(Value, Value)> {
        let index = number as usize;
        let time = plane.rows.get(index)?.time?;
        let y = match height {
            Height::Time => instant(time),
            Height::Behind => json!(*behind.get(index)? as f64 / 1e6),
        };
        Some((arrival(plane.arrivals, index), y))
    };
    let dots = |numbers: &RoaringBitmap, height: Height, look: Value, label: &str| {
        let every = numbers.len().div_ceil(DRAWN).max(1);
        let drawn = (numbers.iter().step_by(every as usize)).filter_map(|at| point(at, height));
        let (x, y): (Vec<Value>, Vec<Value>) = drawn.unzip();
        json!({"type": "scatter", "mode": "markers", "name": label, "x": x, "y": y, "marker": look})
    };
    let bases = heights.map(|height| {
        let look = json!({"color": "@plain", "size": 3, "opacity": 0.6});
        let mut traces = vec![dots(plane.wanted, height, look, "counted once")];
        if let Height::Time = height {
            traces.extend(watermarks(plane));
        }
        traces
    });
    let mut frames = Vec::new();
    for line in &plane.lines {
        let doubled = line.taken.doubled();
        let kinds = [
            ("double", "cross", &doubled),
            ("missing", "x", &line.taken.missing),
            ("late", "triangle-up", &line.taken.late),
        ];
        for (base, height) in heights.into_iter().enumerate() {
            let marked = kinds.iter().filter(|(_, _, numbers)| !numbers.is_empty());
            let traces = marked.map(|(kind, symbol, numbers)| {
                let look = json!({"color": format!("@{kind}"), "size": 8, "symbol": symbol});
                dots(numbers, height, look, kind)
            });
            let mut layout = line.marks.get(base).cloned().unwrap_or_default();
            if let (Height::Behind, Some(layout)) = (height, layout.as_object_mut()) {
                layout.insert(
                    "yaxis".into(),
                    json!({"title": "seconds behind the watermark"}),
                );
            }
            let says = kinds.map(|(kind, _, numbers)| format!("{} {kind}", grouped(numbers.len())));
            let sampled = (kinds.iter().filter(|(_, _, numbers)| numbers.len() > DRAWN)).map(
                |(kind, _, numbers)| {
                    format!(
                        "; of {kind}, 1 event in {} is drawn",
                        numbers.len().div_ceil(DRAWN)
                    )
                },
            );
            frames.push(Frame {
                base,
                traces: traces.collect(),
                says: format!(
                    "{}: {}{}",
                    line.name,
                    says.join(", "),
                    sampled.collect::<String>()
                ),
                layout,
            });
        }
    }
    let x = match plane.arrivals {
        Some(_) => "processing time: when the event arrived",
        None => "processing time: the number of the arrival",
    };
    Figure {
        id: "plane".into(),
        title: "When events happened, and when they arrived".into(),
        caption: caption(plane),
        command: plane.command.into(),
        knobs: vec![
            rules,
            Knob {
                label: "upwards".into(),
                positions: vec!["when it happened".into(), "how late it came".into()],
                ordered: false,
                start: 0,
            },
        ],
        bases: bases.to_vec(),
        frames,
        layout: json!({"xaxis": {"title": x}, "yaxis": {"title": "event time"}}),
    }
}

fn caption(plane: &Plane<'_>) -> String {
    let count = plane.wanted.len();
    let every = count.div_ceil(DRAWN).max(1);
    let drawn = match every {
        1 => format!("All {} events of the view are drawn.", grouped(count)),
        every => format!(
            "Of the {} events of the view 1 in {every} is drawn in grey; events counted twice, lost or late are drawn besides.",
            grouped(count)
        ),
    };
    let partitions = partitions(plane.rows).len();
    let lines = match partitions > WATERMARKS {
        true => format!("Lines: the watermarks of {WATERMARKS} of {partitions} partitions."),
        false => "Lines: the watermark of each partition.".into(),
    };
    format!("{drawn} {lines} {}", plane.marks)
}

fn partitions(rows: &[Row]) -> Vec<TopicPartition> {
    let places: BTreeSet<&TopicPartition> = rows.iter().map(|row| &row.place).collect();
    places.into_iter().cloned().collect()
}

/// How far each event is behind the greatest event time before it in its partition, in
/// microseconds; 0 for those that are not.
fn behind(rows: &[Row]) -> Vec<i64> {
    let mut reached = BTreeMap::new();
    let rows = rows.iter().map(|row| {
        let Some(time) = row.time else { return 0 };
        let greatest = reached.entry(&row.place).or_insert(time.0);
        let behind = greatest.saturating_sub(time.0).max(0);
        *greatest = (*greatest).max(time.0);
        behind
    });
    rows.collect()
}

/// The watermark of some partitions, as steps.
fn watermarks(plane: &Plane<'_>) -> Vec<Value> {
    let places = partitions(plane.rows).into_iter().take(WATERMARKS);
    let traces = places.map(|place| {
        let mut steps: Vec<(usize, i64)> = Vec::new();
        for (number, row) in plane.rows.iter().enumerate() {
            let greatest = steps.last().map(|(_, time)| *time);
            match row.time {
                Some(time) if row.place == place && Some(time.0) > greatest => {
                    steps.push((number, time.0));
                }
                _ => {}
            }
        }
        let every = steps.len().div_ceil(STEPS).max(1);
        let (x, y): (Vec<Value>, Vec<Value>) = (steps.iter().step_by(every))
            .map(|(number, time)| {
                (arrival(plane.arrivals, *number), instant(EventTime(*time)))
            })
            .unzip();
        json!({"type": "scatter", "mode": "lines", "name": format!("watermark {place}"), "x": x, "y": y,
            "showlegend": false, "hoverinfo": "name", "line": {"color": "@drift", "width": 1, "shape": "hv"}})
    });
    traces.collect()
}

/// The worst lateness: how far an event was behind the watermark of its partition, in microseconds.
pub(super) fn worst_lateness(rows: &[Row]) -> i64 {
    behind(rows).into_iter().max().unwrap_or_default()
}
