//! The functions that views can call: deterministic scalar ones, and the aggregates maintained.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};

use datafusion_expr::planner::ExprPlanner;
use datafusion_expr::{AggregateUDF, ScalarUDF, Volatility};
use datafusion_functions::core::planner::CoreFunctionPlanner;
use datafusion_functions::datetime::planner::DatetimeFunctionPlanner;
use datafusion_functions::unicode::planner::UnicodeFunctionPlanner;
use datafusion_functions::{core, datetime, math, string, unicode};
use datafusion_functions_aggregate::planner::AggregateFunctionPlanner;
use datafusion_functions_aggregate::{average, count, min_max, sum};

use crate::measure::Function;

/// All functions by name in small letters.
#[derive(Debug)]
pub(super) struct Functions {
    pub(super) scalars: BTreeMap<String, Arc<ScalarUDF>>,
    pub(super) aggregates: BTreeMap<String, Arc<AggregateUDF>>,
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
        let aggregates = [
            count::count_udaf(),
            sum::sum_udaf(),
            min_max::min_udaf(),
            min_max::max_udaf(),
            average::avg_udaf(),
        ];
        let aggregates = aggregates.map(|function| (function.name().to_lowercase(), function));
        Self {
            scalars,
            aggregates: aggregates.into(),
            planners: vec![
                Arc::new(AggregateFunctionPlanner),
                Arc::new(CoreFunctionPlanner::default()),
                Arc::new(DatetimeFunctionPlanner),
                Arc::new(UnicodeFunctionPlanner),
            ],
        }
    }

    /// The aggregate of this name; `COUNT(*)` counts as a `Count`.
    pub(super) fn measure(name: &str) -> Option<Function> {
        Some(match name {
            "count" => Function::Count,
            "sum" => Function::Sum,
            "min" => Function::Min,
            "max" => Function::Max,
            "avg" => Function::Avg,
            _ => return None,
        })
    }

    /// Whether two calls with the same arguments may give different values.
    pub(super) fn is_unsteady(&self, name: &str) -> bool {
        CLOCKS.contains(&name)
            || (self.scalars.get(name))
                .is_some_and(|function| function.signature().volatility != Volatility::Immutable)
    }

    /// The names of all functions that a view can call.
    pub(super) fn names(&self) -> Vec<&str> {
        (self.scalars.keys().chain(self.aggregates.keys()))
            .map(String::as_str)
            .filter(|name| !self.is_unsteady(name))
            .collect()
    }
}
