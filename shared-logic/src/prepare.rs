//! From decoded columns to window starts, keys and arguments: WHERE and computed columns.

/// The compiled WHERE, keys and arguments of a view.
#[derive(Debug)]
pub struct Prepare {}
