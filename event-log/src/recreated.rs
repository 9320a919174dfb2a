//! Whether a log is still the one that was folded.

use shared_logic::coverage::Coverage;

use crate::{EventLog, LogError};

/// Makes sure that a log has the last record of each partition that was folded, by its checksum: a
/// topic that was deleted and made again has another there, however long it is.
///
/// A record that is gone, by retention or compaction, says nothing, nor does one that was folded from
/// columns. Where the log ends before it, whoever goes on there finds that out.
///
/// # Errors
/// [`LogError::Replaced`] where it has another record, and whatever reading may bring.
pub fn verify(log: &dyn EventLog, folded: &Coverage) -> Result<(), LogError> {
    for place in log.partitions()? {
        let Some(known) = folded.0.get(&place).and_then(|span| span.last) else {
            continue;
        };
        if !(log.bounds(&place)?).contains(&known.offset) {
            continue;
        }
        let only = known.offset..known.offset.plus(1);
        for chunk in log.read(&place, only, 1)? {
            if chunk?.last().is_some_and(|found| found != known) {
                return Err(LogError::Replaced {
                    place,
                    offset: known.offset,
                });
            }
        }
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{BinaryArray, Int64Array};
    use shared_logic::chunk::{Payload, Raw};
    use shared_logic::coverage::Span;
    use shared_logic::identity::{Offset, TopicPartition};

    use super::*;
    use crate::memory::MemoryLog;

    fn place() -> TopicPartition {
        TopicPartition::new("t", 0)
    }

    /// Records with these values, each arrived at `arrival`.
    fn log(values: &[&str], arrival: i64) -> MemoryLog {
        let log = MemoryLog::default();
        let nothing = BinaryArray::new_null(values.len());
        let raw = Raw {
            keys: nothing.clone(),
            values: BinaryArray::from_iter_values(values),
            headers: nothing,
        };
        let arrivals = Int64Array::from(vec![arrival; values.len()]);
        log.append(&place(), Payload::Raw(raw), Some(arrivals))
            .unwrap();
        log
    }

    /// What a fold of the first `next` records knows.
    fn folded(log: &MemoryLog, next: u64) -> Coverage {
        let mut last = None;
        for chunk in log.read(&place(), Offset(0)..Offset(next), 2).unwrap() {
            last = chunk.unwrap().last().or(last);
        }
        let span = Span {
            start: Offset(0),
            next: Offset(next),
            records: next,
            watermark_before: None,
            watermark_after: None,
            last,
        };
        Coverage([(place(), span)].into())
    }

    #[test]
    fn another_record_where_the_fold_ended_is_another_log() {
        let old = folded(&log(&["a", "b", "c"], 1), 3);
        for (log, same) in [
            (log(&["a", "b", "c"], 1), true),
            (log(&["x", "y", "c", "d"], 1), true),
            (log(&["a", "b", "d", "e"], 1), false),
            (log(&["a", "b", "c"], 2), false),
            (log(&["a", "b", ""], 1), false),
            (log(&["a", "b"], 1), true),
        ] {
            let found = verify(&log, &old);
            assert_eq!(found.is_ok(), same, "{found:?}");
            if let Err(error) = found {
                assert!(
                    matches!(
                        error,
                        LogError::Replaced {
                            offset: Offset(2),
                            ..
                        }
                    ),
                    "{error}"
                );
            }
        }
    }

    #[test]
    fn a_record_that_is_gone_says_nothing() {
        let old = folded(&log(&["a", "b", "c"], 1), 3);
        let expired = log(&["a", "b", "x", "d"], 1);
        expired.expire(&place(), Offset(3));
        verify(&expired, &old).unwrap();
        let compacted = log(&["a", "b"], 1);
        compacted.skip(&place(), 3);
        verify(&compacted, &old).unwrap();
        let mut unknown = folded(&log(&["a", "b", "x"], 1), 3);
        unknown.0.values_mut().for_each(|span| span.last = None);
        verify(&log(&["a", "b", "c"], 1), &unknown).unwrap();
    }
}
