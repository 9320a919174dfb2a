//! Keys of text; short ones as numbers of 128 bits.

use std::hash::BuildHasher;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, DictionaryArray, StringArray};
use arrow::buffer::{Buffer, NullBuffer, OffsetBuffer};
use arrow::datatypes::Int32Type;
use hashbrown::{DefaultHashBuilder, HashTable};

use super::short::{BLOCK, Keys, SHORT, Short, Shorts};

/// Distinct keys, numbered as they are met.
#[derive(Debug, Default)]
pub(crate) struct Text {
    keys: Keys,
    short: Shorts,
    long: HashTable<u32>,
    hasher: DefaultHashBuilder,
    /// The dictionary met last and the numbers of its texts, as far as they are known.
    coded: Option<(ArrayRef, Vec<u32>)>,
}

/// Instead of the number of a code: it was not met yet, or it will be looked up.
const UNKNOWN: u32 = u32::MAX;
const ASKED: u32 = u32::MAX - 1;

/// Codes that are to be looked up.
#[derive(Default)]
struct Asked {
    texts: Vec<Short>,
    codes: Vec<usize>,
}

impl Asked {
    /// Looks them up, for `known` to have their numbers by their codes.
    fn answer(&mut self, short: &mut Shorts, keys: &mut Keys, known: &mut [u32]) {
        let mut numbers = Vec::with_capacity(self.texts.len());
        short.number_all(&self.texts, keys, &mut numbers);
        for (code, number) in self.codes.drain(..).zip(numbers) {
            if let Some(place) = known.get_mut(code) {
                *place = number;
            }
        }
        self.texts.clear();
    }
}

impl Text {
    pub(super) fn len(&self) -> usize {
        self.keys.ends.len()
    }

    pub(super) fn intern(&mut self, column: &StringArray, ids: &mut Vec<u32>) {
        let (values, offsets) = (column.value_data(), column.value_offsets());
        let nulls = column.nulls().filter(|nulls| nulls.null_count() > 0);
        ids.reserve(column.len());
        let mut asked = [Short::NULL; BLOCK];
        for first in (0..column.len()).step_by(BLOCK) {
            let ends = offsets.get(first..).unwrap_or_default();
            let spans = ends.windows(2).zip(first..).map(|(pair, row)| match pair {
                [start, end] if nulls.is_none_or(|nulls| nulls.is_valid(row)) => {
                    Some((*start as usize, *end as usize))
                }
                _ => None,
            });
            let (mut rows, mut longest) = (0, 0);
            for (text, span) in asked.iter_mut().zip(spans.clone()) {
                rows += 1;
                *text = match span {
                    Some((start, end)) if end - start <= SHORT => {
                        Short::new(values, start, end - start)
                    }
                    Some((start, end)) => {
                        longest = longest.max(end - start);
                        Short::NULL
                    }
                    None => Short::NULL,
                };
            }
            if longest == 0 {
                let asked = asked.get(..rows).unwrap_or_default();
                self.short.number_all(asked, &mut self.keys, ids);
            } else {
                for span in spans.take(rows) {
                    ids.push(self.number(values, span));
                }
            }
        }
    }

    /// The same for texts that come as codes: each is looked up once a dictionary.
    pub(super) fn intern_coded(&mut self, column: &DictionaryArray<Int32Type>, ids: &mut Vec<u32>) {
        let texts = column.values().as_string::<i32>();
        let (values, offsets) = (texts.value_data(), texts.value_offsets());
        // Behind the texts there is a place for NULL.
        let null = texts.len();
        let mut known = match self.coded.take() {
            Some((last, known)) if Arc::ptr_eq(&last, column.values()) => known,
            _ => vec![UNKNOWN; null + 1],
        };
        let codes = column.keys().iter().map(|code| {
            let code = code.and_then(|code| usize::try_from(code).ok());
            code.unwrap_or(null)
        });
        let mut asked = Asked::default();
        for code in codes.clone() {
            match known.get_mut(code) {
                Some(place) if *place == UNKNOWN => *place = ASKED,
                _ => continue,
            }
            let text = match offsets.get(code..) {
                Some([start, end, ..]) if texts.is_valid(code) => {
                    let (start, length) = (*start as usize, (*end - *start) as usize);
                    if length > SHORT {
                        // What was met before has the smaller numbers.
                        asked.answer(&mut self.short, &mut self.keys, &mut known);
                        let text = values.get(start..start + length).unwrap_or_default();
                        let id = self.number_long(text);
                        if let Some(place) = known.get_mut(code) {
                            *place = id;
                        }
                        continue;
                    }
                    Short::new(values, start, length)
                }
                _ => Short::NULL,
            };
            asked.texts.push(text);
            asked.codes.push(code);
        }
        asked.answer(&mut self.short, &mut self.keys, &mut known);
        ids.extend(codes.map(|code| known.get(code).copied().unwrap_or_default()));
        self.coded = Some((Arc::clone(column.values()), known));
    }

