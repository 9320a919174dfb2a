//! The lab: all lessons with all positions of their knobs, computed beforehand, as one page.

use serde_json::{Value, json};

use super::lesson::markup;
use super::{Claim, Pain, Position};
use crate::report::figure::{Figure, Frame, Knob};
use crate::report::page::{Block, Page, Section, Sheet};

/// The page of some pains that have been run.
pub fn lab(ran: &[(&Pain, Vec<Position>)], command: &str) -> Page {
    let held = ran
        .iter()
        .filter(|(_, positions)| positions.iter().all(Position::holds))
        .count();
    let about = format!(
        "Each lesson is a story, a prediction to make, one knob to turn, and a known answer. Every position of every knob was run on Seamline's own layers before this page was made, so the page needs no install and no network. Make your prediction before you turn the knob. The known answer was met in {held} of {} lessons.",
        ran.len()
    );
    let mut sections = vec![Section {
        id: "lessons".into(),
        title: "The lessons".into(),
        blocks: vec![Block::Text(about), Block::Sheet(overview(ran, command))],
    }];
    sections.extend(ran.iter().map(|(pain, positions)| section(pain, positions)));
    Page {
        title: "The lab: pains of Lambda and of Kappa".into(),
        command: command.into(),
        sections,
    }
}

fn overview(ran: &[(&Pain, Vec<Position>)], command: &str) -> Sheet {
    let rows = ran.iter().map(|(pain, positions)| {
        let claims = positions.iter().flat_map(|position| &position.claims);
        let (held, all) = (
            claims.clone().filter(|claim| claim.holds()).count(),
            claims.count(),
        );
        vec![
            pain.id.to_owned(),
            pain.lesson().title,
            pain.knob.to_owned(),
            format!("{held} of {all}"),
        ]
    });
    Sheet {
        title: "What was known in advance, and found".into(),
        caption: "L: Lambda. K: Kappa. A claim is a figure that a formula or a plain loop says before anything runs.".into(),
        command: command.into(),
        header: ["", "pain", "knob", "claims that hold"].map(String::from).to_vec(),
        rows: rows.collect(),
        words: true,
    }
}

fn section(pain: &Pain, positions: &[Position]) -> Section {
    let lesson = pain.lesson();
    let command = format!("seam pains run {}", pain.id);
    let mut blocks = vec![];
    for (heading, text) in &lesson.parts {
        match heading.as_str() {
            "Story" => blocks.push(Block::Markup(markup(text))),
            "Knob" | "Run" => {}
            "Picture" => {
                // Whoever has predicted turns first, and reads then.
                blocks.push(Block::Figure(turning(pain, positions, &command)));
                blocks.push(Block::Markup(markup(text)));
                blocks.push(Block::Figure(sweep(pain, positions, &command)));
                blocks.push(Block::Sheet(measured(pain, positions, &command)));
            }
            _ => blocks.push(Block::Markup(format!(
                "<h3>{heading}</h3>\n{}",
                markup(text)
            ))),
        }
    }
    Section {
        id: pain.id.into(),
        title: format!("{} · {}", pain.id, lesson.title),
        blocks,
    }
}

/// A number that JSON can hold.
fn finite(number: f64) -> Value {
    if number.is_finite() {
        json!(number)
    } else {
        Value::Null
    }
}

