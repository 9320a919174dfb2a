//! Keys of several columns, or of a type without a faster way, as sortable rows of bytes.

use std::hash::BuildHasher;
use std::sync::Arc;

use crate::error::Result;
use arrow::array::{Array, ArrayRef, AsArray, Float32Array, Float64Array};
use arrow::datatypes::{DataType, Float32Type, Float64Type};
use arrow::row::{self, RowConverter, SortField};
use hashbrown::{DefaultHashBuilder, HashTable};

/// Distinct keys as rows of bytes, by number.
#[derive(Debug)]
pub(crate) struct Rows {
    converter: RowConverter,
    table: HashTable<u32>,
    hasher: DefaultHashBuilder,
    rows: row::Rows,
}

impl Rows {
    pub(crate) fn new(keys: &[DataType]) -> Result<Self> {
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

    pub(crate) fn len(&self) -> usize {
        self.rows.num_rows()
    }

    pub(crate) fn intern(&mut self, columns: &[ArrayRef], ids: &mut Vec<u32>) -> Result<()> {
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

    pub(super) fn finish(self) -> Result<Vec<ArrayRef>> {
        self.converter.convert_rows(&self.rows)
    }

    /// The distinct keys as columns, sorted, and the number of each.
    pub(crate) fn sorted(&self) -> Result<(Vec<ArrayRef>, Vec<u32>)> {
        let mut numbers: Vec<u32> = (0..).take(self.len()).collect();
        numbers.sort_by_key(|number| self.rows.row(*number as usize));
        let rows = numbers.iter().map(|number| self.rows.row(*number as usize));
        Ok((self.converter.convert_rows(rows)?, numbers))
    }

    pub(super) fn size(&self) -> usize {
        self.rows.size() + self.table.allocation_size()
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
