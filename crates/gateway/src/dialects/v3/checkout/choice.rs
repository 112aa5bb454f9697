//! What a payer sends: a card, a brand or a stored card. From our own page, people's ways of writing dates are taken; programs
//! that post the form themselves write as the contract says.

use std::sync::Arc;

use florin_kernel::card::{Brand, Cvc, Pan, PanError};

use super::super::brand;
use super::super::document::Document;
use super::super::errors::{FieldError, Problem};
use super::super::fields::{Reader, web_url};
use super::super::form::Form;
use super::super::means;
use super::super::request::{self, Account, Keep, Reading};
use super::offers::Offer;
use crate::pages::card::CardFields;
use crate::pages::words::{Words, fill};

/// The radio button for paying by card.
pub(super) const BY_CARD: &str = "card";
/// The hidden field that says which button of the list is pressed.
const WAY: &str = "way";

/// A form that can be obeyed.
pub(super) struct Choice {
    pub(super) account: Account,
    /// The security code that came beside a stored card.
    pub(super) cvc: Option<Cvc>,
    /// Whether the payer wants the card to be stored.
    pub(super) keep: Keep,
    /// With brand and holder.
    pub(super) document: Document,
    /// Where the payer goes back to, as the shop's page says.
    pub(super) return_url: Option<String>,
}

/// Whose form it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Author {
    /// A page of ours, filled in by a person.
    Page {
        /// Whether the shop's page lets the security code be left out.
        code: Code,
    },
    /// A program.
    Program,
}

/// Whether the security code must be there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Required,
    Optional,
}

/// The form as the contract writes it: the pressed button as a brand, dates with all their digits.
pub(super) fn written_out(form: &Form, author: Author) -> Form {
    if author == Author::Program {
        return Form::of(form.pairs());
    }
    let way = form.get(WAY).unwrap_or_default();
    let by_card = matches!(way, BY_CARD | "");
    let stored = is_stored(way);
    let month = form.get("card.expiryMonth").map(|month| format!("{month:0>2}"));
    let year = form.get("card.expiryYear").map(|year| if year.len() == 2 { format!("20{year}") } else { year.into() });
    let chosen = match (by_card, stored) {
        (true, _) => form.get("paymentBrand").unwrap_or_default(),
        (false, true) => "",
        (false, false) => way,
    };
    let dates = [("card.expiryMonth", month), ("card.expiryYear", year)];
    let kept = form.pairs().filter(|(name, _)| match *name {
        WAY | "paymentBrand" | "card.expiryMonth" | "card.expiryYear" => false,
        name => by_card || !name.starts_with("card."),
    });
    let dates = dates.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
    let named = [("paymentBrand", chosen), ("registrationId", if stored { way } else { "" })];
    Form::of(kept.chain(dates.filter(|_| by_card)).chain(named))
}

/// Whether a button stands for a stored card, whose value is its id.
fn is_stored(way: &str) -> bool {
    way.len() == 32 && way.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// Reads a form that is [`written_out`].
///
/// # Errors
/// [`Problem`] with everything of bad form, else the first fault of meaning.
pub(super) fn read(
    form: &Form,
    faults: Vec<FieldError>,
    reading: Reading<'_>,
    (document, offers, author): (Document, &[Offer], Author),
) -> Result<Choice, Problem> {
    let mut reader = Reader::new(form, faults);
    let mut means = means::means(&mut reader, None, form.get("registrationId"));
    let (cvc, keep) = (means.cvc.take(), request::keep(&mut reader, None));
    let return_url = reader.read("shopperResultUrl", web_url);
    let mut document = document;
    note_browser(&mut reader, &mut document);
    let typed = means.token.is_none() && form.get("paymentBrand").is_none_or(brand::is_card);
    if author != Author::Program && typed {
        require_card(&mut reader, author);
    }
    reader.finish()?;
    let reader = Reader::new(form, Vec::new());
    let account = means::account(means, reading, &reader, &mut document)?;
    is_offered(&account, &document, offers).map_err(|field| match field {
        "card.number" => Problem::BrandDiffers(reader.error(field, "must be a card of a brand that is offered")),
        _ => Problem::NoProviderForBrand,
    })?;
    Ok(Choice { account, cvc, keep, document, return_url })
}

/// A person leaves nothing out.
fn require_card(reader: &mut Reader<'_>, author: Author) {
    let code: &[&str] = match author {
        Author::Page { code: Code::Required } => &["card.cvv"],
        Author::Page { code: Code::Optional } | Author::Program => &[],
    };
    let fields = ["card.number", "card.expiryMonth", "card.expiryYear", "card.holder"];
    for field in fields.iter().chain(code) {
        if reader.form.get(field).is_none() {
            reader.missing(field);
        }
    }
}

/// The payer's browser joins what the merchant told of its customer.
fn note_browser(reader: &mut Reader<'_>, document: &mut Document) {
    let told = super::super::echo::Echo::read(reader);
    let browser = told.customer.as_ref().and_then(|customer| customer.get("browser")).cloned();
    if let Some(browser) = browser {
        let echo = Arc::make_mut(&mut document.echo);
        let customer = echo.customer.get_or_insert_with(|| serde_json::Value::Object(serde_json::Map::new()));
        if let serde_json::Value::Object(customer) = customer {
            customer.insert("browser".to_owned(), browser);
        }
    }
}

/// Whether the shop's page offers it; else the field that is to blame.
fn is_offered(account: &Account, document: &Document, offers: &[Offer]) -> Result<(), &'static str> {
    let offered = match account {
        Account::Card(card) => offers.iter().any(|offer| match offer {
            Offer::Card(brands) => brands.is_empty() || brands.iter().any(|name| brand::is_of(name, card.pan.brand())),
            Offer::Stored(..) | Offer::Page(..) => false,
        }),
        Account::Redirect(_) => offers.iter().any(|offer| match offer {
            Offer::Page(_, name) => *name == document.brand,
            Offer::Stored(..) | Offer::Card(_) => false,
        }),
        // Whether the checkout offers it is looked at where it is opened.
        Account::Token(_) => true,
        Account::Bank(_) => false,
    };
    match (offered, account) {
        (true, _) => Ok(()),
        (false, Account::Card(_)) => Err("card.number"),
        (false, Account::Redirect(_) | Account::Token(_) | Account::Bank(_)) => Err("paymentBrand"),
    }
}

