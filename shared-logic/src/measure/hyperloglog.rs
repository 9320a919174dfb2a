//! HyperLogLog: how many different values, from the rarest hash in each of 16,384 registers.
//!
//! Flajolet, Fusy, Gandouet, Meunier, "HyperLogLog: the analysis of a near-optimal cardinality
//! estimation algorithm", AofA 2007; the estimate is that of Ertl, "New cardinality estimation
//! algorithms for HyperLogLog sketches", arXiv:1702.01284, which needs no table of corrections.
//!
//! A register is a maximum, so the sketch is a function of the set of values alone. Values are
//! hashed by XXH64, whose specification fixes its result for all versions and machines.

use twox_hash::XxHash64;

/// The registers, as a power of two: the standard error is 1.04 / √16,384, which is 0.81 %.
const BITS: u32 = 14;
const REGISTERS: usize = 1 << BITS;
/// The bits of a hash that are counted.
const COUNTED: u32 = 64 - BITS;
/// The most registers that are listed one by one.
const LISTED: usize = REGISTERS / 4;
/// A part of the sketch's format: another seed is another sketch.
const SEED: u64 = 0;
/// The bytes of a register in a list: its number, little-endian, and its value.
const ENTRY: usize = 3;

/// A sketch of a set of values.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HyperLogLog(Registers);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Registers {
    /// Those above 0, by number; at most [`LISTED`].
    Few(Vec<(u16, u8)>),
    /// All, more than [`LISTED`] of them above 0.
    All(Box<[u8]>),
}

impl Default for HyperLogLog {
    fn default() -> Self {
        Self(Registers::Few(vec![]))
    }
}

impl HyperLogLog {
    /// Adds a value by its bytes.
    pub fn insert(&mut self, bytes: &[u8]) {
        let hash = XxHash64::oneshot(SEED, bytes);
        let register = (hash & (REGISTERS as u64 - 1)) as u16;
        // A bit beyond those that are counted ends the count.
        let rank = ((hash >> BITS) | (1 << COUNTED)).trailing_zeros() as u8 + 1;
        self.raise(register, rank);
    }

    /// Adds what another sketch has seen.
    pub fn merge(&mut self, other: &Self) {
        match &other.0 {
            Registers::Few(list) => list.iter().for_each(|(at, rank)| self.raise(*at, *rank)),
            Registers::All(all) => {
                for (at, rank) in (0_u16..).zip(all).filter(|(_, rank)| **rank > 0) {
                    self.raise(at, *rank);
                }
            }
        }
    }

    fn raise(&mut self, register: u16, rank: u8) {
        match &mut self.0 {
            Registers::All(all) => {
                if let Some(kept) = all.get_mut(usize::from(register)) {
                    *kept = rank.max(*kept);
                }
            }
            Registers::Few(list) => {
                match list.binary_search_by_key(&register, |(at, _)| *at) {
                    Ok(found) => {
                        if let Some((_, kept)) = list.get_mut(found) {
                            *kept = rank.max(*kept);
                        }
                    }
                    Err(place) => list.insert(place, (register, rank)),
                }
                if list.len() > LISTED {
                    self.0 = Registers::All(spread(list));
                }
            }
        }
    }

    /// The estimated number of different values.
    pub fn estimate(&self) -> u64 {
        let mut counts = [0_u32; COUNTED as usize + 2];
        let mut note = |rank: u8, times: u32| {
            if let Some(count) = counts.get_mut(usize::from(rank)) {
                *count += times;
            }
        };
        match &self.0 {
            Registers::All(all) => all.iter().for_each(|rank| note(*rank, 1)),
            Registers::Few(list) => {
                note(0, (REGISTERS - list.len()) as u32);
                list.iter().for_each(|(_, rank)| note(*rank, 1));
            }
        }
        let registers = REGISTERS as f64;
        let [zeros, middle @ .., full] = &counts;
        let mut sum = registers * tau(1.0 - f64::from(*full) / registers);
        for count in middle.iter().rev() {
            sum = 0.5 * (sum + f64::from(*count));
        }
        sum += registers * sigma(f64::from(*zeros) / registers);
        (registers * registers / (2.0 * std::f64::consts::LN_2) / sum).round() as u64
    }

    /// The one way to write the sketch: the registers above 0 as a list where they are few, else all.
    pub fn to_bytes(&self) -> Vec<u8> {
        match &self.0 {
            Registers::All(all) => all.to_vec(),
            Registers::Few(list) => (list.iter())
                .flat_map(|(at, rank)| {
                    let [low, high] = at.to_le_bytes();
                    [low, high, *rank]
                })
                .collect(),
        }
    }

    /// The sketch that [`Self::to_bytes`] wrote; `None` for other bytes.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let fits = |rank: u8| u32::from(rank) <= COUNTED + 1;
        if bytes.len() == REGISTERS {
            let sound = bytes.iter().all(|rank| fits(*rank));
            return sound.then(|| Self(Registers::All(bytes.into())));
        }
        let (entries, rest) = bytes.as_chunks::<ENTRY>();
        let list: Vec<(u16, u8)> = (entries.iter())
            .map(|[low, high, rank]| (u16::from_le_bytes([*low, *high]), *rank))
            .collect();
        let sound = rest.is_empty()
            && list.len() <= LISTED
            && list.is_sorted_by(|(a, _), (b, _)| a < b)
            && (list.iter()).all(|(at, rank)| usize::from(*at) < REGISTERS && fits(*rank));
        sound.then_some(Self(Registers::Few(list)))
    }

    /// The bytes that it holds outside itself.
    pub(super) fn heap(&self) -> usize {
        match &self.0 {
            Registers::Few(list) => list.capacity() * size_of::<(u16, u8)>(),
            Registers::All(all) => all.len(),
        }
    }
}

/// The listed registers among all.
fn spread(list: &[(u16, u8)]) -> Box<[u8]> {
    let mut all = vec![0; REGISTERS];
    for (at, rank) in list {
        if let Some(register) = all.get_mut(usize::from(*at)) {
            *register = *rank;
        }
    }
    all.into()
}

/// Ertl's σ: what the registers at 0 add.
fn sigma(mut x: f64) -> f64 {
    if x >= 1.0 {
        return f64::INFINITY;
    }
    let (mut power, mut sum) = (1.0, x);
    loop {
        x *= x;
        let before = sum;
        sum += x * power;
        power += power;
        if sum == before {
            return sum;
        }
    }
}

/// Ertl's τ: what the registers at their end add.
fn tau(mut x: f64) -> f64 {
    if x <= 0.0 || x >= 1.0 {
        return 0.0;
    }
    let (mut power, mut sum) = (1.0, 1.0 - x);
    loop {
        x = x.sqrt();
        let before = sum;
        power *= 0.5;
        sum -= (1.0 - x) * (1.0 - x) * power;
        if sum == before {
            return sum / 3.0;
        }
    }
}

#[cfg(test)]
mod tests;
