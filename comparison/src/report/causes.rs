//! The error of each rule by cause, in events.

use serde_json::json;

use super::figure::{Figure, Frame, Knob};
use super::page::Sheet;
use super::{Subject, grouped, name};
use crate::attribution::{Attribution, Cause};
use crate::books::Books;

/// A knob that chooses the architecture and rule.
pub(super) fn rules(subject: &Subject<'_>) -> Knob {
    let lines = &subject.report.lines;
    // The first rule with an error has something to show.
    let start = lines.iter().position(|line| line.difference.wrong > 0);
    Knob {
        label: "rule".into(),
        positions: lines.iter().map(name).collect(),
        ordered: false,
        start: start.unwrap_or_default(),
    }
}

/// Bars to the right are counted too often, to the left not at all; for each architecture its name, its
/// books and whether a group is wrong.
pub(super) fn figure(lines: &[(String, Books, bool)], command: &str) -> Figure {
    let names: Vec<&str> = lines.iter().map(|(name, ..)| name.as_str()).collect();
    let bar = |kind: &str, values: Vec<i64>| {
        json!({"type": "bar", "orientation": "h", "name": kind, "y": names, "x": values,
            "marker": {"color": format!("@{kind}")}})
    };
    let of = |value: fn(&Books) -> i64| -> Vec<i64> {
        lines.iter().map(|(_, books, _)| value(books)).collect()
    };
    let net = json!({"type": "scatter", "mode": "markers", "name": "net", "y": names,
        "x": of(|books| books.net()),
        "marker": {"color": "@truth", "symbol": "line-ns-open", "size": 16, "line": {"width": 2}}});
    let frame = Frame {
        traces: vec![
            bar("double", of(|books| books.double.cast_signed())),
            bar("missing", of(|books| -books.missing.cast_signed())),
            bar("late", of(|books| -books.late.cast_signed())),
            net,
        ],
        says: format!(
            "{} of {} rules and architectures are without error",
            lines.iter().filter(|(.., wrong)| !wrong).count(),
            lines.len()
        ),
        ..Frame::default()
    };
    Figure {
        id: "causes".into(),
        title: "Events counted twice, lost or late".into(),
        caption: "Events after WHERE, each once however many windows it is in. To the right: counted more than once; to the left: not counted. The mark is the net error, which hides what cancels out.".into(),
        command: command.into(),
        knobs: vec![],
        bases: vec![],
        frames: vec![frame],
        layout: json!({"barmode": "relative", "xaxis": {"title": "events"}, "yaxis": {"autorange": "reversed"}}),
    }
}

/// The same in numbers.
pub(super) fn sheet(subject: &Subject<'_>) -> Sheet {
    let header = [
        "",
        "wrong groups",
        "of",
        "double",
        "missing",
        "late",
        "drift",
        "net",
        "counted",
        "truth",
        "explained",
    ];
    let rows = subject.report.lines.iter().map(|line| {
        let books = &line.books;
        let explained = if line.explained() { "yes" } else { "NO" };
        vec![
            name(line),
            grouped(line.difference.wrong as u64),
            grouped(line.difference.groups as u64),
            grouped(books.double),
            grouped(books.missing),
            grouped(books.late),
            grouped(line.drift as u64),
            format!("{:+}", books.net()),
            grouped(books.counted),
            grouped(books.truth),
            explained.into(),
        ]
    });
    Sheet {
        title: "In numbers".into(),
        caption: "double, missing, late and net are events; drift is groups that differ from an independent fold of the very same events.".into(),
        command: subject.command.into(),
        header: header.map(String::from).to_vec(),
        rows: rows.collect(),
        words: false,
    }
}

/// The errors of some answers in values, cause by cause.
pub(super) fn values(answers: &[(String, &Attribution)], command: &str) -> Sheet {
    let mut rows = vec![];
    for (name, attribution) in answers {
        let wrong = attribution
            .columns
            .iter()
            .filter(|column| column.absolute > 1e-6);
        rows.extend(wrong.map(|column| {
            let causes = column.by_cause.iter().map(ToString::to_string);
            let cells = [name.clone(), column.name.clone()]
                .into_iter()
                .chain(causes);
            cells.chain([column.net.to_string()]).collect()
        }));
    }
    let causes = Cause::ORDER.map(|cause| cause.to_string());
    let header = ["", "column"].map(String::from).into_iter().chain(causes);
    Sheet {
        title: "In values".into(),
        caption: "The truth is refolded without what one cause after the other took away or added, in this order; what a step changes is charged to its cause, so that the causes add up to the error. Columns without an error are left out.".into(),
        command: command.into(),
        header: header.chain(["net".to_owned()]).collect(),
        rows,
        words: false,
    }
}
