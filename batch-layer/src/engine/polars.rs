//! One stretch of the archive, grouped by Polars.

use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::UInt64Type;
use event_log::archive::{Adopted, Archive, Footer};
use polars::prelude::{
    DataFrame, DataType as PolarsType, Engine, Expr, IntoLazy as _, LazyFrame, PlRefPath,
    ScanArgsParquet, SortMultipleOptions, TimeUnit, UnionArgs, col, concat, len, lit,
};
use shared_logic::coverage::{Coverage, Span};
use shared_logic::identity::{Offset, TopicPartition};
use shared_logic::partial::{self, Counters, Partial};
use shared_logic::time::{EventTime, Watermark};
use shared_logic::view::View;
use shared_logic::window::Window;

use super::aggregate::aggregate;
use super::lower::{Unlowered, lower, type_of};
use super::rows::{HandOver, array};
use crate::error::BatchError;

/// The column of the archive that holds each record's offset.
const OFFSET: &str = "__offset";

/// Files next to one another whose typed columns say all, and what of them is wanted.
#[derive(Debug)]
pub(super) struct Stretch {
    /// The offsets wanted.
    pub(super) range: Range<Offset>,
    /// Those of the archive itself, or those that were adopted.
    files: Files,
}

#[derive(Debug)]
enum Files {
    Own(Vec<PathBuf>),
    Adopted(Vec<(Footer, Adopted)>),
}

/// The stretches of a range of one partition in whose files every record can be read, and whose
/// checksums are right.
///
/// # Errors
/// A file that cannot be read or is damaged.
pub(super) fn clean(
    archive: &Archive,
    place: &TopicPartition,
    range: &Range<Offset>,
) -> Result<Vec<Stretch>, BatchError> {
    let mut stretches: Vec<Stretch> = vec![];
    for (path, footer) in archive.checked(place, range)? {
        let other = (footer.adopted.as_ref()).is_some_and(|adopted| !adopted.exact);
        if footer.faulty > 0 || footer.table != archive.table().canonical() || other {
            continue;
        }
        let wanted = footer.first.max(range.start)..footer.next.min(range.end);
        let last = stretches.last_mut();
        let last = last.filter(|last| last.range.end == wanted.start);
        match (last, footer.adopted.clone()) {
            (
                Some(Stretch {
                    range,
                    files: Files::Own(files),
                }),
                None,
            ) => {
                range.end = wanted.end;
                files.push(path);
            }
            (
                Some(Stretch {
                    range,
                    files: Files::Adopted(files),
                }),
                Some(adopted),
            ) => {
                range.end = wanted.end;
                files.push((footer, adopted));
            }
            (_, adopted) => stretches.push(Stretch {
                range: wanted,
                files: match adopted {
                    None => Files::Own(vec![path]),
                    Some(adopted) => Files::Adopted(vec![(footer, adopted)]),
                },
            }),
        }
    }
    Ok(stretches)
}

/// A view as Polars computes it.
pub(super) struct Query {
    time: String,
    window: Window,
    filter: Option<Expr>,
    /// The slice, then the keys, under the names of the partial's columns.
    by: Vec<Expr>,
    /// `events`, then the accumulator columns.
    aggregates: Vec<Expr>,
    columns: arrow::datatypes::SchemaRef,
}

