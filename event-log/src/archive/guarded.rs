//! A file of the archive as Parquet's reader sees it: nothing comes out that was not checked.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use bytes::buf::{Buf, Reader};
use crc32c::crc32c;
use parquet::errors::{ParquetError, Result};
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use parquet::file::reader::{ChunkReader, Length};

use super::sums::{self, Parts};
use super::{Adopted, files};
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

/// A file of which the end was read.
struct Ended {
    file: File,
    length: u64,
    /// Where what was read begins.
    at: u64,
    tail: Bytes,
}

impl Ended {
    fn read(mut file: File) -> io::Result<Self> {
        let length = file.metadata()?.len();
        let at = length.saturating_sub(TAIL);
        let tail = read(&mut file, at, length)?;
        Ok(Self {
            file,
            length,
            at,
            tail,
        })
    }

    /// All bytes from `start` on.
    fn from(&mut self, start: u64) -> io::Result<Bytes> {
        if start < self.at {
            self.tail = read(&mut self.file, start, self.length)?;
            self.at = start;
        }
        let skipped = ((start - self.at) as usize).min(self.tail.len());
        Ok(self.tail.slice(skipped..))
    }

    /// What the footer says, or what is wrong with it.
    fn metadata(&mut self) -> io::Result<std::result::Result<ParquetMetaData, String>> {
        loop {
            let mut reader = ParquetMetaDataReader::new();
            match reader.try_parse_sized(&self.tail, self.length) {
                Ok(()) => return Ok(reader.finish().map_err(|error| error.to_string())),
                Err(ParquetError::NeedMoreData(more)) if self.at > 0 => {
                    let more = (more as u64).max(2 * (self.length - self.at));
                    self.from(self.length.saturating_sub(more))?;
                }
                Err(error) => return Ok(Err(error.to_string())),
            }
        }
    }
}

/// What was read.
#[derive(Debug)]
struct Held {
    file: File,
    /// Of each column the chunk read last.
    chunks: Vec<Option<(usize, Bytes)>>,
}

impl Source {
    fn parts(parts: Parts, metadata: &ParquetMetaData, file: File) -> Self {
        let columns = metadata.file_metadata().schema_descr().num_columns();
        let chunks = vec![None; columns];
        Self::Parts {
            parts,
            columns,
            held: Mutex::new(Held { file, chunks }),
        }
    }
}

impl Guarded {
    /// Opens a file, and checks its footer or, where the footer has no sum of its own, all of it.
    pub(super) fn open(path: &Path) -> std::result::Result<(Self, Arc<ParquetMetaData>), LogError> {
        let failed = |error| LogError::file(path, "read", error);
        let damaged = |reason: String| LogError::Damaged {
            path: path.to_owned(),
            reason,
        };
        let mut ended = Ended::read(files::open(path)?).map_err(failed)?;
        let metadata = ended.metadata().map_err(failed)?.map_err(damaged)?;
        let source = match sums::parts(&metadata).map_err(damaged)? {
            None => {
                let whole = ended.from(0).map_err(failed)?;
                sums::verify(&whole).map_err(damaged)?;
                Source::Whole(whole)
            }
            Some(parts) => {
                let rest = ended.from(parts.rest).map_err(failed)?;
                sums::verify_rest(&rest).map_err(damaged)?;
                Source::parts(parts, &metadata, ended.file)
            }
        };
        let length = ended.length;
        Ok((Self { length, source }, Arc::new(metadata)))
    }

    /// Opens a file that was adopted, and checks as much of it against the sums that the archive has.
    pub(super) fn adopted(
        adopted: &Adopted,
    ) -> std::result::Result<(Self, Arc<ParquetMetaData>), LogError> {
        let path = &adopted.path;
        let failed = |error| LogError::file(path, "read", error);
        let changed = |reason: String| adopted.changed(reason);
        let mut ended = Ended::read(adopted.open()?).map_err(failed)?;
        let metadata = ended.metadata().map_err(failed)?.map_err(changed)?;
        let source = match &adopted.parts {
            None => {
                let whole = ended.from(0).map_err(failed)?;
                sums::same(crc32c(&whole), adopted.crc32c).map_err(changed)?;
                Source::Whole(whole)
            }
            Some(text) => {
                let parts = sums::listed(text, metadata.row_groups()).map_err(changed)?;
                let rest = ended.from(parts.rest).map_err(failed)?;
                sums::verify_another_rest(&rest, text).map_err(changed)?;
                Source::parts(parts, &metadata, ended.file)
            }
        };
        let length = ended.length;
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
