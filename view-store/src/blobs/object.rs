//! Blobs on an object store: by default a local folder, every write synced to disk.
//!
//! What the local file system does in [`create`](Blobs::create), in this order: write a temporary
//! beside the target, sync it, hard-link it to the target (which fails if that exists), sync the
//! folder, remove the temporary. `object_store` does all of this with `with_fsync(true)`, and never
//! lists a temporary that a crash left behind. It also syncs folders that it makes itself, but not
//! what it finds, which a process that was killed may have made and not yet synced. So the first
//! time that a folder is listed, it is synced, and so is every folder above it up to the one that
//! holds the store: who reports what was found must know that it stays.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures::StreamExt;
use futures::executor::block_on;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};

use super::{BlobError, Blobs, Creation};

/// Blobs on an `object_store`; each call blocks its thread until the store has answered.
#[derive(Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    /// Only for a local folder, whose folders must be synced.
    local: Option<Folders>,
}

/// The folders of a local store; those that are settled had all names on disk that this process
/// found there.
#[derive(Debug)]
struct Folders {
    root: PathBuf,
    settled: Mutex<BTreeSet<PathBuf>>,
}

impl Objects {
    /// The local folder `root`, which is made if it does not exist.
    ///
    /// # Errors
    /// The folder cannot be made or synced.
    pub fn local(root: &FilePath) -> Result<Self, BlobError> {
        let failed = |source: io::Error| BlobError::new("open", root.display().to_string(), source);
        if !root.is_dir() {
            make(root).map_err(failed)?;
        }
        let root = root.canonicalize().map_err(failed)?;
        let store = LocalFileSystem::new_with_prefix(&root)
            .map_err(|source| BlobError::new("open", root.display().to_string(), source))?;
        Ok(Self {
            store: Arc::new(store.with_fsync(true)),
            local: Some(Folders {
                root,
                settled: Mutex::default(),
            }),
        })
    }

    /// Any other object store. Its futures run on the calling thread; a client that needs a runtime
    /// must bring its own.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, local: None }
    }
}

impl Blobs for Objects {
    fn list(&self, folder: &str) -> Result<Vec<String>, BlobError> {
        let prefix = parse("list", folder)?;
        if let Some(local) = &self.local {
            local
                .settle(folder)
                .map_err(|source| BlobError::new("list", folder, source))?;
        }
        let listed: Vec<_> = block_on(self.store.list(Some(&prefix)).collect());
        let mut paths = listed
            .into_iter()
            .map(|entry| entry.map(|meta| meta.location.to_string()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(|source| BlobError::new("list", folder, source))?;
        paths.sort();
        Ok(paths)
    }

    fn get(&self, path: &str) -> Result<Option<Bytes>, BlobError> {
        let location = parse("read", path)?;
        let read = block_on(async { self.store.get(&location).await?.bytes().await });
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(source) => Err(BlobError::new("read", path, source)),
        }
    }

    fn create(&self, path: &str, bytes: Bytes) -> Result<Creation, BlobError> {
        let location = parse("create", path)?;
        if let Some(local) = &self.local {
            local
                .make_for(path)
                .map_err(|source| BlobError::new("create", path, source))?;
        }
        let put = (self.store).put_opts(&location, bytes.into(), PutMode::Create.into());
        match block_on(put) {
            Ok(_) => Ok(Creation::Created),
            Err(Error::AlreadyExists { .. }) => Ok(Creation::AlreadyThere),
            Err(source) => Err(BlobError::new("create", path, source)),
        }
    }

    fn delete(&self, path: &str) -> Result<(), BlobError> {
        let location = parse("delete", path)?;
        match block_on(self.store.delete(&location)) {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(source) => Err(BlobError::new("delete", path, source)),
        }
    }
}

fn parse(action: &'static str, path: &str) -> Result<Path, BlobError> {
    Path::parse(path).map_err(|source| BlobError::new(action, path, source))
}

impl Folders {
    /// Syncs the folder `inside` the store and all above it, once per process.
    fn settle(&self, inside: &str) -> io::Result<()> {
        let folder = self.root.join(inside);
        if !folder.is_dir() {
            return Ok(());
        }
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        for folder in self.and_above(&folder) {
            if settled.contains(folder) {
                break;
            }
            match sync(folder) {
                // Who may only read, or reads a medium that cannot change, has nothing to sync.
                Err(source) if !is_read_only(&source) => return Err(source),
                _ => settled.insert(folder.to_owned()),
            };
        }
        Ok(())
    }

    /// Makes the folder of `path` and syncs the folders above it, once per process.
    fn make_for(&self, path: &str) -> io::Result<()> {
        let file = self.root.join(path);
        let Some(folder) = file.parent() else {
            return Ok(());
        };
        let mut settled = self.settled.lock().unwrap_or_else(PoisonError::into_inner);
        if !settled.insert(folder.to_owned()) {
            return Ok(());
        }
        let made = std::fs::create_dir_all(folder).and_then(|()| {
            for above in self.and_above(folder).skip(1) {
                sync(above)?;
                // The first one that was settled has gained a name; those above it have not.
                if !settled.insert(above.to_owned()) {
                    break;
                }
            }
            Ok(())
        });
        if made.is_err() {
            settled.clear();
        }
        made
    }

    /// A folder in the store and those above it, up to the one that holds the store.
    fn and_above<'a>(&self, folder: &'a FilePath) -> impl Iterator<Item = &'a FilePath> {
        let holds = self
            .root
            .parent()
            .map_or(0, |holds| holds.components().count());
        let enough = move |folder: &&FilePath| folder.components().count() >= holds;
        folder.ancestors().take_while(enough)
    }
}

/// Makes `folder` and what is missing above it, each on disk before anything is put into it. The
/// first one that is there may have been made by a process that was killed before it synced it.
fn make(folder: &FilePath) -> io::Result<()> {
    let above = match folder.parent() {
        Some(above) if !above.as_os_str().is_empty() => above,
        _ => FilePath::new("."),
    };
    if folder.is_dir() {
        return sync(above);
    }
    make(above)?;
    match std::fs::create_dir(folder) {
        Err(source) if source.kind() != io::ErrorKind::AlreadyExists => Err(source),
        _ => sync(above),
    }
}

fn is_read_only(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, PermissionDenied, ReadOnlyFilesystem};
    matches!(
        error.kind(),
        InvalidInput | PermissionDenied | ReadOnlyFilesystem
    )
}

/// Syncs a folder's entries; a folder can be opened for that on Unix only.
fn sync(folder: &FilePath) -> io::Result<()> {
    if cfg!(unix) {
        File::open(folder)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
