//! What a comparison shows, as one page: where events were, what was lost or doubled, what it cost.

mod causes;
mod code;
mod cost;
mod course;
mod decision;
pub mod figure;
mod kept;
mod life;
pub mod page;
mod plane;
pub mod prices;
mod seam;

use std::time::Duration;

use roaring::RoaringBitmap;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::books::Row;
use crate::compare::{Line, Report};

use page::{Block, Page, Section};
use plane::{Plane, Taken};
use prices::Prices;

pub use kept::Kept;
pub use life::{Life, life};

/// What a page is about.
#[derive(Clone, Copy)]
pub struct Subject<'s> {
    /// The view.
    pub view: &'s View,
    /// Where the events came from, as a reader calls it.
    pub source: &'s str,
    /// The command that makes the page.
    pub command: &'s str,
    /// The comparison.
    pub report: &'s Report,
    /// Every event in the order of arrival.
    pub rows: &'s [Row],
    /// When each arrived, if that is known.
    pub arrivals: Option<&'s [EventTime]>,
    /// The numbers of the events that the view folds.
    pub wanted: &'s RoaringBitmap,
    /// What is kept of the events by each architecture.
    pub kept: Kept,
    /// How long the batch took.
    pub takes: Duration,
    /// What things cost, if somebody says so.
    pub prices: Option<&'s Prices>,
}

/// The page of a comparison.
pub fn page(subject: &Subject<'_>) -> Page {
    let section = |id: &str, title: &str, blocks: Vec<Block>| Section {
        id: id.into(),
        title: title.into(),
        blocks,
    };
    let explained = subject.report.lines.iter().all(Line::explained);
    let verdict = match explained {
        true => {
            "Every error below is explained to the last event: counted = truth + double − missing − late, for every rule."
        }
        false => {
            "An error below is NOT explained by its rule: that is a defect of Seamline, please report it."
        }
    };
    let about = format!(
        "The view {} over {} events of {}. Lambda cuts its batch at the seam and merges both halves under each seam rule; kappa folds everything as one stream job; the truth is computed by Polars from the input itself.",
        subject.view.name,
        subject.rows.len(),
        subject.source,
    );
    let lines = &subject.report.lines;
    let books = lines
        .iter()
        .map(|line| (name(line), line.books, line.difference.wrong > 0));
    let books: Vec<_> = books.collect();
    let values = lines.iter().map(|line| (name(line), &line.attribution));
    let values: Vec<_> = values.collect();
    let why = lines.iter();
    let why = why.map(|line| Block::Text(format!("{}: {}.", name(line), line.why())));
    let mut causes = vec![
        Block::Text(about),
        Block::Text(verdict.into()),
        Block::Figure(causes::figure(&books, subject.command)),
        Block::Sheet(causes::sheet(subject)),
        Block::Sheet(causes::values(&values, subject.command)),
    ];
    causes.extend(why);
    Page {
        title: format!("{}: lambda, kappa and the truth", subject.view.name),
        command: subject.command.into(),
        sections: vec![
            section("errors", "Error by cause", causes),
            section(
                "events",
                "Every event",
                vec![Block::Figure(plane::figure(
                    &plane(subject),
                    causes::rules(subject),
                ))],
            ),
            section(
                "answer",
                "The answer against the truth",
                vec![
                    Block::Figure(course::figure(subject)),
                    Block::Sheet(course::worst(subject)),
                ],
            ),
            section(
                "cost",
                "What both cost",
                vec![
                    Block::Sheet(cost::sheet(subject)),
                    Block::Sheet(code::sheet(subject.command)),
                ],
            ),
            section("decision", "The decision sheet", decision::blocks(subject)),
        ],
    }
}

/// Where the events of a comparison are, and who took which.
fn plane<'s>(subject: &Subject<'s>) -> Plane<'s> {
    let lines = subject.report.lines.iter().map(|line| Taken {
        name: name(line),
        taken: &line.verdict.taken,
        marks: [true, false].map(|times| seam::marks(subject, line.run.rule, times)),
    });
    Plane {
        rows: subject.rows,
        arrivals: subject.arrivals,
        wanted: subject.wanted,
        lines: lines.collect(),
        command: subject.command,
        marks: "Upright: where the batch cuts and where it lands; dotted: the boundary in event time, under the rules that have one.",
    }
}

/// `lambda offset`, `kappa`.
fn name(line: &Line) -> String {
    match line.run.rule {
        Some(rule) => format!("{} {rule}", line.run.architecture),
        None => line.run.architecture.to_string(),
    }
}

/// A number with its thousands apart.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Microseconds for people: the two largest units.
fn span(micros: i64) -> String {
    const UNITS: [(&str, i64); 4] = [
        ("d", 86_400_000_000),
        ("h", 3_600_000_000),
        ("m", 60_000_000),
        ("s", 1_000_000),
    ];
    if micros == 0 {
        return "0 s".into();
    }
    let sign = if micros < 0 { "−" } else { "" };
    let mut rest = micros.abs();
    let mut parts = Vec::new();
    for (unit, size) in UNITS {
        if rest >= size && parts.len() < 2 {
            parts.push(format!("{} {unit}", rest / size));
            rest %= size;
        }
    }
    if parts.is_empty() {
        parts.push(format!("{} ms", micros.abs() as f64 / 1000.0));
    }
    format!("{sign}{}", parts.join(" "))
}

/// Bytes for people.
fn bytes(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} B"),
        10_000..10_000_000 => format!("{:.1} kB", bytes as f64 / 1e3),
        10_000_000..10_000_000_000 => format!("{:.1} MB", bytes as f64 / 1e6),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

#[cfg(test)]
mod tests;
