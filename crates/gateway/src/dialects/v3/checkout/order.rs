//! What a merchant asks of a checkout, read into kernel types: the fields of an initial payment but for those of a card.

use std::sync::Arc;

use florin_kernel::Money;
use florin_kernel::payment::{CaptureMode, Details, Hosted, Links};

use super::super::errors::{FieldError, Problem};
use super::super::fields::{Reader, matching, one_of, text, web_url};
use super::super::form::{Form, Segment};
use super::super::instruction::Instruction;
use super::super::request::{self, Kind, Reading};
use super::super::secure::Secure;
use super::{Checkout, Integrity, Keeping, Purpose};

/// A checkout as it was asked for.
pub(super) struct Order {
    /// How much.
    pub(super) asked: Money,
    /// What becomes of it.
    pub(super) capture: CaptureMode,
    /// The merchant's reference.
    pub(super) reference: Option<String>,
    /// What is kept.
    pub(super) details: Box<Details>,
}

const SWITCH: &[(&str, bool)] = &[("true", true), ("1", true), ("false", false), ("0", false)];

/// Reads the form of a call that makes a checkout, or of one as it is after a change.
///
/// # Errors
/// [`Problem::Fields`] with everything of bad form, else the first fault of meaning.
pub(super) fn read(form: &Form, faults: Vec<FieldError>, reading: Reading<'_>) -> Result<Order, Problem> {
    let form = &without_card(form);
    let mut reader = Reader::new(form, faults);
    request::common(&mut reader, reading);
    let registers = reader.read("createRegistration", one_of(SWITCH));
    let purpose = match (registers, form.get("paymentType")) {
        (Some(true), None) => Purpose::Registration,
        (Some(_) | None, _) => Purpose::Payment,
    };
    let draft = match purpose {
        Purpose::Payment => request::draft(&mut reader),
        // The card is verified, which needs neither amount nor currency.
        Purpose::Registration => request::verification(&mut reader),
    };
    let reference = reader.read("merchantTransactionId", text(1, 255));
    let pinned = reader.read("integrity", one_of(SWITCH)).unwrap_or_default();
    reader.read("checkoutId", text(1, 255));
    let word = |value: &str| value.len() <= 32 && value.bytes().all(|byte| byte.is_ascii_alphanumeric());
    reader.read("checkoutType", matching("^[a-zA-Z0-9]{1,32}$", word));
    let links = links(&mut reader);
    let descriptor = reader.read("descriptor", text(1, 127)).unwrap_or_default();
    let mut document = request::document(&mut reader, reading);
    let instruction = Instruction::read(&mut reader);
    let secure = Secure::read(&mut reader, reading.mode);
    if let Some(instruction) = &instruction {
        Arc::make_mut(&mut document.echo).note_instruction(instruction, form);
    }
    reader.finish()?;
    let reader = Reader::new(form, Vec::new());
    let kind = draft.kind.ok_or(Problem::Fault)?;
    let capture = match kind {
        Kind::Debit => CaptureMode::Now,
        Kind::Preauthorisation => CaptureMode::Later,
        Kind::Verification => CaptureMode::Never,
        Kind::Payout | Kind::NotOffered => return Err(Problem::TypeNotOffered),
    };
    let asked = request::amount(&draft, kind, reading.settings.strict_decimals, &reader)?;
    document.amount_left_out = draft.amount.is_none();
    document.checkout = Some(Box::new(Checkout {
        purpose,
        keeping: match registers {
            Some(true) => Keeping::Always,
            Some(false) => Keeping::Never,
            None if instruction.as_ref().is_some_and(Instruction::is_initial) => Keeping::Always,
            None => Keeping::ByPayer,
        },
        registrations: registrations(form),
        integrity: if pinned { Integrity::Told } else { Integrity::Untold },
        circumstances: request::circumstances(instruction.as_ref(), secure, reading),
        fields: url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form.pairs()).finish(),
        frame: String::new(),
    }));
    let details = Details {
        payer: request::payer(form),
        links,
        descriptor,
        echo: document.text(),
        hosted: Some(Box::new(Hosted::default())),
        ..Details::default()
    };
    Ok(Order { asked, capture, reference, details: Box::new(details) })
}

/// The order of a checkout that is kept, with other fields laid over it.
pub(super) fn laid_over(kept: &str, newer: &Form) -> Form {
    let (older, _) = Form::read(kept.as_bytes());
    let replaced = older.pairs().filter(|(name, _)| newer.get(name).is_none());
    Form::of(replaced.chain(newer.pairs()))
}

/// The stored cards of `registrations[n].id`, in the order of their places.
pub(super) fn registrations(form: &Form) -> Vec<String> {
    let mut placed: Vec<(u8, String)> = Vec::new();
    for field in form.group("registrations") {
        if let [_, Segment::Index(place), Segment::Key("id")] = field.name.segments()[..] {
            placed.push((place, field.value.to_ascii_lowercase()));
        }
    }
    placed.sort_by_key(|(place, _)| *place);
    let mut ids: Vec<String> = placed.into_iter().map(|(_, id)| id).collect();
    let mut seen = std::collections::HashSet::new();
    ids.retain(|id| seen.insert(id.clone()));
    ids
}

/// Cards come from the payer; what a merchant sends of one is not even looked at. Nor is its login kept.
fn without_card(form: &Form) -> Form {
    let kept = |name: &str| !name.starts_with("card.") && !name.starts_with("authentication.");
    Form::of(form.pairs().filter(|(name, _)| kept(name)))
}

fn links(reader: &mut Reader<'_>) -> Links {
    let url = reader.read("shopperResultUrl", web_url).unwrap_or_default();
    let webhook = reader.read("notificationUrl", web_url);
    Links {
        success: url.clone(),
        failure: url.clone(),
        pending: url,
        webhook: webhook.unwrap_or_default(),
        locale: reader.form.get("customer.language").unwrap_or_default().chars().take(35).collect(),
    }
}
