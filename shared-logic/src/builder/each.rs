//! Code over one value at a time.

use std::fmt::Display;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, StringArray,
};
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    TimestampMicrosecondType, UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};

use super::value::{Value, over};
use crate::error::{Result, fail, failed};
use crate::time::EventTime;

/// A number or a time, as columns hold it.
pub trait Native: Copy + Send + Sync + 'static {
    /// The type of its columns.
    type Arrow: ArrowPrimitiveType;
    /// The value of a column.
    fn of(value: <Self::Arrow as ArrowPrimitiveType>::Native) -> Self;
    /// What a column holds.
    fn native(self) -> <Self::Arrow as ArrowPrimitiveType>::Native;
}

/// A value that columns can be made of.
pub trait Item: Sized + 'static {
    /// The type of the column.
    fn data_type() -> DataType;
    /// The column.
    fn array(values: Vec<Option<Self>>) -> ArrayRef;
}

/// What code may return: a value; an `Option`, whose `None` is NULL; or a `Result`, whose error
/// rejects the event.
pub trait Output {
    /// The value.
    type Item: Item;
    /// The value, NULL, or why there is none.
    ///
    /// # Errors
    /// That of a `Result`.
    fn output(self) -> std::result::Result<Option<Self::Item>, String>;
}

macro_rules! output {
    ($type:ty) => {
        impl Output for $type {
            type Item = Self;

            fn output(self) -> std::result::Result<Option<Self>, String> {
                Ok(Some(self))
            }
        }

        impl Output for Option<$type> {
            type Item = $type;

            fn output(self) -> std::result::Result<Option<$type>, String> {
                Ok(self)
            }
        }

        impl<E: Display> Output for std::result::Result<$type, E> {
            type Item = $type;

            fn output(self) -> std::result::Result<Option<$type>, String> {
                self.map(Some).map_err(|error| error.to_string())
            }
        }
    };
}

macro_rules! native {
    ($type:ty, $arrow:ty, $of:expr, $native:expr) => {
        impl Native for $type {
            type Arrow = $arrow;

            fn of(value: <$arrow as ArrowPrimitiveType>::Native) -> Self {
                $of(value)
            }

            fn native(self) -> <$arrow as ArrowPrimitiveType>::Native {
                $native(self)
            }
        }

        impl Item for $type {
            fn data_type() -> DataType {
                <$arrow>::DATA_TYPE
            }

            fn array(values: Vec<Option<Self>>) -> ArrayRef {
                let values = values.into_iter().map(|value| value.map(Native::native));
                Arc::new(PrimitiveArray::<$arrow>::from_iter(values))
            }
        }

        output!($type);
    };
    ($type:ty, $arrow:ty) => {
        native!(
            $type,
            $arrow,
            std::convert::identity,
            std::convert::identity
        );
    };
}

native!(i8, Int8Type);
native!(i16, Int16Type);
native!(i32, Int32Type);
native!(i64, Int64Type);
native!(u8, UInt8Type);
native!(u16, UInt16Type);
native!(u32, UInt32Type);
native!(u64, UInt64Type);
native!(f32, Float32Type);
native!(f64, Float64Type);
native!(
    EventTime,
    TimestampMicrosecondType,
    EventTime,
    |time: Self| time.0
);

impl Item for bool {
    fn data_type() -> DataType {
        DataType::Boolean
    }

    fn array(values: Vec<Option<Self>>) -> ArrayRef {
        Arc::new(BooleanArray::from(values))
    }
}

output!(bool);

impl Item for String {
    fn data_type() -> DataType {
        DataType::Utf8
    }

    fn array(values: Vec<Option<Self>>) -> ArrayRef {
        Arc::new(StringArray::from_iter(values))
    }
}

output!(String);

/// Code over each number or time of a column. NULL stays NULL; the type of the argument must be that
/// of the column.
///
/// ```
/// use shared_logic::builder::each;
/// use shared_logic::time::EventTime;
///
/// let long = each("long_delays", "delay", |delay: i32| delay > 30);
/// let hour = each("hour", "scheduled", |at: EventTime| at.0.div_euclid(3_600_000_000) % 24);
/// let root = each("root", "x", |x: f64| if x < 0.0 { Err("negative") } else { Ok(x.sqrt()) });
/// ```
pub fn each<T: Native, O: Output>(
    name: impl Into<String>,
    column: impl Into<String>,
    run: impl Fn(T) -> O + Send + Sync + 'static,
) -> Value {
    let takes = T::Arrow::DATA_TYPE;
    over(name, column, takes, O::Item::data_type(), move |column| {
        let Some(column) = column.as_primitive_opt::<T::Arrow>() else {
            return fail!("expected {}", T::Arrow::DATA_TYPE);
        };
        collect(
            column
                .iter()
                .map(|value| value.map(|value| run(T::of(value)))),
        )
    })
}

/// Code over each text of a column. NULL stays NULL.
///
/// ```
/// use shared_logic::builder::each_text;
///
/// let country = each_text("country", "origin", |origin| origin.chars().take(2).collect::<String>());
/// ```
pub fn each_text<O: Output>(
    name: impl Into<String>,
    column: impl Into<String>,
    run: impl Fn(&str) -> O + Send + Sync + 'static,
) -> Value {
    over(
        name,
        column,
        DataType::Utf8,
        O::Item::data_type(),
        move |column| {
            let Some(column) = column.as_string_opt::<i32>() else {
                return fail!("expected texts, found {}", column.data_type());
            };
            collect(column.iter().map(|value| value.map(&run)))
        },
    )
}

fn collect<O: Output>(values: impl Iterator<Item = Option<O>>) -> Result<ArrayRef> {
    let values = values.map(|value| match value {
        Some(value) => value.output().map_err(|error| failed!("{error}")),
        None => Ok(None),
    });
    Ok(O::Item::array(values.collect::<Result<_>>()?))
}
