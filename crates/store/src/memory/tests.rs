use std::sync::Arc;

use super::MemoryStore;
use crate::{Store, conformance_suite};

async fn fresh() -> Option<(Arc<dyn Store>, ())> {
    Some((Arc::new(MemoryStore::new()), ()))
}

conformance_suite!(fresh);
