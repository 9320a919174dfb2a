//! `seam init`: a view for a file of one's own, and what the file is like.

mod report;
mod view;

use std::fs::OpenOptions;
use std::io::{Write, stdout};

use anyhow::Context;
use event_log::infer::{Inferred, Known, infer};
use event_log::profile::{Profile, Question, profile};
use shared_logic::job::Job;
use shared_logic::parse::write::create_table;

use crate::args::Init;
use crate::failure::{Failure, OrInput, Outcome};
use view::First;

/// A file, the table that reads it, and its first view.
struct Made {
    inferred: Inferred,
    profile: Profile,
    first: First,
    partitions: u32,
    id: Option<String>,
}

/// Infers, profiles, and prints or writes the `.sql`.
pub fn run(args: &Init) -> Outcome {
    let known = Known {
        topic: args.topic.as_deref(),
        event_time: args.event_time.as_deref(),
        partition_by: args.partition_by.as_deref(),
    };
    let mut inferred = infer(&args.input, &known).or_input()?;
    let windows = First::windows();
    let question = Question {
        partitions: args.partitions,
        id: args.id.as_deref(),
        windows: &windows,
    };
    let profile = profile(&args.input, &inferred.table, &question).or_input()?;
    learn(&mut inferred, &profile);
    let span = (profile.span).map_or(0, |(first, last)| last.0.saturating_sub(first.0));
    let first = First::of(span);
    let made = Made {
        inferred,
        profile,
        first,
        partitions: args.partitions,
        id: args.id.clone(),
    };
    let report = report::text(&made, &args.input)?;
    let table = create_table(&made.inferred.table);
    let view = made.first.sql(&made.inferred);
    let comments: String = (report.lines())
        .map(|line| format!("-- {line}").trim_end().to_owned() + "\n")
        .collect();
    let sql = format!("{comments}\n{table};\n\n{view};\n");
    // What is printed is promised to run.
    Job::compile("init", &sql).context("the view that was made does not compile")?;
    match &args.output {
        None => stdout().write_all(sql.as_bytes())?,
        Some(path) => {
            let file = OpenOptions::new().write(true).create_new(true).open(path);
            let mut file = file.map_err(|error| {
                let (path, kind) = (path.display(), error.kind());
                Failure::input(match kind {
                    std::io::ErrorKind::AlreadyExists => {
                        format!("{path} is there already: remove it, or name another --output")
                    }
                    _ => format!("cannot write {path}: {error}"),
                })
            })?;
            file.write_all(sql.as_bytes())?;
            let (path, input) = (path.display(), args.input.display());
            write!(
                stdout(),
                "{report}\nWritten to {path}. Next\n  seam run {path} --input {input}\n  seam compare {path} --input {input}\n"
            )?;
        }
    }
    eprintln!("seam: the order of the file is taken as the order of arrival");
    Ok(())
}

/// What only the whole file says: which columns are never NULL, and whether it is in the order of
/// the times of arrival that it seems to have.
fn learn(inferred: &mut Inferred, profile: &Profile) {
    use arrow::datatypes::Schema;
    let table = &mut inferred.table;
    let fields = table.schema.fields().iter().zip(&profile.columns);
    let fields = fields.map(|(field, column)| {
        let nullable = column.nulls > 0;
        field.as_ref().clone().with_nullable(nullable)
    });
    table.schema = Schema::new(fields.collect::<Vec<_>>()).into();
    let sure = |name: &&String| {
        let column = (table.index(name)).and_then(|at| profile.columns.get(at));
        column
            .is_some_and(|column| column.ascends && column.nulls == 0 && column.rejected.count == 0)
    };
    table.arrival = inferred.arrival.as_ref().filter(sure).cloned();
}
