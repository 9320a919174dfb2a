//! Avro object container files: a schema, and blocks of records.
//!
//! The format is that of the Avro specification, "Object Container Files".

use std::fs;
use std::io::Read;
use std::path::Path;

use arrow::array::BinaryBuilder;
use arrow::datatypes::{DataType, Field, Schema};
use shared_logic::chunk::Payload;
use shared_logic::decode::{AvroSchema, Framing};
use shared_logic::table::{Format, Table};

use super::source::{BYTES, Payloads, ROWS, complete, raw, wrong};
use crate::LogError;

const MAGIC: &[u8] = b"Obj\x01";

/// Opens an Avro file for the columns of a table and those in `outside`.
///
/// A table of Avro records takes the records as they are; for other tables they become columns. A
/// file is whole or refused: unlike a topic it says nowhere where the record behind a broken one
/// begins.
pub(super) fn open(path: &Path, table: &Table, outside: &[&str]) -> Result<Payloads, LogError> {
    let bytes = fs::read(path).map_err(|error| LogError::file(path, "read", error))?;
    let failed = |reason: String| wrong(path, format!("it cannot be read as Avro: {reason}"));
    let mut file = Container::open(&bytes).map_err(failed)?;
    let holds = |name: &str| file.schema.holds(name).unwrap_or(true);
    let declared = table
        .schema
        .fields()
        .iter()
        .map(|field| field.name().as_str());
    if let Some(name) = declared
        .chain(outside.iter().copied())
        .find(|name| !holds(name))
    {
        return Err(wrong(
            path,
            format!("its field {name:?} is of a type that no column can hold, such as an array"),
        ));
    }
    let names = file.schema.fields();
    let names = names.map(|name| Field::new(name, DataType::Null, true));
    complete(
        path,
        &Schema::new(names.collect::<Vec<_>>()),
        table,
        outside,
    )?;
    let header: &[u8] = match &table.format {
        Format::Avro(avro) if avro.schema != file.schema => {
            return Err(wrong(
                path,
                format!(
                    "its schema is another than that of table {}: name the schema of the file there, or use format = 'json', which needs none to read a file",
                    table.name
                ),
            ));
        }
        Format::Avro(avro) => match avro.framing {
            Framing::Bare => &[],
            Framing::Confluent => &[0; 5],
        },
        _ => &[],
    };
    let mut payloads = vec![];
    let mut values = BinaryBuilder::new();
    let (mut size, mut count) = (0, 0);
    let mut finish = |values: &mut BinaryBuilder| {
        let values = values.finish();
        payloads.push(match &table.format {
            Format::Avro(_) => raw(values),
            _ => Payload::Typed(file.schema.columns(&values)?),
        });
        Ok::<(), String>(())
    };
    while let Some((records, block)) = file.blocks.next().map_err(failed)? {
        let mut rest = block.as_slice();
        for _ in 0..records {
            let length = file.schema.length(rest).map_err(failed)?;
            let (record, behind) = rest.split_at_checked(length).unwrap_or((rest, &[]));
            rest = behind;
            values.append_value([header, record].concat());
            (size, count) = (size + length, count + 1);
            if size >= BYTES || count == ROWS {
                finish(&mut values).map_err(failed)?;
                (size, count) = (0, 0);
            }
        }
        if !rest.is_empty() {
            return Err(failed("a block goes on behind its last record".into()));
        }
    }
    finish(&mut values).map_err(failed)?;
    Ok(Box::new(payloads.into_iter().map(Ok)))
}

/// A file whose header was read.
struct Container<'a> {
    schema: AvroSchema,
    blocks: Blocks<'a>,
}

/// The blocks that are left.
struct Blocks<'a> {
    rest: &'a [u8],
    codec: Codec,
    sync: [u8; 16],
}

#[derive(Clone, Copy)]
enum Codec {
    Null,
    Deflate,
    Snappy,
    Zstandard,
}

