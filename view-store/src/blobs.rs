//! The port to whatever holds the bytes: named blobs, created once, never changed.

use bytes::Bytes;

pub mod memory;
pub mod object;
#[cfg(feature = "s3")]
pub mod s3;

/// Where a store keeps its bytes. Paths are relative, with `/` between folders.
///
/// Everything above rests on three promises of an implementation:
/// - [`create`](Blobs::create) is atomic and exclusive: of all callers one creates, and nobody
///   ever sees half a blob;
/// - what was created before a call of [`list`](Blobs::list) and not deleted is in the list;
/// - when `create` returns, the blob survives a power failure.
pub trait Blobs: Send + Sync {
    /// The paths of all blobs in the folder `folder` and below, sorted; none if there is no such
    /// folder.
    ///
    /// # Errors
    /// The storage fails.
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError>;

    /// The bytes of the blob at `path`; `None` if there is none.
    ///
    /// # Errors
    /// The storage fails.
    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError>;

    /// Writes a blob, unless there is one at `path` already.
    ///
    /// # Errors
    /// The storage fails; whether the blob exists then is unknown.
    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError>;

    /// Deletes the blob at `path`, if there is one.
    ///
    /// # Errors
    /// The storage fails.
    fn delete(&self, path: &str) -> Result<(), BlobError>;
}

/// What became of a [`Blobs::create`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Creation {
    /// The blob is there, durably, with the bytes given.
    Created,
    /// Another blob had the path already; it is unchanged.
    AlreadyThere,
}

/// The storage failed.
#[derive(Debug, thiserror::Error)]
#[error("cannot {action} {path}: {source}")]
pub struct BlobError {
    /// What was tried: `list`, `read`, `create`, `delete`, `open`.
    pub action: &'static str,
    /// The path within the store, or the folder of the store.
    pub path: String,
    /// Why it failed.
    pub source: Box<dyn std::error::Error + Send + Sync>,
}

impl BlobError {
    /// `action` at `path` failed because of `source`.
    pub fn new(
        action: &'static str,
        path: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self {
            action,
            path: path.into(),
            source: source.into(),
        }
    }
}
