//! One answer against what the truth says.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch, make_comparator};
use arrow::compute::{SortOptions, cast};
use arrow::datatypes::TimestampMicrosecondType;
use arrow::util::display::array_value_to_string;
use comparison::difference::difference;
use comparison::truth::{Answer, Asked};
use roaring::RoaringBitmap;
use shared_logic::answer::{answer, answer_at};
use shared_logic::coverage::OffsetVector;
use shared_logic::lateness::Late;
use shared_logic::partial::Partial;
use shared_logic::time::EventTime;
use shared_logic::window::Window;

use crate::case::Laid;

/// What disagrees, in words.
pub type Checked = Result<(), String>;

/// A case, and what the truth has said of it already.
pub struct Checker<'l> {
    pub laid: &'l Laid,
    known: Vec<(Asked, Arc<Result<Answer, String>>)>,
}

impl<'l> Checker<'l> {
    pub fn new(laid: &'l Laid) -> Self {
        Self {
            laid,
            known: vec![],
        }
    }

    /// What the truth says below `upto`, where a batch has landed at `cut`.
    fn expected(
        &mut self,
        cut: &OffsetVector,
        upto: &OffsetVector,
    ) -> (Asked, Arc<Result<Answer, String>>) {
        let laid = self.laid;
        let read = laid.below(upto);
        let speed = match laid.view.lateness.map(|lateness| lateness.late) {
            Some(Late::SpeedOnly) => &read - &laid.below(cut),
            _ => RoaringBitmap::new(),
        };
        let asked = Asked { read, speed };
        if let Some((_, known)) = self.known.iter().find(|(known, _)| *known == asked) {
            return (asked, Arc::clone(known));
        }
        let said = laid.truth.spec(&asked).map_err(|error| error.to_string());
        let said = Arc::new(said);
        self.known.push((asked.clone(), Arc::clone(&said)));
        (asked, said)
    }

    /// Compares the fold of everything below `upto` with the truth: rows, order and counters.
    pub fn agree(
        &mut self,
        how: &str,
        partial: &Partial,
        cut: &OffsetVector,
        upto: &OffsetVector,
    ) -> Checked {
        let laid = self.laid;
        let (asked, said) = self.expected(cut, upto);
        let fates = laid.truth.fates(&asked);
        let counters = partial.counters;
        let counted = [counters.rejected, counters.filtered, counters.late];
        let known = [&fates.rejected, &fates.filtered, &fates.late].map(RoaringBitmap::len);
        same(
            &format!("{how}: rejected, filtered, late"),
            &counted,
            &known,
        )?;
        let found = answer(&laid.view, partial).map_err(|error| error.to_string());
        match (&found, said.as_ref()) {
            (Ok(rows), Ok(truth)) => {
                self.equal(rows, truth)
                    .map_err(|error| format!("{how}: {error}"))?;
                self.points(partial, rows)
                    .map_err(|error| format!("{how}: {error}"))
            }
            (Err(error), Err(other)) if fails(error) && fails(other) => Ok(()),
            _ => Err(format!(
                "{how}: {}, the truth says {}",
                briefly(&found),
                briefly(&said.as_ref().as_ref().map(|truth| truth.rows.clone()))
            )),
        }
    }

    fn equal(&self, rows: &RecordBatch, truth: &Answer) -> Checked {
        let keys = self.laid.view.projection.keys_shown();
        let found = difference(rows, &truth.rows, &truth.bounds, keys)
            .map_err(|error| error.to_string())?;
        if found.wrong > 0 {
            return Err(format!(
                "{} of {} groups differ\n{}",
                found.wrong,
                found.groups,
                both(rows, &truth.rows)
            ));
        }
        if rows.num_rows() != truth.rows.num_rows() {
            return Err("as many groups, but not as many rows".to_owned());
        }
        for key in keys {
            let (mine, its) = (rows.column(*key), truth.rows.column(*key));
            let its: ArrayRef = cast(its, mine.data_type()).unwrap();
            let compare = make_comparator(mine, &its, SortOptions::default()).unwrap();
            if !(0..rows.num_rows()).all(|row| compare(row, row).is_eq()) {
                return Err(format!(
                    "the rows are in another order\n{}",
                    both(rows, &truth.rows)
                ));
            }
        }
        Ok(())
    }

    /// The rows of single windows are those of the whole.
    fn points(&self, partial: &Partial, rows: &RecordBatch) -> Checked {
        let view = &self.laid.view;
        let Some(starts) = rows.column_by_name("window_start") else {
            return Ok(());
        };
        if matches!(view.window, Window::All) {
            return Ok(());
        }
        let starts = starts.as_primitive::<TimestampMicrosecondType>();
        let mut asked: Vec<i64> = starts.values().to_vec();
        asked.dedup();
        for start in asked.into_iter().take(3) {
            let found =
                answer_at(view, partial, EventTime(start)).map_err(|error| error.to_string())?;
            let first = starts.values().partition_point(|other| *other < start);
            let last = starts.values().partition_point(|other| *other <= start);
            same(
                "the rows of one window",
                &found,
                &rows.slice(first, last - first),
            )?;
        }
        Ok(())
    }
}

/// Whether an error is one of the data, which both engines must find.
pub fn fails(error: &str) -> bool {
    error.contains("does not fit")
        || error.contains("cannot show")
        || error.contains("out of range")
}

pub fn same<T: PartialEq + std::fmt::Debug>(what: &str, mine: &T, its: &T) -> Checked {
    match mine == its {
        true => Ok(()),
        false => Err(format!("{what} are {mine:?}, by the truth {its:?}")),
    }
}

fn briefly<E: std::fmt::Display>(result: &Result<RecordBatch, E>) -> String {
    match result {
        Ok(rows) => format!("{} rows", rows.num_rows()),
        Err(error) => format!("an error: {error}"),
    }
}

/// Both answers, a line a row.
fn both(rows: &RecordBatch, truth: &RecordBatch) -> String {
    format!("found\n{}the truth\n{}", table(rows), table(truth))
}

fn table(rows: &RecordBatch) -> String {
    let line = |row| {
        let values = rows
            .columns()
            .iter()
            .map(|column| match column.is_null(row) {
                true => "NULL".to_owned(),
                false => array_value_to_string(column, row).unwrap(),
            });
        values.collect::<Vec<_>>().join(" | ") + "\n"
    };
    (0..rows.num_rows()).map(line).collect()
}
