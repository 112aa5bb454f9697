use std::sync::Arc;

use super::MemoryStore;
use crate::{Store, conformance_suite};

fn fresh() -> (Arc<dyn Store>, ()) {
    (Arc::new(MemoryStore::new()), ())
}

conformance_suite!(fresh);
