//! Values that measures keep: owned, ordered, and each with one spelling.
//!
//! A value of −0.0 is kept as 0.0 and every NaN as the same NaN, which is the greatest value, so
//! that values are equal exactly where SQL finds them equal or both are NaN.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use crate::error::{Result, fail, failed};
use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Decimal128Array, Float64Array, Int64Array, ListArray,
    StringArray, UInt64Array,
};
use arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Decimal128Type, Field, Float64Type, Int64Type, UInt64Type};

/// A value of one of the types that measures keep.
pub(super) trait Value: Ord + Clone + Debug + Send + Sync + 'static {
    /// A column of such values.
    type Column: Array + Clone + Debug + Send + Sync + 'static;

    /// The column in the type that it is kept in.
    fn column(values: &ArrayRef) -> Result<Self::Column>;

    /// The value in a row, which is not NULL.
    fn at(column: &Self::Column, row: usize) -> Self;

    /// The bytes of the value in a row, the same for equal values on every machine.
    fn bytes<R>(column: &Self::Column, row: usize, with: impl FnOnce(&[u8]) -> R) -> R;

    /// A column of this type.
    fn array(values: Vec<Option<Self>>, data_type: &DataType) -> Result<ArrayRef>;

    /// The bytes held outside the value.
    fn heap(&self) -> usize {
        0
    }
}

/// Evaluates an expression with `$value` standing for the type that values of a column type are
/// kept in.
macro_rules! with_value {
    ($data_type:expr, $value:ident => $body:expr) => {{
        use arrow::datatypes::DataType;
        use $crate::measure::value::Float;
        match $data_type {
            DataType::Boolean => {
                type $value = bool;
                Ok($body)
            }
            DataType::Utf8 => {
                type $value = Box<str>;
                Ok($body)
            }
            DataType::Float32 | DataType::Float64 => {
                type $value = Float;
                Ok($body)
            }
            DataType::Decimal128(..) => {
                type $value = i128;
                Ok($body)
            }
            kept if kept.is_unsigned_integer() => {
                type $value = u64;
                Ok($body)
            }
            kept if $crate::measure::types::is_kept(kept) => {
                type $value = i64;
                Ok($body)
            }
            other => $crate::error::fail!("no measure keeps values of type {other}"),
        }
    }};
}
pub(super) use with_value;

macro_rules! whole {
    ($native:ty, $kept:ident, $type:ty, $array:ty) => {
        impl Value for $native {
            type Column = $array;

            fn column(values: &ArrayRef) -> Result<Self::Column> {
                Ok(cast(values, &DataType::$kept)?
                    .as_primitive::<$type>()
                    .clone())
            }

            fn at(column: &Self::Column, row: usize) -> Self {
                column.value(row)
            }

            fn bytes<R>(column: &Self::Column, row: usize, with: impl FnOnce(&[u8]) -> R) -> R {
                with(&column.value(row).to_le_bytes())
            }

            fn array(values: Vec<Option<Self>>, data_type: &DataType) -> Result<ArrayRef> {
                let kept: ArrayRef = Arc::new(<$array>::from(values));
                cast(&kept, data_type)
            }
        }
    };
}

whole!(i64, Int64, Int64Type, Int64Array);
whole!(u64, UInt64, UInt64Type, UInt64Array);

impl Value for i128 {
    type Column = Decimal128Array;

    fn column(values: &ArrayRef) -> Result<Self::Column> {
        match values.as_primitive_opt::<Decimal128Type>() {
            Some(values) => Ok(values.clone()),
            None => fail!("expected decimals, found {}", values.data_type()),
        }
    }

    fn at(column: &Self::Column, row: usize) -> Self {
        column.value(row)
    }

    fn bytes<R>(column: &Self::Column, row: usize, with: impl FnOnce(&[u8]) -> R) -> R {
        with(&column.value(row).to_le_bytes())
    }

    fn array(values: Vec<Option<Self>>, data_type: &DataType) -> Result<ArrayRef> {
        let kept = Decimal128Array::from(values).with_data_type(data_type.clone());
        Ok(Arc::new(kept))
    }
}

/// The NaN that every other becomes; its bits are a part of what sketches hash.
const NAN: f64 = f64::from_bits(0x7ff8_0000_0000_0000);

/// A float in its one spelling.
#[derive(Clone, Copy, Debug)]
pub(super) struct Float(f64);

impl Float {
    /// The spelling of a float.
    pub(super) fn new(value: f64) -> Self {
        if value.is_nan() {
            Self(NAN)
        } else {
            // Adding zero makes 0.0 of -0.0 and changes nothing else.
            Self(value + 0.0)
        }
    }

    /// The number.
    pub(super) fn get(self) -> f64 {
        self.0
    }
}

impl Ord for Float {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Float {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Float {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Float {}

impl Value for Float {
    type Column = Float64Array;

    fn column(values: &ArrayRef) -> Result<Self::Column> {
        Ok(cast(values, &DataType::Float64)?
            .as_primitive::<Float64Type>()
            .clone())
    }

