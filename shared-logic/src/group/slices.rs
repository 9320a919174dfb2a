//! The groups of each slice of event time, found by the number of their key.

use hashbrown::HashMap;

/// How many keys share a page, as a power of two.
const PAGE_BITS: u32 = 6;
const PAGE: usize = 1 << PAGE_BITS;

/// Slices in the order in which they were met. Each is a sparse array from key number to group:
/// a directory of pages, all pages in one arena. Numbers are kept plus one; 0 is "none".
#[derive(Debug, Default)]
pub(super) struct Slices {
    by_start: HashMap<i64, usize>,
    slices: Vec<Slice>,
    pages: Vec<u32>,
    last: Option<(i64, usize)>,
}

#[derive(Debug)]
struct Slice {
    start: i64,
    directory: Vec<u32>,
}

impl Slices {
    /// The group of `key` in the slice that starts at `start`; `next` where it is new.
    #[inline]
    pub(super) fn group(&mut self, start: i64, key: u32, next: usize) -> usize {
        let slice = match self.last {
            Some((last, slice)) if last == start => slice,
            _ => self.find(start),
        };
        let (page, within) = ((key >> PAGE_BITS) as usize, key as usize & (PAGE - 1));
        let Some(slice) = self.slices.get_mut(slice) else {
            return next;
        };
        let mut number = slice.directory.get(page).copied().unwrap_or_default();
        if number == 0 {
            if slice.directory.len() <= page {
                slice.directory.resize(page + 1, 0);
            }
            self.pages.resize(self.pages.len() + PAGE, 0);
            number = (self.pages.len() / PAGE) as u32;
            if let Some(entry) = slice.directory.get_mut(page) {
                *entry = number;
            }
        }
        let at = (number as usize - 1) * PAGE + within;
        match self.pages.get_mut(at) {
            Some(0) | None => {}
            Some(group) => return *group as usize - 1,
        }
        if let Some(entry) = self.pages.get_mut(at) {
            *entry = next as u32 + 1;
        }
        next
    }

    #[cold]
    fn find(&mut self, start: i64) -> usize {
        let fresh = self.slices.len();
        let slice = *self.by_start.entry(start).or_insert(fresh);
        if slice == fresh {
            self.slices.push(Slice {
                start,
                directory: vec![],
            });
        }
        self.last = Some((start, slice));
        slice
    }

    /// Each slice's start and groups, by start.
    pub(super) fn into_members(mut self) -> impl Iterator<Item = (i64, Vec<u32>)> {
        self.slices.sort_unstable_by_key(|slice| slice.start);
        let pages = self.pages;
        self.slices.into_iter().map(move |slice| {
            let members = (slice.directory.iter())
                .filter_map(|number| (*number as usize).checked_sub(1))
                .filter_map(|page| pages.get(page * PAGE..(page + 1) * PAGE))
                .flatten()
                .filter_map(|group| group.checked_sub(1))
                .collect();
            (slice.start, members)
        })
    }

    /// Bytes held.
    pub(super) fn size(&self) -> usize {
        let directories: usize = self
            .slices
            .iter()
            .map(|slice| slice.directory.capacity())
            .sum();
        (directories + self.pages.capacity()) * size_of::<u32>() + self.slices.len() * 64
    }
}