/// Bars for what was found, marks for what was known.
fn turning(pain: &Pain, positions: &[Position], command: &str) -> Figure {
    let frames = positions.iter().map(|position| {
        let names: Vec<&str> = position.claims.iter().map(|claim| claim.of.as_str()).collect();
        let of = |figure: fn(&Claim) -> f64| -> Vec<Value> {
            position.claims.iter().map(|claim| finite(figure(claim))).collect()
        };
        Frame {
            traces: vec![
                json!({"type": "bar", "orientation": "h", "name": "found", "y": names, "x": of(|claim| claim.found),
                    "marker": {"color": "@served"}}),
                json!({"type": "scatter", "mode": "markers", "name": "known", "y": names, "x": of(|claim| claim.known),
                    "marker": {"color": "@double", "symbol": "line-ns-open", "size": 20, "line": {"width": 3}}}),
            ],
            says: says(position),
            ..Frame::default()
        }
    });
    Figure {
        id: format!("{}-turn", pain.id),
        title: format!("Turn the knob: {}", pain.knob),
        caption: "Bars: found. Marks: known in advance.".into(),
        command: command.into(),
        knobs: vec![Knob {
            label: pain.knob.into(),
            positions: positions
                .iter()
                .map(|position| position.knob.clone())
                .collect(),
            ordered: true,
            start: 0,
        }],
        bases: vec![],
        frames: frames.collect(),
        layout: json!({"xaxis": {"title": pain.unit, "rangemode": "tozero"}, "yaxis": {"autorange": "reversed"}}),
    }
}

/// `offset 0, event-time <=/>= 7: as known`.
fn says(position: &Position) -> String {
    let figures = position.claims.iter().map(|claim| match claim.holds() {
        true => format!("{}: {}", claim.of, shown(claim.found)),
        false => format!(
            "{}: {}, but known is {}",
            claim.of,
            shown(claim.found),
            shown(claim.known)
        ),
    });
    figures.collect::<Vec<_>>().join(" · ")
}

/// A figure for people.
pub fn shown(number: f64) -> String {
    match number {
        f64::INFINITY => "never".into(),
        // The sum of no numbers may be -0.
        whole if whole.fract() == 0.0 => format!("{}", whole + 0.0),
        other => format!("{other:.2}"),
    }
}

/// All positions at once.
fn sweep(pain: &Pain, positions: &[Position], command: &str) -> Figure {
    let knob: Vec<&str> = positions
        .iter()
        .map(|position| position.knob.as_str())
        .collect();
    let mut names: Vec<&str> = vec![];
    for claim in positions.iter().flat_map(|position| &position.claims) {
        if !names.contains(&claim.of.as_str()) {
            names.push(&claim.of);
        }
    }
    let traces = names.iter().map(|name| {
        let found = positions.iter().map(|position| {
            let claim = position.claims.iter().find(|claim| claim.of == *name);
            claim.map_or(Value::Null, |claim| finite(claim.found))
        });
        json!({"type": "scatter", "mode": "lines+markers", "name": name, "x": knob, "y": found.collect::<Vec<_>>()})
    });
    let held = positions.iter().filter(|position| position.holds()).count();
    Figure {
        id: format!("{}-sweep", pain.id),
        title: "All positions of the knob".into(),
        caption: "What was found at each position.".into(),
        command: command.into(),
        knobs: vec![],
        bases: vec![],
        frames: vec![Frame {
            traces: traces.collect(),
            says: format!(
                "as known in advance at {held} of {} positions",
                positions.len()
            ),
            ..Frame::default()
        }],
        layout: json!({"xaxis": {"type": "category", "title": pain.knob}, "yaxis": {"title": pain.unit}}),
    }
}

/// Everything measured, at every position.
fn measured(pain: &Pain, positions: &[Position], command: &str) -> Sheet {
    let rows = positions.iter().flat_map(|position| {
        position.lines.iter().map(|line| {
            let books = &line.books;
            vec![
                position.knob.clone(),
                line.who.clone(),
                format!("{} of {}", line.wrong_groups, line.groups),
                books.double.to_string(),
                books.missing.to_string(),
                books.late.to_string(),
                format!("{:+}", books.net()),
                format!("{} s", shown(line.wrong_for.as_secs_f64())),
                format!("{:.2}", line.rework),
                line.bytes_stored.to_string(),
            ]
        })
    });
    let header = [
        "",
        "who",
        "wrong groups",
        "double",
        "missing",
        "late",
        "net",
        "time wrong",
        "read ÷ log",
        "bytes of segments",
    ];
    Sheet {
        title: "Measured".into(),
        caption: format!(
            "The last answer at each position of {}; time wrong is on the virtual clock, between two questions.",
            pain.knob
        ),
        command: command.into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
        words: false,
    }
}