impl<'a> Container<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self, String> {
        let mut rest = bytes
            .strip_prefix(MAGIC)
            .ok_or("it does not begin as one")?;
        let cut = || "its header breaks off".to_owned();
        let (mut schema, mut codec) = (None, Codec::Null);
        loop {
            let count = long(&mut rest).ok_or_else(cut)?;
            if count == 0 {
                break;
            }
            if count < 0 {
                long(&mut rest).ok_or_else(cut)?;
            }
            for _ in 0..count.unsigned_abs() {
                let key = sized(&mut rest).ok_or_else(cut)?;
                let value = sized(&mut rest).ok_or_else(cut)?;
                match key {
                    b"avro.schema" => {
                        let text =
                            std::str::from_utf8(value).map_err(|_| "its schema is no text")?;
                        let parsed = AvroSchema::parse(text);
                        schema = Some(parsed.map_err(|reason| format!("its schema {reason}"))?);
                    }
                    b"avro.codec" => codec = Codec::named(value)?,
                    _ => {}
                }
            }
        }
        let (sync, rest) = rest.split_first_chunk().ok_or_else(cut)?;
        let schema = schema.ok_or("it has no schema")?;
        let blocks = Blocks {
            rest,
            codec,
            sync: *sync,
        };
        Ok(Self { schema, blocks })
    }
}

impl Blocks<'_> {
    /// The next block: how many records it has, and their bytes.
    fn next(&mut self) -> Result<Option<(u64, Vec<u8>)>, String> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let cut = || "its last block breaks off".to_owned();
        let records = long(&mut self.rest).ok_or_else(cut)?;
        let records = u64::try_from(records).map_err(|_| "a block has less than no records")?;
        let block = sized(&mut self.rest).ok_or_else(cut)?;
        let (sync, rest) = self.rest.split_first_chunk().ok_or_else(cut)?;
        if *sync != self.sync {
            return Err("a block does not end with the marker of the file".into());
        }
        self.rest = rest;
        Ok(Some((records, self.codec.expand(block)?)))
    }
}

impl Codec {
    fn named(name: &[u8]) -> Result<Self, String> {
        Ok(match name {
            b"null" => Self::Null,
            b"deflate" => Self::Deflate,
            b"snappy" => Self::Snappy,
            b"zstandard" => Self::Zstandard,
            other => {
                let other = String::from_utf8_lossy(other);
                return Err(format!(
                    "the codec {other} is not read, write the file with null, deflate, snappy or zstandard"
                ));
            }
        })
    }

    fn expand(self, block: &[u8]) -> Result<Vec<u8>, String> {
        let bad = |error: std::io::Error| format!("a block cannot be expanded: {error}");
        let mut bytes = vec![];
        match self {
            Self::Null => bytes.extend_from_slice(block),
            Self::Deflate => {
                let mut reader = flate2::read::DeflateDecoder::new(block);
                reader.read_to_end(&mut bytes).map_err(bad)?;
            }
            Self::Snappy => {
                let (block, sum) = block.split_last_chunk().ok_or("a block has no checksum")?;
                let expanded = snap::raw::Decoder::new().decompress_vec(block);
                bytes = expanded.map_err(|error| bad(error.into()))?;
                let mut crc = flate2::Crc::new();
                crc.update(&bytes);
                if crc.sum().to_be_bytes() != *sum {
                    return Err("a block has another checksum than its bytes".into());
                }
            }
            Self::Zstandard => bytes = zstd::decode_all(block).map_err(bad)?,
        }
        Ok(bytes)
    }
}

/// Takes an integer off the front: groups of seven bits, the lowest first, the sign in the lowest
/// bit.
fn long(rest: &mut &[u8]) -> Option<i64> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        *rest = tail;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
        }
    }
    None
}

/// Takes bytes behind their number off the front.
fn sized<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let count = usize::try_from(long(rest)?).ok()?;
    let (bytes, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    Some(bytes)
}
