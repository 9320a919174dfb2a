//! serving-layer
