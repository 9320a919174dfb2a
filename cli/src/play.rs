//! `seam compare --schedule`: every rule and architecture over a schedule's virtual time.

use std::io::{BufWriter, Write, stdout};
use std::sync::Arc;
use std::time::Duration;

use comparison::attribution::{Cause, Consistency};
use comparison::clock::Clock;
use comparison::compare::Events;
use comparison::play::Player;
use comparison::report::{Life, life};
use comparison::rule::Rule;
use comparison::scene::{ORIGIN, Scene};
use comparison::schedule::{Schedule, Source};
use comparison::trial::{Trial, trials};
use serde_json::{Value, json};
use shared_logic::view::View;

use crate::args::Compare;
use crate::failure::{Failure, OrInput, Outcome};
use crate::job::{Loaded, options};
use crate::matrix;
use crate::page;
use crate::print::{self, Format};
use crate::source;

/// Plays, prints, and fails if an error is left unexplained.
pub fn run(args: &Compare, loaded: &Loaded, view: &Arc<View>, text: &str) -> Outcome {
    let schedule: Schedule = text.parse().or_input()?;
    if args.second_code_base.is_some() {
        return Err(Failure::input(
            "a second code base is compared over one batch run: leave out --schedule",
        ));
    }
    if args.input.input.is_empty() && !args.topic.is_asked() {
        let scene = Scene::new(view, &loaded.sql, &schedule).or_input()?;
        return show(args, view, &schedule, scene.events(), &scene.clock);
    }
    if schedule.source != Source::default() {
        return Err(Failure::input(
            "the schedule makes events and --input or --kafka brings others: leave out rate, late, burst, boundary, hot, keys, partitions, values, null and broken, or --input or --kafka",
        ));
    }
    let source = source::Source::open(args, loaded, view)?;
    let Some(arrivals) = &source.instants else {
        return Err(Failure::input(
            "a schedule needs the times of arrival: name their column with --arrival",
        ));
    };
    let origin = arrivals.iter().min().copied().unwrap_or(ORIGIN);
    let clock = Clock::new(&source.rows, arrivals, origin);
    source.archived(&clock.offsets(clock.last()))?;
    show(args, view, &schedule, source.events(), &clock)
}

fn show(
    args: &Compare,
    view: &Arc<View>,
    schedule: &Schedule,
    events: Events<'_>,
    clock: &Clock,
) -> Outcome {
    page::check(args.report.as_deref())?;
    let mut out = BufWriter::new(stdout().lock());
    if args.matrix {
        matrix::run(&mut out, view, events, args.format)?;
        out.flush()?;
        return Ok(());
    }
    let rules = rules(args)?.into_iter().map(Player::Lambda);
    let players: Vec<Player> = rules.chain([Player::Kappa]).collect();
    let trials = trials(
        view,
        events,
        clock,
        schedule,
        &players,
        &options(&args.fold),
    )?;
    if let Some(path) = &args.report {
        let page = life(&Life {
            view,
            command: &page::command(),
            schedule,
            rows: events.rows,
            clock,
            wanted: &events.truth.passes(),
            trials: &trials,
        });
        page::write(path, &page)?;
        let mut table = Vec::new();
        csv(&mut table, &trials)?;
        page::beside(path, "csv", &table)?;
    }
    match args.format {
        Format::Table => {
            writeln!(out, "{schedule}\n\n{}\n", table(&trials))?;
            for trial in &trials {
                if let Some(values) = values(trial) {
                    writeln!(out, "{}: {values}", trial.played.player)?;
                }
            }
        }
        Format::Json => {
            for trial in &trials {
                let pairs: Vec<String> = (fields(trial).iter())
                    .map(|(name, value)| format!("\"{name}\":{value}"))
                    .collect();
                writeln!(out, "{{{}}}", pairs.join(","))?;
            }
        }
        Format::Csv => csv(&mut out, &trials)?,
    }
    out.flush()?;
    match trials.iter().find(|trial| !trial.explained()) {
        None => Ok(()),
        Some(trial) => Err(Failure::Failed(anyhow::Error::msg(format!(
            "{}: an error is not explained to the last event: this is a defect of Seamline, please report it with the schedule {schedule}",
            trial.played.player
        )))),
    }
}

/// The rules that are asked for; all where none is.
pub fn rules(args: &Compare) -> Outcome<Vec<Rule>> {
    match args.rule.as_slice() {
        [] => Ok(Rule::ALL.to_vec()),
        names => names.iter().map(|name| name.parse().or_input()).collect(),
    }
}

