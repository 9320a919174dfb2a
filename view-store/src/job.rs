//! One job in a store: every operation of the protocol, each a method in the file of its name.

use std::ops::Range;
use std::sync::Arc;

use shared_logic::partial::Partial;
use shared_logic::view::Fingerprint;

use crate::error::{Error, Refusal};
use crate::manifest::{GenerationId, Manifest, ManifestNumber, SegmentEntry};
use crate::rule::Rule;
use crate::segment;
use crate::snapshot::Snapshot;
use crate::store::Store;

mod add;
mod compact;
mod edit;
pub mod gc;
pub mod generations;
pub mod land;
mod mark;
pub mod own;
mod pin;
mod seal;

/// One job in a store; cheap to clone. All methods may be called from any thread or process.
#[derive(Clone, Debug)]
pub struct JobStore {
    pub(crate) store: Store,
    pub(crate) name: String,
}

impl JobStore {
    pub(crate) fn new(store: Store, name: &str) -> Self {
        Self {
            store,
            name: name.to_owned(),
        }
    }

    /// The name of the job.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The newest manifest.
    ///
    /// # Errors
    /// The job has none ([`Refusal::NoJob`]), or it is corrupt.
    pub fn manifest(&self) -> Result<Arc<Manifest>, Error> {
        let newest = self.newest()?;
        newest.ok_or_else(|| Refusal::NoJob(self.name.clone()).into())
    }

    /// The manifest of this number, if it is still kept; marked ones are.
    ///
    /// # Errors
    /// It is below the floor or not written yet ([`Refusal::NotKept`]).
    pub fn manifest_at(&self, number: ManifestNumber) -> Result<Arc<Manifest>, Error> {
        let found = self.get_manifest(number)?;
        let newest = self.manifest()?;
        // Below the floor a number may have been filled again by a writer that slept through gc.
        let genuine = number >= newest.floor;
        match found {
            Some(found) if !self.store.rules.broken(Rule::Genuine, genuine) => Ok(found),
            _ => Err(Error::Refused(Refusal::NotKept {
                number,
                floor: newest.floor,
            })),
        }
    }

    /// What a query reads: the live generation, or the one of this number, in the newest manifest.
    ///
    /// # Errors
    /// There is no such job or generation.
    pub fn snapshot(&self, generation: Option<GenerationId>) -> Result<Snapshot, Error> {
        let manifest = self.manifest()?;
        let generation = generation.unwrap_or(manifest.live);
        Snapshot::of(manifest, generation)
    }

    /// Reads a segment for a view with the logic `fingerprint`.
    ///
    /// # Errors
    /// - [`Error::Retry`]: gc has deleted it since the snapshot was taken;
    /// - [`Error::Corrupt`]: it is not what was written, or gone although the newest manifest
    ///   names it;
    /// - [`Error::OtherLogic`]: another version of the view made it.
    pub fn read(&self, entry: &SegmentEntry, fingerprint: &Fingerprint) -> Result<Partial, Error> {
        self.read_rows(entry, fingerprint, None)
    }

    /// As [`read`](Self::read), with only the rows whose time, the first column of a partial in
    /// microseconds, is within `times`. Its coverage is the whole segment's.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn read_between(
        &self,
        entry: &SegmentEntry,
        fingerprint: &Fingerprint,
        times: &Range<i64>,
    ) -> Result<Partial, Error> {
        self.read_rows(entry, fingerprint, Some(times))
    }

    fn read_rows(
        &self,
        entry: &SegmentEntry,
        fingerprint: &Fingerprint,
        times: Option<&Range<i64>>,
    ) -> Result<Partial, Error> {
        if let Some(bytes) = self.store.blobs.get(&entry.path)? {
            return match times {
                Some(times) => segment::read::decode_between(entry, bytes, fingerprint, times),
                None => segment::read::decode(entry, bytes, fingerprint),
            };
        }
        let path = entry.path.clone();
        let newest = self.manifest()?;
        if newest.segments().any(|named| named.path == path) {
            return Err(Error::Corrupt {
                path,
                why: "the file is missing".into(),
            });
        }
        Err(Error::Retry { path })
    }
}
