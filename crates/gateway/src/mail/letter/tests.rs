//! Letters as they are read, and nothing in them that a merchant's text could break out of.

use florin_kernel::invoice::{Issue, Origin, Reminders};
use florin_kernel::payment::{Details, Dialect, Payer};
use florin_kernel::{Asset, InvoiceId, MerchantId, Money, PaymentId, Timestamp};

use super::*;

const LINK: &str = "https://pay.example/transaction/PayInvoice?inv=1746&ct=m2HcD9mpgdnaCmwk";

fn at(text: &str) -> Timestamp {
    text.parse().expect("a time")
}

pub fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId::from_number(1),
        merchant: MerchantId::from_number(1),
        mode: Mode::Live,
        dialect: Dialect::TransactionServices,
        created_at: at("2026-01-15T10:40:00Z"),
        origin: Origin::Invoice,
        asked: Money::new(123_456_789, Asset::from_code("USD").expect("a currency")),
        description: "Two tickets".into(),
        raised_by: String::new(),
        state: State::Open { trying: None },
        issue: Issue::first(at("2026-01-15T10:40:00Z"), 48),
        reminders: Reminders::default(),
        last_try: None,
        tries: 0,
        mail: None,
        details: Details {
            reference: "1001".into(),
            payer: Payer {
                first_name: "Jon".into(),
                last_name: "Doe".into(),
                email: "jon.doe@example.com".into(),
                ..Payer::default()
            },
            ..Details::default()
        },
    }
}

pub fn written(invoice: &Invoice, letter: Letter, merchant: &str) -> Message {
    let accents = brand::accents(&florin_engine::directory::Brand::default());
    compose(invoice, letter, LINK, &Asking { merchant, accents })
}

fn paid() -> Invoice {
    Invoice { state: State::Paid { payment: PaymentId::from_number(2), at: at("2026-01-16T08:00:00Z") }, ..invoice() }
}

fn cancelled() -> Invoice {
    Invoice { state: State::Cancelled { reason: "sold out".into(), at: at("2026-01-16T08:00:00Z") }, ..invoice() }
}

#[test]
fn says_what_for_how_much_by_when_and_who_asks() {
    let message = written(&invoice(), Letter::Issued, "Shop Ltd");
    assert_eq!(message.subject, "Invoice 1001 from Shop Ltd: 1234567.89 USD");
    assert_eq!((message.name.as_str(), message.address.as_str()), ("Jon Doe", "jon.doe@example.com"));
    insta::assert_snapshot!(message.text.replace("\n-- \n", "\n--\n"), @r"
    Invoice 1001

    Shop Ltd asks you to pay 1,234,567.89 USD by 17 Jan 2026, 10:40 UTC.

    Amount: 1,234,567.89 USD
    Invoice: 1001
    For: Two tickets
    Pay by: 17 Jan 2026, 10:40 UTC

    Pay 1,234,567.89 USD:
    https://pay.example/transaction/PayInvoice?inv=1746&ct=m2HcD9mpgdnaCmwk

    --
    Shop Ltd
    You receive this e-mail at jon.doe@example.com because Shop Ltd sent invoice 1001 to this address. If you do not know Shop Ltd, you can ignore it; nothing is charged unless you pay.
    ");
}

#[test]
fn what_is_over_has_no_link() {
    for (invoice, letter, part) in [
        (paid(), Letter::Paid, "Paid on: 16 Jan 2026, 08:00 UTC"),
        (cancelled(), Letter::Cancelled, "Reason: sold out"),
    ] {
        let message = written(&invoice, letter, "Shop Ltd");
        assert!(message.text.contains(part), "{}", message.text);
        for body in [&message.text, &message.html] {
            assert!(!body.contains("PayInvoice") && !body.contains("Pay by"), "{body}");
        }
    }
    for letter in [Letter::Issued, Letter::Reissued, Letter::Reminder] {
        let message = written(&invoice(), letter, "Shop Ltd");
        assert_eq!(
            message
                .html
                .matches("href=\"https://pay.example/transaction/PayInvoice?inv=1746&#38;ct=m2HcD9mpgdnaCmwk\"")
                .count(),
            2
        );
        assert!(message.text.contains(LINK) && message.text.contains("17 Jan 2026, 10:40 UTC"));
    }
}

#[test]
fn a_merchants_text_stays_text() {
    let evil = "<script>alert(1)</script>\r\nBcc: x@example.com\"><img src=x>";
    let mut invoice = Invoice { description: evil.into(), raised_by: evil.into(), ..invoice() };
    invoice.details.reference = evil.into();
    let message = written(&invoice, Letter::Issued, &one_line(evil));
    for part in ["<script", "<img"] {
        assert!(!message.html.contains(part), "{}", message.html);
    }
    assert!(!message.subject.contains(['\r', '\n']), "{}", message.subject);
    assert_eq!(message.text.matches("\nBcc").count(), 0, "{}", message.text);
}

#[test]
fn test_mode_says_so() {
    let message = written(&Invoice { mode: Mode::Dev, ..invoice() }, Letter::Issued, "Shop");
    assert!(message.text.starts_with("Test mode: no money moves.") && message.html.contains("Test mode"));
}

/// Writes the letters where a browser can open them: `FLORIN_LETTERS=DIR cargo nextest run letters_to_look_at`.
#[test]
fn letters_to_look_at() {
    let Some(folder) = std::env::var_os("FLORIN_LETTERS") else { return };
    std::fs::create_dir_all(&folder).expect("a folder");
    let long = Invoice {
        description: "Ein Jahresabonnement der Donaudampfschifffahrtsgesellschaft, gültig ab Januar".into(),
        ..invoice()
    };
    let rtl = "متجر السلام";
    for (name, letter, invoice, merchant) in [
        ("issued", Letter::Issued, Invoice { mode: Mode::Dev, ..long.clone() }, "Shop Ltd"),
        ("reissued", Letter::Reissued, long, rtl),
        ("reminder", Letter::Reminder, invoice(), "Shop Ltd"),
        ("cancelled", Letter::Cancelled, cancelled(), "Shop Ltd"),
        ("paid", Letter::Paid, paid(), "Shop Ltd"),
    ] {
        let path = std::path::Path::new(&folder).join(format!("{name}.html"));
        std::fs::write(path, written(&invoice, letter, merchant).html).expect("written");
    }
}
