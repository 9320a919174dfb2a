//! A system that is not ours, measured: what it showed when, against the truth at that moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, RecordBatch, TimestampMicrosecondArray, new_null_array,
};
use arrow::compute::{CastOptions, cast_with_options, concat_batches, filter_record_batch};
use arrow::csv::ReaderBuilder;
use arrow::datatypes::{DataType, Field, Schema, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use roaring::RoaringBitmap;
use shared_logic::table::type_name;
use shared_logic::time::EventTime;
use shared_logic::view::View;

use crate::attribution::{Consistency, consistency};
use crate::error::ComparisonError;
use crate::truth::{Asked, Truth};

/// The column that says when an answer was seen.
const AS_OF: &str = "as_of";

/// What a system showed: some columns of a view, and when it showed them.
#[derive(Clone, Debug)]
pub struct Observed {
    /// Columns of the view, in its order; in front of them `as_of`, where it is known.
    rows: RecordBatch,
    /// Their numbers in the view.
    columns: Vec<usize>,
    /// Those of `rows` that name a group.
    keys: Vec<usize>,
    as_of: bool,
}

/// How far it agrees.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// Rows that were seen.
    pub rows: usize,
    /// Different moments at which they were.
    pub moments: usize,
    /// Ratios and errors.
    pub consistency: Consistency,
}

impl Observed {
    /// Reads CSV with a header. The file has the view's columns by their names or by those that
    /// `names` gives for them; all keys must be there (of `window_start` and `window_end` one is enough)
    /// and one column besides. Others are not looked at.
    ///
    /// # Errors
    /// One line that names the column, and the line of the file where a value does not convert.
    pub fn read(text: &str, view: &View, names: &BTreeMap<String, String>) -> Result<Self, String> {
        let header = text.lines().next().unwrap_or_default();
        let theirs: Vec<&str> = header
            .split(',')
            .map(|name| name.trim().trim_matches('"'))
            .collect();
        let known = |name: &str| name == AS_OF || view.schema.index_of(name).is_ok();
        if let Some(name) = names.keys().find(|name| !known(name)) {
            let all: Vec<&str> = view
                .schema
                .fields()
                .iter()
                .map(|field| field.name().as_str())
                .collect();
            return Err(format!(
                "{} has no column {name:?}, only {} and {AS_OF}",
                view.name,
                all.join(", ")
            ));
        }
        let place = |name: &str| -> Result<Option<usize>, String> {
            let wanted = names.get(name).map_or(name, String::as_str);
            let found = theirs.iter().position(|theirs| *theirs == wanted);
            match (found, names.contains_key(name)) {
                (None, true) => Err(format!(
                    "there is no column {wanted:?}, only {}",
                    theirs.join(", ")
                )),
                (found, _) => Ok(found),
            }
        };
        let as_of = place(AS_OF)?;
        let mut found: Vec<(usize, usize)> = vec![];
        for (number, field) in view.schema.fields().iter().enumerate() {
            found.extend(place(field.name())?.map(|at| (number, at)));
        }
        let columns: Vec<usize> = found.iter().map(|(number, _)| *number).collect();
        fits(view, &columns, &theirs)?;

        let texts = texts(text, &theirs)?;
        let moments = as_of.map(|at| (AS_OF, DataType::Timestamp(TimeUnit::Microsecond, None), at));
        let fields = found.iter().filter_map(|(number, at)| {
            let field = view.schema.fields().get(*number)?;
            Some((field.name().as_str(), field.data_type().clone(), *at))
        });
        let (mut shown, mut arrays) = (vec![], vec![]);
        for (name, kind, at) in moments.into_iter().chain(fields) {
            let column = texts.columns().get(at).ok_or("a column is missing")?;
            arrays.push(converted(name, column, &kind)?);
            shown.push(Field::new(name, kind, true));
        }
        let rows = RecordBatch::try_new(Arc::new(Schema::new(shown)), arrays);
        let front = usize::from(as_of.is_some());
        let keys = (columns.iter().enumerate())
            .filter(|(_, column)| view.projection.keys_shown().contains(column))
            .map(|(place, _)| front + place);
        Ok(Self {
            rows: rows.map_err(|error| error.to_string())?,
            keys: (0..front).chain(keys).collect(),
            columns,
            as_of: as_of.is_some(),
        })
    }

