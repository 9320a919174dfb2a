//! Sums of integers in 128 bits, of which the upper 64 are there only once they are needed.

use arrow::array::{ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray};
use datafusion_expr::EmitTo;

use super::Sums;
use crate::measure::seen::{Seen, each_or, valid};

/// Sums by the number of their group: `low + high · 2^64`.
#[derive(Debug, Default)]
pub(in crate::measure) struct Integers {
    low: Vec<i64>,
    /// Empty as long as all sums fit into 64 bits.
    high: Vec<i64>,
}

impl Integers {
    /// Adds to the upper half of a sum.
    #[cold]
    fn carry(&mut self, group: usize, high: i64) {
        self.high.resize(self.low.len(), 0);
        if let Some(sum) = self.high.get_mut(group) {
            *sum = sum.wrapping_add(high);
        }
    }

    #[inline]
    fn add(&mut self, group: usize, value: i128) {
        let low = value as i64;
        let Some(sum) = self.low.get_mut(group) else {
            return;
        };
        let (total, overflowed) = sum.overflowing_add(low);
        *sum = total;
        // What the value has beyond its lower half, and one more or less where that overflowed.
        let beyond = ((value - i128::from(low)) >> 64) as i64;
        let over = i64::from(overflowed) * if low < 0 { -1 } else { 1 };
        if beyond | over != 0 {
            self.carry(group, beyond.wrapping_add(over));
        }
    }
}

impl Sums<i128> for Integers {
    fn resize(&mut self, total: usize) {
        self.low.resize(total, 0);
        if !self.high.is_empty() {
            self.high.resize(total, 0);
        }
    }

    fn take(&mut self, emit: EmitTo) -> Vec<i128> {
        let low = emit.take_needed(&mut self.low);
        if self.high.is_empty() {
            return low.into_iter().map(i128::from).collect();
        }
        let high = emit.take_needed(&mut self.high);
        let whole = |(low, high)| i128::from(low).wrapping_add(i128::from(high) << 64);
        low.into_iter().zip(high).map(whole).collect()
    }

    fn size(&self) -> usize {
        (self.low.capacity() + self.high.capacity()) * size_of::<i64>()
    }
}

/// Adds the values of a column to their groups' sums.
pub(super) fn add_column<P: ArrowPrimitiveType<Native: Into<i128>>>(
    sums: &mut Integers,
    values: &ArrayRef,
    groups: &[usize],
    filter: Option<&BooleanArray>,
    seen: &mut Seen,
) {
    let valid = valid(values, filter);
    seen.note(groups, valid.as_ref(), sums.low.len());
    let values = values.as_primitive::<P>().values();
    let none = P::Native::default();
    each_or(groups, values, valid.as_ref(), none, |group, value| {
        sums.add(group, value.into());
    });
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_are_those_of_128_bits(
            values in proptest::collection::vec(
                (0..3_usize, prop_oneof![
                    any::<i128>(),
                    any::<i64>().prop_map(i128::from),
                    (-3..3_i64).prop_map(i128::from),
                    (i64::MAX - 3..=i64::MAX).prop_map(i128::from),
                ]),
                0..40,
            ),
        ) {
            let mut sums = Integers::default();
            sums.resize(2);
            sums.resize(3);
            let mut plain = [0_i128; 3];
            for (group, value) in values {
                sums.add(group, value);
                if let Some(sum) = plain.get_mut(group) {
                    *sum = sum.wrapping_add(value);
                }
            }
            prop_assert_eq!(sums.take(EmitTo::All), plain);
        }
    }
}
