//! What a schedule shows, as one page: each architecture's errors over virtual time.

use std::time::Duration;

use roaring::RoaringBitmap;
use serde_json::{Value, json};
use shared_logic::time::EventTime;
use shared_logic::view::View;

use super::figure::{Figure, Frame, Knob};
use super::page::{Block, Page, Section, Sheet};
use super::plane::{self, Plane, Taken};
use super::{bytes, causes, grouped, seam};
use crate::books::{Books, Row};
use crate::clock::Clock;
use crate::schedule::Schedule;
use crate::timeline::Event;
use crate::trial::Trial;

/// A schedule that was played.
#[derive(Clone, Copy)]
pub struct Life<'l> {
    /// The view.
    pub view: &'l View,
    /// The command that makes the page.
    pub command: &'l str,
    /// What was played.
    pub schedule: &'l Schedule,
    /// Every event in the order of arrival.
    pub rows: &'l [Row],
    /// When what arrived.
    pub clock: &'l Clock,
    /// The numbers of the events that the view folds.
    pub wanted: &'l RoaringBitmap,
    /// Who played it.
    pub trials: &'l [Trial],
}

/// The page of a schedule.
pub fn life(life: &Life<'_>) -> Page {
    let section = |id: &str, title: &str, blocks: Vec<Block>| Section {
        id: id.into(),
        title: title.into(),
        blocks,
    };
    let explained = life.trials.iter().all(Trial::explained);
    let about = format!(
        "The view {} under the schedule below, {} events. Time is virtual and begins at 0. {}",
        life.view.name,
        grouped(life.rows.len() as u64),
        match explained {
            true => "Every error is explained to the last event and value.",
            false => "An error is NOT explained: that is a defect of Seamline, please report it.",
        }
    );
    let last = life
        .trials
        .iter()
        .filter_map(|trial| Some((trial, trial.last()?)));
    let books: Vec<(String, Books, bool)> = last
        .clone()
        .map(|(trial, last)| {
            let wrong = last.verdict.difference.wrong > 0;
            (trial.played.player.to_string(), last.verdict.books, wrong)
        })
        .collect();
    let values = last
        .clone()
        .map(|(trial, last)| (trial.played.player.to_string(), &last.attribution));
    let values: Vec<_> = values.collect();
    let instants: Vec<EventTime> = life
        .clock
        .arrivals()
        .iter()
        .map(|at| life.clock.instant(*at))
        .collect();
    let marks = marks(life, |at| seam::instant(life.clock.instant(at)));
    let plane = Plane {
        rows: life.rows,
        arrivals: Some(&instants),
        wanted: life.wanted,
        lines: last
            .map(|(trial, last)| Taken {
                name: trial.played.player.to_string(),
                taken: &last.verdict.taken,
                marks: [marks.clone(), marks.clone()],
            })
            .collect(),
        command: life.command,
        marks: "Upright: batches that begin and land, crashes. Marked is what the last answer got wrong.",
    };
    Page {
        title: format!(
            "{}: lambda, kappa and the truth over virtual time",
            life.view.name
        ),
        command: life.command.into(),
        sections: vec![
            section(
                "errors",
                "Error over virtual time",
                vec![
                    Block::Text(about),
                    Block::Commands(life.schedule.to_string()),
                    Block::Figure(over_time(life)),
                    Block::Sheet(summary(life)),
                ],
            ),
            section(
                "by-cause",
                "Error by cause, at the end",
                vec![
                    Block::Figure(causes::figure(&books, life.command)),
                    Block::Sheet(causes::values(&values, life.command)),
                ],
            ),
            section(
                "events",
                "Every event",
                vec![Block::Figure(plane::figure(&plane, players(life)))],
            ),
        ],
    }
}

fn players(life: &Life<'_>) -> Knob {
    let trials = life.trials;
    let start = trials
        .iter()
        .position(|trial| trial.over_time.first_wrong.is_some());
    Knob {
        label: "rule".into(),
        positions: trials
            .iter()
            .map(|trial| trial.played.player.to_string())
            .collect(),
        ordered: false,
        start: start.unwrap_or_default(),
    }
}

