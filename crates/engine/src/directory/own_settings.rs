//! What a dialect alone reads of a credential, and reads once.

use std::any::Any;
use std::sync::{Arc, OnceLock};

use serde_json::Value;

/// Settings that the engine does not know: the document of the credential's row, and what its dialect made of that when it first
/// asked. A changed row is a new credential of the next snapshot, so nothing outlives a change.
#[derive(Clone, Debug, Default)]
pub struct OwnSettings {
    document: Value,
    read: OnceLock<Arc<dyn Any + Send + Sync>>,
}

impl OwnSettings {
    pub(crate) fn new(document: Value) -> OwnSettings {
        OwnSettings { document, read: OnceLock::new() }
    }

    /// The row's document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// What `read` makes of the document; asked once for the one type that a credential's dialect reads it as.
    pub fn read<T: Any + Send + Sync>(&self, read: impl Fn(&Value) -> T) -> Arc<T> {
        let known = self.read.get_or_init(|| Arc::new(read(&self.document)));
        known.clone().downcast().unwrap_or_else(|_| Arc::new(read(&self.document)))
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use serde_json::json;

    use super::OwnSettings;

    #[test]
    fn a_document_is_read_once_and_again_for_another_type() {
        let (settings, reads) = (OwnSettings::new(json!({"days": 7})), Cell::new(0));
        let days = || {
            settings.read(|document| {
                reads.set(reads.get() + 1);
                document["days"].as_u64().unwrap_or_default()
            })
        };
        assert_eq!((*days(), *days(), reads.get()), (7, 7, 1));
        assert_eq!(*settings.read(|document| document["days"].to_string()), "7");
        assert_eq!((*days(), reads.get()), (7, 1));
    }
}
