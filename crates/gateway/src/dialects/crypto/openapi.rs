//! The OpenAPI 3.1 document of this dialect: the file `openapi.json`. The reference pages are rendered from it.

use serde_json::Value;

/// The document.
pub fn openapi() -> Value {
    serde_json::from_str(include_str!("openapi.json")).expect("the file is JSON")
}
