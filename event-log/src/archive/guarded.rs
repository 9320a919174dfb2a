//! A file of the archive as Parquet's reader sees it: nothing comes out that was not checked.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use bytes::buf::{Buf, Reader};
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::files;
use super::sums::{self, Parts};
use crate::LogError;

/// How much is read of a file's end at first; usually all behind its column chunks.
const TAIL: u64 = 64 << 10;

/// A file whose column chunks are read and checked when they are asked for.
#[derive(Debug)]
pub(super) struct Guarded {
    length: u64,
    source: Source,
}

#[derive(Debug)]
enum Source {
    /// All of a file that has one sum for the whole.
    Whole(Bytes),
    /// A file with sums for its parts.
    Parts {
        parts: Parts,
        columns: usize,
        held: Mutex<Held>,
    },
}

/// What was read.
#[derive(Debug)]
struct Held {
    file: File,
    /// Of each column the chunk read last.
    chunks: Vec<Option<(usize, Bytes)>>,
}

impl Guarded {
    /// Opens a file, and checks its footer or, where the footer has no sum of its own, all of it.
    pub(super) fn open(path: &Path) -> std::result::Result<(Self, Arc<ParquetMetaData>), LogError> {
        let failed = |error| LogError::file(path, "read", error);
        let damaged = |reason: String| LogError::Damaged {
            path: path.to_owned(),
            reason,
        };
        let mut file = files::open(path)?;
        let length = file.metadata().map_err(failed)?.len();
        let mut from = length.saturating_sub(TAIL);
        let mut tail = read(&mut file, from, length).map_err(failed)?;
        let metadata = loop {
            let mut reader = ParquetMetaDataReader::new();
            match reader.try_parse_sized(&tail, length) {
                Ok(()) => break reader.finish(),
                Err(ParquetError::NeedMoreData(more)) if from > 0 => {
                    from = length.saturating_sub((more as u64).max(2 * (length - from)));
                    tail = read(&mut file, from, length).map_err(failed)?;
                }
                Err(error) => break Err(error),
            }
        };
        let metadata = metadata.map_err(|error| damaged(error.to_string()))?;
        let source = match sums::parts(&metadata).map_err(damaged)? {
            None => {
                let whole = read(&mut file, 0, length).map_err(failed)?;
                sums::verify(&whole).map_err(damaged)?;
                Source::Whole(whole)
            }
            Some(parts) => {
                if parts.rest < from {
                    tail = read(&mut file, parts.rest, length).map_err(failed)?;
                    from = parts.rest;
                }
                let rest = tail.get((parts.rest - from) as usize..);
                sums::verify_rest(rest.unwrap_or_default()).map_err(damaged)?;
                let columns = metadata.file_metadata().schema_descr().num_columns();
                let chunks = vec![None; columns];
                Source::Parts {
                    parts,
                    columns,
                    held: Mutex::new(Held { file, chunks }),
                }
            }
        };
        Ok((Self { length, source }, Arc::new(metadata)))
    }

    /// All bytes from `start` to the end of the column chunk.
    fn from(&self, start: u64) -> Result<Bytes> {
        let outside = || ParquetError::EOF(format!("there is no column chunk at byte {start}"));
        let (parts, columns, held) = match &self.source {
            Source::Whole(bytes) => {
                return match start as usize {
                    start if start <= bytes.len() => Ok(bytes.slice(start..)),
                    _ => Err(outside()),
                };
            }
            Source::Parts {
                parts,
                columns,
                held,
            } => (parts, *columns, held),
        };
        let nth = (parts.chunks).partition_point(|(range, _)| range.start <= start);
        let nth = nth.checked_sub(1).ok_or_else(outside)?;
        let (range, sum) = parts.chunks.get(nth).ok_or_else(outside)?;
        if start >= range.end {
            return Err(outside());
        }
        // Whoever panicked with the lock left a chunk that was checked, or none.
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let Held { file, chunks } = &mut *held;
        let last = chunks.get_mut(nth % columns.max(1)).ok_or_else(outside)?;
        let chunk = match last {
            Some((held, chunk)) if *held == nth => chunk,
            last => {
                let chunk = read(file, range.start, range.end)?;
                sums::verify_chunk(&chunk, *sum).map_err(ParquetError::General)?;
                &mut last.insert((nth, chunk)).1
            }
        };
        Ok(chunk.slice((start - range.start) as usize..))
    }
}

impl Length for Guarded {
    fn len(&self) -> u64 {
        self.length
    }
}

impl ChunkReader for Guarded {
    type T = Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T> {
        Ok(self.from(start)?.reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes> {
        let bytes = self.from(start)?;
        if length > bytes.len() {
            return Err(ParquetError::EOF(format!(
                "a page at byte {start} is longer than its column chunk"
            )));
        }
        Ok(bytes.slice(..length))
    }
}

/// The bytes from `start` to `end` of a file.
fn read(file: &mut File, start: u64, end: u64) -> io::Result<Bytes> {
    let length = end.saturating_sub(start);
    let mut bytes = Vec::with_capacity(length as usize);
    file.seek(SeekFrom::Start(start))?;
    file.take(length).read_to_end(&mut bytes)?;
    match bytes.len() as u64 == length {
        true => Ok(bytes.into()),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}