    /// Whether the file says when each answer was seen.
    pub fn says_when(&self) -> bool {
        self.as_of
    }

    /// Holds it against the truth over the events that had arrived at each moment, `arrivals` being in
    /// the order of arrival; without moments over all. At each moment the truth counts from the first
    /// window that was seen then to the last, so that a window that is left out between is missing, and
    /// one that nobody asked for is not.
    ///
    /// # Errors
    /// The truth cannot be told, or moments are given and arrivals are not known.
    pub fn against(
        &self,
        truth: &Truth,
        arrivals: Option<&[EventTime]>,
    ) -> Result<Agreement, ComparisonError> {
        let moments = self.moments();
        let (mut batches, mut bounds) = (vec![], vec![vec![]; self.rows.num_columns()]);
        let mut bounded = vec![false; self.rows.num_columns()];
        for moment in &moments {
            let read: RoaringBitmap = match (moment, arrivals) {
                (None, _) => truth.all().read,
                (Some(moment), Some(arrivals)) => {
                    let arrived = (0_u32..).zip(arrivals).filter(|(_, at)| at.0 <= *moment);
                    arrived.map(|(number, _)| number).collect()
                }
                (Some(_), None) => {
                    return Err(ComparisonError::Schedule(
                        "the file says when answers were seen and the times of arrival are not known: name their column with --arrival".into(),
                    ));
                }
            };
            let answer = truth.spec(&Asked {
                read,
                speed: RoaringBitmap::new(),
            })?;
            let (batch, kept) = self.seen(&answer.rows, *moment)?;
            let front = usize::from(self.as_of);
            for (place, column) in self.columns.iter().enumerate() {
                let (Some(sum), Some(has)) = (
                    bounds.get_mut(front + place),
                    bounded.get_mut(front + place),
                ) else {
                    continue;
                };
                let bound = answer.bounds.get(*column).and_then(Option::as_ref);
                *has |= bound.is_some();
                sum.extend(kept.iter().map(|row| {
                    bound
                        .and_then(|bound| bound.get(*row))
                        .copied()
                        .unwrap_or_default()
                }));
            }
            batches.push(batch);
        }
        let all = concat_batches(&self.rows.schema(), &batches)?;
        let bounds: Vec<Option<Vec<f64>>> = bounds
            .into_iter()
            .zip(bounded)
            .map(|(bound, has)| has.then_some(bound))
            .collect();
        Ok(Agreement {
            rows: self.rows.num_rows(),
            moments: moments.len(),
            consistency: consistency(&self.rows, &all, &bounds, &self.keys)?,
        })
    }

    /// The moments, ascending; one that is `None` where they are not known.
    fn moments(&self) -> Vec<Option<i64>> {
        if !self.as_of {
            return vec![None];
        }
        let mut moments: Vec<Option<i64>> = instants(&self.rows, 0)
            .into_iter()
            .flatten()
            .map(Some)
            .collect();
        moments.sort_unstable();
        moments.dedup();
        moments
    }

