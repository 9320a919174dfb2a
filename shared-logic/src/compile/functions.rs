//! The functions that views can call: deterministic scalar ones, beside the aggregates.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use datafusion_expr::planner::ExprPlanner;
use datafusion_expr::{ScalarUDF, Volatility};
use datafusion_functions::core::planner::CoreFunctionPlanner;
use datafusion_functions::datetime::planner::DatetimeFunctionPlanner;
use datafusion_functions::unicode::planner::UnicodeFunctionPlanner;
use datafusion_functions::{core, datetime, math, string, unicode};

use super::call;

/// All functions by name in small letters.
#[derive(Debug)]
pub(super) struct Functions {
    pub(super) scalars: BTreeMap<String, Arc<ScalarUDF>>,
    pub(super) planners: Vec<Arc<dyn ExprPlanner>>,
}

/// The one table of functions; views cannot add to it.
pub(super) static FUNCTIONS: LazyLock<Functions> = LazyLock::new(Functions::new);

/// Clocks under names that the scalar functions do not have.
const CLOCKS: [&str; 6] = [
    "localtime",
    "localtimestamp",
    "proctime",
    "current_row_timestamp",
    "unix_timestamp",
    "sysdate",
];

impl Functions {
    fn new() -> Self {
        // Of the core functions those on values; the others show how values are stored.
        let core = [
            core::coalesce(),
            core::greatest(),
            core::least(),
            core::nullif(),
            core::nvl(),
            core::nvl2(),
            core::overlay(),
        ];
        let mut scalars = BTreeMap::new();
        let groups = [
            core.to_vec(),
            datetime::functions(),
            math::functions(),
            string::functions(),
            unicode::functions(),
        ];
        for function in groups.into_iter().flatten() {
            for alias in function.aliases() {
                scalars.insert(alias.to_lowercase(), Arc::clone(&function));
            }
            scalars.insert(function.name().to_lowercase(), function);
        }
        Self {
            scalars,
            planners: vec![
                Arc::new(CoreFunctionPlanner::default()),
                Arc::new(DatetimeFunctionPlanner),
                Arc::new(UnicodeFunctionPlanner),
            ],
        }
    }

    /// Whether two calls with the same arguments may give different values.
    pub(super) fn is_unsteady(&self, name: &str) -> bool {
        CLOCKS.contains(&name)
            || (self.scalars.get(name))
                .is_some_and(|function| function.signature().volatility != Volatility::Immutable)
    }

    /// The names of all functions that a view can call.
    pub(super) fn names(&self) -> Vec<&str> {
        (self.scalars.keys().map(String::as_str))
            .chain(call::NAMES)
            .filter(|name| !self.is_unsteady(name))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::*;

    /// The reference lists what can be called, no more and no less; `REWRITE=1` writes the lists.
    #[test]
    fn the_reference_lists_every_function() {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/sql.md");
        let mut text = std::fs::read_to_string(&page).unwrap();
        let rewrite = std::env::var_os("REWRITE").is_some();
        let scalars = FUNCTIONS.scalars.keys().map(String::as_str);
        let scalars: Vec<&str> = scalars
            .filter(|name| !FUNCTIONS.is_unsteady(name))
            .collect();
        for (list, names) in [("aggregates", call::NAMES.to_vec()), ("functions", scalars)] {
            let start = format!("<!-- {list} -->\n");
            let (before, rest) = text.split_once(&start).unwrap();
            let (listed, after) = rest.split_once("<!-- end -->").unwrap();
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let names = names.join(" ") + "\n";
            if rewrite {
                text = format!("{before}{start}{names}<!-- end -->{after}");
            } else {
                assert_eq!(listed, names);
            }
        }
        if rewrite {
            std::fs::write(&page, text).unwrap();
        }
    }
}
