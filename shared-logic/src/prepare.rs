//! From decoded columns to window starts, keys and arguments: WHERE and computed columns.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, PrimitiveArray, RecordBatch, UInt64Array,
};
use arrow::compute::{self, FilterBuilder};
use arrow::datatypes::{DataType, SchemaRef, TimestampMicrosecondType};
use arrow::error::ArrowError;

use crate::admission::Admission;
use crate::decode::{Decoded, is_coded, with_types_of};
use crate::lateness::Lateness;
use crate::time::{EventTime, Watermark};
use crate::window::Window;

pub(crate) mod expression;
mod intake;
pub mod moments;
mod selection;
mod wanted;

pub use expression::Compute;
use expression::Expression;
use moments::Moments;
use selection::Selection;
pub(crate) use wanted::Filter;

/// The compiled WHERE, keys and arguments of a view.
#[derive(Debug)]
pub struct Prepare {
    /// The table columns that are read, ascending.
    pub(crate) columns: Vec<usize>,
    /// Those columns, and `window_start` and `window_end` where an expression names them; all
    /// nullable, since a value may be missing until its row is rejected.
    pub(crate) schema: SchemaRef,
    /// Where in `columns` the event time is.
    pub(crate) event_time: usize,
    /// Where in `columns` NULL is forbidden.
    pub(crate) required: Vec<usize>,
    pub(crate) window: Window,
    /// WHERE, over `schema`.
    pub(crate) filter: Option<Filter>,
    /// The columns of `schema` that keys and arguments are over.
    pub(crate) inputs: Vec<usize>,
    /// The keys besides the window, over `inputs`.
    pub(crate) keys: Vec<Expression>,
    /// The arguments of each measure, over `inputs`; none for `COUNT(*)`.
    pub(crate) arguments: Vec<Vec<Expression>>,
    /// Whether a measure needs to know the [`Moments`] of the rows.
    pub(crate) moments: bool,
}

/// The rows of a chunk that a view folds.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// The start of each row's slice, in microseconds since 1970; for a session the event time.
    pub starts: Vec<i64>,
    /// The keys of these rows, in GROUP BY order without the window.
    pub keys: Vec<ArrayRef>,
    /// The arguments of these rows, a list for each of the view's measures; empty for `COUNT(*)`.
    pub arguments: Vec<Vec<ArrayRef>>,
    /// When and where each row was, if a measure depends on that.
    pub moments: Option<Moments>,
    /// The records that the view could not read, by row.
    pub rejects: Vec<Reject>,
    /// The records that WHERE wants and that come too late, by row.
    pub late: Vec<usize>,
    /// How many records were not admitted or not wanted by WHERE: all that are neither in a row nor
    /// among the rejects or the late ones.
    pub filtered: u64,
    /// The greatest event time among all records whose event time decodes, whatever became of them.
    pub latest: Option<EventTime>,
}

/// WHERE, keys and arguments as DataFusion plans them, over the table's columns by name; for engines
/// that evaluate them in their own way.
#[cfg(feature = "sql")]
#[derive(Clone, Debug)]
pub struct Logical<'a> {
    /// WHERE.
    pub filter: Option<&'a datafusion_expr::Expr>,
    /// The keys besides the window.
    pub keys: Vec<&'a datafusion_expr::Expr>,
    /// The arguments of each measure; none for `COUNT(*)`.
    pub arguments: Vec<Vec<&'a datafusion_expr::Expr>>,
}

/// What decides which events of a chunk are too late.
#[derive(Clone, Copy, Debug)]
pub struct Judge {
    /// The view's rule.
    pub lateness: Lateness,
    /// The partition's watermark just before the chunk.
    pub reached: Option<Watermark>,
}

/// A record that a view could not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reject {
    /// The row within the chunk.
    pub row: usize,
    /// What is wrong with it, in one line.
    pub reason: String,
}

/// Why a chunk could not be prepared; a mistake in the program, never in the data.
#[derive(Debug, thiserror::Error)]
pub enum PrepareError {
    /// The chunk was not decoded for this view.
    #[error(
        "the view reads {expected}, the chunk was decoded into {found}: decode Prepare::columns"
    )]
    Columns {
        /// What `Prepare::columns` asks for.
        expected: String,
        /// What came.
        found: String,
    },
    /// Arrays that do not fit each other.
    #[error("cannot prepare the chunk: {0}")]
    Arrow(#[from] ArrowError),
}

impl Prepare {
    /// The indices of the table's columns that are read, event time included, ascending: what to
    /// decode, and the order of `Decoded::columns`.
    pub fn columns(&self) -> &[usize] {
        &self.columns
    }

