//! One event, as ordered state sees it.

use std::cell::RefCell;

use arrow::array::{Array, ArrowPrimitiveType, AsArray};
use arrow::datatypes::DataType;

use super::Inputs;
use crate::builder::Native;
use crate::identity::{Identity, Offset, TopicPartition};
use crate::time::EventTime;

/// An event: when and where it is, and its inputs in the order in which they were named.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// When it happened.
    pub time: EventTime,
    /// Its number in the partition.
    pub offset: Offset,
    pub(super) place: &'a TopicPartition,
    pub(super) inputs: &'a Inputs,
    pub(super) row: usize,
    pub(super) wrong: &'a RefCell<Option<(usize, DataType)>>,
}

impl<'a> Row<'a> {
    /// Its full name.
    pub fn identity(&self) -> Identity {
        Identity {
            place: self.place.clone(),
            offset: self.offset,
        }
    }

    /// An input that is a number or a time; `None` where it is NULL.
    pub fn get<T: Native>(&self, input: usize) -> Option<T> {
        let column = self.column(input)?.as_primitive_opt::<T::Arrow>();
        let column = self.found(input, column, T::Arrow::DATA_TYPE)?;
        let valid = column.is_valid(self.row);
        valid.then(|| T::of(column.value(self.row)))
    }

    /// An input that is a text; `None` where it is NULL.
    pub fn text(&self, input: usize) -> Option<&'a str> {
        let column = self.column(input)?.as_string_opt::<i32>();
        let column = self.found(input, column, DataType::Utf8)?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    /// An input that is a condition; `None` where it is NULL.
    pub fn flag(&self, input: usize) -> Option<bool> {
        let column = self.column(input)?.as_boolean_opt();
        let column = self.found(input, column, DataType::Boolean)?;
        column.is_valid(self.row).then(|| column.value(self.row))
    }

    fn column(&self, input: usize) -> Option<&'a dyn Array> {
        let column = self.inputs.get(input).map(AsRef::as_ref);
        self.found(input, column, DataType::Null)
    }

    /// Notes a column that is missing or of another type.
    fn found<T>(&self, input: usize, column: Option<T>, asked: DataType) -> Option<T> {
        if column.is_none() {
            *self.wrong.borrow_mut() = Some((input, asked));
        }
        column
    }
}
