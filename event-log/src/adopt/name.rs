//! What the names of files and folders tell of the records in them.

use std::path::Path;

use shared_logic::identity::{Offset, Partition};

/// What the name of a file of Kafka Connect tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) topic: String,
    pub(super) partition: Partition,
    pub(super) first: Offset,
    /// The last offset, where the sink writes it.
    pub(super) last: Option<Offset>,
}

/// Reads a name as the sinks for S3 (`TOPIC+PARTITION+START.parquet`) and for HDFS
/// (`TOPIC+PARTITION+START+END.parquet`, the end included) give it.
pub(super) fn parse(path: &Path) -> Option<Named> {
    let name = path.file_name()?.to_str()?;
    // Behind the digits there may also be the name of a codec.
    let number = |text: &str| text.split('.').next()?.parse::<u64>().ok();
    let mut parts = name.split('+');
    let topic = parts.next()?.to_owned();
    let partition = Partition(parts.next()?.parse().ok()?);
    let first = Offset(number(parts.next()?)?);
    let last = match parts.next() {
        None => None,
        Some(last) => Some(Offset(number(last)?)),
    };
    (parts.next().is_none() && !topic.is_empty()).then_some(Named {
        topic,
        partition,
        first,
        last,
    })
}

/// The partition that a folder on the way to a file is called by: `partition=3`.
pub(super) fn folder(path: &Path) -> Option<Partition> {
    let folders = path.parent()?.components().rev();
    let mut numbers = folders.filter_map(|folder| {
        let name = folder.as_os_str().to_str()?;
        name.strip_prefix("partition=")?.parse().ok()
    });
    numbers.next().map(Partition)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_of_both_sinks_are_read_and_others_are_not() {
        let read = |name: &str| {
            let named = parse(Path::new(name))?;
            let last = named.last.map(|last| last.0);
            Some((named.topic, named.partition.0, named.first.0, last))
        };
        let of = |first, last| Some(("my.clicks".to_owned(), 3, first, last));
        assert_eq!(read("a/my.clicks+3+0000000120.parquet"), of(120, None));
        assert_eq!(read("my.clicks+3+0000000120.snappy.parquet"), of(120, None));
        assert_eq!(
            read("my.clicks+3+0000000120+0000000199.parquet"),
            of(120, Some(199))
        );
        for other in [
            "part-0.parquet",
            "a+b+c.parquet",
            "a+1.parquet",
            "+1+2.parquet",
            "a+1+2+3+4.parquet",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }

    #[test]
    fn the_nearest_folder_that_names_a_partition_counts() {
        let read = |path: &str| folder(Path::new(path)).map(|partition| partition.0);
        assert_eq!(
            read("lake/partition=1/partition=2/day=3/x.parquet"),
            Some(2)
        );
        assert_eq!(read("lake/day=3/partition=x/x.parquet"), None);
        assert_eq!(read("partition=4.parquet"), None);
    }
}
