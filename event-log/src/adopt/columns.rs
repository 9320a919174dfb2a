//! Which columns of a file tell of offsets and partitions.

use arrow::datatypes::Schema;
use shared_logic::table::Table;

use super::Adoption;

/// What tools call them that write records with their offsets, the plainest name last.
const USUAL: [&str; 5] = ["kafka_", "_kafka_", "__kafka_", "__", "_"];

/// The columns of a file that tell of its records' places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) offsets: Option<String>,
    pub(super) partitions: Option<String>,
}

impl Columns {
    /// Those that are named, which must be there, or those with a usual name. A column that the
    /// table declares is the event's own and counts only where it is named.
    ///
    /// # Errors
    /// The name of a column that is not there.
    pub(super) fn of(schema: &Schema, table: &Table, how: &Adoption) -> Result<Self, String> {
        let find = |named: &Option<String>, plain: &str| match named {
            Some(name) => match schema.index_of(name) {
                Ok(_) => Ok(Some(name.clone())),
                Err(_) => Err(name.clone()),
            },
            None => Ok(usual(plain)
                .find(|name| schema.index_of(name).is_ok() && table.index(name).is_none())),
        };
        let partitions = find(&how.partitions, "partition")?;
        if how.numbered {
            return Ok(Self {
                offsets: None,
                partitions: partitions.filter(|_| how.partitions.is_some()),
            });
        }
        Ok(Self {
            offsets: find(&how.offsets, "offset")?,
            partitions,
        })
    }
}

/// The usual names of a column.
pub(super) fn usual(plain: &str) -> impl Iterator<Item = String> {
    let prefixes = USUAL.into_iter().chain([""]);
    prefixes.map(move |prefix| format!("{prefix}{plain}"))
}
