//! What prefixes that an operator sets in front of an API share: their form, and whose paths they must leave alone (product document,
//! "Paths").

/// First segments that belong to somebody as a whole, whichever dialect asks for them.
const OWNED: [&str; 20] = [
    "3ds",
    "admin",
    "callbacks",
    "cashier",
    "cashier.js",
    "docs",
    "fraudServices",
    "healthz",
    "invoiceServices",
    "merchantServices",
    "metrics",
    "openapi",
    "portal",
    "readyz",
    "sandbox",
    "sim",
    "static",
    "transaction",
    "transactionServices",
    "v1",
];

/// Whether a first segment is nobody's to set.
pub fn is_owned(first: &str) -> bool {
    OWNED.contains(&first)
}

/// The segments of a path such as `/api/v2`: one to five, of plain characters, without a slash at the end. Nothing where it has
/// another form.
pub fn segments(prefix: &str) -> Option<Vec<&str>> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
    let good = |segment: &&str| !segment.is_empty() && !matches!(*segment, "." | "..") && segment.bytes().all(plain);
    let segments: Vec<&str> = prefix.strip_prefix('/')?.split('/').collect();
    (segments.len() <= 5 && segments.iter().all(good)).then_some(segments)
}

#[cfg(test)]
mod tests {
    use super::{is_owned, segments};

    #[test]
    fn a_prefix_is_a_plain_path() {
        assert_eq!(segments("/api/v2"), Some(vec!["api", "v2"]));
        assert_eq!(segments("/a/b/c/d/e.f~g"), Some(vec!["a", "b", "c", "d", "e.f~g"]));
        for bad in ["", "/", "api", "/api/", "//api", "/a/../b", "/a/.", "/a b", "/{a}", "/a/b/c/d/e/f"] {
            assert_eq!(segments(bad), None, "{bad}");
        }
        assert!(is_owned("portal") && !is_owned("gateway"));
    }
}
