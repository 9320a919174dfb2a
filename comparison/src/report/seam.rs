//! Where the seam is in the picture: the cut and the landing in the order of arrival.

use serde_json::{Value, json};
use shared_logic::coverage::OffsetVector;
use shared_logic::time::EventTime;

use super::Subject;
use crate::rule::Rule;

/// The place of an arrival on an axis: its time, or its number where times are not known.
pub(super) fn arrival(arrivals: Option<&[EventTime]>, number: usize) -> Value {
    match arrivals.and_then(|arrivals| arrivals.get(number)) {
        Some(time) => instant(*time),
        None => json!(number),
    }
}

/// An instant as Plotly reads it.
pub(super) fn instant(time: EventTime) -> Value {
    json!(time.to_string().trim_end_matches('Z'))
}

/// Lines for the cut, the landing and, under rules on event time, the boundary.
pub(super) fn marks(subject: &Subject<'_>, rule: Option<Rule>, times: bool) -> Value {
    let seam = &subject.report.seam;
    let mut shapes = Vec::new();
    let mut notes = Vec::new();
    let Some(rule) = rule else {
        return json!({"shapes": shapes, "annotations": notes});
    };
    let mut upright = |at: &OffsetVector, says: &str, top: bool| {
        let Some(number) = last_below(subject, at) else {
            return;
        };
        let x = arrival(subject.arrivals, number);
        shapes.push(
            json!({"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1,
            "line": {"color": "@served", "width": 1.5}}),
        );
        notes.push(
            json!({"x": x, "y": if top { 1 } else { 0 }, "yref": "paper", "text": says, "showarrow": false,
            "xanchor": "left", "yanchor": if top { "top" } else { "bottom" }, "font": {"color": "@served", "size": 11}}),
        );
    };
    upright(&seam.cut, "cut", false);
    if seam.landing != seam.cut {
        // They may be close: one label below, one above.
        upright(&seam.landing, "landing", true);
    }
    if times && rule.name().starts_with("event-time") && seam.boundary.0 != i64::MIN {
        let y = instant(seam.boundary);
        shapes.push(
            json!({"type": "line", "y0": y, "y1": y, "xref": "paper", "x0": 0, "x1": 1,
            "line": {"color": "@served", "width": 1.5, "dash": "dot"}}),
        );
    }
    json!({"shapes": shapes, "annotations": notes})
}

/// The number of the last arrival below an offset vector.
fn last_below(subject: &Subject<'_>, at: &OffsetVector) -> Option<usize> {
    (subject.rows.iter()).rposition(|row| row.offset < at.get(&row.place))
}