    /// Those of the table's columns that are looked at as the one key only: what texts are in them
    /// need not be known to group by them.
    pub(crate) fn coded(&self) -> Vec<usize> {
        #[cfg_attr(
            not(feature = "sql"),
            expect(unused_mut, reason = "closures are not looked into")
        )]
        let mut coded = vec![];
        #[cfg(feature = "sql")]
        if let Some(plan) = self.logical()
            && let [datafusion_expr::Expr::Column(key)] = plan.keys.as_slice()
        {
            let others = plan
                .filter
                .into_iter()
                .chain(plan.arguments.into_iter().flatten());
            let mut named = others.flat_map(|expression| expression.column_refs());
            if !named.any(|column| column.name == key.name) {
                let columns = self.columns.iter().zip(self.schema.fields());
                let keys = columns.filter(|(_, field)| *field.name() == key.name);
                coded.extend(keys.map(|(column, _)| *column));
            }
        }
        coded
    }

    /// What is evaluated, as a plan; `None` where a part of it is code.
    #[cfg(feature = "sql")]
    pub fn logical(&self) -> Option<Logical<'_>> {
        let filter = match &self.filter {
            Some(filter) => Some(filter.whole.run.logical()?),
            None => None,
        };
        let arguments = self.arguments.iter().map(|list| plans(list));
        Some(Logical {
            filter,
            keys: plans(&self.keys)?,
            arguments: arguments.collect::<Option<_>>()?,
        })
    }

    /// Prepares the rows that `admission` takes, that can be read, and that WHERE wants.
    ///
    /// A record that is not admitted is not looked at further: it belongs to another half. Of the
    /// others, those are rejected that are malformed, whose event time or another forbidden NULL is
    /// missing, whose window is outside the number range, or on which WHERE, a key or an argument
    /// fails. Of those that WHERE wants `judge` says which are too late. Keys and arguments are
    /// evaluated on the rows that are left.
    ///
    /// # Errors
    /// The chunk was decoded for something else.
    pub fn apply(
        &self,
        decoded: &Decoded,
        admission: Admission,
        judge: Option<Judge>,
    ) -> Result<Prepared, PrepareError> {
        let columns = decoded.columns.columns();
        let times = self.times(columns)?;
        let taken = intake::take(self, decoded, times, admission)?;
        let mut rejects = taken.rejects;
        let mut selection = Selection::new(decoded.columns.num_rows());
        let mut starts = taken.starts;
        let mut rows = self.rows(columns, &starts)?;
        let mut in_time = judge.and_then(|judge| judge.in_time(self.window, times));
        if let Some(keep) = taken.keep {
            rows = compute::filter_record_batch(&rows, &keep)?;
            starts = filter_starts(starts, &keep)?;
            in_time = in_time.map(|rows| filter_mask(&rows, &keep)).transpose()?;
            selection.narrow(keep);
        }
        let mut inputs = rows.project(&self.inputs)?;
        if let Some(filter) = &self.filter {
            let (keep, failures) = filter.wanted(&rows)?;
            selection.reject(failures, &mut rejects);
            if keep.has_false() {
                inputs = compute::filter_record_batch(&inputs, &keep)?;
                starts = filter_starts(starts, &keep)?;
                in_time = in_time.map(|rows| filter_mask(&rows, &keep)).transpose()?;
                selection.narrow(keep);
            }
        }
        let mut late = vec![];
        if let Some(keep) = in_time.filter(BooleanArray::has_false) {
            let refused = (keep.iter().enumerate()).filter(|(_, keep)| *keep == Some(false));
            late = selection.origin(refused.map(|(row, _)| row));
            inputs = compute::filter_record_batch(&inputs, &keep)?;
            starts = filter_starts(starts, &keep)?;
            selection.narrow(keep);
        }
        let mut failures = vec![];
        let mut evaluate = |expression: &Expression| -> Result<ArrayRef, ArrowError> {
            let (values, failed) = expression.evaluate(&inputs)?;
            failures.extend(failed);
            Ok(values)
        };
        let keys = (self.keys.iter())
            .map(&mut evaluate)
            .collect::<Result<Vec<_>, _>>()?;
        let arguments = (self.arguments.iter())
            .map(|list| list.iter().map(&mut evaluate).collect())
            .collect::<Result<Vec<_>, _>>()?;
        let mut prepared = Prepared {
            starts,
            keys,
            arguments,
            moments: None,
            rejects: vec![],
            late,
            filtered: 0,
            latest: taken.latest,
        };
        if !failures.is_empty() {
            let keep = prepared.drop_rows(&failures)?;
            selection.reject(failures, &mut rejects);
            selection.narrow(keep);
        }
        if self.moments {
            let rows = selection.kept();
            let taken = UInt64Array::from_iter_values(rows.iter().map(|row| *row as u64));
            let times = compute::take(times, &taken, None)?;
            prepared.moments = Some(Moments { times, rows });
        }
        rejects.sort_by_key(|reject| reject.row);
        let kept = prepared.starts.len() + prepared.late.len() + rejects.len();
        let gone = decoded.columns.num_rows() - kept;
        prepared.filtered = gone as u64;
        prepared.rejects = rejects;
        Ok(prepared)
    }

    /// The event-time column, after a look at all types.
    fn times<'a>(
        &self,
        columns: &'a [ArrayRef],
    ) -> Result<&'a PrimitiveArray<TimestampMicrosecondType>, PrepareError> {
        let expected = self.schema.fields().iter().take(self.columns.len());
        let fits = columns.len() == self.columns.len()
            && (columns.iter().zip(expected.clone())).all(|(column, field)| {
                let data_type = column.data_type();
                data_type == field.data_type()
                    || is_coded(data_type) && *field.data_type() == DataType::Utf8
            });
        let time = columns
            .get(self.event_time)
            .and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
        match time {
            Some(time) if fits => Ok(time),
            _ => Err(PrepareError::Columns {
                expected: list(
                    expected.map(|field| format!("{} {}", field.name(), field.data_type())),
                ),
                found: list(columns.iter().map(|column| column.data_type().to_string())),
            }),
        }
    }

    /// The columns as expressions see them, window bounds included where they are used.
    fn rows(&self, columns: &[ArrayRef], starts: &[i64]) -> Result<RecordBatch, ArrowError> {
        let mut columns = columns.to_vec();
        if self.schema.fields().len() > columns.len() {
            // Only where a slice is a window may an expression ask for bounds.
            let size = match self.window {
                Window::Tumble { size, .. } => size,
                _ => 0,
            };
            let bound = |add: i64| {
                let times = starts.iter().map(|start| start.saturating_add(add));
                Arc::new(PrimitiveArray::<TimestampMicrosecondType>::from_iter_values(times))
            };
            columns.push(bound(0));
            columns.push(bound(size));
        }
        RecordBatch::try_new(with_types_of(&self.schema, &columns), columns)
    }
}

