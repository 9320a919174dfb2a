//! What a file is like, for people.

use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use event_log::profile::{Lateness, Rejected};
use shared_logic::table::{type_name, unit_name};

use super::Made;
use crate::print::{numbers_right, sheet};

/// The report; its lines become comments of the `.sql`.
pub(super) fn text(made: &Made, input: &Path) -> Result<String> {
    let mut out = String::new();
    let file = input.file_name().unwrap_or_default().to_string_lossy();
    writeln!(
        out,
        "Made by seam init from {}. Types are those of the first {} events, all else is of the whole file.",
        plain(&file),
        made.inferred.sampled
    )?;
    writeln!(out)?;
    facts(&mut out, made)?;
    writeln!(out)?;
    lateness(&mut out, made)?;
    writeln!(out)?;
    columns(&mut out, made)?;
    Ok(out)
}

fn facts(out: &mut String, made: &Made) -> Result<()> {
    let (inferred, profile) = (&made.inferred, &made.profile);
    let table = &inferred.table;
    let span = match profile.span {
        Some((first, last)) => format!("{}, from {first} to {last}", profile.events),
        None => profile.events.to_string(),
    };
    writeln!(out, "Events         {span}")?;
    let broken = &profile.broken;
    if let Some((record, reason)) = &broken.first {
        writeln!(
            out,
            "Broken         {}, which no view reads; the first is record {record}: {}",
            broken.count,
            plain(reason)
        )?;
    }
    let arrival = match (&table.arrival, &inferred.arrival) {
        (Some(column), _) => format!("; {} says when, and ascends", plain(column)),
        (None, Some(column)) => format!(
            "; {0} seems to say when, but does not ascend: if it does, run with --order-by {0}",
            plain(column)
        ),
        (None, None) => {
            "; if a column says when each event arrived, run with --order-by COLUMN".into()
        }
    };
    writeln!(
        out,
        "Arrival        the order of the file is taken as the order of arrival{arrival}"
    )?;
    let time = table.schema.field(table.event_time).name();
    writeln!(
        out,
        "Event time     {}",
        candidates(&inferred.times, "--event-time")
    )?;
    let missing = profile
        .columns
        .get(table.event_time)
        .map_or(0, |column| column.nulls + column.rejected.count);
    if missing > 0 {
        writeln!(
            out,
            "               {missing} events have none that can be read: they are rejected"
        )?;
    }
    if let Some(unit) = table.units.columns.get(time).or(Some(&table.units.others)) {
        let plain_units = table.units == shared_logic::table::TimeUnits::default();
        if !plain_units {
            writeln!(
                out,
                "               numbers in it count {} since 1970",
                unit_name(*unit)
            )?;
        }
    }
    let keys: Vec<String> = (inferred.keys.iter().take(4))
        .map(|key| format!("{} ({} values)", key.column, key.values))
        .collect();
    match keys.is_empty() {
        true => writeln!(
            out,
            "Partition key  none found, events are dealt in turn: name one with --partition-by"
        )?,
        false => writeln!(
            out,
            "Partition key  {}",
            candidates(&keys, "--partition-by")
        )?,
    }
    if let (Some(id), Some(found)) = (&made.id, profile.duplicates) {
        let about = if found.estimated { "about " } else { "" };
        writeln!(
            out,
            "Duplicates     {about}{} events have a value of {} that came before",
            found.events,
            plain(id)
        )?;
    }
    for left in &inferred.left_out {
        writeln!(
            out,
            "Left out       {}: {}",
            plain(&left.column),
            plain(&left.reason)
        )?;
    }
    Ok(())
}

/// The chosen one, and the others.
fn candidates(all: &[String], option: &str) -> String {
    let all: Vec<String> = all.iter().map(|one| plain(one)).collect();
    match all.split_first() {
        Some((first, [])) => first.clone(),
        Some((first, others)) => {
            format!("{first}; {option} can name another: {}", others.join(", "))
        }
        None => String::new(),
    }
}

fn lateness(out: &mut String, made: &Made) -> Result<()> {
    let table = &made.inferred.table;
    let time = plain(table.schema.field(table.event_time).name());
    let dealt = match table.partition_by {
        Some(at) => format!("dealt by {}", plain(table.schema.field(at).name())),
        None => "dealt in turn".into(),
    };
    writeln!(
        out,
        "Lateness: how far {time} is behind the greatest one before it in its partition ({} partitions, {dealt})",
        made.partitions
    )?;
    let over = format!("{} over", made.first.called);
    let mut rows = sheet(&["partition", "events", "late", "p50", "p99", "worst", &over]);
    let mut row = |name: String, found: &Lateness| {
        let events = found.events;
        let percentile = |share| length(found.percentile(share));
        let (p50, p99) = (percentile(0.5), percentile(0.99));
        rows.add_row([
            name,
            events.to_string(),
            share(found.late, events),
            p50,
            p99,
            length(found.worst),
            share(
                found.over.get(made.first.nth).copied().unwrap_or_default(),
                events,
            ),
        ]);
    };
    // A partition that no key falls into says nothing.
    for (number, found) in made.profile.partitions.iter().enumerate() {
        if found.events > 0 {
            row(number.to_string(), found);
        }
    }
    row("all".into(), &made.profile.all);
    numbers_right(&mut rows, 0);
    writeln!(out, "{}", rows.trim_fmt())?;
    writeln!(
        out,
        "{over}: the event came when its {} had ended. Late events count, unless CREATE VIEW … WITH (allowed_lateness = '…') refuses those.",
        made.first.called
    )?;
    Ok(())
}

fn columns(out: &mut String, made: &Made) -> Result<()> {
    let mut rows = sheet(&["column", "type", "NULLs", "rejected", "the first rejected"]);
    let fields = made.inferred.table.schema.fields().iter();
    for (field, column) in fields.zip(&made.profile.columns) {
        let Rejected { count, first } = &column.rejected;
        let first = first
            .as_ref()
            .map(|(record, reason)| format!("record {record}: {}", plain(reason)));
        rows.add_row([
            plain(field.name()),
            type_name(field.data_type()),
            column.nulls.to_string(),
            count.to_string(),
            first.unwrap_or_default(),
        ]);
    }
    for at in [2, 3] {
        if let Some(column) = rows.column_mut(at) {
            column.set_cell_alignment(comfy_table::CellAlignment::Right);
        }
    }
    writeln!(out, "{}", rows.trim_fmt())?;
    Ok(())
}

fn share(part: u64, all: u64) -> String {
    format!("{:.1}%", part as f64 * 100.0 / all.max(1) as f64)
}

/// A length in its two greatest units.
fn length(micros: i64) -> String {
    let length = Duration::from_micros(micros.unsigned_abs());
    let text = humantime::format_duration(length).to_string();
    text.split(' ').take(2).collect::<Vec<_>>().join(" ")
}

/// A text that stays in its line.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}
