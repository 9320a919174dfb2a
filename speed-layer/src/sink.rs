//! The sink: the rows of a view as a changelog, followed from manifest to manifest.
//!
//! Each step takes the difference of the rows that two snapshots stand for and commits it together
//! with the number of the later manifest. Whoever starts again shuts out its predecessor first, then
//! reads that number and goes on from there. A mark of the sink's name keeps that manifest from gc.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use event_log::changelog::{Changelog, Position};
use shared_logic::partial::Partial;
use shared_logic::view::View;
use view_store::error::{Error, Refusal};
use view_store::job::JobStore;
use view_store::manifest::{Generation, GenerationId, Manifest, ManifestNumber};
use view_store::snapshot::Snapshot;

mod difference;
pub mod emit;
pub mod error;
mod parts;
mod shelf;
pub mod thread;
mod touched;

use difference::{Moment, difference};
use emit::Emit;
use error::SinkError;
use shelf::Shelf;

/// The view of a generation, from the SQL that its manifest keeps; the error says why there is none.
pub type Compile = dyn Fn(&Generation) -> Result<Arc<View>, String> + Send;

/// Follows one job, and keeps one changelog in step with it.
pub struct Follower {
    job: JobStore,
    name: String,
    compile: Box<Compile>,
    emit: Emit,
    changelog: Box<dyn Changelog>,
    shelf: Shelf,
    /// What the changelog stands at; none before anything was ever emitted.
    at: Option<Moment>,
    /// What the mark stands at.
    marked: Option<Content>,
}

/// What a manifest says of the live generation.
type Content = (GenerationId, BTreeSet<String>);

/// What a step emitted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Emission {
    /// Rows that are new or other.
    pub rows: usize,
    /// Rows that are gone.
    pub gone: usize,
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Follower({} as {})", self.job.name(), self.name)
    }
}

impl Follower {
    /// A sink for the changelog that has written nothing yet. `name` is that of its mark.
    pub fn new(
        job: &JobStore,
        name: &str,
        compile: Box<Compile>,
        emit: Emit,
        changelog: Box<dyn Changelog>,
    ) -> Self {
        Self {
            job: job.clone(),
            name: name.to_owned(),
            compile,
            emit,
            changelog,
            shelf: Shelf::default(),
            at: None,
            marked: None,
        }
    }

    /// Shuts out any other sink of this changelog, and takes up where it stands. To be called first,
    /// and again after an error.
    ///
    /// # Errors
    /// The changelog or the store cannot be reached, or the manifest that the changelog stands at is
    /// gone ([`SinkError::Lost`]).
    pub fn start(&mut self) -> Result<(), SinkError> {
        // Fenced first: a predecessor could commit once more after its number was read.
        let position = self.changelog.fence()?;
        (self.at, self.marked) = (None, None);
        let mark = self.job.manifest()?.marks.get(&self.name).copied();
        let stands = match position {
            // A mark is moved behind a commit, or by a sink that does not commit numbers.
            Some(Position { number, note }) if mark.is_none_or(|mark| mark.0 < number) => {
                let number = ManifestNumber(number);
                let manifest = self.kept(number)?;
                if manifest.digest()? != note {
                    return Err(self.lost(number, "has another one of"));
                }
                Some(manifest)
            }
            _ => mark.map(|mark| self.kept(mark)).transpose()?,
        };
        if let Some(manifest) = stands {
            if mark == Some(manifest.number) {
                self.marked = Some(content(&manifest)?);
            }
            self.at = Some(self.moment(Snapshot::of(manifest.clone(), manifest.live)?)?);
            // Where it died between a commit and the mark.
            self.mark(&manifest)?;
        }
        Ok(())
    }

    /// Emits what has changed up to the newest manifest.
    ///
    /// # Errors
    /// As for [`follow`](Self::follow).
    pub fn step(&mut self) -> Result<Emission, SinkError> {
        self.follow(&Arc::new(self.job.snapshot(None)?), &[])
    }