    /// The columns of the truth that were seen, of the windows that were, and the numbers of its rows.
    fn seen(
        &self,
        rows: &RecordBatch,
        moment: Option<i64>,
    ) -> Result<(RecordBatch, Vec<usize>), ArrowError> {
        let mut columns: Vec<ArrayRef> = vec![];
        if let Some(moment) = moment {
            columns.push(Arc::new(TimestampMicrosecondArray::from(
                vec![moment; rows.num_rows()],
            )));
        }
        for column in &self.columns {
            let kind = self.rows.schema().field(columns.len()).data_type().clone();
            let of = rows.columns().get(*column).cloned();
            let of = of.unwrap_or_else(|| new_null_array(&kind, rows.num_rows()));
            columns.push(arrow::compute::cast(&of, &kind)?);
        }
        let batch = RecordBatch::try_new(self.rows.schema(), columns)?;
        let window = ["window_start", "window_end"]
            .iter()
            .find_map(|name| batch.schema().index_of(name).ok());
        let Some(window) = window else {
            let all = (0..batch.num_rows()).collect();
            return Ok((batch, all));
        };
        let then = instants(&self.rows, 0);
        let windows = instants(&self.rows, window).into_iter().zip(then);
        let windows = windows
            .filter(|(_, then)| moment.is_none() || *then == moment)
            .filter_map(|(window, _)| window);
        let (first, last) = windows.fold((i64::MAX, i64::MIN), |(first, last), at| {
            (first.min(at), last.max(at))
        });
        let shown: Vec<bool> = instants(&batch, window)
            .into_iter()
            .map(|at| at.is_some_and(|at| (first..=last).contains(&at)))
            .collect();
        let kept = (0..shown.len())
            .filter(|row| shown.get(*row).copied().unwrap_or_default())
            .collect();
        Ok((filter_record_batch(&batch, &shown.into())?, kept))
    }
}

/// Whether these columns of a view name its groups and hold something to compare.
fn fits(view: &View, columns: &[usize], theirs: &[&str]) -> Result<(), String> {
    let keys = view.projection.keys_shown();
    let windows = ["window_start", "window_end"].map(|name| view.schema.index_of(name).ok());
    let a_window = windows
        .iter()
        .flatten()
        .any(|window| columns.contains(window));
    for key in keys {
        let said = columns.contains(key) || (a_window && windows.contains(&Some(*key)));
        if !said {
            let name = view.schema.field(*key).name();
            return Err(format!(
                "no column {name:?}, which names a group of {}: the file has {}; map it with {name}=THEIRS",
                view.name,
                theirs.join(", ")
            ));
        }
    }
    if columns.iter().any(|column| !keys.contains(column)) {
        return Ok(());
    }
    let values: Vec<&str> = (view.schema.fields().iter().enumerate())
        .filter(|(number, _)| !keys.contains(number))
        .map(|(_, field)| field.name().as_str())
        .collect();
    Err(format!(
        "no column to compare: expected one of {}, the file has {}",
        values.join(", "),
        theirs.join(", ")
    ))
}

/// A column of instants; `None` where it has none.
fn instants(rows: &RecordBatch, column: usize) -> Vec<Option<i64>> {
    let column = rows.columns().get(column);
    let instants = column.and_then(|column| column.as_primitive_opt::<TimestampMicrosecondType>());
    instants.map_or_else(
        || vec![None; rows.num_rows()],
        |instants| instants.iter().collect(),
    )
}

/// The file as texts.
fn texts(text: &str, names: &[&str]) -> Result<RecordBatch, String> {
    let fields: Vec<Field> = names
        .iter()
        .map(|name| Field::new(*name, DataType::Utf8, true))
        .collect();
    let schema = Arc::new(Schema::new(fields));
    let reader = ReaderBuilder::new(Arc::clone(&schema))
        .with_header(true)
        .build(text.as_bytes());
    let batches = reader
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| error.to_string())?;
    concat_batches(&schema, &batches).map_err(|error| error.to_string())
}

/// A column of texts as another type.
fn converted(name: &str, column: &ArrayRef, kind: &DataType) -> Result<ArrayRef, String> {
    let options = CastOptions {
        safe: true,
        ..CastOptions::default()
    };
    let values = cast_with_options(column, kind, &options)
        .map_err(|error| format!("column {name:?}: {error}"))?;
    let lost = (0..column.len()).find(|row| column.is_valid(*row) && values.is_null(*row));
    match lost {
        None => Ok(values),
        // The header is line 1.
        Some(row) => Err(format!(
            "line {}: column {name:?}: expected {}, found {:?}",
            row + 2,
            type_name(kind),
            column.as_string::<i32>().value(row)
        )),
    }
}

#[cfg(test)]
mod tests;
