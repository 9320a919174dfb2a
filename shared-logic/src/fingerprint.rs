//! A hash of all that decides what a view maintains.

use std::fmt::Write;

use crate::lateness::Lateness;
use crate::measure::Function;
use crate::measure::spread::Spread;
use crate::table::Table;
use crate::view::Fingerprint;
use crate::window::Window;

/// The version of the text below, and of what accumulators hold; a change makes old segments
/// unreadable on purpose.
const VERSION: u32 = 1;

/// What a fingerprint is made of.
pub(crate) struct Maintained<'a> {
    pub(crate) table: &'a Table,
    pub(crate) time_column: &'a str,
    pub(crate) window: Window,
    /// Which of the keys sessions are found by.
    pub(crate) sessions_by: &'a [usize],
    pub(crate) lateness: Option<Lateness>,
    /// How long after their end windows are kept, in microseconds.
    pub(crate) retain: Option<i64>,
    /// WHERE in canonical text.
    pub(crate) filter: Option<&'a str>,
    /// The keys in canonical text.
    pub(crate) keys: &'a [String],
    /// The measures, their arguments in canonical text.
    pub(crate) measures: &'a [(&'a Function, &'a str)],
    /// The name and version of ordered state, and what it takes in canonical text.
    pub(crate) ordered: Option<&'a str>,
    /// The files that the view joins its rows with, in canonical text: with another content it is
    /// another version of the view.
    pub(crate) statics: &'a [String],
}

/// The fingerprint of a view: equal exactly where segments may be merged.
///
/// It is over table definition, event time, window, lateness, retention, WHERE, keys and measures in
/// canonical text, and not over names, the SELECT list or the way SQL was written.
pub(crate) fn fingerprint(view: &Maintained) -> Fingerprint {
    let mut text = format!(
        "view v{VERSION}\n{}\ntime {}\n",
        view.table.canonical(),
        view.time_column
    );
    let mut line = |name: &str, value: &str| {
        // Writing into a String cannot fail.
        let _ = writeln!(text, "{name} {value}");
    };
    let window = view.window.to_string();
    let (name, lengths) = window.split_once(' ').unwrap_or((&window, ""));
    line(name, lengths);
    // What a view does not have leaves no line: its fingerprint is older than the option.
    if !view.sessions_by.is_empty() {
        line("sessions by", &format!("{:?}", view.sessions_by));
    }
    if let Some(lateness) = view.lateness {
        let judged = format!(
            "{} delay {} {}",
            lateness.allowed, lateness.delay, lateness.late
        );
        line("lateness", &judged);
    }
    if let Some(retain) = view.retain {
        line("retain", &retain.to_string());
    }
    line("where", view.filter.unwrap_or("true"));
    for key in view.keys {
        line("key", key);
    }
    for (function, argument) in view.measures {
        line(
            "measure",
            &format!("{} {argument}", function_text(function)),
        );
    }
    if let Some(ordered) = view.ordered {
        line("ordered", ordered);
    }
    for table in view.statics {
        line("with", table);
    }
    Fingerprint(format!("{:032x}", hash(text.as_bytes())))
}

/// The name of a measure in fingerprints, apart from the one in messages: with its constants, and
/// with the version of its state where that is a format of its own.
pub(crate) fn function_text(function: &Function) -> String {
    let name = match function {
        Function::CountRows => "count_rows",
        Function::Count => "count",
        Function::Sum => "sum",
        Function::Min => "min",
        Function::Max => "max",
        Function::Avg => "avg",
        Function::Spread(Spread::VarPop) => "var_pop",
        Function::Spread(Spread::VarSamp) => "var_samp",
        Function::Spread(Spread::StddevPop) => "stddev_pop",
        Function::Spread(Spread::StddevSamp) => "stddev_samp",
        Function::First => "first",
        Function::Last => "last",
        Function::ArgMin => "arg_min",
        Function::ArgMax => "arg_max",
        Function::CountDistinct => "count_distinct",
        Function::ApproxCountDistinct => "hyperloglog:v1",
        // The share in bits, so that no way of printing a float can change the text.
        Function::ApproxPercentile(share) => {
            return format!("histogram:v1:{:016x}", share.get().to_bits());
        }
        Function::Median => "median",
        Function::ArrayAgg => "array_agg",
        Function::StringAgg(separator) => {
            return format!("string_agg:'{}'", separator.replace('\'', "''"));
        }
        Function::TopK(k) => return format!("top_k:{k}"),
        Function::BoolAnd => "bool_and",
        Function::BoolOr => "bool_or",
        Function::User(user) => {
            return format!("user:{:?}:v{}", user.0.name(), user.0.version());
        }
    };
    name.to_owned()
}

/// What the measures of a view are sorted by, and known as the same by: SELECT decides neither.
pub(crate) fn measure_order(function: &Function, arguments: &str) -> (String, String, String) {
    (
        function.to_string(),
        arguments.to_owned(),
        function_text(function),
    )
}

/// The canonical text of a column.
pub(crate) fn column_text(name: &str) -> String {
    format!("column({})", quoted(name))
}

/// The text in quotes, quotes inside doubled.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
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