impl Query {
    /// Lowers a view.
    ///
    /// # Errors
    /// The first part of it that Polars does not compute.
    pub(super) fn new(view: &View) -> Result<Self, Unlowered> {
        if let Window::Session { .. } = view.window {
            return Err(Unlowered::new(
                "SESSION",
                "sessions are found event by event",
            ));
        }
        if view.lateness.is_some() {
            let why = "whether an event is late depends on those before it";
            return Err(Unlowered::new("allowed_lateness", why));
        }
        let fields = view.table.schema.fields();
        let types = |name: &str| {
            let field = fields.iter().find(|field| field.name() == name)?;
            Some(field.data_type().clone())
        };
        let time = fields
            .get(view.table.event_time)
            .map_or("", |field| field.name());
        let columns = partial::columns(view);
        let names: Vec<&str> = columns
            .fields()
            .iter()
            .map(|field| field.name().as_str())
            .collect();
        let mut names = names.into_iter();
        let mut named = |expr: Expr| match names.next() {
            Some(name) => expr.alias(name),
            None => expr,
        };
        let code = || Unlowered::new(&view.name, "a part of it is code, not SQL");
        let logical = view.prepare.logical().ok_or_else(code)?;
        let mut by = vec![named(slice(view.window, time))];
        for key in &logical.keys {
            let of = type_of(key, &types);
            if of
                .as_ref()
                .is_none_or(|of| of.is_floating() || of.is_decimal())
            {
                return Err(Unlowered::new(
                    key,
                    "a key of this type is grouped differently there",
                ));
            }
            by.push(named(lower(key, &types)?));
        }
        let mut aggregates = vec![named(len().cast(PolarsType::UInt64))];
        for (measure, arguments) in view.measures.iter().zip(&logical.arguments) {
            let argument = (arguments.first())
                .map(|argument| lower(argument, &types))
                .transpose()?;
            aggregates.extend(aggregate(measure, argument)?.into_iter().map(&mut named));
        }
        let filter = (logical.filter)
            .map(|filter| lower(filter, &types))
            .transpose()?;
        Ok(Self {
            time: time.to_owned(),
            window: view.window,
            filter,
            by,
            aggregates,
            columns,
        })
    }

    /// The fold of a stretch; `None` where an event time is too far out to be computed here, or
    /// missing in a `strict` run, which ends there with the record's name.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub(super) fn fold(
        &self,
        view: &View,
        archive: &Archive,
        place: &TopicPartition,
        stretch: &Stretch,
        strict: bool,
    ) -> Result<Option<Partial>, BatchError> {
        let failed = |error: HandOver| BatchError::Engine {
            place: place.clone(),
            start: stretch.range.start,
            next: stretch.range.end,
            source: error,
        };
        let before = archive.watermark(place, stretch.range.start)?;
        let fields = view.table.schema.fields().iter();
        let columns: Vec<String> = fields.map(|field| field.name().clone()).collect();
        let events = scan(stretch, &columns).map_err(failed)?;
        let facts = self.facts(events.clone()).map_err(failed)?;
        if facts.far_out > 0 || strict && facts.timeless > 0 {
            return Ok(None);
        }
        let rows = self.rows(events).map_err(failed)?;
        let folded = (rows.column_by_name("events"))
            .and_then(|events| events.as_primitive_opt::<UInt64Type>())
            .map_or(0, |events| events.values().iter().sum());
        let span = Span {
            start: stretch.range.start,
            next: stretch.range.end,
            records: facts.records,
            watermark_before: before,
            watermark_after: before.max(facts.latest),
            last: None,
        };
        let coverage = Coverage([(place.clone(), span)].into());
        Ok(Some(Partial {
            rows: view.kept(&coverage, rows),
            coverage,
            counters: Counters {
                rejected: facts.timeless,
                filtered: facts.records - facts.timeless - folded,
                late: 0,
            },
        }))
    }

    fn rows(&self, events: LazyFrame) -> Result<RecordBatch, HandOver> {
        let timed = events.filter(col(self.time.as_str()).is_not_null());
        let wanted = match &self.filter {
            Some(filter) => timed.filter(filter.clone().fill_null(lit(false))),
            None => timed,
        };
        let by: Vec<&str> = (self.columns.fields().iter().take(self.by.len()))
            .map(|field| field.name().as_str())
            .collect();
        let groups = collect(
            wanted
                .group_by(self.by.clone())
                .agg(self.aggregates.clone()),
        )?;
        let order = SortMultipleOptions::default().with_nulls_last(false);
        let groups = groups.lazy().sort(by, order).collect()?;
        let columns = (self.columns.fields().iter())
            .map(|field| {
                let column = groups.column(field.name())?.as_materialized_series();
                array(column, field.data_type())
            })
            .collect::<Result<Vec<ArrayRef>, HandOver>>()?;
        Ok(RecordBatch::try_new(Arc::clone(&self.columns), columns)?)
    }

    /// What coverage and counters say of the events, and whether all their windows are in range.
    fn facts(&self, events: LazyFrame) -> Result<Facts, HandOver> {
        let time = || col(self.time.as_str()).to_physical();
        let reach = reach(self.window);
        let (low, high) = (
            i64::MIN.saturating_add(reach),
            i64::MAX.saturating_sub(reach),
        );
        let far_out = time().lt(lit(low)).or(time().gt(lit(high)));
        let facts = collect(
            events.select([
                len().cast(PolarsType::UInt64).alias("records"),
                time()
                    .null_count()
                    .cast(PolarsType::UInt64)
                    .alias("timeless"),
                far_out.sum().cast(PolarsType::UInt64).alias("far_out"),
                time().max().alias("latest"),
            ]),
        )?;
        let number =
            |name: &str| Ok::<u64, HandOver>(facts.column(name)?.u64()?.get(0).unwrap_or(0));
        Ok(Facts {
            records: number("records")?,
            timeless: number("timeless")?,
            far_out: number("far_out")?,
            latest: (facts.column("latest")?.i64()?.get(0)).map(|time| Watermark(EventTime(time))),
        })
    }
}

