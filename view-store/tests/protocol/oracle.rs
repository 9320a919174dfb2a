//! What must be true, told by plain code that shares nothing with the store's own checks.

use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use shared_logic::coverage::OffsetVector;
use shared_logic::identity::TopicPartition;
use view_store::job::own::Ownership;
use view_store::manifest::{Generation, GenerationId, Maker, Manifest, SegmentEntry};
use view_store::open_fold::Published;
use view_store::segment::read::decode;

use crate::toy::{Rows, Version, add_rows, truth};

/// The runs that a speed layer publishes, and how often it has begun anew.
pub type Open = (u64, Published);

/// All that happened in a run.
#[derive(Default)]
pub struct History {
    /// The manifests in force, one after the other, also those deleted since.
    pub chain: BTreeMap<u64, Arc<Manifest>>,
    /// Per actor: its published runs.
    pub open: BTreeMap<usize, Open>,
    /// The last version of the logic given to a generation.
    pub version: u64,
    /// How often something worth knowing happened.
    pub seen: BTreeMap<&'static str, u64>,
    basis: BTreeMap<usize, Basis>,
    rows: BTreeMap<String, Rows>,
    unchecked: Option<u64>,
    deleted: Option<String>,
}

/// The number of the manifest that an operation read last, before its first try to extend one.
enum Basis {
    Read(u64),
    Extended(u64),
}

fn manifest_number(path: &str) -> Option<u64> {
    let name = path.strip_prefix("jobs/toy/manifest/")?;
    name.strip_suffix(".json")?.parse().ok()
}

impl History {
    pub fn seen(&mut self, what: &'static str) {
        *self.seen.entry(what).or_default() += 1;
    }

    pub fn newest(&self) -> Option<&Arc<Manifest>> {
        self.chain.values().next_back()
    }

    /// `actor` begins an operation.
    pub fn begin(&mut self, actor: usize) {
        self.basis.insert(actor, Basis::Read(0));
    }

    /// The manifest that the operation of `actor` was first based on.
    pub fn basis(&self, actor: usize) -> Option<&Arc<Manifest>> {
        match self.basis.get(&actor)? {
            Basis::Read(number) | Basis::Extended(number) => self.chain.get(number),
        }
    }

    pub fn read(&mut self, actor: usize, path: &str) {
        if let (Some(read), Some(Basis::Read(number))) =
            (manifest_number(path), self.basis.get_mut(&actor))
        {
            *number = read;
        }
    }

    pub fn tried(&mut self, actor: usize) {
        if let Some(Basis::Read(number)) = self.basis.get(&actor) {
            self.basis.insert(actor, Basis::Extended(*number));
        }
    }

    /// A manifest is in force if nothing of a higher number exists; else a sleeper wrote it.
    pub fn before_create(&mut self, blobs: &BTreeMap<String, Bytes>, path: &str, bytes: &Bytes) {
        let Some(number) = manifest_number(path) else {
            return;
        };
        let newest = blobs.keys().filter_map(|path| manifest_number(path)).max();
        if newest.is_none_or(|newest| newest < number) {
            let manifest = serde_json::from_slice(bytes).unwrap();
            self.chain.insert(number, Arc::new(manifest));
            self.unchecked = Some(number);
        } else {
            self.seen("number filled again");
        }
    }

    pub fn after_delete(&mut self, path: &str) {
        self.seen("deleted");
        self.deleted = Some(path.to_owned());
    }

    /// Checks what the last effect changed.
    pub fn check(&mut self, blobs: &BTreeMap<String, Bytes>) -> Result<(), String> {
        if let Some(number) = self.unchecked.take() {
            let manifest = Arc::clone(&self.chain[&number]);
            self.check_manifest(&manifest, blobs)
                .map_err(|why| format!("manifest {number}: {why}"))?;
        }
        match self.deleted.take() {
            Some(path) => self.check_deleted(&path),
            None => Ok(()),
        }
    }

    /// Whatever is named by a manifest that is kept must exist, and that manifest too.
    fn check_deleted(&self, path: &str) -> Result<(), String> {
        let Some(newest) = self.newest() else {
            return Ok(());
        };
        for (number, manifest) in self.chain.range(newest.floor.0..) {
            if manifest_number(path) == Some(*number) {
                return Err(format!("manifest {number} was deleted, it is kept"));
            }
            if manifest.segments().any(|segment| segment.path == path) {
                return Err(format!("{path} was deleted, manifest {number} names it"));
            }
        }
        Ok(())
    }

