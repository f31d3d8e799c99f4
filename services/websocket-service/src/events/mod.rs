//! What the sidecar delivers, one topic per file.

pub(crate) mod task_updates;
