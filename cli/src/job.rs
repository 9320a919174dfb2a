//! From a `.sql` file and a file of events to a view and a log.

use std::path::Path;
use std::sync::Arc;

use comparison::books::Row;
use comparison::schedule::Arrivals;
use comparison::truth::Truth;
use event_log::input::Input;
use shared_logic::identity::TopicPartition;
use shared_logic::job::Job;
use shared_logic::parse::embed;
use shared_logic::sql_error::SqlError;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::args::{FoldArgs, ReadingArgs, ViewArgs};
use crate::failure::{Failure, OrInput, Outcome};

/// A job and the view that was asked for.
#[derive(Debug)]
pub struct Loaded {
    /// The text of the file, with the schemas that it names put in.
    pub sql: String,
    /// The view.
    pub view: Arc<View>,
}

impl Loaded {
    /// Reads and compiles a file.
    pub fn open(args: &ViewArgs) -> Outcome<Self> {
        let file = &args.file;
        let sql = std::fs::read_to_string(file)
            .map_err(|error| Failure::input(format!("cannot read {}: {error}", file.display())))?;
        let name = file
            .file_stem()
            .map_or_else(|| "job".into(), |stem| stem.to_string_lossy());
        let place = |error: SqlError, sql: &str| {
            Failure::sql(error.in_file(file.display().to_string()), sql)
        };
        let folder = file.parent().unwrap_or(Path::new(""));
        let read = |name: &str| {
            std::fs::read_to_string(folder.join(name)).map_err(|error| error.to_string())
        };
        let sql = embed(&sql, read).map_err(|error| place(error, &sql))?;
        let job = Job::compile(&name, &sql).map_err(|error| place(error, &sql))?;
        let view = job.view(args.view.as_deref());
        let view = Arc::clone(view.map_err(|error| place(error, &sql))?);
        Ok(Self { sql, view })
    }

    /// Gives a file of events to the independent truth.
    pub fn truth(&self, args: &ViewArgs, path: &Path, reading: &ReadingArgs) -> Outcome<Truth> {
        let arrival = reading
            .arrival
            .as_deref()
            .or(self.view.table.arrival.as_deref());
        let (view, order_by) = (args.view.as_deref(), reading.order_by.as_deref());
        Truth::open(path, &self.sql, view, order_by, arrival).map_err(|error| {
            let (file, error) = (path.display().to_string(), error.to_string());
            Failure::input(if error.contains(&file) {
                error
            } else {
                format!("{file}: {error}")
            })
        })
    }

    /// Reads a file of events as a log of this view's topic.
    pub fn input(&self, path: &Path, args: &ReadingArgs) -> Outcome<Events> {
        let table = &self.view.table;
        let arrival = args.arrival.as_deref().or(table.arrival.as_deref());
        let order_by = args.order_by.as_deref();
        let input = Input::open(path, table, args.partitions, order_by, arrival).or_input()?;
        Ok(Events {
            input,
            topic: table.topic.as_str().to_owned(),
        })
    }
}

/// Events read from a file.
#[derive(Debug)]
pub struct Events {
    /// The log and where each row went.
    pub input: Input,
    topic: String,
}

impl Events {
    /// Every event in the order of arrival, with the event times that the truth reads.
    pub fn rows(&self, times: &[Option<i64>]) -> Vec<Row> {
        let assignment = self.input.assignment.iter().enumerate();
        let row = |(number, (partition, offset)): (usize, &(_, _))| {
            let partition: &shared_logic::identity::Partition = partition;
            Row {
                place: TopicPartition::new(&self.topic, partition.0),
                offset: *offset,
                time: times.get(number).copied().flatten().map(EventTime),
            }
        };
        assignment.map(row).collect()
    }

    /// The partition of every event in the order of arrival.
    pub fn partitions(&self) -> Vec<u32> {
        let assignment = self.input.assignment.iter();
        assignment.map(|(partition, _)| partition.0).collect()
    }

    /// The same rows with their times of arrival.
    pub fn arrivals<'a>(&'a self, rows: &'a [Row]) -> Arrivals<'a> {
        Arrivals {
            rows,
            instants: self.input.arrivals.as_deref(),
        }
    }
}

/// How both layers fold.
pub fn options(args: &FoldArgs) -> comparison::lambda::Options {
    let chunk_rows = args.chunk_rows as usize;
    comparison::lambda::Options {
        batch: batch_layer::fold::Options {
            chunk_rows,
            strict: args.strict,
            ..Default::default()
        },
        speed: speed_layer::fold::Options {
            chunk_rows,
            strict: args.strict,
            ..Default::default()
        },
    }
}
