//! Keys of fixed width, by their place in a range as long as they are close together.

use std::fmt::Debug;
use std::hash::{BuildHasher, Hash};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, PrimitiveArray};
use arrow::buffer::NullBuffer;
use arrow::datatypes::ArrowNativeType;
use hashbrown::{DefaultHashBuilder, HashTable};

/// The longest range that has a place for every number in it, whether it is a key or not; a longer
/// one must have a key at one place in [`SPARE`].
const RANGE: usize = 1 << 20;
const SPARE: usize = 16;

/// [`Native`] keys of some type.
pub(crate) trait NativeKeys: Debug + Send {
    /// Appends the number of each key to `ids`.
    fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>);
    /// How many distinct keys there are.
    fn len(&self) -> usize;
    /// The distinct keys, by number.
    fn finish(self: Box<Self>) -> ArrayRef;
    /// Bytes held.
    fn size(&self) -> usize;
}

/// Distinct keys by number; the NULL key has a number of its own once it is met.
#[derive(Debug)]
pub(crate) struct Native<P: ArrowPrimitiveType> {
    lookup: Lookup<P::Native>,
    hasher: DefaultHashBuilder,
    keys: Vec<P::Native>,
    null: Option<u32>,
}

/// From a key to its number.
#[derive(Debug)]
enum Lookup<K> {
    /// A place for every key of a range: the number plus one, or 0.
    Range(Range),
    /// Keys and numbers.
    Table(HashTable<(K, u32)>),
}

/// Places for the keys from `first` on, as two's complement.
#[derive(Debug, Default)]
struct Range {
    first: usize,
    places: Vec<u32>,
}

impl Range {
    #[inline]
    fn place(&mut self, key: usize) -> Option<&mut u32> {
        self.places.get_mut(key.wrapping_sub(self.first))
    }
}

impl<P: ArrowPrimitiveType> Native<P>
where
    P::Native: Hash + Eq,
{
    pub(super) fn new() -> Self {
        Self {
            lookup: Lookup::Range(Range::default()),
            hasher: DefaultHashBuilder::default(),
            keys: vec![],
            null: None,
        }
    }

    /// Numbers keys until one is outside the range; returns how many.
    fn in_range(&mut self, keys: &[P::Native], ids: &mut Vec<u32>) -> usize {
        let Lookup::Range(range) = &mut self.lookup else {
            return 0;
        };
        let before = ids.len();
        let numbers = keys.iter().map_while(|key| {
            let place = range.place(key.as_usize())?;
            if *place == 0 {
                self.keys.push(*key);
                *place = self.keys.len() as u32;
            }
            Some(*place - 1)
        });
        ids.extend(numbers);
        ids.len() - before
    }

    fn in_table(&mut self, keys: &[P::Native], ids: &mut Vec<u32>) {
        let (known, hasher) = (&mut self.keys, &self.hasher);
        let Lookup::Table(table) = &mut self.lookup else {
            return;
        };
        ids.extend(keys.iter().map(|key| {
            let hash = hasher.hash_one(key);
            let same = |(other, _): &(P::Native, u32)| other == key;
            let entry = table.entry(hash, same, |(key, _)| hasher.hash_one(key));
            let found = entry.or_insert_with(|| {
                known.push(*key);
                (*key, known.len() as u32 - 1)
            });
            found.get().1
        }));
    }

    /// Makes places for these keys, too, or a table where the range would be too long.
    fn make_room(&mut self, keys: &[P::Native]) {
        let numbered = || {
            (0_u32..)
                .zip(&self.keys)
                .filter(|(n, _)| Some(*n) != self.null)
        };
        let signed = |key: &P::Native| key.as_usize().cast_signed();
        let known = || numbered().map(|(_, key)| key);
        let all = || keys.iter().chain(known()).map(signed);
        let (Some(least), Some(most)) = (all().min(), all().max()) else {
            return;
        };
        let longest = RANGE.max(self.keys.len().saturating_mul(SPARE));
        let length = most.cast_unsigned().wrapping_sub(least.cast_unsigned());
        if length >= longest {
            let hasher = &self.hasher;
            let mut table = HashTable::with_capacity(self.keys.len() + keys.len());
            for (number, key) in numbered() {
                table.insert_unique(hasher.hash_one(key), (*key, number), |(key, _)| {
                    hasher.hash_one(key)
                });
            }
            self.lookup = Lookup::Table(table);
            return;
        }
        // Room on both sides, so that a range that grows is not made anew each time.
        let spare = length / 2 + 16;
        let mut range = Range {
            first: least.cast_unsigned().wrapping_sub(spare),
            places: vec![0; length + 2 * spare],
        };
        for (number, key) in numbered() {
            if let Some(place) = range.place(key.as_usize()) {
                *place = number + 1;
            }
        }
        self.lookup = Lookup::Range(range);
    }

    fn number(&mut self, keys: &[P::Native], ids: &mut Vec<u32>) {
        let mut rest = keys;
        loop {
            let done = self.in_range(rest, ids);
            rest = rest.get(done..).unwrap_or_default();
            if rest.is_empty() {
                return;
            }
            if matches!(self.lookup, Lookup::Table(_)) {
                return self.in_table(rest, ids);
            }
            self.make_room(rest);
        }
    }

    /// The number of the NULL key.
    fn null(&mut self) -> u32 {
        let keys = &mut self.keys;
        *self.null.get_or_insert_with(|| {
            // Its slot among the keys holds a default that `finish` marks as NULL.
            keys.push(P::Native::default());
            keys.len() as u32 - 1
        })
    }

    fn number_some(&mut self, keys: &[P::Native], nulls: &NullBuffer, ids: &mut Vec<u32>) {
        let null = self.null();
        let mut next = 0;
        for (start, end) in nulls.valid_slices() {
            ids.resize(ids.len() + (start - next), null);
            self.number(keys.get(start..end).unwrap_or_default(), ids);
            next = end;
        }
        ids.resize(ids.len() + (keys.len() - next), null);
    }
}

impl<P> NativeKeys for Native<P>
where
    P: ArrowPrimitiveType + Debug,
    P::Native: Hash + Eq,
{
    fn intern(&mut self, column: &ArrayRef, ids: &mut Vec<u32>) {
        let column = column.as_primitive::<P>();
        match column.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => self.number(column.values(), ids),
            Some(nulls) => self.number_some(column.values(), nulls, ids),
        }
    }

    fn len(&self) -> usize {
        self.keys.len()
    }

    fn finish(self: Box<Self>) -> ArrayRef {
        let nulls = self.null.map(|null| {
            (0..self.keys.len())
                .map(|key| key != null as usize)
                .collect::<Vec<bool>>()
                .into()
        });
        Arc::new(PrimitiveArray::<P>::new(self.keys.into(), nulls))
    }

    fn size(&self) -> usize {
        let lookup = match &self.lookup {
            Lookup::Range(range) => range.places.capacity() * size_of::<u32>(),
            Lookup::Table(table) => table.allocation_size(),
        };
        lookup + self.keys.capacity() * size_of::<P::Native>()
    }
}
