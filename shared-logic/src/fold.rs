//! Events become accumulator columns, one row per window and key.

use std::sync::Arc;

use crate::measure::accumulator::EmitTo;
use arrow::array::{ArrayRef, AsArray, RecordBatch, UInt32Array, UInt64Array, new_null_array};
use arrow::compute::take;
use arrow::datatypes::{DataType, TimestampMicrosecondType, UInt64Type};
use arrow::error::ArrowError;

use crate::admission::Admission;
use crate::chunk::Chunk;
use crate::coverage::{Coverage, CoverageError, Span};
use crate::decode::{DecodeError, Decoder};
use crate::group::Groups;
use crate::group::sessions::Sessions;
use crate::identity::{Offset, TopicPartition};
use crate::lateness::{Late, Lateness};
use crate::measure::Accumulator;
use crate::partial::{self, Counters, Partial};
use crate::prepare::{Judge, PrepareError, Reject};
use crate::time::Watermark;
use crate::view::View;
use crate::window::Window;

/// Why events could not be folded, or folds not merged.
#[derive(Debug, thiserror::Error)]
pub enum FoldError {
    /// The input lacks what the table declares.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// An expression of the view failed as a whole.
    #[error(transparent)]
    Prepare(#[from] PrepareError),
    /// The ranges do not tile.
    #[error(transparent)]
    Coverage(#[from] CoverageError),
    /// A partial has other columns than the view's: it was made by other logic.
    #[error(
        "the rows to merge have columns {found}, the view {view} has {expected}: they were made by other logic, rebuild them with seam reprocess"
    )]
    OtherLogic {
        /// The view.
        view: String,
        /// The columns that its partials have.
        expected: String,
        /// The columns that were given.
        found: String,
    },
    /// A computation on columns failed.
    #[error(transparent)]
    Compute(#[from] ArrowError),
}

/// A fold in progress: decode ▸ prepare ▸ group ▸ accumulate.
///
/// The same code runs in the batch layer and in the speed layer; nothing in it knows which.
#[derive(Debug)]
pub struct Fold {
    view: Arc<View>,
    admission: Admission,
    decoder: Decoder,
    lateness: Option<Lateness>,
    groups: Grouping,
    accumulators: Vec<Option<Accumulators>>,
    coverage: Coverage,
    counters: Counters,
    late: Vec<usize>,
    numbers: Vec<usize>,
}

/// How rows find their groups.
#[derive(Debug)]
enum Grouping {
    Slices(Groups),
    Sessions(Sessions),
}

/// A debug-printable accumulator.
struct Accumulators(Accumulator);

impl std::fmt::Debug for Accumulators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Accumulator({} bytes)", self.0.size())
    }
}

impl Fold {
    /// An empty fold of `view`.
    ///
    /// # Errors
    /// A measure or key type that cannot be folded; a compiled view has none.
    pub fn new(view: &Arc<View>) -> Result<Self, FoldError> {
        let accumulators = (view.measures.iter())
            .map(|measure| Ok(measure.accumulator()?.map(Accumulators)))
            .collect::<Result<_, ArrowError>>()?;
        Ok(Self {
            view: Arc::clone(view),
            admission: Admission::All,
            lateness: view.lateness,
            decoder: Decoder::new(Arc::clone(&view.table), view.prepare.columns())
                .coded(&view.prepare.coded()),
            groups: match view.window {
                Window::Session { gap } => {
                    Grouping::Sessions(Sessions::new(gap, &view.keys, &view.sessions_by)?)
                }
                _ => Grouping::Slices(Groups::new(&view.keys)?),
            },
            accumulators,
            coverage: Coverage::default(),
            counters: Counters::default(),
            late: vec![],
            numbers: vec![],
        })
    }

    /// The same fold taking only some events; the others count as filtered.
    pub fn admitting(self, admission: Admission) -> Self {
        Self { admission, ..self }
    }

    /// The same fold as the batch layer does it: it counts the late events that the view leaves out
    /// of the speed layer alone.
    pub fn correcting(self) -> Self {
        let lateness = (self.lateness).filter(|lateness| lateness.late == Late::View);
        Self { lateness, ..self }
    }

    /// An empty fold that goes on where others end: it begins in each partition that `coverage` names.
    ///
    /// # Errors
    /// Those of [`Fold::new`].
    pub fn after(view: &Arc<View>, coverage: &Coverage) -> Result<Self, FoldError> {
        let mut fold = Self::new(view)?;
        for (place, span) in &coverage.0 {
            fold.begin(place.clone(), span.next, span.watermark_after);
        }
        Ok(fold)
    }

    /// Says where this fold begins in a partition, and the partition's watermark there; without
    /// this the first chunk decides.
    pub fn begin(&mut self, place: TopicPartition, at: Offset, watermark: Option<Watermark>) {
        let empty = Span {
            start: at,
            next: at,
            records: 0,
            watermark_before: watermark,
            watermark_after: watermark,
            last: None,
        };
        self.coverage.0.entry(place).or_insert(empty);
    }

    /// The next offset of each partition begun.
    pub fn coverage(&self) -> &Coverage {
        &self.coverage
    }

    /// What became of the records that are in no group.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// The rows of the last chunk that came too late, ascending.
    pub fn late(&self) -> &[usize] {
        &self.late
    }

    /// How many groups there are.
    pub fn groups(&self) -> usize {
        self.groups.len()
    }

    /// Bytes of state, roughly.
    pub fn size(&self) -> usize {
        let accumulators = self.accumulators.iter().flatten().map(|acc| acc.0.size());
        self.groups.size() + accumulators.sum::<usize>()
    }

