//! batch-layer