/// What the page shows of a form that could not be obeyed.
#[derive(Default)]
pub(super) struct Shown {
    /// The button that was pressed.
    pub(super) chosen: String,
    pub(super) card: CardFields,
    /// What is wrong with the form as a whole.
    pub(super) problem: Option<&'static str>,
}

/// A problem in the payer's words, each part at its field.
pub(super) fn shown(problem: &Problem, form: &Form, words: &Words, merchant: &str) -> Shown {
    let kept = |name: &str| form.get(name).unwrap_or_default().chars().take(100).collect::<String>();
    let mut card = CardFields {
        holder_name: kept("card.holder"),
        exp_month: kept("card.expiryMonth"),
        exp_year: kept("card.expiryYear"),
        ..CardFields::default()
    };
    let pan = Pan::parse(form.get("card.number").unwrap_or_default());
    let number = match &pan {
        Ok(_) => fill(words.not_taken, &[("merchant", merchant)]),
        Err(PanError::NotDigits) => words.bad_digits.to_owned(),
        Err(PanError::Length) => words.bad_length.to_owned(),
        Err(PanError::Luhn) => words.bad_luhn.to_owned(),
    };
    let code = match pan.map(|pan| pan.brand()) {
        Ok(Brand::Amex) => words.bad_cvc_front,
        Ok(_) | Err(_) => words.bad_cvc,
    };
    let faults = problem.clone().fields().unwrap_or_default();
    for fault in faults {
        match fault.name.as_str() {
            "card.number" | "paymentBrand" => card.number_problem = Some(number.clone()),
            "card.holder" => card.holder_problem = Some(words.bad_holder.to_owned()),
            "card.expiryMonth" => card.month_problem = Some(words.bad_month.to_owned()),
            "card.expiryYear" => {
                let expired = matches!(problem, Problem::CardExpired(_));
                card.year_problem = Some(if expired { words.bad_expiry } else { words.bad_year }.to_owned());
            }
            "card.cvv" => card.cvc_problem = Some(code.to_owned()),
            _ => {}
        }
    }
    let nobody = matches!(problem, Problem::NoProviderForBrand | Problem::NoProviderForCurrency);
    let by_card = form.get("card.number").is_some();
    if by_card && nobody {
        card.number_problem = Some(number);
    }
    let stored = form.get("registrationId").or(form.get(WAY).filter(|way| is_stored(way)));
    let general = match (nobody, by_card) {
        (false, false) if stored.is_some() => words.stored_gone,
        (true, false) => words.not_for_amount,
        (false, _) if matches!(problem, Problem::NoAccount) => words.choose_one,
        (false, _) | (true, true) => words.check_fields,
    };
    let chosen = form.get(WAY).or(form.get("paymentBrand")).unwrap_or(BY_CARD);
    Shown { chosen: chosen.to_owned(), card, problem: Some(general) }
}