    /// Emits what has changed up to `snapshot`, its open fold included. `fresh` is what was folded
    /// since the last time, as far as it is known: with all of it there is less to compare.
    ///
    /// # Errors
    /// Rows cannot be read, shown or committed. What is committed is known again after a new
    /// [`start`](Self::start).
    pub fn follow(
        &mut self,
        snapshot: &Arc<Snapshot>,
        fresh: &[Partial],
    ) -> Result<Emission, SinkError> {
        let (then, now) = (self.at.as_ref(), &snapshot.manifest);
        if then.is_some_and(|then| is_settled(&then.snapshot, snapshot)) {
            return Ok(Emission::default());
        }
        let after = self.moment(Snapshot::clone(snapshot))?;
        let changes = difference(&self.job, &mut self.shelf, then, &after, fresh, self.emit)?;
        let gone = changes
            .iter()
            .filter(|change| change.value.is_none())
            .count();
        let first = self.at.is_none().then(|| format!("{}-first", self.name));
        if let Some(first) = &first {
            // Until there is a mark, what the first commit will stand at must be kept, too.
            self.job.mark(first, now.number)?;
        }
        // A commit is what shows that no other sink has taken over: no mark is moved without one.
        if !changes.is_empty() || self.marked.as_ref() != Some(&content(now)?) {
            let position = Position {
                number: now.number.0,
                note: now.digest()?,
            };
            self.changelog.commit(&changes, &position)?;
        }
        self.at = Some(after);
        self.mark(now)?;
        if let Some(first) = &first {
            self.job.unmark(first)?;
        }
        Ok(Emission {
            rows: changes.len() - gone,
            gone,
        })
    }

    /// Makes what was emitted safe, as far as the changelog can be reached, and forgets where it
    /// stands: another sink may go on now.
    pub fn leave(&mut self) {
        // What is not safe is behind the mark, and will be emitted again.
        let _ = self.changelog.flush();
        (self.at, self.marked) = (None, None);
    }

    /// Lets gc have what is before `manifest`, if that is another than the mark's in what it says.
    fn mark(&mut self, manifest: &Arc<Manifest>) -> Result<(), SinkError> {
        // Moving the mark makes a manifest, too, which says the same.
        let content = content(manifest)?;
        if self.marked.as_ref() == Some(&content) {
            return Ok(());
        }
        self.changelog.flush()?;
        match self.job.mark(&self.name, manifest.number) {
            Ok(_) => self.marked = Some(content),
            // Another process has moved on and gc behind it: this one is late, and will be fenced.
            Err(Error::Refused(Refusal::NotKept { .. })) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    fn moment(&self, snapshot: Snapshot) -> Result<Moment, SinkError> {
        let known = self
            .at
            .as_ref()
            .filter(|at| at.snapshot.fingerprint == snapshot.fingerprint);
        let view = match known {
            Some(known) => Arc::clone(&known.view),
            None => {
                let generation =
                    (snapshot.manifest.generation(snapshot.generation)).map_err(Error::from)?;
                let view = (self.compile)(generation).map_err(SinkError::Refused)?;
                self.emit.check(&view).map_err(SinkError::Refused)?;
                view
            }
        };
        Ok(Moment {
            view,
            snapshot: Arc::new(snapshot),
        })
    }

    fn kept(&self, number: ManifestNumber) -> Result<Arc<Manifest>, SinkError> {
        match self.job.manifest_at(number) {
            Err(Error::Refused(Refusal::NotKept { .. })) => Err(self.lost(number, "does not keep")),
            found => Ok(found?),
        }
    }

    fn lost(&self, number: ManifestNumber, why: &'static str) -> SinkError {
        SinkError::Lost {
            number,
            why,
            name: self.name.clone(),
        }
    }
}

/// Whether the later snapshot is no later one, or says the same.
fn is_settled(before: &Snapshot, after: &Snapshot) -> bool {
    if after.manifest.number < before.manifest.number {
        return true;
    }
    let runs = |snapshot: &Snapshot| -> Vec<_> { snapshot.runs.iter().map(Arc::as_ptr).collect() };
    let same_segments =
        Arc::ptr_eq(&before.segments, &after.segments) || before.segments == after.segments;
    before.generation == after.generation && same_segments && runs(before) == runs(after)
}

fn content(manifest: &Manifest) -> Result<Content, SinkError> {
    let live = manifest.live().map_err(Error::from)?;
    let paths = live.segments.iter().map(|segment| segment.path.clone());
    Ok((manifest.live, paths.collect()))
}

#[cfg(test)]
mod tests;
