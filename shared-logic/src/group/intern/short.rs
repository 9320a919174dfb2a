//! Short texts as numbers of 128 bits, and a table of them that is asked for many at once.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

/// How many bytes fit into a number together with the length.
pub(super) const SHORT: usize = 15;

/// How many texts are looked up at once. The table does not fit into a near cache where there are
/// many texts; side by side the waits for memory overlap.
pub(super) const BLOCK: usize = 64;

/// A text of at most [`SHORT`] bytes: they, zeros, and its length, as two halves; or what has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Short(u64, u64);

impl Short {
    /// The NULL key, which is a key like any other.
    pub(super) const NULL: Self = Self(0, 0xFE << 56);
    /// Nothing that is looked up.
    const NONE: Self = Self(0, 0xFF << 56);

    /// The text of `length` bytes that begins at `start`.
    #[inline]
    pub(super) fn new(bytes: &[u8], start: usize, length: usize) -> Self {
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

    /// Appends the bytes of the text; none where there is no text.
    fn write(self, bytes: &mut Vec<u8>) {
        let number = u128::from(self.0) | (u128::from(self.1) << 64);
        let length = (self.1 >> 56) as usize;
        let text = number.to_le_bytes();
        bytes.extend_from_slice(
            text.get(..length)
                .filter(|_| length <= SHORT)
                .unwrap_or_default(),
        );
    }
}

/// Distinct keys by number, end to end in one buffer.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) bytes: Vec<u8>,
    pub(super) ends: Vec<usize>,
    /// The number of the NULL key, which has no bytes.
    pub(super) null: Option<u32>,
}

impl Keys {
    /// The bytes of a key.
    pub(super) fn get(&self, id: u32) -> &[u8] {
        let id = id as usize;
        let start = id.checked_sub(1).and_then(|before| self.ends.get(before));
        let start = start.copied().unwrap_or(0);
        let end = self.ends.get(id).copied().unwrap_or(start);
        self.bytes.get(start..end).unwrap_or_default()
    }

    /// Makes a key of what was appended to the bytes, and returns its number.
    pub(super) fn close(&mut self) -> u32 {
        self.ends.push(self.bytes.len());
        self.ends.len() as u32 - 1
    }
}

/// The numbers of short texts.
#[derive(Debug, Default)]
pub(super) struct Shorts {
    /// A number plus one, or 0: at the place that a text's hash says, or behind it. A power of two,
    /// at least twice as many as there are texts.
    places: Vec<u32>,
    /// The text of each number; [`Short::NONE`] where a number is that of a long one.
    texts: Vec<Short>,
    used: usize,
    hasher: DefaultHashBuilder,
}

impl Shorts {
    /// Appends the number of each text to `ids`; a new one becomes a key.
    pub(super) fn number_all(&mut self, asked: &[Short], keys: &mut Keys, ids: &mut Vec<u32>) {
        for asked in asked.chunks(BLOCK) {
            let (mut hashes, mut found) = ([0; BLOCK], [0; BLOCK]);
            for (hash, text) in hashes.iter_mut().zip(asked) {
                *hash = self.hasher.hash_one(text);
            }
            // Each loop by itself has nothing to wait for but memory.
            for (found, hash) in found.iter_mut().zip(&hashes) {
                *found = self.places.get(self.place(*hash)).copied().unwrap_or(0);
            }
            for (found, text) in found.iter_mut().zip(asked) {
                let known = self.texts.get((*found as usize).wrapping_sub(1));
                *found = match known.copied().unwrap_or(Short::NONE) == *text {
                    true => *found,
                    false => 0,
                };
            }
            let each = asked.iter().zip(hashes).zip(found);
            ids.extend(
                each.map(|((text, hash), found)| match found.checked_sub(1) {
                    Some(id) => id,
                    None => self.find(*text, hash, keys),
                }),
            );
        }
    }

    /// The number of one text; a new one becomes a key.
    pub(super) fn number(&mut self, text: Short, keys: &mut Keys) -> u32 {
        let hash = self.hasher.hash_one(text);
        self.find(text, hash, keys)
    }

    fn place(&self, hash: u64) -> usize {
        hash as usize & self.places.len().wrapping_sub(1)
    }

    fn find(&mut self, text: Short, hash: u64, keys: &mut Keys) -> u32 {
        if 2 * (self.used + 1) > self.places.len() {
            self.grow();
        }
        let mut place = self.place(hash);
        while let Some(number) = self.places.get(place).copied().filter(|number| *number > 0) {
            if self.texts.get(number as usize - 1) == Some(&text) {
                return number - 1;
            }
            place = (place + 1) & (self.places.len() - 1);
        }
        text.write(&mut keys.bytes);
        let id = keys.close();
        if text == Short::NULL {
            keys.null = Some(id);
        }
        // Numbers that others were given meanwhile have no short text.
        self.texts.resize(id as usize, Short::NONE);
        self.texts.push(text);
        if let Some(place) = self.places.get_mut(place) {
            *place = id + 1;
        }
        self.used += 1;
        id
    }

    #[cold]
    fn grow(&mut self) {
        let length = (2 * self.places.len()).max(1024);
        self.places = vec![0; length];
        for (number, text) in (1..).zip(&self.texts) {
            if *text == Short::NONE {
                continue;
            }
            let mut place = self.hasher.hash_one(text) as usize & (length - 1);
            while self.places.get(place).is_some_and(|number| *number > 0) {
                place = (place + 1) & (length - 1);
            }
            if let Some(place) = self.places.get_mut(place) {
                *place = number;
            }
        }
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        self.places.capacity() * size_of::<u32>() + self.texts.capacity() * size_of::<Short>()
    }
}
