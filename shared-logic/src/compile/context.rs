//! What DataFusion's planner asks for: one table with its window columns, types and functions.

use std::sync::{Arc, LazyLock};

use arrow::datatypes::{DataType, Field, SchemaBuilder, SchemaRef, TimeUnit};
use datafusion_common::config::ConfigOptions;
use datafusion_common::{DFSchema, Result, TableReference, plan_err};
use datafusion_expr::planner::{ContextProvider, ExprPlanner, TypePlanner};
use datafusion_expr::{AggregateUDF, HigherOrderUDF, ScalarUDF, TableSource, WindowUDF};
use datafusion_sql::planner::{ParserOptions, SqlToRel};

use super::functions::FUNCTIONS;
use super::types::Types;
use crate::spelling::{WINDOW_END, WINDOW_START};
use crate::table::Table;

static OPTIONS: LazyLock<ConfigOptions> = LazyLock::new(ConfigOptions::default);

/// The type of window bounds.
pub(super) const BOUND: DataType = DataType::Timestamp(TimeUnit::Microsecond, None);

/// The one table that a view reads.
pub(super) struct Context {
    name: String,
    schema: SchemaRef,
}

impl Context {
    /// The table's columns, then `window_start` and `window_end`.
    pub(super) fn new(table: &Table) -> Self {
        let mut fields = SchemaBuilder::from(table.schema.fields());
        fields.push(Field::new(WINDOW_START, BOUND, false));
        fields.push(Field::new(WINDOW_END, BOUND, false));
        Self {
            name: table.name.clone(),
            schema: Arc::new(fields.finish()),
        }
    }

    /// The planner over this table.
    pub(super) fn planner(&self) -> SqlToRel<'_, Self> {
        let options = ParserOptions::new().with_map_string_types_to_utf8view(false);
        SqlToRel::new_with_options(self, options)
    }

    /// All columns, qualified by the table's name.
    pub(super) fn schema(&self) -> Result<DFSchema> {
        self.project(&(0..self.schema.fields().len()).collect::<Vec<_>>())
    }

    /// Some of the columns, in the order of `indices`.
    pub(super) fn project(&self, indices: &[usize]) -> Result<DFSchema> {
        let schema = self.schema.project(indices)?;
        DFSchema::try_from_qualified_schema(TableReference::bare(self.name.clone()), &schema)
    }

    /// The index of a column.
    pub(super) fn index(&self, name: &str) -> Option<usize> {
        self.schema.index_of(name).ok()
    }
}

impl ContextProvider for Context {
    fn get_table_source(&self, name: TableReference) -> Result<Arc<dyn TableSource>> {
        // Expressions are planned one by one, over columns that are given; there is no FROM.
        plan_err!("unknown table {name}")
    }

    fn get_expr_planners(&self) -> &[Arc<dyn ExprPlanner>] {
        &FUNCTIONS.planners
    }

    fn get_type_planner(&self) -> Option<Arc<dyn TypePlanner>> {
        Some(Arc::new(Types))
    }

    fn get_function_meta(&self, name: &str) -> Option<Arc<ScalarUDF>> {
        FUNCTIONS.scalars.get(&name.to_lowercase()).cloned()
    }

    fn get_higher_order_meta(&self, _: &str) -> Option<Arc<HigherOrderUDF>> {
        None
    }

    fn get_aggregate_meta(&self, _: &str) -> Option<Arc<AggregateUDF>> {
        // What is planned is inside an aggregate, or has a column in its place.
        None
    }

    fn get_window_meta(&self, _: &str) -> Option<Arc<WindowUDF>> {
        None
    }

    fn get_variable_type(&self, _: &[String]) -> Option<DataType> {
        None
    }

    fn options(&self) -> &ConfigOptions {
        &OPTIONS
    }

    fn udf_names(&self) -> Vec<String> {
        FUNCTIONS.scalars.keys().cloned().collect()
    }

    fn higher_order_function_names(&self) -> Vec<String> {
        vec![]
    }

    fn udaf_names(&self) -> Vec<String> {
        vec![]
    }

    fn udwf_names(&self) -> Vec<String> {
        vec![]
    }
}