    /// The number of the text at `span`, or of NULL.
    fn number(&mut self, values: &[u8], span: Option<(usize, usize)>) -> u32 {
        let text = match span {
            Some((start, end)) if end - start > SHORT => {
                return self.number_long(values.get(start..end).unwrap_or_default());
            }
            Some((start, end)) => Short::new(values, start, end - start),
            None => Short::NULL,
        };
        self.short.number(text, &mut self.keys)
    }

    fn number_long(&mut self, key: &[u8]) -> u32 {
        let hash = self.hasher.hash_one(key);
        let keys = &self.keys;
        if let Some(id) = (self.long).find(hash, |id| keys.get(*id) == key) {
            return *id;
        }
        self.keys.bytes.extend_from_slice(key);
        let id = self.keys.close();
        let (keys, hasher) = (&self.keys, &self.hasher);
        (self.long).insert_unique(hash, id, |id| hasher.hash_one(keys.get(*id)));
        id
    }

    pub(super) fn finish(self) -> ArrayRef {
        let Keys { bytes, ends, null } = self.keys;
        let mut start = 0;
        let lengths = ends
            .iter()
            .map(|end| *end - std::mem::replace(&mut start, *end));
        let offsets = OffsetBuffer::from_lengths(lengths);
        let nulls = null.map(|null| {
            let valid = (0..ends.len()).map(|id| id != null as usize);
            NullBuffer::from_iter(valid)
        });
        // The bytes are those of texts, end to end: that they are UTF-8 is checked once for all.
        Arc::new(StringArray::new(offsets, Buffer::from_vec(bytes), nulls))
    }

    pub(super) fn size(&self) -> usize {
        self.short.size()
            + self.long.allocation_size()
            + self.keys.bytes.capacity()
            + self.keys.ends.capacity() * size_of::<usize>()
            + (self.coded.iter())
                .map(|(_, known)| known.capacity() * size_of::<u32>())
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

    /// Through several sizes of the table, in blocks with and without long texts and NULLs.
    #[test]
    fn texts_are_numbered_as_they_are_met() {
        let mut keys = Text::default();
        let mut known = std::collections::HashMap::new();
        for chunk in 0..40_u32 {
            let texts: Vec<Option<String>> = (0..500)
                .map(|row| {
                    let number = (chunk * 300 + row).wrapping_mul(2_654_435_761) % 7919;
                    match number % 13 {
                        0 if chunk % 3 == 0 => None,
                        1 if row > 300 => Some(format!("{number} is a longer text")),
                        _ => Some(number.to_string()),
                    }
                })
                .collect();
            let mut found = vec![];
            keys.intern(&texts.iter().collect(), &mut found);
            let expected: Vec<u32> = (texts.iter())
                .map(|text| {
                    let next = known.len() as u32;
                    *known.entry(text.clone()).or_insert(next)
                })
                .collect();
            assert_eq!(found, expected);
        }
        let finished = keys.finish();
        let finished = finished.as_string::<i32>();
        assert_eq!(finished.len(), known.len());
        for (text, id) in &known {
            let found = finished.is_valid(*id as usize);
            let found = found.then(|| finished.value(*id as usize));
            assert_eq!(found, text.as_deref());
        }
    }
}
