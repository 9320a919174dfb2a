//! A hash of all that decides what a view maintains.

use std::fmt::Write;

use crate::measure::Function;
use crate::table::Table;
use crate::time::Tumble;
use crate::view::Fingerprint;

/// The version of the text below, and of what accumulators hold; a change makes old segments
/// unreadable on purpose.
const VERSION: u32 = 1;

/// The fingerprint of a view: equal exactly where segments may be merged.
///
/// It is over table definition, event time, window, WHERE, keys and measures in canonical text, and
/// not over names, the SELECT list or the way SQL was written.
pub(crate) fn fingerprint(
    table: &Table,
    time_column: &str,
    window: Tumble,
    filter: Option<&str>,
    keys: &[String],
    measures: &[(Function, &str)],
) -> Fingerprint {
    let mut text = format!(
        "view v{VERSION}\n{}\ntime {time_column}\n",
        table.canonical()
    );
    let mut line = |name: &str, value: &str| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name} {value}");
    };
    line(
        "tumble",
        &format!("{} offset {}", window.size, window.offset),
    );
    line("where", filter.unwrap_or("true"));
    for key in keys {
        line("key", key);
    }
    for (function, argument) in measures {
        line(
            "measure",
            &format!("{} {argument}", function_text(*function)),
        );
    }
    Fingerprint(format!("{:032x}", hash(text.as_bytes())))
}

/// The name of a measure in fingerprints, apart from the one in messages.
fn function_text(function: Function) -> &'static str {
    match function {
        Function::CountRows => "count_rows",
        Function::Count => "count",
        Function::Sum => "sum",
        Function::Min => "min",
        Function::Max => "max",
        Function::Avg => "avg",
    }
}

/// FNV-1a with 128 bits: short, and the same in every version of every library.
pub(crate) fn hash(bytes: &[u8]) -> u128 {
    const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;
    bytes.iter().fold(OFFSET, |hash, byte| {
        (hash ^ u128::from(*byte)).wrapping_mul(PRIME)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_is_that_of_the_published_tests() {
        assert_eq!(hash(b""), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(hash(b"a"), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(hash(b"foobar"), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }
}
