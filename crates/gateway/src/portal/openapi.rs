//! The OpenAPI 3.1 document of the admin API: the file `openapi.json`. The reference page is rendered from it.

use serde_json::Value;

/// The document.
pub fn document() -> Value {
    serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON")
}
