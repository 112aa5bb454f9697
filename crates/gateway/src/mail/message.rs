//! An e-mail's bytes (RFC 5322): plain text and HTML of the same content. Whatever merchants wrote stays within its header.

use std::time::SystemTime;

use florin_kernel::Timestamp;
use florin_kernel::mail::Message as Content;
use lettre::Message;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};

use super::settings::Sender;

#[cfg(test)]
mod tests;

/// The longest subject and name, in characters.
const LINE_MAX: usize = 200;

/// Makes the bytes; why there is no such e-mail.
pub(super) fn compose(
    reference: &str,
    content: &Content,
    written_at: Timestamp,
    sender: &Sender,
) -> Result<Message, String> {
    let name = |text: &str| Some(one_line(text)).filter(|name| !name.is_empty());
    let address = content.address.parse().map_err(|error| format!("{:?} is no address: {error}", content.address))?;
    let from = sender.from.email.clone();
    let id = format!("<{reference}@{}>", from.domain());
    let sender_name = name(&content.sender_name).or_else(|| sender.from.name.clone());
    let mut builder = Message::builder()
        .from(Mailbox::new(sender_name, from))
        .to(Mailbox::new(name(&content.name), address))
        .subject(one_line(&content.subject))
        .date(SystemTime::from(written_at))
        .message_id(Some(id));
    if let Some(reply_to) = &sender.reply_to {
        builder = builder.reply_to(reply_to.clone());
    }
    // No answer of a machine is wanted (RFC 3834).
    let automatic = HeaderName::new_from_ascii_str("Auto-Submitted");
    builder = builder.raw_header(HeaderValue::new(automatic, "auto-generated".to_owned()));
    let body = MultiPart::alternative_plain_html(content.text.clone(), content.html.clone());
    builder.multipart(body).map_err(|error| error.to_string())
}

/// A text as one line without anything that is not shown: no line breaks, no controls, nothing that turns the direction of
/// what follows.
pub fn one_line(text: &str) -> String {
    let unseen = |character: char| {
        character.is_control()
            || matches!(character, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
    };
    let spaced: String = text.chars().map(|character| if unseen(character) { ' ' } else { character }).collect();
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words.join(" ").chars().take(LINE_MAX).collect()
}
