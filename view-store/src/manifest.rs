//! The manifest: the numbered document that says all that is true of a job.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use shared_logic::view::Fingerprint;

use crate::error::{Error, Refusal, Stale};

pub mod check;
pub mod delivery;
pub mod entry;
pub mod generation;

pub use check::Flaw;
pub use delivery::Delivery;
pub use entry::{Checksum, Maker, RowGroup, SegmentEntry};
pub use generation::{Epoch, Generation, Pin, PinId, Side};

/// The version of the document that this code reads and writes.
pub const FORMAT: u32 = 1;

/// The number of a manifest; the first is 1.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct ManifestNumber(pub u64);

impl ManifestNumber {
    /// The number of the next manifest.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for ManifestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The number of a generation within its job, from 1; never given twice.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct GenerationId(pub u64);

impl GenerationId {
    /// The number of the next generation.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl fmt::Display for GenerationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// All that is true of a job at one moment: its generations, and what gc may not touch.
///
/// Manifests are written once and never changed; the one with the highest number is in force.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The version of this document, [`FORMAT`].
    pub format: u32,
    /// Its number, which is also its file's name.
    pub number: ManifestNumber,
    /// The name of the job.
    pub job: String,
    /// The oldest manifest that is kept. Files below it may be deleted at any moment.
    pub floor: ManifestNumber,
    /// Manifests that somebody still needs, by the name of the need; they hold the floor back.
    pub marks: BTreeMap<String, ManifestNumber>,
    /// The generation that answers.
    pub live: GenerationId,
    /// The generation that was live before, and answers again after a rollback.
    pub previous: Option<GenerationId>,
    /// The number that the next new generation gets.
    pub next_generation: GenerationId,
    /// All generations that are kept.
    pub generations: BTreeMap<GenerationId, Generation>,
}

impl Manifest {
    /// What the first edit of a job extends; itself never written.
    pub(crate) fn before_the_first(job: &str) -> Self {
        Self {
            format: FORMAT,
            number: ManifestNumber(0),
            job: job.to_owned(),
            floor: ManifestNumber(1),
            marks: BTreeMap::new(),
            live: GenerationId(0),
            previous: None,
            next_generation: GenerationId(1),
            generations: BTreeMap::new(),
        }
    }

    /// The generation of this number.
    ///
    /// # Errors
    /// It was dropped or never was.
    pub fn generation(&self, id: GenerationId) -> Result<&Generation, Stale> {
        self.generations.get(&id).ok_or(Stale::Generation(id))
    }

    pub(crate) fn generation_mut(&mut self, id: GenerationId) -> Result<&mut Generation, Stale> {
        self.generations.get_mut(&id).ok_or(Stale::Generation(id))
    }

    /// The generation that answers.
    ///
    /// # Errors
    /// None in a manifest that [`check`](Self::check) accepts.
    pub fn live(&self) -> Result<&Generation, Stale> {
        self.generation(self.live)
    }

    /// The generation that a process with this logic feeds: the live one if it has it, else the
    /// newest that has.
    pub fn generation_of(&self, fingerprint: &Fingerprint) -> Option<GenerationId> {
        let alike = (self.generations.iter().rev())
            .filter(|(_, generation)| generation.fingerprint == *fingerprint)
            .map(|(id, _)| *id);
        alike.clone().find(|id| *id == self.live).or(alike.max())
    }

    /// All segments of all generations.
    pub fn segments(&self) -> impl Iterator<Item = &SegmentEntry> {
        (self.generations.values()).flat_map(|generation| &generation.segments)
    }

    /// Eight hexadecimal digits that hardly any other manifest has, of this store or of another.
    ///
    /// # Errors
    /// None for a manifest that this crate made.
    pub fn digest(&self) -> Result<String, Error> {
        Ok(format!("{:08x}", crc32c::crc32c(&self.encode()?)))
    }

    /// The document's text.
    ///
    /// # Errors
    /// None for a manifest that this crate made.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, Error> {
        let mut text = serde_json::to_vec_pretty(self)
            .map_err(|source| Refusal::Rows(format!("manifest {}: {source}", self.number)))?;
        text.push(b'\n');
        Ok(text)
    }

    /// Reads the document `text` of the file `path`.
    ///
    /// # Errors
    /// It is not a manifest, or of another format.
    pub(crate) fn decode(path: &str, text: &[u8]) -> Result<Self, Error> {
        #[derive(Deserialize)]
        struct Versioned {
            format: u32,
        }
        let corrupt = |why: String| Error::Corrupt {
            path: path.to_owned(),
            why,
        };
        let versioned: Versioned =
            serde_json::from_slice(text).map_err(|source| corrupt(source.to_string()))?;
        if versioned.format != FORMAT {
            return Err(corrupt(format!(
                "it has format {}, this program reads format {FORMAT}",
                versioned.format
            )));
        }
        let manifest: Self =
            serde_json::from_slice(text).map_err(|source| corrupt(source.to_string()))?;
        if crate::layout::manifest(&manifest.job, manifest.number) != path {
            return Err(corrupt(format!(
                "it says that it is manifest {} of job {}",
                manifest.number, manifest.job
            )));
        }
        Ok(manifest)
    }
}

#[cfg(test)]
mod tests;
