//! From a `.sql` file and a file of events to a view and a log.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::RecordBatch;
use comparison::books::Row;
use comparison::seam::Arrivals;
use comparison::truth::Truth;
use event_log::input::Input;
use event_log::static_table::read;
use serving_layer::question;
use shared_logic::identity::TopicPartition;
use shared_logic::job::Job;
use shared_logic::parse::{embed, pin_files};
use shared_logic::question::Question;
use shared_logic::sql_error::SqlError;
use shared_logic::static_table::content_hash;
use shared_logic::table::Table;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::args::{FoldArgs, ReadingArgs, ViewArgs};
use crate::failure::{Failure, OrInput, Outcome};

/// The view that was asked for, and the text that it was compiled from.
#[derive(Debug)]
pub struct Loaded {
    /// The text of the file, with the schemas that it names put in, and the hashes of its files.
    pub sql: String,
    /// The view: what it maintains, and what it asks of that.
    pub question: Arc<Question>,
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
        let find = |name: &str| {
            let path = std::path::absolute(folder.join(name)).map_err(|e| e.to_string())?;
            let bytes = std::fs::read(&path).map_err(|error| error.to_string())?;
            Ok((path.to_string_lossy().into_owned(), content_hash(&bytes)))
        };
        let sql = pin_files(&sql, find).map_err(|error| place(error, &sql))?;
        let job = Job::compile(&name, &sql).map_err(|error| place(error, &sql))?;
        let question = job.question(args.view.as_deref());
        let question = Arc::clone(question.map_err(|error| place(error, &sql))?);
        question::check(&question).map_err(|error| {
            let (line, column) = question.at;
            Failure::input(format!("{}:{line}:{column}: {error}", file.display()))
        })?;
        Ok(Self { sql, question })
    }

    /// What the view maintains.
    pub fn folds(&self) -> &[Arc<View>] {
        &self.question.folds
    }

    /// What the view maintains, where that is one fold.
    pub fn one_fold(&self, command: &str) -> Outcome<&Arc<View>> {
        match self.folds() {
            [only] => Ok(only),
            several => Err(Failure::input(format!(
                "{command} takes a view with one fold, {} has {}: write each as a view of its own and name it by --view",
                self.question.name,
                several.len()
            ))),
        }
    }

    /// The answer of the view over the rows of its folds.
    pub fn answer(&self, folds: &[RecordBatch]) -> Outcome<RecordBatch> {
        Ok(question::ask(
            &self.question,
            folds,
            &statics(&self.question)?,
        )?)
    }

    /// Gives a file of events to the independent truth of a fold.
    pub fn truth(&self, fold: &View, path: &Path, reading: &ReadingArgs) -> Outcome<Truth> {
        let arrival = reading.arrival.as_deref().or(fold.table.arrival.as_deref());
        let order_by = reading.order_by.as_deref();
        Truth::open(path, &self.sql, Some(&fold.name), order_by, arrival).map_err(|error| {
            let (file, error) = (path.display().to_string(), error.to_string());
            Failure::input(if error.contains(&file) {
                error
            } else {
                format!("{file}: {error}")
            })
        })
    }

    /// The file among `inputs` that holds the events of a table: the one given as `TABLE=FILE`, or
    /// the one without a table, which all tables of one topic share.
    pub fn file<'a>(&self, inputs: &'a [PathBuf], table: &Table) -> Outcome<&'a Path> {
        let split = |input: &'a PathBuf| {
            let text = input.to_str()?;
            let (name, file) = text.split_once('=')?;
            let known = self.folds().iter().any(|fold| fold.table.name == name);
            known.then_some((name, Path::new(file)))
        };
        let named = inputs.iter().filter_map(split);
        let mut named = named.filter(|(name, _)| *name == table.name);
        if let Some((_, file)) = named.next() {
            return Ok(file);
        }
        let plain: Vec<&PathBuf> = inputs
            .iter()
            .filter(|input| split(input).is_none())
            .collect();
        let topics: BTreeSet<&str> = (self.folds().iter())
            .map(|fold| fold.table.topic.as_str())
            .collect();
        match plain.as_slice() {
            [file] if topics.len() == 1 => Ok(file),
            _ => Err(Failure::input(format!(
                "no file for the table {name}: give --input {name}=FILE",
                name = table.name
            ))),
        }
    }

    /// Reads a file of events as a log of a table's topic.
    pub fn input(&self, table: &Table, path: &Path, args: &ReadingArgs) -> Outcome<Events> {
        let arrival = args.arrival.as_deref().or(table.arrival.as_deref());
        let order_by = args.order_by.as_deref();
        let input = Input::open(path, table, args.partitions, order_by, arrival).or_input()?;
        Ok(Events {
            input,
            topic: table.topic.as_str().to_owned(),
        })
    }
}

/// The rows of the files that a view reads.
pub fn statics(question: &Question) -> Outcome<Vec<RecordBatch>> {
    let tables = question.statics.iter();
    tables.map(|table| read(table).or_input()).collect()
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
