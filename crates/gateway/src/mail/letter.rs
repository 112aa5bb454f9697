//! Letters about invoices: the amount, what for, by when, one button with the link also in the clear, who sends it and why.

use askama::Template;
use florin_engine::Engine;
use florin_kernel::invoice::{Invoice, Letter, State};
use florin_kernel::mail::Message;
use florin_kernel::payment::Mode;

use super::message::one_line;
use crate::pages::brand::{self, Accents};
use crate::pages::text;

#[cfg(test)]
mod tests;

/// A row of what there is to know.
struct Row {
    name: &'static str,
    value: String,
}

/// What a letter says, in whichever form.
struct Words {
    heading: String,
    lead: String,
    /// What the button says; empty: there is nothing to do.
    action: String,
    rows: Vec<Row>,
    /// Who sends it and why.
    why: String,
}

#[derive(Template)]
#[template(path = "mail/invoice.html")]
struct Html<'a> {
    subject: &'a str,
    merchant: &'a str,
    amount: &'a str,
    words: &'a Words,
    link: &'a str,
    accents: &'a Accents,
    test_mode: bool,
}

#[derive(Template)]
#[template(path = "mail/invoice.txt")]
struct Text<'a> {
    merchant: &'a str,
    amount: &'a str,
    words: &'a Words,
    link: &'a str,
    test_mode: bool,
}

/// Who asks, as far as a letter needs to know.
pub struct Asking<'a> {
    /// The merchant's name.
    pub merchant: &'a str,
    /// Its colour.
    pub accents: Accents,
}

/// The letter about an invoice, with the link that pays it; nothing where there is no address to send it to.
pub fn write(invoice: &Invoice, letter: Letter, link: &str, engine: &Engine) -> Option<Message> {
    let directory = engine.directory();
    let merchant = directory.merchant(invoice.merchant)?;
    let asking = Asking { merchant: &one_line(&merchant.name), accents: brand::accents(&merchant.brand) };
    let message = compose(invoice, letter, link, &asking);
    Some(message).filter(|message| !message.address.is_empty())
}

/// The same by what is known of the merchant.
pub fn compose(invoice: &Invoice, letter: Letter, link: &str, asking: &Asking<'_>) -> Message {
    let payer = &invoice.details.payer;
    let name = one_line(&format!("{} {}", payer.first_name, payer.last_name));
    let reference = one_line(&invoice.details.reference);
    let merchant = asking.merchant;
    let plain = format!("{} {}", invoice.asked.decimal(), invoice.asked.asset());
    let subject = format!("Invoice {reference} from {merchant}: {plain}");
    let words = words(invoice, letter, &reference, merchant);
    let (amount, test_mode) = (text::amount(invoice.asked), invoice.mode == Mode::Dev);
    let link = if words.action.is_empty() { "" } else { link };
    let html =
        Html { subject: &subject, merchant, amount: &amount, words: &words, link, accents: &asking.accents, test_mode };
    let text = Text { merchant, amount: &amount, words: &words, link, test_mode };
    let text = text.render().expect("texts can be written");
    let html = html.render().expect("texts can be written");
    Message { sender_name: merchant.to_owned(), name, address: payer.email.clone(), subject, text, html }
}

fn words(invoice: &Invoice, letter: Letter, reference: &str, merchant: &str) -> Words {
    let amount = text::amount(invoice.asked);
    let pay_by = text::moment(invoice.issue.expires_at());
    let pay = format!("Pay {amount}");
    let (heading, lead, action) = match letter {
        Letter::Issued => {
            (format!("Invoice {reference}"), format!("{merchant} asks you to pay {amount} by {pay_by}."), pay)
        }
        Letter::Reissued => (
            format!("New link for invoice {reference}"),
            format!("{merchant} asks you to pay {amount} by {pay_by}. Links in earlier e-mails no longer work."),
            pay,
        ),
        Letter::Reminder => (
            format!("Reminder: invoice {reference} is open"),
            format!("{merchant} has not received your payment of {amount} yet. You can pay until {pay_by}."),
            pay,
        ),
        Letter::Cancelled => (
            format!("Invoice {reference} was cancelled"),
            format!("{merchant} has withdrawn this invoice. You do not need to pay it."),
            String::new(),
        ),
        Letter::Paid => (
            format!("Invoice {reference} is paid"),
            format!("Thank you. {merchant} has received your payment of {amount}."),
            String::new(),
        ),
    };
    let mut rows = vec![Row { name: "Invoice", value: reference.to_owned() }];
    let mut row = |name, value: String| rows.push(Row { name, value });
    row("For", one_line(&invoice.description));
    if !invoice.raised_by.is_empty() && one_line(&invoice.raised_by) != merchant {
        row("Raised by", one_line(&invoice.raised_by));
    }
    match &invoice.state {
        State::Open { .. } => row("Pay by", pay_by),
        State::Paid { at, .. } => row("Paid on", text::moment(*at)),
        State::Cancelled { reason, at } => {
            row("Cancelled on", text::moment(*at));
            row("Reason", one_line(reason));
        }
        State::Expired { at } => row("Expired on", text::moment(*at)),
    }
    rows.retain(|row| !row.value.is_empty());
    let address = one_line(&invoice.details.payer.email);
    let mut why =
        format!("You receive this e-mail at {address} because {merchant} sent invoice {reference} to this address.");
    if !action.is_empty() {
        why += &format!(" If you do not know {merchant}, you can ignore it; nothing is charged unless you pay.");
    }
    Words { heading, lead, action, rows, why }
}
