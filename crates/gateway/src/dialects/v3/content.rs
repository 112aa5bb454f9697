//! What makes two requests the same one (contract, section 9).

use super::form::Form;

/// What makes two requests the same one (section 9): method, path below the mount and all fields in the order of their names,
/// the card number without its blanks and no security code. The older platform's login is no part of what is asked.
pub fn content(method: &str, path: &str, form: &Form) -> Vec<u8> {
    const LEFT_OUT: [&str; 3] = ["card.cvv", "authentication.userId", "authentication.password"];
    let mut content = Vec::with_capacity(512);
    let mut part = |text: &str| {
        content.extend_from_slice(&(text.len() as u32).to_be_bytes());
        content.extend_from_slice(text.as_bytes());
    };
    part(method);
    part(path);
    for field in form.sorted() {
        let name = field.name.text();
        if LEFT_OUT.contains(&name) {
            continue;
        }
        part(name);
        match name {
            "card.number" => part(&field.value.replace([' ', '-'], "")),
            _ => part(&field.value),
        }
    }
    content
}