    /// Folds a chunk and returns the records it rejects, with the reason.
    ///
    /// # Errors
    /// The chunk does not follow on what was folded of its partition, or its columns cannot be used.
    pub fn push(&mut self, chunk: &Chunk) -> Result<Vec<Reject>, FoldError> {
        let decoded = self.decoder.decode(chunk)?;
        let reached = (self.coverage.0.get(&chunk.place)).and_then(|span| span.watermark_after);
        let judge = (self.lateness).map(|lateness| Judge { lateness, reached });
        let prepared = (self.view.prepare).apply(&decoded, self.admission, judge)?;
        self.coverage.read(chunk, prepared.latest.map(Watermark))?;
        self.counters.rejected += prepared.rejects.len() as u64;
        self.counters.filtered += prepared.filtered;
        self.counters.late += prepared.late.len() as u64;
        self.late = prepared.late;
        let (starts, keys) = (&prepared.starts, &prepared.keys);
        match &mut self.groups {
            Grouping::Slices(groups) => groups.count(starts, keys, &mut self.numbers)?,
            Grouping::Sessions(groups) => groups.count(starts, keys, &mut self.numbers)?,
        }
        let total = self.groups.len();
        let moments = prepared.moments.map(|moments| moments.arrays(chunk));
        let each = self.accumulators.iter_mut().zip(&self.view.measures);
        for ((accumulator, measure), mut arguments) in each.zip(prepared.arguments) {
            let Some(Accumulators(accumulator)) = accumulator else {
                continue;
            };
            if measure.function.ordered() {
                arguments.extend(moments.iter().flatten().cloned());
            }
            accumulator.update_batch(&arguments, &self.numbers, None, total)?;
        }
        Ok(prepared.rejects)
    }

    /// Adds rows of another fold, whatever range they stand for; [`crate::merge`] has asked before
    /// whether the ranges tile and whether the rows have the view's columns.
    pub(crate) fn absorb(&mut self, rows: &RecordBatch) -> Result<(), FoldError> {
        let mut columns = rows.columns().iter();
        // The columns were compared before; the substitute is never used.
        let mut next = || {
            columns
                .next()
                .cloned()
                .unwrap_or_else(|| new_null_array(&DataType::Null, 0))
        };
        let starts = next();
        let lasts = match self.groups {
            Grouping::Slices(_) => Arc::clone(&starts),
            Grouping::Sessions(_) => next(),
        };
        let keys: Vec<ArrayRef> = self.view.keys.iter().map(|_| next()).collect();
        let starts = starts.as_primitive::<TimestampMicrosecondType>().values();
        let lasts = lasts.as_primitive::<TimestampMicrosecondType>().values();
        let events = next();
        let events = events.as_primitive::<UInt64Type>().values();
        match &mut self.groups {
            Grouping::Slices(groups) => groups.add(starts, &keys, events, &mut self.numbers)?,
            Grouping::Sessions(groups) => {
                groups.add(starts, lasts, &keys, events, &mut self.numbers)?;
            }
        }
        let total = self.groups.len();
        for (accumulator, measure) in self.accumulators.iter_mut().zip(&self.view.measures) {
            let state: Vec<ArrayRef> = measure.state().iter().map(|_| next()).collect();
            if let Some(accumulator) = accumulator {
                accumulator.0.merge_batch(&state, &self.numbers, total)?;
            }
        }
        Ok(())
    }

    /// The fold as rows, sorted by window, then by key.
    ///
    /// # Errors
    /// A column that cannot be built, which a compiled view does not have.
    pub fn finish(self) -> Result<Partial, FoldError> {
        let columns = match self.groups {
            Grouping::Slices(groups) => {
                let sorted = groups.sorted()?;
                let order = UInt32Array::from(sorted.order);
                let mut columns: Vec<ArrayRef> = vec![Arc::new(sorted.starts)];
                columns.extend(sorted.keys);
                columns.push(Arc::new(UInt64Array::from(sorted.events)));
                for accumulator in self.accumulators.into_iter().flatten() {
                    let Accumulators(mut accumulator) = accumulator;
                    for state in accumulator.state(EmitTo::All)? {
                        columns.push(take(&state, &order, None)?);
                    }
                }
                columns
            }
            Grouping::Sessions(groups) => {
                let joined = groups.joined()?;
                let total = joined.firsts.len();
                let mut columns: Vec<ArrayRef> =
                    vec![Arc::new(joined.firsts), Arc::new(joined.lasts)];
                columns.extend(joined.keys);
                columns.push(Arc::new(UInt64Array::from(joined.events)));
                for (accumulator, measure) in self.accumulators.into_iter().zip(&self.view.measures)
                {
                    let (Some(Accumulators(mut parts)), Some(mut whole)) =
                        (accumulator, measure.accumulator()?)
                    else {
                        continue;
                    };
                    whole.merge_batch(&parts.state(EmitTo::All)?, &joined.places, total)?;
                    columns.append(&mut whole.state(EmitTo::All)?);
                }
                columns
            }
        };
        let rows = RecordBatch::try_new(partial::columns(&self.view), columns)?;
        let rows = self.view.kept(&self.coverage, rows);
        Ok(Partial {
            coverage: self.coverage,
            counters: self.counters,
            rows,
        })
    }
}

impl Grouping {
    fn len(&self) -> usize {
        match self {
            Self::Slices(groups) => groups.len(),
            Self::Sessions(groups) => groups.len(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Slices(groups) => groups.size(),
            Self::Sessions(groups) => groups.size(),
        }
    }
}

#[cfg(all(test, feature = "sql"))]
mod tests;