impl Judge {
    /// Which rows of a chunk come in time; `None` where all do. A row without a time has no say.
    fn in_time(
        &self,
        window: Window,
        times: &PrimitiveArray<TimestampMicrosecondType>,
    ) -> Option<BooleanArray> {
        let mut reached = self.reached;
        let mut any = false;
        let rows = times.iter().map(|time| {
            let Some(time) = time.map(EventTime) else {
                return true;
            };
            // What is not behind the watermark is never late, and most events are not.
            let behind = reached.is_some_and(|reached| time < reached.0);
            let late = behind && self.lateness.is_late(window, time, reached);
            any |= late;
            reached = reached.max(Some(Watermark(time)));
            !late
        });
        let rows = BooleanArray::from(rows.collect::<Vec<bool>>());
        any.then_some(rows)
    }
}

impl Prepared {
    /// Removes the rows that an expression failed on, and says which stay.
    fn drop_rows(&mut self, failures: &[expression::Failure]) -> Result<BooleanArray, ArrowError> {
        let mut keep = vec![true; self.starts.len()];
        for (row, _) in failures {
            keep.get_mut(*row)
                .into_iter()
                .for_each(|keep| *keep = false);
        }
        let keep = BooleanArray::from(keep);
        let predicate = FilterBuilder::new(&keep).optimize().build();
        for values in self
            .keys
            .iter_mut()
            .chain(self.arguments.iter_mut().flatten())
        {
            *values = predicate.filter(values)?;
        }
        self.starts = filter_starts(std::mem::take(&mut self.starts), &keep)?;
        Ok(keep)
    }
}

fn filter_mask(mask: &BooleanArray, keep: &BooleanArray) -> Result<BooleanArray, ArrowError> {
    Ok(compute::filter(mask, keep)?.as_boolean().clone())
}

fn filter_starts(starts: Vec<i64>, keep: &BooleanArray) -> Result<Vec<i64>, ArrowError> {
    let starts = compute::filter(&Int64Array::from(starts), keep)?;
    let (_, values, _) = starts
        .as_primitive::<arrow::datatypes::Int64Type>()
        .clone()
        .into_parts();
    drop(starts);
    Ok(values
        .into_inner()
        .into_vec()
        .unwrap_or_else(|shared| shared.typed_data().to_vec()))
}

/// The plans of some expressions, unless one of them is code.
#[cfg(feature = "sql")]
fn plans(list: &[Expression]) -> Option<Vec<&datafusion_expr::Expr>> {
    list.iter().map(|one| one.run.logical()).collect()
}

fn list(texts: impl Iterator<Item = String>) -> String {
    format!("({})", texts.collect::<Vec<_>>().join(", "))
}

#[cfg(all(test, feature = "sql"))]
mod tests;
