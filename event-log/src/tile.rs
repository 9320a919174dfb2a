//! Cutting chunks to a range and to a size, without a copy of any record.

use std::ops::Range;

use shared_logic::chunk::{Chunk, Payload, Raw};
use shared_logic::identity::Offset;

use crate::LogError;

/// The records of `chunk` at offsets in `range`.
pub fn part(chunk: &Chunk, range: &Range<Offset>) -> Chunk {
    let start = chunk.start.max(range.start);
    let next = chunk.next.min(range.end).max(start);
    let row = |offset: Offset| match &chunk.offsets {
        Some(offsets) => offsets.values().partition_point(|at| *at < offset.0),
        None => (offset.0.saturating_sub(chunk.start.0) as usize).min(chunk.rows()),
    };
    let (first, end) = (row(start), row(next));
    let rows = end - first;
    Chunk {
        place: chunk.place.clone(),
        start,
        next,
        offsets: chunk.offsets.as_ref().map(|list| list.slice(first, rows)),
        arrivals: chunk.arrivals.as_ref().map(|list| list.slice(first, rows)),
        payload: slice(&chunk.payload, first, rows),
    }
}

/// `rows` rows from row `first` on.
pub(crate) fn slice(payload: &Payload, first: usize, rows: usize) -> Payload {
    match payload {
        Payload::Typed(columns) => Payload::Typed(columns.slice(first, rows)),
        Payload::Raw(raw) => Payload::Raw(Raw {
            keys: raw.keys.slice(first, rows),
            values: raw.values.slice(first, rows),
            headers: raw.headers.slice(first, rows),
        }),
    }
}

/// Chunks that tile a range, made of larger ones that tile at least that range.
pub(crate) struct Tiles<I> {
    source: I,
    range: Range<Offset>,
    rows: usize,
    /// What is left of the source's last chunk.
    rest: Option<Chunk>,
}

impl<I: Iterator<Item = Result<Chunk, LogError>>> Tiles<I> {
    /// Chunks of at most `rows` records (at least one) over `range`.
    pub(crate) fn new(source: I, range: Range<Offset>, rows: usize) -> Self {
        Self {
            source,
            range,
            rows: rows.max(1),
            rest: None,
        }
    }
}

impl<I: Iterator<Item = Result<Chunk, LogError>>> Iterator for Tiles<I> {
    type Item = Result<Chunk, LogError>;

    fn next(&mut self) -> Option<Self::Item> {
        let chunk = loop {
            let chunk = match self.rest.take() {
                Some(rest) => rest,
                None => match self.source.next()? {
                    Ok(chunk) => part(&chunk, &self.range),
                    Err(error) => return Some(Err(error)),
                },
            };
            if chunk.start < chunk.next {
                break chunk;
            }
        };
        if chunk.rows() <= self.rows {
            return Some(Ok(chunk));
        }
        let middle = chunk.offset(self.rows);
        self.rest = Some(part(&chunk, &(middle..chunk.next)));
        Some(Ok(part(&chunk, &(chunk.start..middle))))
    }
}
