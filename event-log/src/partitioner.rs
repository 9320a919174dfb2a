//! Which partition a key belongs to, as Kafka's own clients choose it.

use shared_logic::identity::Partition;

/// The partition among `partitions` (at least one) for a record with this key.
///
/// The same as the default partitioner of Kafka's Java client, so that a file split here and a
/// topic with the same keys fall alike. Records without a key all go to partition 0: where Kafka
/// would deal them at random, a run must be repeatable.
pub fn partition_of(key: Option<&[u8]>, partitions: u32) -> Partition {
    match key {
        Some(key) => Partition((murmur2(key) & 0x7FFF_FFFF) % partitions.max(1)),
        None => Partition(0),
    }
}

/// The 32-bit hash MurmurHash2 with Kafka's seed.
fn murmur2(bytes: &[u8]) -> u32 {
    const FACTOR: u32 = 0x5BD1_E995;
    const SEED: u32 = 0x9747_B28C;
    let mut hash = SEED ^ bytes.len() as u32;
    let (words, tail) = bytes.as_chunks::<4>();
    for word in words {
        let mut mixed = u32::from_le_bytes(*word).wrapping_mul(FACTOR);
        mixed ^= mixed >> 24;
        hash = hash.wrapping_mul(FACTOR) ^ mixed.wrapping_mul(FACTOR);
    }
    if !tail.is_empty() {
        for (nth, byte) in tail.iter().enumerate() {
            hash ^= u32::from(*byte) << (8 * nth);
        }
        hash = hash.wrapping_mul(FACTOR);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(FACTOR);
    hash ^ (hash >> 15)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values that Apache Kafka's own unit test of its hash expects.
    #[test]
    fn the_hash_is_kafkas() {
        for (key, hash) in [
            ("21", -973_932_308_i32),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            (
                "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8",
                -58_897_971,
            ),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()).cast_signed(), hash, "{key}");
        }
    }

    #[test]
    fn negative_hashes_stay_in_range_and_no_key_is_partition_0() {
        assert_eq!(
            partition_of(Some(b"21"), 4),
            Partition((-973_932_308_i32 & 0x7FFF_FFFF) as u32 % 4)
        );
        assert_eq!(partition_of(Some(b"21"), 1), Partition(0));
        assert_eq!(partition_of(None, 4), Partition(0));
    }
}
