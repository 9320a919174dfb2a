//! What holds in every manifest that is written or read.

use std::collections::BTreeSet;

use shared_logic::coverage::{CoverageError, OffsetVector};
use shared_logic::identity::{Offset, TopicPartition};

use super::{Generation, GenerationId, Manifest, ManifestNumber, Side};
use crate::layout;

/// Why a manifest makes no sense.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The live or the previous generation is not there, or they are the same.
    #[error("generation {live} is live and {previous:?} the previous one, which cannot be")]
    Swap {
        /// The live generation.
        live: GenerationId,
        /// The previous generation.
        previous: Option<GenerationId>,
    },
    /// A generation has a number that is still to be given.
    #[error("generation {0} has a number that was not given yet")]
    Number(GenerationId),
    /// The segments of a generation do not tile.
    #[error("generation {generation}: {error}")]
    Tile {
        /// The generation.
        generation: GenerationId,
        /// Where they do not.
        error: CoverageError,
    },
    /// The segments of a generation do not begin at its origin or do not end where it stands.
    #[error(
        "generation {generation} covers {place} from {start} to {next}, it must from {origin} to {stands}"
    )]
    Ends {
        /// The generation.
        generation: GenerationId,
        /// The partition.
        place: TopicPartition,
        /// The first offset that its segments cover.
        start: Offset,
        /// The first that they no longer cover.
        next: Offset,
        /// The first that they must cover.
        origin: Offset,
        /// The first that they must no longer cover.
        stands: Offset,
    },
    /// A span is empty, or has more records than offsets.
    #[error("{path} covers {place} with a span that cannot be")]
    Span {
        /// The segment.
        path: String,
        /// The partition.
        place: TopicPartition,
    },
    /// A segment straddles the pin, or the pin lies below the origin.
    #[error("generation {generation}: {path} straddles the pin at {cut}")]
    Pin {
        /// The generation.
        generation: GenerationId,
        /// The segment, or `the origin`.
        path: String,
        /// The pin's cut.
        cut: OffsetVector,
    },
    /// A segment is named twice, or its path is not one of this job's or says another base.
    #[error("{0} is named twice, lies elsewhere, or says another base")]
    Path(String),
    /// The floor or a mark is no manifest that can be kept.
    #[error("the floor {floor}, a mark or a base does not fit manifest {number}")]
    Floor {
        /// The number of the manifest.
        number: ManifestNumber,
        /// Its floor.
        floor: ManifestNumber,
    },
}

impl Manifest {
    /// Checks all that must hold in a manifest by itself.
    ///
    /// # Errors
    /// The first thing that does not.
    pub fn check(&self) -> Result<(), Flaw> {
        let there = |id: &GenerationId| self.generations.contains_key(id);
        if !there(&self.live)
            || !self.previous.iter().all(there)
            || self.previous == Some(self.live)
        {
            return Err(Flaw::Swap {
                live: self.live,
                previous: self.previous,
            });
        }
        let kept = self.floor..=self.number;
        if !kept.contains(&self.floor) || !self.marks.values().all(|mark| kept.contains(mark)) {
            return Err(Flaw::Floor {
                number: self.number,
                floor: self.floor,
            });
        }
        for (id, generation) in &self.generations {
            if *id >= self.next_generation {
                return Err(Flaw::Number(*id));
            }
            generation.check(*id)?;
        }
        self.check_paths()
    }

    fn check_paths(&self) -> Result<(), Flaw> {
        let folder = layout::segments(&self.job);
        let mut named = BTreeSet::new();
        for segment in self.segments() {
            let path = &segment.path;
            let here = path.rsplit_once('/').is_some_and(|(at, _)| at == folder);
            let base = layout::segment_base(path);
            if !here || base != Some(segment.base) || !named.insert(path) {
                return Err(Flaw::Path(path.clone()));
            }
            if segment.base >= self.number {
                return Err(Flaw::Floor {
                    number: self.number,
                    floor: self.floor,
                });
            }
        }
        Ok(())
    }
}

impl Generation {
    fn check(&self, id: GenerationId) -> Result<(), Flaw> {
        for segment in &self.segments {
            for (place, span) in &segment.coverage.0 {
                if span.start >= span.next || span.records > span.next.0 - span.start.0 {
                    return Err(Flaw::Span {
                        path: segment.path.clone(),
                        place: place.clone(),
                    });
                }
            }
        }
        self.check_pin(id)?;
        let covered = self.coverage().map_err(|error| Flaw::Tile {
            generation: id,
            error,
        })?;
        let stands_in = self.origin.0.keys().chain(self.next.0.keys());
        for place in covered.0.keys().chain(stands_in) {
            let (origin, stands) = (self.origin.get(place), self.next.get(place));
            let (start, next) =
                (covered.0.get(place)).map_or((origin, origin), |span| (span.start, span.next));
            if (start, next) != (origin, stands) {
                return Err(Flaw::Ends {
                    generation: id,
                    place: place.clone(),
                    start,
                    next,
                    origin,
                    stands,
                });
            }
        }
        Ok(())
    }

    fn check_pin(&self, id: GenerationId) -> Result<(), Flaw> {
        let Some(pin) = &self.pin else {
            return Ok(());
        };
        let flaw = |path: &str| Flaw::Pin {
            generation: id,
            path: path.to_owned(),
            cut: pin.cut.clone(),
        };
        if !pin.cut.reaches(&self.origin) {
            return Err(flaw("the origin"));
        }
        let straddling = (self.segments.iter())
            .find(|segment| Side::of(&segment.coverage, &pin.cut) == Side::Straddles);
        straddling.map_or(Ok(()), |segment| Err(flaw(&segment.path)))
    }
}

#[cfg(test)]
mod tests;