/// One row per player: its last answer, and how wrong it was on the way.
fn table(trials: &[Trial]) -> comfy_table::Table {
    let header = [
        "at the end",
        "groups wrong",
        "of",
        "double",
        "missing",
        "late",
        "net",
        "wrong for",
        "event seconds",
        "right again",
    ];
    let mut table = print::sheet(&header);
    for trial in trials {
        let Some(last) = trial.last() else { continue };
        let (books, over) = (&last.verdict.books, &trial.over_time);
        let again = match (over.first_wrong, over.corrected) {
            (None, _) => "never wrong".into(),
            (_, Some(after)) => format!("after {}", seconds(after)),
            _ => "never".into(),
        };
        table.add_row([
            trial.played.player.to_string(),
            last.verdict.difference.wrong.to_string(),
            last.verdict.difference.groups.to_string(),
            books.double.to_string(),
            books.missing.to_string(),
            books.late.to_string(),
            format!("{:+}", books.net()),
            seconds(over.wrong),
            format!("{:.0}", over.events),
            again,
        ]);
    }
    print::numbers_right(&mut table, 1);
    table
}

/// A span to the second.
fn seconds(span: Duration) -> String {
    humantime::format_duration(Duration::from_secs_f64(span.as_secs_f64().round())).to_string()
}

/// What the last answer is off by in values, cause by cause; nothing where it is right.
fn values(trial: &Trial) -> Option<String> {
    let last = trial.last()?;
    let columns = last.attribution.columns.iter();
    let wrong = columns.filter(|column| column.by_cause.iter().any(|amount| amount.size() > 1e-6));
    let told: Vec<String> = wrong
        .map(|column| {
            let causes = column.by_cause.iter().zip(Cause::ORDER);
            let causes: Vec<String> = causes
                .filter(|(amount, _)| amount.size() > 1e-6)
                .map(|(amount, cause)| format!("{cause} {amount}"))
                .collect();
            format!("{} {} = {}", column.name, column.net, causes.join(", "))
        })
        .collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// The fields of a trial, in the order that scripts rely on.
fn fields(trial: &Trial) -> Vec<(&'static str, Value)> {
    let rule = match trial.played.player {
        Player::Lambda(rule) => Some(rule.to_string()),
        Player::Kappa => None,
    };
    let architecture = match rule {
        Some(_) => "lambda",
        None => "kappa",
    };
    let (over, cost) = (&trial.over_time, &trial.played.cost);
    let mut fields = vec![("architecture", json!(architecture)), ("rule", json!(rule))];
    if let Some(last) = trial.last() {
        let (books, values) = (&last.verdict.books, &last.attribution);
        let [.., drift, approximation] = values.changed;
        fields.extend([
            ("groups", json!(last.verdict.difference.groups)),
            ("wrong_groups", json!(last.verdict.difference.wrong)),
            ("events", json!(books.counted)),
            ("double", json!(books.double)),
            ("missing", json!(books.missing)),
            ("late", json!(books.late)),
            ("drift", json!(drift)),
            ("approximation", json!(approximation)),
            ("net_error", json!(books.net())),
        ]);
        fields.extend(consistency(&values.consistency));
    }
    fields.extend([
        ("wrong_seconds", json!(over.wrong.as_secs_f64())),
        ("wrong_group_seconds", json!(over.wrong_groups)),
        ("error_event_seconds", json!(over.events)),
        (
            "first_wrong_seconds",
            json!(over.first_wrong.map(|at| at.as_secs_f64())),
        ),
        (
            "first_bad",
            json!(
                over.first_bad
                    .as_ref()
                    .map(|(place, offset)| format!("{place}:{offset}"))
            ),
        ),
        (
            "corrected_after_seconds",
            json!(over.corrected.map(|after| after.as_secs_f64())),
        ),
        ("cpu_seconds", json!(cost.cpu_seconds)),
        ("bytes_read", json!(cost.bytes_read)),
        ("bytes_stored", json!(cost.bytes_stored)),
    ]);
    fields
}

/// How far the last answer agrees with the truth over all events, as feature stores report it.
fn consistency(found: &Consistency) -> Vec<(&'static str, Value)> {
    let smape = found.smape.iter();
    let smape: serde_json::Map<String, Value> = smape
        .map(|(column, error)| (column.clone(), json!(error)))
        .collect();
    vec![
        ("mismatch_ratio", json!(found.mismatch)),
        ("missing_ratio", json!(found.missing)),
        ("extra_ratio", json!(found.extra)),
        ("smape", Value::Object(smape)),
    ]
}

fn csv(out: &mut impl Write, trials: &[Trial]) -> Outcome {
    for (number, trial) in trials.iter().enumerate() {
        let fields = fields(trial);
        if number == 0 {
            let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
            writeln!(out, "{}", names.join(","))?;
        }
        let plain = |value: &Value| match value {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(name, value)| format!("{name} {value}"));
                fields.collect::<Vec<_>>().join(" ")
            }
            other => other.to_string(),
        };
        let values: Vec<String> = fields.iter().map(|(_, value)| plain(value)).collect();
        writeln!(out, "{}", values.join(","))?;
    }
    Ok(())
}