/// Lines for what happens, at places of an axis.
fn marks(life: &Life<'_>, place: impl Fn(Duration) -> Value) -> Value {
    let events = life
        .trials
        .first()
        .map(|trial| trial.played.events.as_slice());
    let shown = events.unwrap_or_default().iter().filter_map(|(at, event)| {
        let (says, colour) = match event {
            Event::BatchBegins(run) => (format!("batch {run}"), "@plain"),
            Event::BatchLands(run) => (format!("lands {run}"), "@served"),
            Event::BatchFails(run) => (format!("fails {run}"), "@bad"),
            Event::Crash(step) => (format!("crash {step}"), "@bad"),
            Event::CaughtUp => ("caught up".into(), "@drift"),
            Event::Restart | Event::Checkpoint | Event::Ask => return None,
        };
        Some((place(*at), says, colour))
    });
    let (shapes, notes): (Vec<Value>, Vec<Value>) = shown
        .map(|(x, says, colour)| {
            (
                json!({"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1,
                    "line": {"color": colour, "width": 1.2}}),
                json!({"x": x, "y": 0, "yref": "paper", "text": says, "showarrow": false, "textangle": -90,
                    "xanchor": "left", "yanchor": "bottom", "font": {"color": colour, "size": 10}}),
            )
        })
        .unzip();
    json!({"shapes": shapes, "annotations": notes})
}

/// What each answer served and what was true then; below it the error by cause.
fn over_time(life: &Life<'_>) -> Figure {
    let frames = life.trials.iter().map(|trial| {
        let at: Vec<f64> = trial.judged.iter().map(|judged| judged.at.as_secs_f64()).collect();
        let of = |value: fn(&Books) -> i64| -> Vec<i64> {
            trial.judged.iter().map(|judged| value(&judged.verdict.books)).collect()
        };
        let bar = |kind: &str, values: Vec<i64>| {
            json!({"type": "bar", "name": kind, "x": at, "y": values, "marker": {"color": format!("@{kind}")}})
        };
        let over = &trial.over_time;
        let again = match (over.first_wrong, over.corrected) {
            (None, _) => "never wrong".into(),
            (Some(first), Some(after)) => format!("wrong from {} on, right again after {}", shown(first), shown(after)),
            (Some(first), None) => format!("wrong from {} on, and never right again", shown(first)),
        };
        Frame {
            traces: vec![
                bar("double", of(|books| books.double.cast_signed())),
                bar("missing", of(|books| -books.missing.cast_signed())),
                bar("late", of(|books| -books.late.cast_signed())),
                json!({"type": "scatter", "mode": "lines+markers", "name": "net", "x": at, "y": of(|books| books.net()),
                    "line": {"color": "@truth", "width": 2, "shape": "hv"}}),
            ],
            says: format!("{}: {again}; {:.0} event seconds of error", trial.played.player, over.events),
            ..Frame::default()
        }
    });
    let mut layout = marks(life, |at| json!(at.as_secs_f64()));
    if let Some(layout) = layout.as_object_mut() {
        layout.insert("barmode".into(), json!("relative"));
        layout.insert("xaxis".into(), json!({"title": "virtual time in seconds"}));
        layout.insert("yaxis".into(), json!({"title": "events: served − true"}));
    }
    Figure {
        id: "life".into(),
        title: "What was served against what was true, question by question".into(),
        caption: "A question is asked at each mark of the line; an answer counts until the next one. Bars: events counted twice, lost and late then. Upright: batches that begin, land or fail, and crashes.".into(),
        command: life.command.into(),
        knobs: vec![players(life)],
        bases: vec![],
        frames: frames.collect(),
        layout,
    }
}

fn shown(span: Duration) -> String {
    super::span(crate::seam::micros(span))
}

fn summary(life: &Life<'_>) -> Sheet {
    let rows = life.trials.iter().map(|trial| {
        let (over, cost) = (&trial.over_time, &trial.played.cost);
        let last = trial.last().map(|last| &last.verdict);
        let wrong = last.map_or(0, |last| last.difference.wrong);
        let first = over
            .first_bad
            .as_ref()
            .map(|(place, offset)| format!("{place}:{offset}"));
        vec![
            trial.played.player.to_string(),
            wrong.to_string(),
            shown(over.wrong),
            format!("{:.0}", over.events),
            first.unwrap_or_else(|| "none".into()),
            over.corrected.map_or_else(|| "–".into(), shown),
            format!(
                "{:.2}",
                cost.cpu_seconds / life.rows.len().max(1) as f64 * 1e6
            ),
            bytes(cost.bytes_read),
            bytes(cost.bytes_stored),
        ]
    });
    let header = [
        "",
        "wrong groups at the end",
        "wrong for",
        "event seconds",
        "first bad event",
        "right again after",
        "CPU s per million events",
        "bytes read",
        "bytes of segments",
    ];
    Sheet {
        title: "Over all of it".into(),
        caption: "Event seconds: the integral of |served − true| in events over virtual time. Processor time includes all questions that were asked.".into(),
        command: life.command.into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
        words: false,
    }
}
