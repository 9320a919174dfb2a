//! `MIN(x)` and `MAX(x)`: one value per group.
//!
//! Floats compare by IEEE 754 total order with every NaN taken as the greatest value, so that the
//! answer does not depend on the order of events.

use std::cmp::Ordering;
use std::fmt::Debug;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringArray,
};
use arrow::buffer::NullBuffer;
use arrow::datatypes::{
    DataType, Date32Type, Decimal128Type, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type,
    Int64Type, TimeUnit, TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};

use super::Accumulator;
use super::seen::{Seen, each_or, valid};

/// Which end is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The smallest value.
    Min,
    /// The largest value.
    Max,
}

impl Side {
    #[inline]
    fn prefers(self, order: Ordering) -> bool {
        match self {
            Self::Min => order == Ordering::Less,
            Self::Max => order == Ordering::Greater,
        }
    }
}

/// The accumulator for values of this type.
pub(super) fn accumulator(input: &DataType, side: Side) -> Result<Accumulator> {
    macro_rules! fixed {
        ($type:ty) => {
            Box::new(Fixed::<$type>::new(input, side))
        };
    }
    Ok(match input {
        DataType::Int8 => fixed!(Int8Type),
        DataType::Int16 => fixed!(Int16Type),
        DataType::Int32 => fixed!(Int32Type),
        DataType::Int64 => fixed!(Int64Type),
        DataType::UInt8 => fixed!(UInt8Type),
        DataType::UInt16 => fixed!(UInt16Type),
        DataType::UInt32 => fixed!(UInt32Type),
        DataType::UInt64 => fixed!(UInt64Type),
        DataType::Date32 => fixed!(Date32Type),
        DataType::Timestamp(TimeUnit::Microsecond, _) => fixed!(TimestampMicrosecondType),
        DataType::Decimal128(..) => fixed!(Decimal128Type),
        DataType::Float32 => fixed!(Float32Type),
        DataType::Float64 => fixed!(Float64Type),
        DataType::Boolean => Box::new(Keyed::<bool>::new(side)),
        DataType::Utf8 => Box::new(Keyed::<String>::new(side)),
        other => return exec_err!("MIN and MAX do not take {other}"),
    })
}

/// A number of which there is a least and a greatest.
trait Ends: Copy {
    /// What a group starts with: every value is at least as good.
    fn start(side: Side) -> Self;
    /// The smaller one; the first one of equals.
    fn least(self, other: Self) -> Self;
    /// The larger one; the first one of equals.
    fn greatest(self, other: Self) -> Self;
}

macro_rules! integer_ends {
    ($($native:ty),*) => {$(
        impl Ends for $native {
            fn start(side: Side) -> Self {
                match side {
                    Side::Min => Self::MAX,
                    Side::Max => Self::MIN,
                }
            }

            #[inline]
            fn least(self, other: Self) -> Self {
                self.min(other)
            }

            #[inline]
            fn greatest(self, other: Self) -> Self {
                self.max(other)
            }
        }
    )*};
}
integer_ends!(i8, i16, i32, i64, i128, u8, u16, u32, u64);

macro_rules! float_ends {
    ($($native:ty),*) => {$(
        impl Ends for $native {
            fn start(side: Side) -> Self {
                match side {
                    Side::Min => Self::NAN,
                    Side::Max => Self::NEG_INFINITY,
                }
            }

            #[inline]
            fn least(self, other: Self) -> Self {
                match other.is_nan().cmp(&self.is_nan()).then(other.total_cmp(&self)) {
                    Ordering::Less => other,
                    _ => self,
                }
            }

            #[inline]
            fn greatest(self, other: Self) -> Self {
                match other.is_nan().cmp(&self.is_nan()).then(other.total_cmp(&self)) {
                    Ordering::Greater => other,
                    _ => self,
                }
            }
        }
    )*};
}
float_ends!(f32, f64);

/// The extreme per group, of a type with fixed width.
#[derive(Debug)]
struct Fixed<P: ArrowPrimitiveType> {
    data_type: DataType,
    side: Side,
    kept: Vec<P::Native>,
    seen: Seen,
}

impl<P: ArrowPrimitiveType<Native: Ends>> Fixed<P> {
    fn new(data_type: &DataType, side: Side) -> Self {
        Self {
            data_type: data_type.clone(),
            side,
            kept: vec![],
            seen: Seen::default(),
        }
    }

