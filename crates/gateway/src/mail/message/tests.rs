//! The bytes of e-mails, read back by a parser that is not ours.

use mail_parser::{MessageParser, MimeHeaders};

use super::*;

fn content(subject: &str, name: &str) -> Content {
    Content {
        sender_name: "Käse & Söhne".into(),
        name: name.into(),
        address: "jon.doe@example.com".into(),
        subject: subject.into(),
        text: "Bitte zahlen: 50,00 €\n.\nEnde".into(),
        html: "<p>50,00&nbsp;€</p>".into(),
    }
}

fn bytes(content: &Content) -> Vec<u8> {
    let sender = Sender { reply_to: Some("Hilfe <help@shop.example>".parse().unwrap()), ..Sender::default() };
    compose("0123abcd", content, "2026-01-15T10:40:00Z".parse().unwrap(), &sender).expect("an e-mail").formatted()
}

#[test]
fn another_parser_reads_what_was_meant() {
    let bytes = bytes(&content("Invoice 1001 from Käse & Söhne: 50.00 EUR", "Jürgen Doe"));
    let read = MessageParser::default().parse(&bytes).expect("an e-mail");
    assert_eq!(read.subject(), Some("Invoice 1001 from Käse & Söhne: 50.00 EUR"));
    let address = |list: Option<&mail_parser::Address<'_>>| {
        let first = list.and_then(|list| list.first()).expect("an address");
        (first.name().unwrap_or_default().to_owned(), first.address().unwrap_or_default().to_owned())
    };
    assert_eq!(address(read.from()), ("Käse & Söhne".into(), "florin@localhost".into()));
    assert_eq!(address(read.to()), ("Jürgen Doe".into(), "jon.doe@example.com".into()));
    assert_eq!(address(read.reply_to()), ("Hilfe".into(), "help@shop.example".into()));
    assert_eq!(read.message_id(), Some("0123abcd@localhost"));
    assert_eq!(read.date().map(|date| date.to_rfc3339()), Some("2026-01-15T10:40:00Z".into()));
    assert_eq!(read.header_raw("Auto-Submitted").map(str::trim), Some("auto-generated"));
    assert_eq!(read.body_text(0).as_deref(), Some("Bitte zahlen: 50,00 €\r\n.\r\nEnde"));
    assert_eq!(read.body_html(0).as_deref(), Some("<p>50,00&nbsp;€</p>"));
    assert!(read.parts.iter().any(|part| part.is_content_type("multipart", "alternative")));
    assert!(bytes.is_ascii() && bytes.split(|byte| *byte == b'\n').all(|line| line.len() <= 998), "RFC 5322, 2.1.1");
}

#[test]
fn no_text_makes_a_header_of_its_own() {
    let evil = "x\r\nBcc: thief@example.com\r\n\r\n<b>body</b>\u{2028}\u{202e}y\0";
    for content in
        [content(evil, "Jon"), content("s", evil), Content { sender_name: evil.into(), ..content("s", "Jon") }]
    {
        let bytes = bytes(&content);
        let read = MessageParser::default().parse(&bytes).expect("an e-mail");
        assert!(read.bcc().is_none(), "{}", String::from_utf8_lossy(&bytes));
        assert_eq!(read.to().map(|to| to.iter().count()), Some(1));
        assert_eq!(read.text_body.len() + read.html_body.len(), 2, "one text and one HTML part");
        assert!(!String::from_utf8_lossy(&bytes).contains("\nBcc"), "{}", String::from_utf8_lossy(&bytes));
    }
    assert_eq!(one_line(evil), "x Bcc: thief@example.com <b>body</b> y");
    assert_eq!(one_line(&"ä".repeat(500)).chars().count(), 200);
}

#[test]
fn what_is_no_address_gets_no_email() {
    for address in
        ["", "nobody", "a b@example.com", "a@example.com\r\nBcc: b@example.com", "a@example.com, b@example.com"]
    {
        let content = Content { address: address.into(), ..content("s", "") };
        let sender = Sender::default();
        assert!(compose("1", &content, Timestamp::UNIX_EPOCH, &sender).is_err(), "{address:?}");
    }
}
