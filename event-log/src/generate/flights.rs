//! Flights: a file of real ones, as often as needed.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, RecordBatch};
use arrow::compute::{max, min};
use arrow::datatypes::{DataType, SchemaRef, TimeUnit, TimestampMicrosecondType};
use arrow::error::ArrowError;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;

use crate::LogError;

/// A day, in microseconds.
const DAY: i64 = 86_400_000_000;

/// The first `events` rows of the Parquet file at `path`, which is in the order of its column
/// `arrival`. Where that is more than the file has, the file follows again with all its timestamps
/// later, by as many whole days as it is long.
///
/// # Errors
/// The file cannot be read, has no rows, or no column `arrival` of microseconds.
pub fn flights(path: impl AsRef<Path>, events: u64) -> Result<Flights, LogError> {
    let path = path.as_ref();
    let wrong = |reason: String| LogError::Input {
        path: path.to_owned(),
        reason,
    };
    let file = File::open(path).map_err(|error| LogError::file(path, "read", error))?;
    let builder = ParquetRecordBatchReaderBuilder::try_new(file)
        .map_err(|error| wrong(format!("it cannot be read as Parquet: {error}")))?;
    let schema = builder.schema().clone();
    let rows = builder.build().map_err(|error| wrong(error.to_string()))?;
    let rows = rows
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    let arrivals = rows.iter().filter_map(|rows| {
        rows.column_by_name("arrival")?
            .as_primitive_opt::<TimestampMicrosecondType>()
    });
    let bounds: Vec<_> = arrivals
        .filter_map(|times| min(times).zip(max(times)))
        .collect();
    let first = bounds.iter().map(|(first, _)| *first).min();
    let last = bounds.iter().map(|(_, last)| *last).max();
    let Some((first, last)) = first.zip(last) else {
        return Err(wrong(
            "it has no rows with an arrival, a timestamp in microseconds".into(),
        ));
    };
    Ok(Flights {
        path: path.to_owned(),
        schema,
        rows,
        at: 0,
        shift: 0,
        period: ((last - first) / DAY + 1) * DAY,
        left: events,
    })
}

/// See [`flights`].
#[derive(Debug)]
pub struct Flights {
    path: PathBuf,
    schema: SchemaRef,
    rows: Vec<RecordBatch>,
    /// Which of `rows` comes next.
    at: usize,
    /// How much later timestamps are, in microseconds, and by how much more after each round.
    shift: i64,
    period: i64,
    /// How many rows are still wanted.
    left: u64,
}

impl Flights {
    /// The columns, as the file has them.
    pub fn schema(&self) -> &SchemaRef {
        &self.schema
    }
}

impl Iterator for Flights {
    type Item = Result<RecordBatch, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        if self.at == self.rows.len() {
            self.at = 0;
            self.shift += self.period;
        }
        let rows = self.rows.get(self.at)?;
        self.at += 1;
        let count = (rows.num_rows() as u64).min(self.left);
        self.left -= count;
        let later = later(&rows.slice(0, count as usize), self.shift);
        Some(later.map_err(|error| LogError::columns(self.path.display(), &error)))
    }
}

/// The same rows with all timestamps later by `shift` microseconds.
fn later(rows: &RecordBatch, shift: i64) -> Result<RecordBatch, ArrowError> {
    let columns = rows
        .columns()
        .iter()
        .map(|column| match column.data_type() {
            DataType::Timestamp(TimeUnit::Microsecond, None) => {
                let times = column.as_primitive::<TimestampMicrosecondType>();
                Arc::new(times.unary::<_, TimestampMicrosecondType>(|time| time + shift))
                    as ArrayRef
            }
            _ => column.clone(),
        });
    RecordBatch::try_new(rows.schema(), columns.collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn week() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/flights-week.parquet")
    }

    fn arrivals(events: u64) -> Vec<i64> {
        let batches = flights(week(), events).unwrap().map(Result::unwrap);
        let times = batches.map(|rows| {
            let column = rows.column_by_name("arrival").unwrap().clone();
            column
                .as_primitive::<TimestampMicrosecondType>()
                .values()
                .to_vec()
        });
        times.collect::<Vec<_>>().concat()
    }

    #[test]
    fn the_file_is_repeated_in_order_and_at_the_same_hours() {
        let once = arrivals(113_493);
        assert_eq!(once.len(), 113_493);
        let twice = arrivals(200_000);
        assert_eq!(twice.len(), 200_000);
        assert!(twice.is_sorted());
        assert_eq!(twice[..113_493], once);
        let shift = twice[113_493] - once[0];
        assert_eq!((shift % DAY, shift / DAY), (0, 8));
        assert_eq!(arrivals(10), once[..10]);
    }
}