    fn check_manifest(
        &mut self,
        manifest: &Manifest,
        blobs: &BTreeMap<String, Bytes>,
    ) -> Result<(), String> {
        let before = self.chain.range(..manifest.number.0).next_back();
        let before = before.map(|(_, manifest)| Arc::clone(manifest));
        let live = (manifest.generations.get(&manifest.live)).ok_or("nothing is live")?;
        if let Some(before) = &before {
            if before.number.next() != manifest.number {
                return Err(format!("it follows on manifest {}", before.number));
            }
            if let Some(was) = before.generations.get(&before.live)
                && !live.next.reaches(&was.next)
            {
                return Err(format!(
                    "the answer went back from {} to {}",
                    was.next, live.next
                ));
            }
        }
        for (name, mark) in &manifest.marks {
            let path = format!("jobs/toy/manifest/{:020}.json", mark.0);
            let marked = self.chain.get(&mark.0).ok_or("a mark of nothing")?;
            let mut needs = marked.segments().map(|s| &s.path).chain([&path]);
            if let Some(gone) = needs.find(|path| !blobs.contains_key(*path)) {
                return Err(format!("{gone}, which mark {name} needs, is gone"));
            }
        }
        for (id, generation) in &manifest.generations {
            let as_before = before.as_ref().and_then(|m| m.generations.get(id)) == Some(generation);
            if !as_before {
                self.check_generation(generation, blobs)
                    .map_err(|why| format!("generation {id}: {why}"))?;
            }
        }
        Ok(())
    }

    fn check_generation(
        &mut self,
        generation: &Generation,
        blobs: &BTreeMap<String, Bytes>,
    ) -> Result<(), String> {
        tiles(&generation.segments, &generation.next)?;
        let mut sum = Rows::new();
        for segment in &generation.segments {
            let bytes =
                (blobs.get(&segment.path)).ok_or_else(|| format!("{} is missing", segment.path))?;
            if !self.rows.contains_key(&segment.path) {
                let partial = decode(segment, bytes.clone(), &generation.fingerprint)
                    .map_err(|error| error.to_string())?;
                let mut rows = Rows::new();
                add_rows(&mut rows, &partial);
                self.rows.insert(segment.path.clone(), rows);
            }
            for (group, (events, total)) in &self.rows[&segment.path] {
                let both = sum.entry(*group).or_default();
                both.0 += events;
                both.1 += total;
            }
        }
        equal(&sum, Version::of(&generation.fingerprint), &generation.next)
    }

    /// What an operation said it wrote is what the history holds.
    pub fn committed(&self, manifest: &Manifest) -> Result<(), String> {
        match self.chain.get(&manifest.number.0) {
            Some(held) if **held == *manifest => Ok(()),
            _ => Err(format!(
                "manifest {} is said to be written and is not in force",
                manifest.number
            )),
        }
    }

    /// Whether an owner was overtaken although nobody claimed its partition and no batch landed.
    pub fn overtaken(&self, own: &Ownership, place: &TopicPartition) -> bool {
        let epoch = own.epochs.get(place);
        let since: Vec<_> = self.chain.range(own.manifest.number.0..).collect();
        let excused = since.windows(2).any(|pair| {
            let of = |manifest: &Arc<Manifest>| manifest.generations.get(&own.generation).cloned();
            let (Some(was), Some(is)) = (of(pair[0].1), of(pair[1].1)) else {
                return true;
            };
            let landed = (is.segments.iter()).any(|segment| {
                segment.maker == Maker::Batch
                    && !was.segments.contains(segment)
                    && segment.coverage.next().get(place) > was.next.get(place)
            });
            landed || is.owners.get(place) != epoch
        });
        !excused
    }

    /// The generations of the newest manifest.
    pub fn generations(&self) -> Vec<GenerationId> {
        let newest = self.newest().into_iter();
        newest.flat_map(|m| m.generations.keys().copied()).collect()
    }
}

/// Whether in each partition the segments follow one another from 0 to `next`.
pub fn tiles(segments: &[SegmentEntry], next: &OffsetVector) -> Result<(), String> {
    let mut spans: BTreeMap<&TopicPartition, Vec<(u64, u64)>> = BTreeMap::new();
    for (place, span) in segments.iter().flat_map(|segment| &segment.coverage.0) {
        let spans = spans.entry(place).or_default();
        spans.push((span.start.0, span.next.0));
    }
    for (place, next) in &next.0 {
        let mut reached = 0;
        let mut spans = spans.remove(place).unwrap_or_default();
        spans.sort_unstable();
        for (start, end) in spans {
            if start != reached {
                return Err(format!(
                    "{place} is covered to {reached}, then from {start}"
                ));
            }
            reached = end;
        }
        if reached != next.0 {
            return Err(format!(
                "{place} is covered to {reached} and stands at {next}"
            ));
        }
    }
    spans
        .is_empty()
        .then_some(())
        .ok_or_else(|| format!("{spans:?} lie beyond {next}"))
}

/// Whether `rows` are the truth at `offsets`.
pub fn equal(rows: &Rows, version: Version, offsets: &OffsetVector) -> Result<(), String> {
    let truth = truth(version, offsets);
    if *rows == truth {
        return Ok(());
    }
    Err(format!(
        "at {offsets} the answer is {rows:?}, the truth {truth:?}"
    ))
}
