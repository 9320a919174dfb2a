//! view-store
