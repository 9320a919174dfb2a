//! `seam generate`: made-up clicks, Nexmark's auctions, or the week of flights, to a file or a topic.

use std::fs;
use std::io::{Write, stdout};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use event_log::LogError;
use event_log::generate::{
    Destination, clicks, clicks_schema, flights, write_avro, write_json_lines, write_parquet,
};

use crate::args::{Generate, Workload};
use crate::demo::WEEK;
use crate::failure::{Failure, OrInput, Outcome};

/// Clicks that are made unless a number is asked for.
const CLICKS: u64 = 120_000;

/// Events of Nexmark that are made unless a number is asked for.
#[cfg(feature = "nexmark")]
const NEXMARK: u64 = 6_000;

/// Flights in the week.
const FLIGHTS: u64 = 113_493;

/// Events on their way, in the order of arrival.
type Events = Box<dyn Iterator<Item = Result<RecordBatch, LogError>>>;

/// Writes.
pub fn run(args: &Generate) -> Outcome {
    let to: Destination = args.to.parse().or_input()?;
    if args.rate.is_some() && !matches!(to, Destination::Kafka(_)) {
        return Err(Failure::input(
            "--rate is for a topic: write --to kafka:TOPIC, or leave it out for a file",
        ));
    }
    let folder = tempfile::tempdir()?;
    let (schema, events, key): (SchemaRef, Events, Option<&str>) = match args.workload {
        Workload::Clicks => {
            let clicks = clicks(args.events.unwrap_or(CLICKS), args.seed);
            (clicks_schema(), Box::new(clicks), Some("page"))
        }
        Workload::Flights => {
            let week = folder.path().join("flights-week.parquet");
            fs::write(&week, WEEK)?;
            let flights = flights(&week, args.events.unwrap_or(FLIGHTS))?;
            (flights.schema().clone(), Box::new(flights), Some("origin"))
        }
        #[cfg(feature = "nexmark")]
        Workload::Nexmark => {
            let events = event_log::generate::nexmark(args.events.unwrap_or(NEXMARK), args.seed);
            (
                event_log::generate::nexmark_schema(),
                Box::new(events),
                None,
            )
        }
    };
    let written = match &to {
        Destination::Parquet(path) => write_parquet(path, &schema, events)?,
        Destination::Avro(path) => write_avro(path, &schema, events)?,
        Destination::JsonLines(path) => write_json_lines(path, events)?,
        Destination::Kafka(topic) => produce(args, topic, events, key)?,
    };
    writeln!(stdout(), "wrote {written} events to {}", args.to)?;
    Ok(())
}

#[cfg(feature = "kafka")]
fn produce(
    args: &Generate,
    topic: &shared_logic::identity::Topic,
    events: Events,
    key: Option<&str>,
) -> Outcome<u64> {
    use std::thread;
    use std::time::Instant;

    use event_log::generate::Pace;

    use crate::cluster::{PATIENCE, cluster};

    let cluster = cluster(&args.kafka)?.ok_or_else(|| {
        Failure::input("no broker to write to: give --brokers or set KAFKA_BROKERS")
    })?;
    let sink = event_log::kafka::KafkaSink::create(&cluster, topic, args.partitions, PATIENCE);
    let mut sink = sink.or_input()?;
    let Some(rate) = args.rate else {
        for rows in events {
            sink.write(&rows?, key)?;
        }
        return Ok(sink.finish()?);
    };
    let mut pace = Pace::new(rate);
    let begun = Instant::now();
    for rows in events {
        let rows = rows?;
        for first in (0..rows.num_rows()).step_by(pace.piece()) {
            let piece = rows.slice(first, pace.piece().min(rows.num_rows() - first));
            thread::sleep(pace.next(piece.num_rows() as u64, begun.elapsed()));
            sink.write(&piece, key)?;
        }
    }
    let took = begun.elapsed();
    let written = sink.finish()?;
    writeln!(
        stdout(),
        "{:.0} events/s of {rate} asked for, at most {:.1} ms behind; this generator can make {:.0} a second",
        written as f64 / took.as_secs_f64(),
        pace.behind().as_secs_f64() * 1e3,
        pace.ceiling(took)
    )?;
    Ok(written)
}

#[cfg(not(feature = "kafka"))]
fn produce(
    _: &Generate,
    topic: &shared_logic::identity::Topic,
    _: Events,
    _: Option<&str>,
) -> Outcome<u64> {
    Err(Failure::input(format!(
        "cannot write to the topic {topic}: this seam was built without the kafka feature"
    )))
}

/// The week of flights as JSON lines, as a topic would hold them.
pub fn flights_to(week: &Path, path: &Path) -> Outcome {
    write_json_lines(path, flights(week, FLIGHTS)?)?;
    Ok(())
}
