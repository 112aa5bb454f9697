//! `POST getCardsAndAccounts`: stored cards, oldest first (contract, section 8.11).

use florin_engine::directory::Permission;
use florin_kernel::payment::Dialect;
use florin_kernel::registration::Word;
use serde::Serialize;

use super::brands;
use super::codes::ResultBody;
use super::errors::Problem;
use super::fields::{Reader, number};
use super::settings::HttpErrors;
use super::state::{Asked, TsState};
use super::tokens;
use super::wire::{self, Told, timestamp};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CardsBody<'a> {
    partner_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    member_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<String>,
    cards: Vec<Row>,
    /// The vault keeps cards only.
    bankaccounts: [(); 0],
    result: ResultBody,
    timestamp: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    registration_id: String,
    registration_status: &'static str,
    card_type: &'static str,
    bin: String,
    #[serde(rename = "last4Digits")]
    last4: String,
    expiry_month: String,
    expiry_year: String,
}

/// The stored cards of a customer, or of all.
///
/// # Errors
/// [`Problem::Fields`].
pub async fn list(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, .. } = asked;
    let mut reader = Reader::new(&fields);
    let customer = reader.read("customer.customerId", number(10));
    reader.finish()?;
    caller.may(&[Permission::Read])?;
    let owner = caller.owner();
    let dialect = Dialect::TransactionServices;
    let stored = state.engine.registrations(owner, dialect, customer.as_deref(), None, usize::MAX).await?;
    let mut cards = Vec::new();
    for one in stored.iter().filter(|one| one.word == Word::Active) {
        let registration = &one.registration;
        // One that a payment keeps for itself is no token of the merchant's.
        let first = tokens::first_document(state, &caller, registration).await?;
        if first.is_some_and(|first| !first.registered) {
            continue;
        }
        cards.push(Row {
            registration_id: tokens::printed(state, registration.id),
            registration_status: "active",
            card_type: brands::name(registration.card.brand).unwrap_or("CARD"),
            bin: registration.card.bin.clone(),
            last4: registration.card.last4.clone(),
            expiry_month: format!("{:02}", registration.card.expiry.month),
            expiry_year: registration.card.expiry.year.to_string(),
        });
    }
    let none = cards.is_empty();
    let strictly_missing = none && caller.settings.http_errors == HttpErrors::Strict;
    let body = CardsBody {
        partner_id: &caller.settings.partner_id,
        member_id: &caller.settings.member_id,
        customer_id: customer,
        cards,
        bankaccounts: [],
        result: ResultBody::of(if none { "10026" } else { "00026" }),
        timestamp: timestamp(state.engine.now(caller.lane)),
    };
    Ok(Told { status: if strictly_missing { 404 } else { 200 }, ..Told::of(wire::text(&body)) })
}
