//! Reading the bytes of one value; all of it is checked, also where nobody asks for it.

use super::schema::{AvroSchema, Kind, Logical};

/// How deep types may nest, as in JSON.
const DEPTH: usize = 128;

/// Where the bytes stop being what the schema says, and what should have stood there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Broken {
    /// The byte, from 0.
    pub(super) at: usize,
    /// What is missing there.
    pub(super) expected: &'static str,
}

/// A value that a column can hold, uninterpreted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Scalar<'a> {
    Null,
    Boolean(bool),
    Int(i32),
    Long(i64),
    Float(f32),
    Double(f64),
    Bytes(&'a [u8]),
    Text(&'a str),
    /// The digits of a decimal.
    Digits(i128),
    /// A decimal of more digits than 38, or so many bytes.
    Wide,
    /// An array, a map, a record.
    Nested,
}

/// The bytes that are left.
pub(super) struct Datum<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Datum<'a> {
    /// The value that starts at byte `at`.
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self { bytes, at }
    }

    /// How many bytes were read or passed.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Fails where bytes are left.
    pub(super) fn end(&self) -> Result<(), Broken> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        self.broken("nothing after the record")
    }

    /// A value of the type at place `at` of the schema.
    #[inline]
    pub(super) fn value(
        &mut self,
        schema: &'a AvroSchema,
        at: usize,
    ) -> Result<Scalar<'a>, Broken> {
        self.nested(schema, at, 0)
    }

    fn nested(
        &mut self,
        schema: &'a AvroSchema,
        at: usize,
        depth: usize,
    ) -> Result<Scalar<'a>, Broken> {
        let node = schema.node(at);
        Ok(match &node.kind {
            Kind::Null => Scalar::Null,
            Kind::Boolean => match self.take(1, "a boolean")? {
                [0] => Scalar::Boolean(false),
                [1] => Scalar::Boolean(true),
                _ => {
                    self.at -= 1;
                    return self.broken("0 or 1");
                }
            },
            Kind::Int => Scalar::Int(self.int()?),
            Kind::Long => Scalar::Long(self.long()?),
            Kind::Float => Scalar::Float(f32::from_le_bytes(self.array("a float")?)),
            Kind::Double => Scalar::Double(f64::from_le_bytes(self.array("a double")?)),
            Kind::Bytes => bytes(self.sized("as many bytes as announced")?, node.logical),
            Kind::Fixed(size) => bytes(self.take(*size, "the bytes of a fixed")?, node.logical),
            Kind::String => {
                let start = self.at;
                let text = self.sized("as much text as announced")?;
                match std::str::from_utf8(text) {
                    Ok(text) => Scalar::Text(text),
                    Err(_) => {
                        self.at = start;
                        return self.broken("a text in UTF-8");
                    }
                }
            }
            Kind::Enum(symbols) => {
                let start = self.at;
                let symbol = usize::try_from(self.int()?).ok();
                match symbol.and_then(|symbol| symbols.get(symbol)) {
                    Some(symbol) => Scalar::Text(symbol),
                    None => {
                        self.at = start;
                        return self.broken("the number of a symbol");
                    }
                }
            }
            Kind::Union(branches) => {
                let start = self.at;
                let branch = usize::try_from(self.long()?).ok();
                match branch.and_then(|branch| branches.get(branch)) {
                    // A union holds no union, so only records make this deeper.
                    Some(branch) => self.nested(schema, *branch, depth)?,
                    None => {
                        self.at = start;
                        return self.broken("the number of a branch");
                    }
                }
            }
            _ if depth == DEPTH => return self.broken("at most 128 levels of nesting"),
            Kind::Record(fields) => {
                for (_, field) in fields {
                    self.nested(schema, *field, depth + 1)?;
                }
                Scalar::Nested
            }
            Kind::Array(item) => {
                self.blocks(|datum| datum.nested(schema, *item, depth + 1).map(drop))?;
                Scalar::Nested
            }
            Kind::Map(item) => {
                self.blocks(|datum| {
                    let start = datum.at;
                    let key = datum.sized("a key as long as announced")?;
                    if std::str::from_utf8(key).is_err() {
                        datum.at = start;
                        return datum.broken("a key in UTF-8");
                    }
                    datum.nested(schema, *item, depth + 1).map(drop)
                })?;
                Scalar::Nested
            }
        })
    }

    /// The items of an array or a map, in blocks up to one of none.
    fn blocks(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<(), Broken>,
    ) -> Result<(), Broken> {
        loop {
            let start = self.at;
            let count = self.long()?;
            // A negative count comes with the length of the block, for those who pass it unread.
            let length = if count < 0 { Some(self.long()?) } else { None };
            let items = self.at;
            for _ in 0..count.unsigned_abs() {
                let before = self.at;
                item(self)?;
                // Items without bytes, such as nulls, may be announced in any number.
                if self.at == before {
                    break;
                }
            }
            if length.is_some_and(|length| usize::try_from(length).ok() != Some(self.at - items)) {
                self.at = start;
                return self.broken("a block as long as announced");
            }
            if count == 0 {
                return Ok(());
            }
        }
    }

    #[cold]
    fn broken<T>(&self, expected: &'static str) -> Result<T, Broken> {
        Err(Broken {
            at: self.at,
            expected,
        })
    }

    #[inline]
    fn take(&mut self, count: usize, expected: &'static str) -> Result<&'a [u8], Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        match rest.get(..count) {
            Some(taken) => {
                self.at += count;
                Ok(taken)
            }
            None => self.broken(expected),
        }
    }

    fn array<const N: usize>(&mut self, expected: &'static str) -> Result<[u8; N], Broken> {
        match self.take(N, expected)?.first_chunk() {
            Some(bytes) => Ok(*bytes),
            None => self.broken(expected),
        }
    }

    /// Bytes behind their number.
    #[inline]
    fn sized(&mut self, expected: &'static str) -> Result<&'a [u8], Broken> {
        let start = self.at;
        let taken = match usize::try_from(self.long()?) {
            Ok(count) => self.take(count, expected),
            Err(_) => self.broken("a length that is not negative"),
        };
        taken.inspect_err(|_| self.at = start)
    }

    /// An integer in groups of seven bits, the lowest first, its sign in the lowest bit.
    #[inline]
    fn long(&mut self) -> Result<i64, Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let mut value = 0_u64;
        for (nth, byte) in rest.iter().take(10).enumerate() {
            // Of the tenth group one bit is left.
            if nth == 9 && *byte > 1 {
                break;
            }
            value |= u64::from(byte & 0x7f) << (7 * nth);
            if byte & 0x80 == 0 {
                self.at += nth + 1;
                return Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed());
            }
        }
        self.broken("an integer of at most 64 bits")
    }

    #[inline]
    fn int(&mut self) -> Result<i32, Broken> {
        let start = self.at;
        match i32::try_from(self.long()?) {
            Ok(value) => Ok(value),
            Err(_) => {
                self.at = start;
                self.broken("an integer of at most 32 bits")
            }
        }
    }
}

/// Bytes, or the number that they hold.
fn bytes(bytes: &[u8], logical: Option<Logical>) -> Scalar<'_> {
    match logical {
        Some(Logical::Decimal(_)) => digits(bytes).map_or(Scalar::Wide, Scalar::Digits),
        Some(_) => Scalar::Nested,
        None => Scalar::Bytes(bytes),
    }
}

/// A number in two's complement, the highest byte first.
fn digits(bytes: &[u8]) -> Option<i128> {
    let negative = bytes.first().is_some_and(|byte| *byte >= 0x80);
    let sign = if negative { 0xff } else { 0 };
    let (high, low) = bytes.split_at(bytes.len().saturating_sub(16));
    let mut wide = [sign; 16];
    for (wide, byte) in wide.iter_mut().rev().zip(low.iter().rev()) {
        *wide = *byte;
    }
    let value = i128::from_be_bytes(wide);
    // What does not fit into 16 bytes must be sign alone.
    let fits = high.iter().all(|byte| *byte == sign) && (value < 0) == negative;
    fits.then_some(value)
}
