//! `AVG(x)`: carried as sum and count, divided only when it is shown.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray};
use arrow::datatypes::{DataType, i256};
use datafusion_common::{Result, exec_err};
use datafusion_expr::{EmitTo, GroupsAccumulator};

use super::count::Count;
use super::sum::{Compensated, Sum, Sums, Total};
use super::{Function, Measure};

/// Sums and counts per group.
#[derive(Debug)]
pub struct Avg {
    input: DataType,
    sum: Kind,
    count: Count,
}

#[derive(Debug)]
enum Kind {
    Integer(Sum<i128>),
    Decimal(Sum<i256>),
    Float(Sum<Compensated>),
}

macro_rules! with_sum {
    ($kind:expr, $sum:ident => $body:expr) => {
        match $kind {
            Kind::Integer($sum) => $body,
            Kind::Decimal($sum) => $body,
            Kind::Float($sum) => $body,
        }
    };
}

fn averages<T: Total>(
    sum: &mut Sum<T>,
    counts: &[u64],
    emit: EmitTo,
    output: &DataType,
) -> Result<ArrayRef> {
    T::average(sum.sums.take(emit), counts, output)
}

impl Avg {
    /// Averages of values of this type.
    ///
    /// # Errors
    /// The type is not a number.
    pub fn new(input: &DataType) -> Result<Self> {
        let sum = match input {
            DataType::Decimal128(..) => Kind::Decimal(Sum::new(input)),
            input if input.is_integer() => Kind::Integer(Sum::new(input)),
            input if input.is_floating() => Kind::Float(Sum::new(input)),
            other => return exec_err!("SUM and AVG take numbers, not {other}"),
        };
        Ok(Self {
            input: input.clone(),
            sum,
            count: Count::default(),
        })
    }
}

impl GroupsAccumulator for Avg {
    fn update_batch(
        &mut self,
        values: &[ArrayRef],
        groups: &[usize],
        filter: Option<&BooleanArray>,
        total: usize,
    ) -> Result<()> {
        with_sum!(&mut self.sum, sum => sum.update_batch(values, groups, filter, total))?;
        self.count.update_batch(values, groups, filter, total)
    }

    fn evaluate(&mut self, emit: EmitTo) -> Result<ArrayRef> {
        let output = Measure {
            function: Function::Avg,
            inputs: vec![self.input.clone()],
        }
        .output();
        let counts = self.count.take(emit);
        with_sum!(&mut self.sum, sum => averages(sum, &counts, emit, &output))
    }

    fn state(&mut self, emit: EmitTo) -> Result<Vec<ArrayRef>> {
        let mut columns = with_sum!(&mut self.sum, sum => sum.state(emit))?;
        columns.append(&mut self.count.state(emit)?);
        Ok(columns)
    }

    fn merge_batch(&mut self, states: &[ArrayRef], groups: &[usize], total: usize) -> Result<()> {
        let Some((counts, sums)) = states.split_last() else {
            return exec_err!("the state of AVG is sum and count, got nothing");
        };
        with_sum!(&mut self.sum, sum => sum.merge_batch(sums, groups, total))?;
        self.count.merge_batch(&[Arc::clone(counts)], groups, total)
    }

    fn convert_to_state(
        &self,
        values: &[ArrayRef],
        filter: Option<&BooleanArray>,
    ) -> Result<Vec<ArrayRef>> {
        let mut single = Self::new(&self.input)?;
        let rows = values.first().map_or(0, |values| values.len());
        let groups: Vec<usize> = (0..rows).collect();
        single.update_batch(values, &groups, filter, rows)?;
        single.state(EmitTo::All)
    }

    fn size(&self) -> usize {
        with_sum!(&self.sum, sum => sum.size()) + self.count.size()
    }
}
