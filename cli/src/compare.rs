//! `seam compare`: every rule and architecture against the truth.

use std::io::{BufWriter, Write, stdout};
use std::time::Duration;

use comparison::compare::{Line, Report, compare};
use comparison::report::{self, Kept, Subject};
use comparison::seam::SeamAt;
use serde_json::json;

use crate::args::Compare;
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::{Loaded, options};
use crate::observe;
use crate::page;
use crate::play;
use crate::print::{self, Format};
use crate::second;
use crate::source::Source;

/// Runs, prints, and fails if an error is left unexplained.
pub fn run(args: &Compare) -> Outcome {
    let loaded = Loaded::open(&args.view)?;
    if let Some(schedule) = &args.schedule {
        return play::run(args, &loaded, loaded.one_fold("seam compare")?, schedule);
    }
    if let Some(path) = &args.observed {
        return observe::run(args, &loaded, loaded.one_fold("seam compare")?, path);
    }
    let seam: SeamAt = args.seam_at.parse().or_input()?;
    let takes = duration(&args.batch_takes)?;
    let view = loaded.one_fold("seam compare")?;
    if loaded.question.plain().is_none() {
        eprintln!(
            "seam: compared are the rows that {} maintains, before its question is asked; seam explain shows both",
            view.name
        );
    }
    if args.second_code_base.is_some() && args.input.input.is_empty() {
        return Err(Failure::input(
            "a second code base reads a file: give --input for --second-code-base",
        ));
    }
    let source = Source::open(args, &loaded, view)?;
    let seam = source.arrivals().seam(&seam, takes).or_input()?;
    let seam = seam.aligned(view);
    source.archived(&seam.cut)?;
    let given = source.events();
    page::check(args.report.as_deref())?;
    let prices = page::prices(args.prices.as_deref())?;
    let report = compare(
        view,
        given,
        &play::rules(args)?,
        &seam,
        &options(&args.fold),
    )?;
    if let Some(path) = &args.report {
        let folder = tempfile::tempdir()?;
        let subject = Subject {
            view,
            source: &source.name,
            command: &page::command(),
            report: &report,
            rows: &source.rows,
            arrivals: source.instants.as_deref(),
            wanted: &source.truth.passes(),
            kept: Kept::measure(
                view,
                source.log.as_ref(),
                folder.path(),
                &options(&args.fold),
            )?,
            takes,
            prices: prices.as_ref(),
        };
        page::write(path, &report::page(&subject))?;
        let mut table = Vec::new();
        csv(&mut table, &report)?;
        page::beside(path, "csv", &table)?;
    }

    let mut out = BufWriter::new(stdout().lock());
    match args.format {
        Format::Table => {
            writeln!(out, "{}", table(&report))?;
            for line in &report.lines {
                writeln!(out, "{}: {}", name(line), line.why())?;
            }
        }
        Format::Json => {
            for line in &report.lines {
                writeln!(out, "{}", object(line))?;
            }
        }
        Format::Csv => csv(&mut out, &report)?,
    }
    if let Some(slip) = &args.second_code_base {
        let against = second::Against {
            view,
            sql: &loaded.sql,
            file: loaded.file(&args.input.input, &view.table)?,
            events: given,
            seam: &seam,
            options: &options(&args.fold),
        };
        second::run(&mut out, &against, slip, args.format)?;
    }
    out.flush()?;
    check(&report)
}

/// A duration such as 90m.
pub fn duration(text: &str) -> Outcome<Duration> {
    humantime::parse_duration(text).map_err(|error| {
        Failure::input(format!(
            "cannot read the duration {text:?}: {error}; write 90m, 2h or 30s"
        ))
    })
}

/// The table of a comparison: a row per architecture and rule.
pub fn table(report: &Report) -> comfy_table::Table {
    let header = [
        "",
        "groups wrong",
        "of",
        "double",
        "missing",
        "late",
        "net",
        "counted = truth + double − missing − late",
    ];
    let mut table = print::sheet(&header);
    for line in &report.lines {
        let books = &line.books;
        let verdict = if line.explained() {
            "holds"
        } else {
            "DOES NOT HOLD"
        };
        table.add_row([
            name(line),
            line.difference.wrong.to_string(),
            line.difference.groups.to_string(),
            books.double.to_string(),
            books.missing.to_string(),
            books.late.to_string(),
            format!("{:+}", books.net()),
            format!(
                "{} = {} + {} − {} − {}  {verdict}",
                books.counted, books.truth, books.double, books.missing, books.late
            ),
        ]);
    }
    print::numbers_right(&mut table, 1);
    table
}

/// `lambda offset`, `kappa`.
pub fn name(line: &Line) -> String {
    match line.run.rule {
        Some(rule) => format!("{} {rule}", line.run.architecture),
        None => line.run.architecture.to_string(),
    }
}

/// Fails where a line's error is not explained to the last event: that is a defect, not a seam.
pub fn check(report: &Report) -> Outcome {
    let Some(line) = report.lines.iter().find(|line| !line.explained()) else {
        return Ok(());
    };
    let message = format!(
        "{}: the books do not balance ({:?}) or {} groups drift: this is a defect of Seamline, please report it",
        name(line),
        line.books,
        line.drift
    );
    Err(Failure::Failed(anyhow::Error::msg(message)))
}

/// The fields of a line, in the order that scripts rely on.
fn fields(line: &Line) -> Vec<(&'static str, serde_json::Value)> {
    let (books, cost) = (&line.books, &line.run.cost);
    let [.., drift, approximation] = line.attribution.changed;
    vec![
        ("architecture", json!(line.run.architecture.to_string())),
        ("rule", json!(line.run.rule.map(|rule| rule.to_string()))),
        ("groups", json!(line.difference.groups)),
        ("wrong_groups", json!(line.difference.wrong)),
        ("events", json!(books.counted)),
        ("double", json!(books.double)),
        ("missing", json!(books.missing)),
        ("late", json!(books.late)),
        ("drift", json!(drift)),
        ("approximation", json!(approximation)),
        ("net_error", json!(books.net())),
        ("cpu_seconds", json!(cost.cpu_seconds)),
        ("bytes_read", json!(cost.bytes_read)),
        ("bytes_stored", json!(cost.bytes_stored)),
    ]
}

fn object(line: &Line) -> String {
    let pairs: Vec<String> = fields(line)
        .iter()
        .map(|(name, value)| format!("\"{name}\":{value}"))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn csv(out: &mut impl Write, report: &Report) -> Outcome {
    for (number, line) in report.lines.iter().enumerate() {
        let fields = fields(line);
        if number == 0 {
            let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
            writeln!(out, "{}", names.join(","))?;
        }
        let plain = |value: &serde_json::Value| match value {
            serde_json::Value::Null => String::new(),
            serde_json::Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        let values: Vec<String> = fields.iter().map(|(_, value)| plain(value)).collect();
        writeln!(out, "{}", values.join(","))?;
    }
    Ok(())
}