    fn keep(
        &mut self,
        values: &ArrayRef,
        groups: &[usize],
        valid: Option<&NullBuffer>,
        better: impl Fn(P::Native, P::Native) -> P::Native,
    ) {
        let kept = &mut self.kept;
        let start = P::Native::start(self.side);
        let values = values.as_primitive::<P>().values();
        each_or(groups, values, valid, start, |group, value| {
            if let Some(slot) = kept.get_mut(group) {
                *slot = better(*slot, value);
            }
        });
    }
}

impl<P: ArrowPrimitiveType<Native: Ends> + Debug> GroupsAccumulator for Fixed<P> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        let [values] = values else {
            return exec_err!("MIN and MAX take one argument, got {}", values.len());
        };
        let valid = valid(values, filter);
        self.seen.note(groups, valid.as_ref(), total);
        self.kept.resize(total, P::Native::start(self.side));
        match self.side {
            Side::Min => self.keep(values, groups, valid.as_ref(), Ends::least),
            Side::Max => self.keep(values, groups, valid.as_ref(), Ends::greatest),
        }
        Ok(())
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let kept = emit.take_needed(&mut self.kept);
        let nulls = self.seen.take(kept.len());
        let array = PrimitiveArray::<P>::new(kept.into(), nulls);
        Ok(Arc::new(array.with_data_type(self.data_type.clone())))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(states, groups, None, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut single = Self::new(&self.data_type, self.side);
        let rows = values.first().map_or(0, |values| values.len());
        let groups: Vec<usize> = (0..rows).collect();
        single.update_batch(values, &groups, filter, rows)?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.kept.capacity() * size_of::<P::Native>() + self.seen.size()
    }
}

/// A value that is not of a primitive type.
trait Value: Ord + Debug + Send + Sized + 'static {
    /// Calls `each` for every row with a value.
    fn visit(values: &ArrayRef, each: impl FnMut(usize, Self)) -> Result<()>;
    /// The values as an array.
    fn array(values: Vec<Option<Self>>) -> ArrayRef;
}

impl Value for bool {
    fn visit(values: &ArrayRef, mut each: impl FnMut(usize, Self)) -> Result<()> {
        for (row, value) in values.as_boolean().iter().enumerate() {
            if let Some(value) = value {
                each(row, value);
            }
        }
        Ok(())
    }

    fn array(values: Vec<Option<Self>>) -> ArrayRef {
        Arc::new(BooleanArray::from(values))
    }
}

impl Value for String {
    fn visit(values: &ArrayRef, mut each: impl FnMut(usize, Self)) -> Result<()> {
        for (row, value) in values.as_string::<i32>().iter().enumerate() {
            if let Some(value) = value {
                each(row, value.to_owned());
            }
        }
        Ok(())
    }

    fn array(values: Vec<Option<Self>>) -> ArrayRef {
        Arc::new(StringArray::from(values))
    }
}

/// The extreme per group, of a type without fixed width.
#[derive(Debug)]
struct Keyed<V> {
    side: Side,
    kept: Vec<Option<V>>,
}

impl<V: Value> Keyed<V> {
    fn new(side: Side) -> Self {
        Self { side, kept: vec![] }
    }
}

impl<V: Value> GroupsAccumulator for Keyed<V> {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        self.kept.resize_with(total, || None);
        let [values] = values else {
            return exec_err!("MIN and MAX take one argument, got {}", values.len());
        };
        let valid = valid(values, filter);
        let (kept, side) = (&mut self.kept, self.side);
        V::visit(values, |row, value| {
            if valid.as_ref().is_some_and(|valid| valid.is_null(row)) {
                return;
            }
            if let Some(slot) = groups.get(row).and_then(|group| kept.get_mut(*group))
                && slot
                    .as_ref()
                    .is_none_or(|kept| side.prefers(value.cmp(kept)))
            {
                *slot = Some(value);
            }
        })
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        Ok(V::array(emit.take_needed(&mut self.kept)))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        Ok(vec![self.evaluate(emit)?])
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        self.update_batch(states, groups, None, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut single = Self::new(self.side);
        let rows = values.first().map_or(0, |values| values.len());
        let groups: Vec<usize> = (0..rows).collect();
        single.update_batch(values, &groups, filter, rows)?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        self.kept.capacity() * size_of::<Option<V>>()
    }
}
