//! What was served, judged by the independent truth: in groups and in events.

use std::sync::Arc;

use arrow::array::RecordBatch;
use roaring::RoaringBitmap;
use shared_logic::coverage::OffsetVector;
use shared_logic::lateness::Late;
use shared_logic::view::View;

use crate::attribution::{Attribution, attribute};
use crate::books::{Books, Multiplicity, Row, multiplicity};
use crate::difference::{Difference, difference};
use crate::error::ComparisonError;
use crate::run::Served;
use crate::truth::{Answer, Asked, Truth};

/// How many answers of the truth are kept: those of one judgement, and some of those before.
const KNOWN: usize = 16;

/// One served answer, judged.
#[derive(Clone, Debug)]
pub struct Verdict {
    /// What the view's own rules say of all that had arrived, lateness included. Under
    /// `late = 'speed-only'` a batch run corrects what is below its cut, so this depends on it.
    pub truth: RecordBatch,
    /// The answer against the truth, in groups.
    pub difference: Difference,
    /// The answer against the truth, in events.
    pub books: Books,
    /// Which events were folded how often.
    pub taken: Multiplicity,
    /// Groups in which the answer differs from the independent fold of the same events, each as
    /// often as the halves took it: what the code did, beyond what the rule made it do.
    pub drift: usize,
}

impl Verdict {
    /// Whether the error in rows is explained to the last event.
    pub fn explained(&self) -> bool {
        self.books.balance() && self.drift == 0
    }
}

/// Judges the answers of one view over the same events.
pub struct Judge<'e> {
    view: &'e View,
    rows: &'e [Row],
    truth: &'e Truth,
    wanted: RoaringBitmap,
    known: Vec<(Vec<u32>, RoaringBitmap, Arc<Answer>)>,
}

/// The events behind a judgement.
struct Evidence {
    arrived: RoaringBitmap,
    /// What the halves have read.
    read: RoaringBitmap,
    taken: Multiplicity,
}

impl<'e> Judge<'e> {
    /// A judge of a view over these events; the truth knows their partitions.
    pub fn new(view: &'e View, rows: &'e [Row], truth: &'e Truth) -> Self {
        Self {
            view,
            rows,
            truth,
            wanted: truth.passes(),
            known: vec![],
        }
    }

    /// Judges what was served when the log ended at `end`.
    ///
    /// # Errors
    /// The truth cannot be told, say of a sum that overflows.
    pub fn judge(
        &mut self,
        served: &Served,
        end: &OffsetVector,
    ) -> Result<Verdict, ComparisonError> {
        let evidence = self.evidence(served, end);
        let Evidence {
            arrived,
            read,
            taken,
        } = &evidence;
        let corrects =
            (self.view.lateness).is_some_and(|lateness| lateness.late == Late::SpeedOnly);
        let asked = Asked {
            speed: match corrects {
                true => arrived - served.halves.batch.read(self.rows),
                false => RoaringBitmap::new(),
            },
            read: arrived.clone(),
        };
        let folded: Vec<u32> = self.truth.fates(&asked).folded.iter().collect();
        let spec = self.answer(folded, arrived)?;
        let same = self.answer(taken.folded(), read)?;
        let held = self.truth.held(read) & arrived;
        Ok(Verdict {
            difference: self.differ(served, &spec)?,
            drift: self.differ(served, &same)?.wrong,
            truth: spec.rows.clone(),
            books: Books {
                counted: served.counted,
                truth: held.len(),
                double: taken.double(&held),
                missing: taken.missing.intersection_len(&held),
                late: taken.late.intersection_len(&held),
            },
            taken: evidence.taken,
        })
    }

    /// The error of what was served in values, by cause.
    ///
    /// # Errors
    /// The truth cannot be told of the events that one of the causes leaves.
    pub fn attribute(
        &mut self,
        served: &Served,
        end: &OffsetVector,
    ) -> Result<Attribution, ComparisonError> {
        let Evidence {
            arrived,
            read,
            taken,
        } = self.evidence(served, end);
        let all = &self.wanted & &arrived;
        let in_time = &all - &taken.late;
        let once = &in_time - &taken.missing;
        let steps = [
            self.answer(all.iter().collect(), &arrived)?,
            self.answer(in_time.iter().collect(), &arrived)?,
            self.answer(once.iter().collect(), &read)?,
            self.answer(taken.folded(), &read)?,
        ];
        let keys = self.view.projection.keys_shown();
        let steps = steps.each_ref().map(Arc::as_ref);
        Ok(attribute(steps, &served.rows, keys)?)
    }

    fn evidence(&self, served: &Served, end: &OffsetVector) -> Evidence {
        let numbered = (0_u32..).zip(self.rows);
        let arrived = numbered.filter(|(_, row)| row.offset < end.get(&row.place));
        let arrived: RoaringBitmap = arrived.map(|(number, _)| number).collect();
        let halves = &served.halves;
        let pieces: Vec<RoaringBitmap> =
            halves.pieces().map(|piece| piece.read(self.rows)).collect();
        let read = pieces
            .iter()
            .fold(RoaringBitmap::new(), |all, one| all | one);
        let mut refused = vec![];
        for (number, piece) in pieces.iter().enumerate() {
            // Where the halves are one generation, the speed layer goes on from the batch's
            // watermark; else each piece knows what it has read itself.
            let asked = Asked {
                read: match halves.chained && number == 1 {
                    true => read.clone(),
                    false => piece.clone(),
                },
                speed: match number {
                    0 => RoaringBitmap::new(),
                    _ => piece.clone(),
                },
            };
            refused.push(self.truth.fates(&asked).late);
        }
        let wanted = &self.wanted & &arrived;
        Evidence {
            taken: multiplicity(halves, self.rows, &wanted, &refused),
            arrived,
            read,
        }
    }

    /// What the truth says of these events; a number that comes twice counts twice.
    fn answer(
        &mut self,
        folded: Vec<u32>,
        read: &RoaringBitmap,
    ) -> Result<Arc<Answer>, ComparisonError> {
        let known = (self.known.iter()).find(|(events, seen, _)| *events == folded && seen == read);
        if let Some((_, _, answer)) = known {
            return Ok(Arc::clone(answer));
        }
        let answer = Arc::new(self.truth.fold_of(&folded, read)?);
        if self.known.len() >= KNOWN {
            self.known.remove(0);
        }
        self.known.push((folded, read.clone(), Arc::clone(&answer)));
        Ok(answer)
    }

    fn differ(&self, served: &Served, truth: &Answer) -> Result<Difference, ComparisonError> {
        let keys = self.view.projection.keys_shown();
        Ok(difference(&served.rows, &truth.rows, &truth.bounds, keys)?)
    }
}
