//! The files of one topic's archive: all its dealings with the file system.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use shared_logic::identity::{Offset, Partition};

use crate::LogError;

/// What a file is called while it is written; readers pass over it.
const UNFINISHED: &str = ".unfinished-";

/// The folder of a topic.
#[derive(Debug)]
pub(super) struct Folder {
    root: PathBuf,
}

impl Folder {
    pub(super) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn partition(&self, partition: Partition) -> PathBuf {
        self.root.join(format!("partition={partition}"))
    }

    /// The path of the file that begins at `first`.
    pub(super) fn path(&self, partition: Partition, first: Offset) -> PathBuf {
        self.partition(partition)
            .join(format!("{:020}.parquet", first.0))
    }

    /// The partitions that have a folder, in order.
    pub(super) fn partitions(&self) -> Result<Vec<Partition>, LogError> {
        let mut found: Vec<Partition> = (names(&self.root)?.iter())
            .filter_map(|name| name.strip_prefix("partition=")?.parse().ok())
            .map(Partition)
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    /// The first offsets of a partition's files, in order.
    pub(super) fn list(&self, partition: Partition) -> Result<Vec<Offset>, LogError> {
        let mut found: Vec<Offset> = (names(&self.partition(partition))?.iter())
            .filter_map(|name| name.strip_suffix(".parquet"))
            .filter(|digits| digits.len() == 20)
            .filter_map(|digits| digits.parse().ok())
            .map(Offset)
            .collect();
        found.sort_unstable();
        Ok(found)
    }

    /// Makes the file that begins at `first`, whole and on disk, or not at all.
    ///
    /// Only a link can put a file under its name if and only if there is none: a rename replaces.
    pub(super) fn create(
        &self,
        partition: Partition,
        first: Offset,
        bytes: &[u8],
    ) -> Result<PathBuf, LogError> {
        let folder = self.partition(partition);
        if !folder.is_dir() {
            make(&folder)?;
        }
        let path = self.path(partition, first);
        let (file, unfinished) = begin(&folder, first)?;
        let written = write(&file, bytes, &unfinished).and_then(|()| {
            fs::hard_link(&unfinished, &path).map_err(|error| match error.kind() {
                // Gone means that a rival took it for a leftover.
                ErrorKind::AlreadyExists | ErrorKind::NotFound => {
                    LogError::Rival { path: path.clone() }
                }
                _ => LogError::file(&path, "created", error),
            })
        });
        let removed = fs::remove_file(&unfinished);
        written?;
        removed.map_err(|error| LogError::file(&unfinished, "removed", error))?;
        sync(&folder)?;
        Ok(path)
    }

    /// Removes what archivers that died left unfinished. The system held a lock on each such file
    /// until its archiver ended, so a file that cannot be locked is still being written.
    ///
    /// What they did finish is synced, as they may have died before that: from now on it counts.
    pub(super) fn sweep(&self, partition: Partition) -> Result<(), LogError> {
        let folder = self.partition(partition);
        if folder.is_dir() {
            sync(&folder)?;
            sync(&self.root)?;
        }
        for name in names(&folder)?
            .iter()
            .filter(|name| name.starts_with(UNFINISHED))
        {
            let path = folder.join(name);
            let swept = match OpenOptions::new().write(true).open(&path) {
                Ok(file) if file.try_lock().is_ok() => fs::remove_file(&path),
                Ok(_) => Ok(()),
                Err(error) => Err(error),
            };
            match swept {
                // Its archiver may have finished meanwhile.
                Err(error) if error.kind() != ErrorKind::NotFound => {
                    return Err(LogError::file(&path, "removed", error));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// All of a file.
pub(super) fn read(path: &Path) -> Result<Bytes, LogError> {
    let bytes = fs::read(path).map_err(|error| LogError::file(path, "read", error))?;
    Ok(bytes.into())
}

/// A file, to read parts of it.
pub(super) fn open(path: &Path) -> Result<File, LogError> {
    File::open(path).map_err(|error| LogError::file(path, "read", error))
}

/// The names in a folder; none where there is no folder.
fn names(folder: &Path) -> Result<Vec<String>, LogError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(LogError::file(folder, "listed", error)),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    (names.collect::<io::Result<_>>()).map_err(|error| LogError::file(folder, "listed", error))
}

/// Makes a folder and those above it, each on disk before anything is put into it. The first one
/// that is there may have been made by an archiver that died before it synced it.
fn make(folder: &Path) -> Result<(), LogError> {
    let above = folder
        .parent()
        .filter(|above| !above.as_os_str().is_empty());
    let above = above.unwrap_or(Path::new("."));
    if folder.is_dir() {
        return sync(above);
    }
    make(above)?;
    match fs::create_dir(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(LogError::file(folder, "created", error))
        }
        _ => sync(above),
    }
}

/// Opens a file of our own, locked as long as it is open.
///
/// No two of these ever have the same name: were ours taken for a leftover and removed, a rival's
/// under the same name would be published in its place.
fn begin(folder: &Path, first: Offset) -> Result<(File, PathBuf), LogError> {
    let unique = RandomState::new().hash_one(first.0);
    let path = folder.join(format!("{UNFINISHED}{:020}-{unique:016x}", first.0));
    let file = (OpenOptions::new().write(true).create_new(true).open(&path))
        .map_err(|error| LogError::file(&path, "created", error))?;
    match file.try_lock() {
        Ok(()) => Ok((file, path)),
        Err(TryLockError::WouldBlock) => Err(LogError::Rival { path }),
        // Without locks leftovers stay, which costs space and nothing else.
        Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
            Ok((file, path))
        }
        Err(TryLockError::Error(error)) => Err(LogError::file(path, "locked", error)),
    }
}

fn write(mut file: &File, bytes: &[u8], path: &Path) -> Result<(), LogError> {
    file.write_all(bytes)
        .and_then(|()| file.sync_all())
        .map_err(|error| LogError::file(path, "written", error))
}

/// Puts the names in a folder on disk.
fn sync(folder: &Path) -> Result<(), LogError> {
    File::open(folder)
        .and_then(|folder| folder.sync_all())
        .map_err(|error| LogError::file(folder, "synced", error))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Found by two archivers in two threads: one removed what the other was writing, wrote its own
    /// under that name, and the other published it as its own.
    #[test]
    fn a_name_that_was_swept_is_never_used_again() {
        let root = tempfile::tempdir().unwrap();
        let (file, path) = begin(root.path(), Offset(7)).unwrap();
        drop(file);
        fs::remove_file(&path).unwrap();
        let (_file, again) = begin(root.path(), Offset(7)).unwrap();
        assert_ne!(path, again);
    }

    #[test]
    fn a_file_is_made_once_and_leaves_nothing_beside_it() {
        let root = tempfile::tempdir().unwrap();
        let folder = Folder::new(root.path().join("a/b"));
        let path = folder.create(Partition(0), Offset(7), b"one").unwrap();
        let error = folder.create(Partition(0), Offset(7), b"two").unwrap_err();
        assert!(matches!(error, LogError::Rival { path: found } if found == path));
        assert_eq!(fs::read(&path).unwrap(), b"one");
        assert_eq!(names(path.parent().unwrap()).unwrap().len(), 1);
    }
}
