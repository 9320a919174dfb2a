//! A histogram with logarithmic buckets: percentiles within 1 % whatever the distribution.
//!
//! Masson, Rim, Lee, "DDSketch: a fast and fully-mergeable quantile sketch with relative-error
//! guarantees", VLDB 2019. A bucket holds a count of values and counts are added up, so the
//! histogram is a function of the values alone, and so is every percentile read from it.
//!
//! The buckets divide each power of two in 35, found by comparing with a table. No logarithm is
//! taken, since its last digit differs between machines.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Buckets per power of two. Two neighbouring borders are then a factor γ = 2^(1/35) apart, and the
/// relative error is (γ − 1) / (γ + 1) = 0.990 %.
const PER_OCTAVE: i32 = 35;

/// The borders between 1 and 2: 2^(n/35).
#[rustfmt::skip]
const BORDERS: [f64; PER_OCTAVE as usize] = [
    1.0, 1.0200016094211992, 1.0404032832218364, 1.0612130233333728,
    1.0824389917387767, 1.1040895136738123, 1.1261730808923576, 1.148698354997035,
    1.1716741708364595, 1.195109539970438, 1.2190136542044754, 1.2433958891949821,
    1.2682658081265845, 1.293633165462994, 1.3195079107728942, 1.3459001926323562,
    1.3728203626053053, 1.4002789793036055, 1.4282868125283514, 1.456854847493993,
    1.4859942891369484, 1.515716566510398, 1.5460333372669801, 1.5769564922311472,
    1.6084981600629789, 1.640670712015276, 1.673486766785806, 1.706959195466601,
    1.7411011265922482, 1.775925951289156, 1.8114473285278134, 1.8476791904801013,
    1.8846357479837614, 1.9223314961161622, 1.960781219879547,
];

/// The most buckets between the largest and the smallest magnitude of one sign: a factor of 10^17.
/// Values of smaller magnitude count as if they stood in the last of these buckets.
pub(super) const SPAN: i32 = 2048;

/// The bucket of 1.0. Those of smaller magnitudes are below and still above 0, which is the bucket
/// of zero; negative values have the negative of the bucket of their magnitude.
const ONE: i32 = 40_000;
const INFINITY: i32 = 100_000;
const NAN: i32 = INFINITY + 1;

/// How many values there are in each bucket; buckets are ordered as their values.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    counts: BTreeMap<i32, u64>,
}

impl Histogram {
    /// Adds a value; NaN is the greatest value, and −0.0 is 0.0.
    pub fn insert(&mut self, value: f64) {
        self.add(bucket(value), 1);
    }

    /// Adds `count` values of a bucket.
    ///
    /// The border below which magnitudes are not told apart only rises, and it is that of the
    /// greatest magnitude; so the result does not depend on when it rose.
    pub fn add(&mut self, bucket: i32, count: u64) {
        match self.counts.entry(bucket) {
            Entry::Occupied(mut kept) => {
                *kept.get_mut() += count;
                return;
            }
            Entry::Vacant(place) => {
                place.insert(count);
            }
        }
        match bucket {
            1..INFINITY => self.bound_positive(),
            _ if (1..INFINITY).contains(&-bucket) => self.bound_negative(),
            _ => {}
        }
    }

    fn bound_positive(&mut self) {
        let Some((greatest, _)) = self.counts.range(1..INFINITY).next_back() else {
            return;
        };
        let floor = (greatest - SPAN + 1).max(1);
        while let Some((bucket, count)) = first(&self.counts, 1..floor) {
            self.counts.remove(&bucket);
            *self.counts.entry(floor).or_default() += count;
        }
    }

    fn bound_negative(&mut self) {
        let Some((greatest, _)) = self.counts.range(1 - INFINITY..0).next() else {
            return;
        };
        let floor = (greatest + SPAN - 1).min(-1);
        while let Some((bucket, count)) = first(&self.counts, floor + 1..0) {
            self.counts.remove(&bucket);
            *self.counts.entry(floor).or_default() += count;
        }
    }

    /// The buckets with values, ascending, and their counts.
    pub fn buckets(&self) -> impl Iterator<Item = (i32, u64)> + '_ {
        self.counts.iter().map(|(bucket, count)| (*bucket, *count))
    }

    /// How many buckets have values.
    pub fn len(&self) -> usize {
        self.counts.len()
    }

    /// Whether there are no values.
    pub fn is_empty(&self) -> bool {
        self.counts.is_empty()
    }

    /// A value within 1 % of the one that `share` of the others do not exceed: of n sorted values
    /// that with index ⌊share · (n − 1)⌋. `None` where there are no values.
    pub fn percentile(&self, share: f64) -> Option<f64> {
        let count: u64 = self.counts.values().sum();
        let rank = (share * count.checked_sub(1)? as f64) as u64;
        let mut before = 0;
        for (bucket, count) in &self.counts {
            before += count;
            if before > rank {
                return Some(middle(*bucket));
            }
        }
        self.counts.keys().next_back().map(|bucket| middle(*bucket))
    }
}

fn first(counts: &BTreeMap<i32, u64>, range: std::ops::Range<i32>) -> Option<(i32, u64)> {
    let found = (!range.is_empty()).then(|| counts.range(range).next())?;
    found.map(|(bucket, count)| (*bucket, *count))
}

/// The bucket of a value.
fn bucket(value: f64) -> i32 {
    if value.is_nan() {
        return NAN;
    }
    let magnitude = value.abs();
    let bucket = if magnitude == 0.0 {
        0
    } else if magnitude == f64::INFINITY {
        INFINITY
    } else {
        let (fraction, exponent) = parts(magnitude);
        let border = BORDERS.partition_point(|border| *border <= fraction) as i32 - 1;
        ONE + exponent * PER_OCTAVE + border
    };
    if value < 0.0 { -bucket } else { bucket }
}

/// A positive finite number as fraction in [1, 2) and power of two.
fn parts(magnitude: f64) -> (f64, i32) {
    const FRACTION: u64 = (1 << 52) - 1;
    // A number below the normal ones is scaled up first.
    let (bits, scaled) = if magnitude < f64::MIN_POSITIVE {
        ((magnitude * power(54)).to_bits(), 54)
    } else {
        (magnitude.to_bits(), 0)
    };
    let exponent = (bits >> 52) as i32 - 1023 - scaled;
    let fraction = f64::from_bits((bits & FRACTION) | 1.0_f64.to_bits());
    (fraction, exponent)
}

/// Two to this power, which is that of a normal number.
fn power(exponent: i32) -> f64 {
    f64::from_bits(((1023 + i64::from(exponent)) as u64) << 52)
}

/// The value that stands for a bucket: equally far from both borders, relative to them.
fn middle(bucket: i32) -> f64 {
    match bucket {
        NAN.. => return f64::NAN,
        INFINITY => return f64::INFINITY,
        0 => return 0.0,
        ..0 => return -middle(-bucket),
        _ => {}
    }
    let at = bucket - ONE;
    let (exponent, border) = (
        at.div_euclid(PER_OCTAVE),
        at.rem_euclid(PER_OCTAVE) as usize,
    );
    let low = BORDERS.get(border).copied().unwrap_or(1.0);
    let high = BORDERS.get(border + 1).copied().unwrap_or(2.0);
    let fraction = 2.0 * low * high / (low + high);
    // In two steps, since a power of two below the normal numbers cannot be written as one.
    let half = exponent / 2;
    let scaled = fraction * power(half) * power(exponent - half);
    scaled.min(f64::MAX)
}

#[cfg(test)]
mod tests;
