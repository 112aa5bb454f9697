//! What a payer sends from our page (contract, section 13): which offer, how much, and the fields of its means. A card's number
//! and its code go to the provider and nowhere else; a page drawn again does not hold them.

use florin_kernel::card::{Card, Expiry};
use florin_kernel::payment::{AmountChoice, Mode, Payment, Retry};
use florin_kernel::routing::NoRoute;
use florin_kernel::secret::Secret;
use florin_kernel::{Asset, Money};
use jiff::civil::Date;

use super::Session;
use super::offers::{Entry, Offer, bounds, for_card, offers};
use super::view::Shown;
use crate::pages::card::{CardFields, Submitted};
use crate::pages::words::{Words, fill};

#[cfg(test)]
mod tests;

/// A form that can be obeyed.
pub(super) struct Chosen {
    pub(super) offer: Offer,
    pub(super) amount: Option<Money>,
    pub(super) card: Option<Card>,
    pub(super) voucher: Option<Secret>,
}

/// Reads the form.
///
/// # Errors
/// The page to show again, with everything that is wrong at its field.
pub(super) fn read(session: &Session<'_>, submitted: &Submitted) -> Result<Chosen, Box<Shown>> {
    let words = session.look.words;
    let mut shown = Shown { amount: kept_amount(submitted), card: submitted.kept(), ..Shown::default() };
    let amount = match amount(session, submitted, words) {
        Ok(amount) => amount,
        Err(problem) => {
            shown.amount_problem = Some(problem);
            None
        }
    };
    let payment = session.payment;
    let offered = offers(session.engine, payment, amount.unwrap_or(payment.asked)).unwrap_or_default();
    let wanted = submitted.field("provider_id");
    shown.chosen = Some(wanted.to_owned());
    let mut offer = offered.into_iter().find(|offer| offer.account().id.to_string() == wanted);
    if offer.is_none() {
        shown.problem = Some(match session.offers.iter().any(|offer| offer.account().id.to_string() == wanted) {
            true => words.not_for_amount,
            false => words.choose_one,
        });
    }
    let (mut card, mut voucher) = (None, None);
    match offer.as_mut().map(|offer| (offer.entry, offer)) {
        Some((Entry::Card, offer)) => match read_card(submitted, words, payment.mode, session.today) {
            Ok(read) => match for_card(session.engine, payment, amount.unwrap_or(payment.asked), &read.pan) {
                Ok(candidate) => {
                    offer.candidate = candidate;
                    card = Some(read);
                }
                Err(refusal) => shown.card.number_problem = Some(not_taken(refusal, words).to_owned()),
            },
            Err(fields) => shown.card = *fields,
        },
        Some((Entry::Voucher, _)) => match voucher_code(submitted) {
            Some(code) => voucher = Some(code),
            None => shown.voucher_problem = Some(words.bad_voucher.to_owned()),
        },
        Some((Entry::Nothing, _)) | None => {}
    }
    match offer {
        Some(offer) if shown.is_clean() => Ok(Chosen { offer, amount, card, voucher }),
        Some(_) | None => {
            shown.problem = shown.problem.or(Some(words.check_fields));
            Err(Box::new(shown))
        }
    }
}

/// What the payer chose to pay, where nothing else is read of the form; `None` where it is not the payer's choice.
///
/// # Errors
/// The page to show again.
pub(super) fn chosen_amount(session: &Session<'_>, submitted: &Submitted) -> Result<Option<Money>, Box<Shown>> {
    amount(session, submitted, session.look.words).map_err(|problem| {
        Box::new(Shown {
            chosen: Some(submitted.field("provider_id").to_owned()),
            amount: kept_amount(submitted),
            amount_problem: Some(problem),
            problem: Some(session.look.words.check_fields),
            ..Shown::default()
        })
    })
}

/// Why the rules leave nobody for a card.
fn not_taken(refusal: NoRoute, words: &Words) -> &'static str {
    match refusal {
        NoRoute::Amount { .. } => words.not_for_amount,
        NoRoute::NotFound | NoRoute::Unavailable | NoRoute::NoRule => words.card_not_taken,
    }
}

/// What the payer chose to pay; `None` where it is not the payer's choice.
fn amount(session: &Session<'_>, submitted: &Submitted, words: &Words) -> Result<Option<Money>, String> {
    let payment = session.payment;
    if !is_open(payment) {
        return Ok(None);
    }
    let asset = payment.asked.asset();
    let example = words.writable(payment.asked);
    let faulty = || fill(words.bad_amount, &[("example", &example)]);
    let amount = read_amount(submitted.field("amount"), asset, words).ok_or_else(faulty)?;
    match bounds(session.merchant(), payment, &session.offers) {
        Some((min, max)) if min.exceeds(amount) || amount.exceeds(max) => {
            Err(fill(words.bad_bounds, &[("min", &words.money(min)), ("max", &words.money(max))]))
        }
        Some(_) | None => Ok(Some(amount)),
    }
}

/// Whether the payer says how much is paid.
pub(super) fn is_open(payment: &Payment) -> bool {
    match payment.retry {
        Retry::Session { amount, .. } => amount == AmountChoice::Open,
        Retry::Never => false,
    }
}

/// An amount as people write it, blanks dropped. A text that could mean two amounts, such as `1,234` where a comma groups
/// thousands, is none: nobody shall pay a thousand times what was meant.
pub(super) fn read_amount(text: &str, asset: Asset, words: &Words) -> Option<Money> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    let plain = match text.split_once(['.', ',']) {
        None => text,
        Some((whole, fraction)) => {
            let grouping = fraction.len() == 3 && text[whole.len()..].starts_with(words.group);
            if fraction.is_empty() || fraction.len() > asset.scale() as usize || grouping {
                return None;
            }
            format!("{whole}.{fraction}")
        }
    };
    Money::parse(&plain, asset).ok()
}

fn kept_amount(submitted: &Submitted) -> Option<String> {
    let text: String = submitted.kept_text("amount").chars().take(30).collect();
    (!text.is_empty()).then_some(text)
}

fn read_card(submitted: &Submitted, words: &Words, mode: Mode, today: Date) -> Result<Card, Box<CardFields>> {
    let card = submitted.card(words)?;
    let Expiry { month, year } = card.expiry;
    let past = (i32::from(year), i32::from(month)) < (i32::from(today.year()), i32::from(today.month()));
    match mode {
        Mode::Live if past => {
            Err(Box::new(CardFields { year_problem: Some(words.bad_expiry.to_owned()), ..submitted.kept() }))
        }
        Mode::Live | Mode::Dev => Ok(card),
    }
}

fn voucher_code(submitted: &Submitted) -> Option<Secret> {
    let code = submitted.voucher_code()?;
    (code.len() == 16 && code.bytes().all(|byte| byte.is_ascii_digit())).then(|| Secret::new(code))
}
