//! Which files there are to adopt.

use std::fs;
use std::path::{Path, PathBuf, absolute};

use url::Url;

use crate::LogError;

/// The Parquet files at a path, a glob or a `file://` URL, each from the root on, in the order of
/// their names. What begins with `.` or `_` in a folder is passed over: engines keep their own there.
///
/// # Errors
/// Nothing is there, or a folder cannot be listed.
pub(super) fn files(url: &str) -> Result<Vec<PathBuf>, LogError> {
    let path = local(url)?;
    let refused = |reason: String| LogError::Refused(format!("cannot adopt {url}: {reason}"));
    let mut found = Vec::new();
    if path.exists() {
        collect(&path, &mut found)?;
    } else {
        let pattern = path.to_string_lossy();
        let matches = glob::glob(&pattern).map_err(|error| refused(error.to_string()))?;
        for entry in matches {
            let entry = entry.map_err(|error| refused(error.to_string()))?;
            collect(&entry, &mut found)?;
        }
    }
    found.sort();
    found.dedup();
    if found.is_empty() {
        return Err(refused("there is no Parquet file".to_owned()));
    }
    Ok(found)
}

/// The path that is meant.
fn local(url: &str) -> Result<PathBuf, LogError> {
    let refused = |reason: &str| LogError::Refused(format!("cannot adopt {url}: {reason}"));
    let path = match url.split_once("://") {
        None => PathBuf::from(url),
        Some(("file", _)) => (Url::parse(url).ok())
            .and_then(|url| url.to_file_path().ok())
            .ok_or_else(|| refused("write file:///path for a file of this machine"))?,
        Some(_) => {
            return Err(refused(
                "files of this machine alone, as a path or file:///path",
            ));
        }
    };
    absolute(&path).map_err(|error| LogError::file(path, "found", error))
}

/// A Parquet file, or those in a folder and all below it.
fn collect(path: &Path, found: &mut Vec<PathBuf>) -> Result<(), LogError> {
    if !path.is_dir() {
        if path
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
        {
            found.push(path.to_owned());
        }
        return Ok(());
    }
    let failed = |error| LogError::file(path, "listed", error);
    for entry in fs::read_dir(path).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        let hidden = name.to_string_lossy().starts_with(['.', '_']);
        // A link to a folder is not followed: it may lead round in circles.
        let linked = entry.file_type().map_err(failed)?.is_symlink() && entry.path().is_dir();
        if !hidden && !linked {
            collect(&entry.path(), found)?;
        }
    }
    Ok(())
}
