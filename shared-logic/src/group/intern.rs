//! Keys of any number and type, each numbered once.

use std::fmt::Debug;
use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, Float32Array, Float64Array, PrimitiveArray,
    StringArray,
};
use arrow::datatypes::{
    DataType, Date32Type, Float32Type, Float64Type, Int32Type, Int64Type, TimeUnit,
    TimestampMicrosecondType, UInt32Type, UInt64Type,
};
use arrow::row::{RowConverter, Rows, SortField};
use datafusion_common::{Result, exec_err};
use hashbrown::{DefaultHashBuilder, HashTable};

/// Numbers distinct keys from 0 in the order in which they are met.
#[derive(Debug)]
pub(crate) enum Interner {
    /// No key: one group a slice.
    One,
    /// One column of fixed width.
    Native(Box<dyn NativeKeys>),
    /// One column of text.
    Text(Text),
    /// Anything else, compared as sortable rows of bytes.
    Rows(Bytes),
}

impl Interner {
    pub(crate) fn new(keys: &[DataType]) -> Result<Self> {
        Ok(match keys {
            [] => Self::One,
            [DataType::Int32] => Self::Native(Box::new(Native::<Int32Type>::new())),
            [DataType::Int64] => Self::Native(Box::new(Native::<Int64Type>::new())),
            [DataType::UInt32] => Self::Native(Box::new(Native::<UInt32Type>::new())),
            [DataType::UInt64] => Self::Native(Box::new(Native::<UInt64Type>::new())),
            [DataType::Date32] => Self::Native(Box::new(Native::<Date32Type>::new())),
            [DataType::Timestamp(TimeUnit::Microsecond, None)] => {
                Self::Native(Box::new(Native::<TimestampMicrosecondType>::new()))
            }
            [DataType::Utf8] => Self::Text(Text::default()),
            many => Self::Rows(Bytes::new(many)?),
        })
    }

    /// Appends the number of each row's key to `ids`.
    pub(crate) fn intern(
        &mut self,
        keys: &[ArrayRef],
        rows: usize,
        ids: &mut Vec<u32>,
    ) -> Result<()> {
        match (self, keys) {
            (Self::One, _) => ids.resize(ids.len() + rows, 0),
            (Self::Native(native), [column]) => native.intern(column, ids),
            (Self::Text(text), [column]) => text.intern(column.as_string::<i32>(), ids),
            (Self::Rows(bytes), columns) => bytes.intern(columns, ids)?,
            (_, columns) => return exec_err!("expected one key column, got {}", columns.len()),
        }
        Ok(())
    }

    /// The distinct keys as columns, by number.
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>> {
        match self {
            Self::One => Ok(vec![]),
            Self::Native(native) => Ok(vec![native.finish()]),
            Self::Text(text) => Ok(vec![text.finish()]),
            Self::Rows(bytes) => Ok(bytes.converter.convert_rows(&bytes.rows)?),
        }
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::One => 0,
            Self::Native(native) => native.size(),
            Self::Text(text) => text.bytes.capacity() + text.ends.capacity() * 24,
            Self::Rows(bytes) => bytes.rows.size() + bytes.table.capacity() * 16,
        }
    }
}

/// [`Native`] keys of some type.
pub(crate) trait NativeKeys: Debug + Send {
    fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>);
    fn finish(self: Box<Self>) -> ArrayRef;
    fn size(&self) -> usize;
}

/// Keys of fixed width; the NULL key has a number of its own once it is met.
#[derive(Debug)]
struct Native<P: ArrowPrimitiveType> {
    table: HashTable<(P::Native, u32)>,
    hasher: DefaultHashBuilder,
    keys: Vec<P::Native>,
    null: Option<u32>,
}

impl<P: ArrowPrimitiveType> Native<P> {
    fn new() -> Self {
        Self {
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            keys: vec![],
            null: None,
        }
    }
}

