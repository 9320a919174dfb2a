//! Keys of any number and type, each numbered once.

mod native;
pub(crate) mod rows;
mod short;
mod text;

use crate::error::{Result, fail};
use arrow::array::{ArrayRef, AsArray};
use arrow::datatypes::{
    DataType, Date32Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType, UInt32Type,
    UInt64Type,
};

use native::{Native, NativeKeys};
use rows::Rows;
use text::Text;

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
    Rows(Rows),
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
            many => Self::Rows(Rows::new(many)?),
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
            (Self::Text(text), [column]) => match column.as_dictionary_opt::<Int32Type>() {
                Some(coded) => text.intern_coded(coded, ids),
                None => text.intern(column.as_string::<i32>(), ids),
            },
            (Self::Rows(rows), columns) => rows.intern(columns, ids)?,
            (_, columns) => return fail!("expected one key column, got {}", columns.len()),
        }
        Ok(())
    }

    /// How many distinct keys there are.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::One => 1,
            Self::Native(native) => native.len(),
            Self::Text(text) => text.len(),
            Self::Rows(rows) => rows.len(),
        }
    }

    /// The distinct keys as columns, by number.
    pub(crate) fn finish(self) -> Result<Vec<ArrayRef>> {
        match self {
            Self::One => Ok(vec![]),
            Self::Native(native) => Ok(vec![native.finish()]),
            Self::Text(text) => Ok(vec![text.finish()]),
            Self::Rows(rows) => rows.finish(),
        }
    }

    /// Bytes held.
    pub(crate) fn size(&self) -> usize {
        match self {
            Self::One => 0,
            Self::Native(native) => native.size(),
            Self::Text(text) => text.size(),
            Self::Rows(rows) => rows.size(),
        }
    }
}