struct Facts {
    records: u64,
    timeless: u64,
    far_out: u64,
    latest: Option<Watermark>,
}

fn collect(frame: LazyFrame) -> Result<DataFrame, HandOver> {
    Ok(frame
        .collect_with_engine(Engine::Streaming)?
        .unwrap_single())
}

fn scan(stretch: &Stretch, columns: &[String]) -> Result<LazyFrame, HandOver> {
    let events = match &stretch.files {
        Files::Own(files) => {
            let paths = (files.iter())
                .map(|path| PlRefPath::try_from_path(path))
                .collect::<Result<Vec<_>, _>>()?;
            LazyFrame::scan_parquet_files(paths.into(), ScanArgsParquet::default())?
        }
        Files::Adopted(files) => {
            let scans = files.iter();
            let scans = scans.map(|(footer, adopted)| scan_adopted(footer, adopted, columns));
            let scans = scans.collect::<Result<Vec<_>, _>>()?;
            concat(scans, UnionArgs::default())?
        }
    };
    let Range { start, end } = stretch.range;
    Ok(events.filter((col(OFFSET).gt_eq(lit(start.0))).and(col(OFFSET).lt(lit(end.0)))))
}

/// The records of one partition in an adopted file, as if it were one of the archive's own.
fn scan_adopted(
    footer: &Footer,
    adopted: &Adopted,
    columns: &[String],
) -> Result<LazyFrame, HandOver> {
    let path = PlRefPath::try_from_path(&adopted.path)?;
    let mut events = LazyFrame::scan_parquet(path, ScanArgsParquet::default())?;
    let whole = |name: &str| col(name).strict_cast(PolarsType::UInt64);
    if let Some(partitions) = &adopted.partitions {
        let ours = u64::from(footer.partition.0);
        events = events.filter(whole(partitions).eq(lit(ours)));
    }
    let offset = match &adopted.offsets {
        Some(name) => whole(name),
        None => {
            // The first offset of a file whose records are counted is that of its first record.
            let first = adopted.groups.iter().flatten().next();
            let first = first.map_or(footer.first, |(first, _)| *first);
            events = events.with_row_index(OFFSET, None);
            whole(OFFSET) + lit(first.0)
        }
    };
    let typed = columns.iter().map(|name| col(name.as_str()));
    Ok(events.select(
        [offset.alias(OFFSET)]
            .into_iter()
            .chain(typed)
            .collect::<Vec<_>>(),
    ))
}

/// How far from an event time the bounds of its windows may be, in microseconds.
fn reach(window: Window) -> i64 {
    match window {
        Window::All | Window::Session { .. } => 0,
        Window::Tumble { size, .. } => size.saturating_mul(2),
        Window::Hop { size, .. } | Window::Cumulate { size, .. } => size.saturating_mul(3),
    }
}

/// The start of an event's slice.
fn slice(window: Window, time: &str) -> Expr {
    let timestamp = PolarsType::Datetime(TimeUnit::Microseconds, None);
    let Some((width, offset)) = window.grid() else {
        return lit(0_i64).cast(timestamp);
    };
    let time = || col(time).to_physical();
    let into = (time() - lit(offset)) % lit(width);
    // Brought above zero whichever sign the remainder has.
    let into = (into + lit(width)) % lit(width);
    (time() - into).cast(timestamp)
}
