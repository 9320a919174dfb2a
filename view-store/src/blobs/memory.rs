//! Blobs in memory, for tests and for comparisons that keep nothing.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use bytes::Bytes;

use super::{BlobError, Blobs, Creation};

/// Blobs that live as long as this value.
#[derive(Debug, Default)]
pub struct Memory {
    blobs: RwLock<BTreeMap<String, Bytes>>,
}

impl Blobs for Memory {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        let inside = format!("{}/", folder.trim_end_matches('/'));
        // No method panics while it holds the lock, so a poisoned map is still whole.
        let blobs = self.blobs.read().unwrap_or_else(PoisonError::into_inner);
        Ok(blobs
            .range(inside.clone()..)
            .take_while(|(path, _)| path.starts_with(&inside))
            .map(|(path, _)| path.clone())
            .collect())
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        let blobs = self.blobs.read().unwrap_or_else(PoisonError::into_inner);
        Ok(blobs.get(path).cloned())
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        if blobs.contains_key(path) {
            return Ok(Creation::AlreadyThere);
        }
        blobs.insert(path.to_owned(), bytes);
        Ok(Creation::Created)
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        let mut blobs = self.blobs.write().unwrap_or_else(PoisonError::into_inner);
        blobs.remove(path);
        Ok(())
    }
}
