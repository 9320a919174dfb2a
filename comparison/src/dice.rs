//! Chance that can be repeated.

/// SplitMix64 (Steele, Lea and Flood 2014): numbers that look random and follow from a seed, on
/// every machine.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// All that follows from `seed`.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to `limit`, without it; 0 where that is 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        ((u128::from(self.next()) * u128::from(limit)) >> 64) as u64
    }

    /// True in so many of ten thousand cases.
    pub fn hits(&mut self, share: u32) -> bool {
        self.below(10_000) < u64::from(share)
    }
}