    fn at(column: &Self::Column, row: usize) -> Self {
        Self::new(column.value(row))
    }

    fn bytes<R>(column: &Self::Column, row: usize, with: impl FnOnce(&[u8]) -> R) -> R {
        with(&Self::at(column, row).0.to_bits().to_le_bytes())
    }

    fn array(values: Vec<Option<Self>>, data_type: &DataType) -> Result<ArrayRef> {
        let values = values.into_iter().map(|value| value.map(Self::get));
        let kept: ArrayRef = Arc::new(Float64Array::from_iter(values));
        cast(&kept, data_type)
    }
}

impl Value for bool {
    type Column = BooleanArray;

    fn column(values: &ArrayRef) -> Result<Self::Column> {
        match values.as_boolean_opt() {
            Some(values) => Ok(values.clone()),
            None => fail!("expected booleans, found {}", values.data_type()),
        }
    }

    fn at(column: &Self::Column, row: usize) -> Self {
        column.value(row)
    }

    fn bytes<R>(column: &Self::Column, row: usize, with: impl FnOnce(&[u8]) -> R) -> R {
        with(&[u8::from(column.value(row))])
    }

    fn array(values: Vec<Option<Self>>, _: &DataType) -> Result<ArrayRef> {
        Ok(Arc::new(BooleanArray::from(values)))
    }
}

impl Value for Box<str> {
    type Column = StringArray;

    fn column(values: &ArrayRef) -> Result<Self::Column> {
        match values.as_string_opt::<i32>() {
            Some(values) => Ok(values.clone()),
            None => fail!("expected texts, found {}", values.data_type()),
        }
    }

    fn at(column: &Self::Column, row: usize) -> Self {
        column.value(row).into()
    }

    fn bytes<R>(column: &Self::Column, row: usize, with: impl FnOnce(&[u8]) -> R) -> R {
        with(column.value(row).as_bytes())
    }

    fn array(values: Vec<Option<Self>>, _: &DataType) -> Result<ArrayRef> {
        texts(values)
    }

    fn heap(&self) -> usize {
        self.len()
    }
}

/// A column of texts.
pub(super) fn texts<T: AsRef<str>>(values: Vec<Option<T>>) -> Result<ArrayRef> {
    let lengths = values.iter().flatten().map(|text| text.as_ref().len());
    end(lengths.sum())?;
    Ok(Arc::new(StringArray::from_iter(values)))
}

/// Where the last value of a column ends, unless the column cannot be that long.
fn end(length: usize) -> Result<i32> {
    i32::try_from(length)
        .map_err(|_| failed!("{length} values or bytes do not fit one column: fold smaller ranges"))
}

/// The type of lists of such values.
pub(super) fn list_type(of: &DataType) -> DataType {
    DataType::List(Arc::new(Field::new_list_field(of.clone(), true)))
}

/// A column of lists, one for each group; a group without values has NULL.
pub(super) fn lists<V: Value>(groups: Vec<Vec<V>>, of: &DataType) -> Result<ArrayRef> {
    let nulls: NullBuffer = groups.iter().map(|group| !group.is_empty()).collect();
    let mut ends = Vec::with_capacity(groups.len() + 1);
    let mut length = 0;
    ends.push(0);
    for group in &groups {
        length += group.len();
        ends.push(end(length)?);
    }
    let values: Vec<Option<V>> = groups.into_iter().flatten().map(Some).collect();
    Ok(Arc::new(ListArray::try_new(
        Arc::new(Field::new_list_field(of.clone(), true)),
        OffsetBuffer::new(ScalarBuffer::from(ends)),
        V::array(values, of)?,
        Some(nulls).filter(|nulls| nulls.null_count() > 0),
    )?))
}

/// A column of lists in its type.
#[derive(Debug)]
pub(super) struct Lists<V: Value> {
    ends: OffsetBuffer<i32>,
    values: V::Column,
}

impl<V: Value> Lists<V> {
    /// Reads a column that [`lists`] made.
    pub(super) fn read(column: &ArrayRef) -> Result<Self> {
        match column.as_list_opt::<i32>() {
            Some(list) => Ok(Self {
                ends: list.offsets().clone(),
                values: V::column(list.values())?,
            }),
            None => fail!("expected lists, found {}", column.data_type()),
        }
    }

    /// The list in a row.
    pub(super) fn row(&self, row: usize) -> impl Iterator<Item = V> + '_ {
        let end = |at: usize| self.ends.get(at).map_or(0, |end| *end as usize);
        (end(row)..end(row + 1)).map(|at| V::at(&self.values, at))
    }
}

/// The column at a place among the arguments or the state of a measure.
pub(super) fn column(columns: &[ArrayRef], at: usize) -> Result<&ArrayRef> {
    match columns.get(at) {
        Some(column) => Ok(column),
        None => fail!("column {at} of a measure is missing"),
    }
}
