//! Keys of text; short ones as numbers of 128 bits.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::Int32Type;
use hashbrown::{DefaultHashBuilder, HashTable};

/// How many bytes fit into a number together with the length.
const SHORT: usize = 15;

/// Distinct keys by number, end to end in one buffer.
#[derive(Debug, Default)]
pub(crate) struct Text {
    short: HashTable<(Short, u32)>,
    long: HashTable<u32>,
    hasher: DefaultHashBuilder,
    bytes: Vec<u8>,
    ends: Vec<usize>,
    null: Option<u32>,
    /// The dictionary met last and the numbers of its texts, as far as they are known.
    coded: Option<(ArrayRef, Vec<Option<u32>>)>,
}

/// A text of at most [`SHORT`] bytes: they, zeros, and its length, as two halves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Short(u64, u64);

impl Short {
    /// The text of `length` bytes that begins at `start`.
    #[inline]
    fn new(bytes: &[u8], start: usize, length: usize) -> Self {
        let window = bytes.get(start..).and_then(<[u8]>::first_chunk::<16>);
        let whole = match window {
            Some(window) => u128::from_le_bytes(*window),
            // Within 16 bytes of the end of the array.
            None => Self::near_the_end(bytes.get(start..).unwrap_or_default()),
        };
        let kept = whole & ((1 << (8 * length)) - 1);
        let number = kept | ((length as u128) << 120);
        Self(number as u64, (number >> 64) as u64)
    }

    #[cold]
    fn near_the_end(bytes: &[u8]) -> u128 {
        (bytes.iter().rev()).fold(0, |number, byte| (number << 8) | u128::from(*byte))
    }
}

impl Text {
    fn key<'a>(bytes: &'a [u8], ends: &[usize], id: u32) -> &'a [u8] {
        let id = id as usize;
        let start = id
            .checked_sub(1)
            .and_then(|before| ends.get(before))
            .copied()
            .unwrap_or(0);
        let end = ends.get(id).copied().unwrap_or(start);
        bytes.get(start..end).unwrap_or_default()
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(super) fn intern(&mut self, column: &StringArray, ids: &mut Vec<u32>) {
        let (values, offsets) = (column.value_data(), column.value_offsets());
        let spans = offsets.windows(2).filter_map(|pair| match pair {
            [start, end] => Some((*start as usize, *end as usize)),
            _ => None,
        });
        ids.reserve(column.len());
        match column.nulls().filter(|nulls| nulls.null_count() > 0) {
            None => {
                for (start, end) in spans {
                    ids.push(self.number(values, start, end));
                }
            }
            Some(nulls) => {
                for ((start, end), valid) in spans.zip(nulls) {
                    ids.push(match valid {
                        true => self.number(values, start, end),
                        false => self.null(),
                    });
                }
            }
        }
    }

    /// The same for texts that come as codes: each is looked up once a dictionary.
    pub(super) fn intern_coded(&mut self, column: &DictionaryArray<Int32Type>, ids: &mut Vec<u32>) {
        let texts = column.values().as_string::<i32>();
        let mut known = match self.coded.take() {
            Some((last, known)) if Arc::ptr_eq(&last, column.values()) => known,
            _ => vec![None; texts.len()],
        };
        let (values, offsets) = (texts.value_data(), texts.value_offsets());
        ids.reserve(column.len());
        for code in column.keys() {
            let code = code.and_then(|code| usize::try_from(code).ok());
            let place = code.and_then(|code| Some((code, known.get_mut(code)?)));
            let id = match place {
                Some((_, Some(id))) => *id,
                Some((code, place)) => match offsets.get(code..) {
                    Some([start, end, ..]) if texts.is_valid(code) => {
                        let id = self.number(values, *start as usize, *end as usize);
                        *place.insert(id)
                    }
                    _ => self.null(),
                },
                None => self.null(),
            };
            ids.push(id);
        }
        self.coded = Some((Arc::clone(column.values()), known));
    }

    #[inline]
    fn number(&mut self, values: &[u8], start: usize, end: usize) -> u32 {
        let length = end - start;
        if length > SHORT {
            return self.number_long(values.get(start..end).unwrap_or_default());
        }
        let key = Short::new(values, start, length);
        let hasher = &self.hasher;
        let same = |(known, _): &(Short, u32)| *known == key;
        let entry = (self.short).entry(hasher.hash_one(key), same, |(known, _)| {
            hasher.hash_one(known)
        });
        let found = entry.or_insert_with(|| {
            self.bytes
                .extend_from_slice(values.get(start..end).unwrap_or_default());
            self.ends.push(self.bytes.len());
            (key, self.ends.len() as u32 - 1)
        });
        found.get().1
    }

    fn number_long(&mut self, key: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(key);
        let (bytes, ends) = (&self.bytes, &self.ends);
        let found = (self.long).find(hash, |id| Self::key(bytes, ends, *id) == key);
        if let Some(id) = found {
            return *id;
        }
        let id = self.ends.len() as u32;
        self.bytes.extend_from_slice(key);
        self.ends.push(self.bytes.len());
        let (bytes, ends, hasher) = (&self.bytes, &self.ends, &self.hasher);
        (self.long).insert_unique(hash, id, |id| hasher.hash_one(Self::key(bytes, ends, *id)));
        id
    }

    fn null(&mut self) -> u32 {
        let (ends, length) = (&mut self.ends, self.bytes.len());
        *self.null.get_or_insert_with(|| {
            ends.push(length);
            ends.len() as u32 - 1
        })
    }

    pub(super) fn finish(self) -> ArrayRef {
        let mut start = 0;
        let lengths = self
            .ends
            .iter()
            .map(|end| *end - std::mem::replace(&mut start, *end));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = self.null.map(|null| {
            let valid = (0..self.ends.len()).map(|id| id != null as usize);
            NullBuffer::from_iter(valid)
        });
        // The bytes are those of texts, end to end: that they are UTF-8 is checked once for all.
        Arc::new(StringArray::new(
            offsets,
            Buffer::from_vec(self.bytes),
            nulls,
        ))
    }

    pub(super) fn size(&self) -> usize {
        self.short.allocation_size()
            + self.long.allocation_size()
            + self.bytes.capacity()
            + self.ends.capacity() * size_of::<usize>()
            + (self.coded.iter())
                .map(|(_, known)| known.capacity() * size_of::<Option<u32>>())
                .sum::<usize>()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn codes_have_the_numbers_of_their_texts(
            chunks in proptest::collection::vec(
                (proptest::collection::vec(proptest::option::of("[ab]{0,2}|[a-c]{16}"), 0..9), any::<bool>(), 0..3_usize),
                0..6,
            ),
        ) {
            let (mut plain, mut coded) = (Text::default(), Text::default());
            for (texts, as_codes, skipped) in chunks {
                let texts: StringArray = texts.into_iter().collect();
                let codes: DictionaryArray<Int32Type> = texts.iter().collect();
                let start = skipped.min(texts.len());
                let (mut expected, mut found) = (vec![], vec![]);
                // Twice, as the parts of one chunk share their dictionary.
                for from in [start, 0] {
                    let length = texts.len() - from;
                    plain.intern(&texts.slice(from, length), &mut expected);
                    match as_codes {
                        true => coded.intern_coded(&codes.slice(from, length), &mut found),
                        false => coded.intern(&texts.slice(from, length), &mut found),
                    }
                }
                prop_assert_eq!(found, expected);
            }
            prop_assert_eq!(&coded.finish(), &plain.finish());
        }
    }
}
