//! From canonical SQL to what runs: types, functions, expressions, and what is maintained and shown.

mod aggregate;
mod blame;
mod call;
mod check;
mod context;
mod expression;
mod functions;
mod options;
mod plan;
mod prepare;
mod rebase;
mod render;
mod static_table;
mod table;
mod types;
mod view;

pub(crate) use check::is_aggregate;
pub(crate) use static_table::static_table;
pub(crate) use table::table;
pub(crate) use view::view;

/// Whether two calls of the function with the same arguments may give different values.
pub(crate) fn is_unsteady(name: &str) -> bool {
    functions::FUNCTIONS.is_unsteady(name)
}