impl<P> NativeKeys for Native<P>
where
    P: ArrowPrimitiveType + Debug,
    P::Native: std::hash::Hash + Eq,
{
    fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>) {
        let column = column.as_primitive::<P>();
        let (table, hasher, keys) = (&mut self.table, &self.hasher, &mut self.keys);
        let mut number = |key: P::Native| {
            let hash = hasher.hash_one(key);
            let entry = table.entry(
                hash,
                |(known, _)| *known == key,
                |(k, _)| hasher.hash_one(k),
            );
            entry
                .or_insert_with(|| {
                    keys.push(key);
                    (key, keys.len() as u32 - 1)
                })
                .get()
                .1
        };
        match column.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => ids.extend(column.values().iter().map(|key| number(*key))),
            Some(nulls) => {
                for (key, valid) in column.values().iter().zip(nulls.iter()) {
                    if valid {
                        ids.push(number(*key));
                        continue;
                    }
                    // Its slot among the keys holds a default that `finish` marks as NULL.
                    let null = self.null.get_or_insert(u32::MAX);
                    ids.push(*null);
                }
            }
        }
        if self.null == Some(u32::MAX) {
            let fresh = self.keys.len() as u32;
            self.keys.push(P::Native::default());
            self.null = Some(fresh);
            for id in ids.iter_mut().filter(|id| **id == u32::MAX) {
                *id = fresh;
            }
        }
    }

    fn finish(self: Box<Self>) -> ArrayRef {
        let nulls = self.null.map(|null| {
            (0..self.keys.len())
                .map(|key| key != null as usize)
                .collect::<Vec<bool>>()
                .into()
        });
        Arc::new(PrimitiveArray::<P>::new(self.keys.into(), nulls))
    }

    fn size(&self) -> usize {
        self.table.capacity() * 17 + self.keys.capacity() * size_of::<P::Native>()
    }
}

/// Text keys, end to end in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Text {
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    null: Option<u32>,
}

impl Text {
    fn key<'a>(bytes: &'a [u8], ends: &[usize], id: u32) -> &'a [u8] {
        let id = id as usize;
        let start = id
            .checked_sub(1)
            .and_then(|before| ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = ends.get(id).copied().unwrap_or(start);
        bytes.get(start..end).unwrap_or_default()
    }

    fn intern(&mut self, column: &StringArray, ids: &mut Vec<u32>) {
        for key in column {
            let Some(key) = key else {
                let (ends, length) = (&mut self.ends, self.bytes.len());
                ids.push(*self.null.get_or_insert_with(|| {
                    ends.push(length);
                    ends.len() as u32 - 1
                }));
                continue;
            };
            let hash = self.hasher.hash_one(key.as_bytes());
            let (bytes, ends) = (&self.bytes, &self.ends);
            let found = self
                .table
                .find(hash, |id| Self::key(bytes, ends, *id) == key.as_bytes());
            if let Some(id) = found {
                ids.push(*id);
                continue;
            }
            let id = self.ends.len() as u32;
            self.bytes.extend_from_slice(key.as_bytes());
            self.ends.push(self.bytes.len());
            let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
            self.table
                .insert_unique(hash, id, |id| hasher.hash_one(Self::key(bytes, ends, *id)));
            ids.push(id);
        }
    }

    fn finish(self) -> ArrayRef {
        let keys = (0..self.ends.len() as u32).map(|id| {
            let key = Self::key(&self.bytes, &self.ends, id);
            (Some(id) != self.null).then(|| String::from_utf8_lossy(key))
        });
        Arc::new(StringArray::from_iter(keys))
    }
}

/// Keys of several columns, or of a type without a faster way, as sortable rows of bytes.
#[derive(Debug)]
pub(crate) struct Bytes {
    converter: RowConverter,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    rows: Rows,
}

impl Bytes {
    fn new(keys: &[DataType]) -> Result<Self> {
        let fields = keys.iter().cloned().map(SortField::new).collect();
        let converter = RowConverter::new(fields)?;
        let rows = converter.empty_rows(0, 0);
        Ok(Self {
            converter,
            table: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            rows,
        })
    }

    fn intern(&mut self, columns: &[ArrayRef], ids: &mut Vec<u32>) -> Result<()> {
        let columns: Vec<ArrayRef> = columns.iter().map(canonical).collect();
        let rows = self.converter.convert_columns(&columns)?;
        for row in &rows {
            let hash = self.hasher.hash_one(row.as_ref());
            let known = &self.rows;
            if let Some(id) = self.table.find(hash, |id| known.row(*id as usize) == row) {
                ids.push(*id);
                continue;
            }
            let id = self.rows.num_rows() as u32;
            self.rows.push(row);
            let (known, hasher) = (&self.rows, &self.hasher);
            self.table.insert_unique(hash, id, |id| {
                hasher.hash_one(known.row(*id as usize).as_ref())
            });
            ids.push(id);
        }
        Ok(())
    }
}

/// The column with one spelling for each value: -0.0 and 0.0 are one key, so are all NaNs.
fn canonical(column: &ArrayRef) -> ArrayRef {
    match column.data_type() {
        DataType::Float32 => Arc::new(
            column
                .as_primitive::<Float32Type>()
                .unary::<_, Float32Type>(|value| {
                    if value.is_nan() {
                        f32::NAN
                    } else {
                        value + 0.0
                    }
                }) as Float32Array,
        ),
        DataType::Float64 => Arc::new(
            column
                .as_primitive::<Float64Type>()
                .unary::<_, Float64Type>(|value| {
                    if value.is_nan() {
                        f64::NAN
                    } else {
                        value + 0.0
                    }
                }) as Float64Array,
        ),
        _ => Arc::clone(column),
    }
}
