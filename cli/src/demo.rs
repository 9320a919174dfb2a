//! `seam demo`: the whole story on a week of flights.

mod costs;
mod topic;

use std::fs;
use std::io::{Write, stdout};

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use comparison::compare::{Report, compare};
use comparison::lambda::Options;
use comparison::rule::Rule;
use comparison::seam::SeamAt;
use shared_logic::time::EventTime;

use crate::args::{ReadingArgs, TopicArgs, ViewArgs};
use crate::compare::{check, duration, name, table};
use crate::failure::{OrInput, Outcome};
use crate::job::Loaded;
use crate::source::Source;
use costs::costs;
use topic::DemoTopic;

/// The week, so that the demo needs nothing but this program.
pub const WEEK: &[u8] = include_bytes!("../../data/flights-week.parquet");
const VIEW: &str = include_str!("../../views/delay_by_airport.sql");

const CUT: &str = "2001-01-05T09:00:00Z";
const BATCH_TAKES: &str = "90m";

const READING: ReadingArgs = ReadingArgs {
    partitions: 4,
    order_by: None,
    arrival: None,
};

/// Tells it, over the file or over a topic that is made for it and deleted behind it.
pub fn run(args: &TopicArgs) -> Outcome {
    let topic = match args.is_asked() {
        true => Some(DemoTopic::filled(args)?),
        false => None,
    };
    let folder = tempfile::tempdir()?;
    let (week, sql) = (
        folder.path().join("flights-week.parquet"),
        folder.path().join("view.sql"),
    );
    fs::write(&week, WEEK)?;
    let view = match &topic {
        Some(topic) => topic.job(VIEW),
        None => VIEW.to_owned(),
    };
    fs::write(&sql, view)?;
    let view = ViewArgs {
        file: sql,
        view: None,
    };
    let loaded = Loaded::open(&view)?;
    let view = loaded.one_fold("seam demo")?;
    let source = match &topic {
        Some(topic) => topic.source(&loaded, view)?,
        None => Source::file(&loaded, view, &week, &READING)?,
    };
    let seam: SeamAt = CUT.parse().or_input()?;
    let seam = source
        .arrivals()
        .seam(&seam, duration(BATCH_TAKES)?)
        .or_input()?
        .aligned(view);

    let mut out = stdout().lock();
    let read: u64 = seam.cut.0.values().map(|next| next.0).sum();
    writeln!(
        out,
        "The data    {} US flights of 1 to 7 January 2001; each arrives when the plane leaves,\n            {} of them behind the latest schedule that its partition has seen\n\
         The view    delay_by_airport: flights, mean and worst delay per airport and hour of schedule\n\
         The batch   starts on 5 January at 09:00, reads the {read} flights that have arrived, lands at 10:30\n\
         The stream  a speed layer that restarts when the batch lands sees what arrives after 10:30\n\
         The question, at the week's end: how many flights, how late, per airport and hour?\n",
        source.rows.len(),
        disordered(&source.rows),
    )?;
    if let Some(topic) = &topic {
        writeln!(out, "{}\n", topic.told())?;
    }

    let report = compare(
        view,
        source.events(),
        &Rule::ALL,
        &seam,
        &Options::default(),
    )?;
    if let Some(story) = story(&report) {
        writeln!(out, "{story}\n")?;
    }
    writeln!(out, "{}\n", table(&report))?;
    for line in &report.lines {
        writeln!(out, "{}: {}.", name(line), line.why())?;
    }
    writeln!(
        out,
        "\n{}\n",
        costs(&loaded, view, &report, &source, folder.path())?
    )?;
    writeln!(
        out,
        "Next\n  \
         seam compare views/delay_by_airport.sql --input data/flights-week.parquet --seam-at {CUT} --batch-takes {BATCH_TAKES}\n  \
         seam run views/delay_by_airport.sql --input data/flights-week.parquet --as lambda --seam-at 0.6\n  \
         seam explain views/delay_by_airport.sql"
    )?;
    out.flush()?;
    drop(out);
    check(&report)
}

/// Events with a greater event time before them in their partition.
fn disordered(rows: &[comparison::books::Row]) -> usize {
    let mut reached = std::collections::BTreeMap::new();
    let late = rows.iter().filter(|row| {
        let latest = reached.entry(&row.place).or_insert(row.time);
        let late = row.time < *latest;
        *latest = (*latest).max(row.time);
        late
    });
    late.count()
}

/// The group that restarting at latest gets most wrong, and what the exact rule says of it.
fn story(report: &Report) -> Option<String> {
    let of = |rule: Rule| report.lines.iter().find(|line| line.run.rule == Some(rule));
    let (wrong, right) = (of(Rule::RESTART_AT_LATEST)?, of(Rule::OFFSET)?);
    let lost = |(mine, its): &(Option<usize>, Option<usize>)| {
        count(&wrong.truth, *its) - count(&wrong.run.served.rows, *mine)
    };
    let worst = wrong
        .difference
        .rows
        .iter()
        .max_by_key(|pair| (lost(pair), std::cmp::Reverse(pair.1)))?;
    let (airport, hour) = (
        text(&wrong.truth, worst.1?)?,
        start(&wrong.truth, worst.1?)?,
    );
    let served = (0..right.run.served.rows.num_rows()).find(|row| {
        text(&right.run.served.rows, *row).as_ref() == Some(&airport)
            && start(&right.run.served.rows, *row) == Some(hour)
    });
    let end = EventTime(hour.0 + 3_600_000_000);
    Some(format!(
        "Follow one airport and hour: {airport}, scheduled from {hour} to {end}.\n  \
         truth                      {} flights\n  \
         lambda restart-at-latest   {} flights on this dashboard\n  \
         lambda offset              {} flights",
        count(&wrong.truth, worst.1),
        count(&wrong.run.served.rows, worst.0),
        count(&right.run.served.rows, served),
    ))
}

/// The flights of a row of the answer; 0 where there is no such row.
fn count(rows: &RecordBatch, row: Option<usize>) -> i64 {
    let column = rows
        .column_by_name("flights")
        .map(|column| column.as_primitive::<Int64Type>());
    match (column, row) {
        (Some(column), Some(row)) if column.is_valid(row) => column.value(row),
        _ => 0,
    }
}

fn text(rows: &RecordBatch, row: usize) -> Option<String> {
    let column = rows.column_by_name("origin")?.as_string::<i32>();
    Some(column.value(row).to_owned())
}

fn start(rows: &RecordBatch, row: usize) -> Option<EventTime> {
    let column = rows.column_by_name("window_start")?;
    Some(EventTime(
        column.as_primitive::<TimestampMicrosecondType>().value(row),
    ))
}
