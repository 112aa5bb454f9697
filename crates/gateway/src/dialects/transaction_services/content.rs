//! What makes two requests the same one (contract, section 6).

use super::amounts::normalised;
use super::fields::Fields;

/// Left out: what may differ between two copies, and what is kept in no form.
const LEFT_OUT: [&str; 3] = ["authentication.checksum", "card.cvv", "customer.ip"];

/// The operation and all fields in the order of their names, amounts by their value, the card number without its blanks.
pub fn content(operation: &str, path_id: &str, fields: &Fields) -> Vec<u8> {
    let mut content = Vec::with_capacity(512);
    let mut part = |text: &str| {
        content.extend_from_slice(&(text.len() as u32).to_be_bytes());
        content.extend_from_slice(text.as_bytes());
    };
    part(operation);
    part(path_id);
    let mut pairs: Vec<(&str, &str)> =
        fields.pairs().filter(|(name, _)| !LEFT_OUT.contains(name) && !name.starts_with("deviceDetails.")).collect();
    pairs.sort_unstable();
    for (name, value) in pairs {
        part(name);
        match name {
            "amount" | "tmpl_amount" | "merchant.amount" => part(&normalised(value)),
            "card.number" | "cardNumber" => part(&value.replace([' ', '-'], "")),
            "currency" => part(&value.to_ascii_uppercase()),
            _ => part(value),
        }
    }
    content
}
