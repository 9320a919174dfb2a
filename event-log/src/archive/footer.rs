//! What a file of the archive says about itself.

use std::path::Path;

use parquet::file::metadata::{KeyValue, ParquetMetaData, ParquetMetaDataReader};
use serde::{Deserialize, Serialize};
use shared_logic::identity::{Offset, Partition, Topic, TopicPartition};
use shared_logic::time::Watermark;

use super::{Adopted, files};
use crate::LogError;

/// The version of the archive's format, and of a file that stands for one that was adopted.
const VERSION: u32 = 1;
const ADOPTED_VERSION: u32 = 2;

/// The metadata key of the facts, as one JSON object.
const FACTS: &str = "seamline.archive";

/// The metadata key of the CRC-32C of the facts, in 8 hexadecimal digits.
const FACTS_SUM: &str = "seamline.archive.crc32c";

/// The facts about one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Footer {
    /// The version of the format: 1, or 2 where the records are in another file.
    pub version: u32,
    /// The topic.
    pub topic: Topic,
    /// The partition.
    pub partition: Partition,
    /// The first offset the file stands for.
    pub first: Offset,
    /// The first offset it no longer stands for, where the next file begins.
    pub next: Offset,
    /// How many records it holds.
    pub records: u64,
    /// How many of them are malformed, or have a value that does not convert or is missing.
    pub faulty: u64,
    /// The table definition of the typed columns and of the event times, in canonical form.
    pub table: String,
    /// The greatest event time in the file.
    pub greatest: Option<Watermark>,
    /// The greatest event time in the files before it.
    pub before: Option<Watermark>,
    /// The file that was adopted, which holds the records in place of this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Adopted>,
}

impl Footer {
    /// The facts about a file of no records yet.
    pub(super) fn new(place: &TopicPartition, first: Offset, table: String) -> Self {
        Self {
            version: VERSION,
            topic: place.topic.clone(),
            partition: place.partition,
            first,
            next: first,
            records: 0,
            faulty: 0,
            table,
            greatest: None,
            before: None,
            adopted: None,
        }
    }

    /// That the records are in another file.
    pub(super) fn adopt(&mut self, adopted: Adopted) {
        self.version = ADOPTED_VERSION;
        self.adopted = Some(adopted);
    }

    /// As metadata of the file.
    pub(super) fn metadata(&self) -> Result<Vec<KeyValue>, serde_json::Error> {
        let facts = serde_json::to_string(self)?;
        let sum = format!("{:08x}", crc32c::crc32c(facts.as_bytes()));
        let entry = |key: &str, value: String| KeyValue::new(key.to_owned(), value);
        Ok(vec![entry(FACTS, facts), entry(FACTS_SUM, sum)])
    }

    /// Whether every offset that the file stands for has a record.
    pub(super) fn gapless(&self) -> bool {
        self.records == self.next.0.saturating_sub(self.first.0)
    }

    /// Takes the facts from a file's metadata, and checks them.
    ///
    /// # Errors
    /// What is wrong with them, in words.
    pub(super) fn parse(
        metadata: &ParquetMetaData,
        place: &TopicPartition,
        first: Offset,
    ) -> Result<Self, String> {
        let entries = metadata.file_metadata().key_value_metadata();
        let find = |key: &str| {
            (entries.into_iter().flatten())
                .find(|entry| entry.key == key)
                .and_then(|entry| entry.value.as_deref())
                .ok_or_else(|| format!("its footer has no {key}"))
        };
        let facts = find(FACTS)?;
        if find(FACTS_SUM)? != format!("{:08x}", crc32c::crc32c(facts.as_bytes())) {
            return Err("the CRC-32C of its footer does not match".into());
        }
        let footer: Self = (serde_json::from_str(facts))
            .map_err(|error| format!("its footer is of another version ({error})"))?;
        let expected = match footer.adopted {
            None => VERSION,
            Some(_) => ADOPTED_VERSION,
        };
        if footer.version != expected {
            let found = footer.version;
            return Err(format!(
                "its format has version {found}, this program reads {expected}"
            ));
        }
        let whose = (&footer.topic, footer.partition, footer.first);
        if whose != (&place.topic, place.partition, first) {
            let (topic, partition, first) = whose;
            return Err(format!(
                "it is the file of {topic}/{partition} that begins at {first}"
            ));
        }
        Ok(footer)
    }
}

/// Reads the facts of a file alone.
pub(super) fn read(path: &Path, place: &TopicPartition, first: Offset) -> Result<Footer, LogError> {
    let file = files::open(path)?;
    let damaged = |reason: String| LogError::Damaged {
        path: path.to_owned(),
        reason,
    };
    let metadata = ParquetMetaDataReader::new()
        .parse_and_finish(&file)
        .map_err(|error| damaged(format!("its footer cannot be read ({error})")))?;
    Footer::parse(&metadata, place, first).map_err(damaged)
}
