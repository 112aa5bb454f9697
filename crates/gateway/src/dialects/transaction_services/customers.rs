//! `POST customerSignup`: a customer, one per member and e-mail address (contract, section 8.12).

use std::sync::Arc;

use florin_engine::Answer;
use florin_engine::customers::{RenderCustomer, SignUp};
use florin_engine::directory::Permission;
use florin_kernel::card::without_numbers;
use florin_kernel::customer::{Customer, Person};
use florin_kernel::payment::Dialect;
use serde::Serialize;

use super::auth::Caller;
use super::codes::ResultBody;
use super::content::content;
use super::errors::{Problem, Rule};
use super::fields::{Complaint, Fields, Reader, text};
use super::references;
use super::request::{birth_date, country, free_text};
use super::state::{Asked, TsState};
use super::wire::{self, Told, timestamp};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedUp<'a> {
    #[serde(skip_serializing_if = "str::is_empty")]
    member_id: &'a str,
    /// Where no member is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_id: Option<&'a str>,
    customer_id: String,
    result: ResultBody,
    timestamp: String,
}

/// Signs a customer up, or takes over what has changed about one.
///
/// # Errors
/// [`Problem`]; nothing is written then.
pub async fn sign_up(state: &TsState, asked: Asked) -> Result<Told, Problem> {
    let Asked { caller, fields, idempotency_key } = asked;
    let person = read(&fields)?;
    caller.may(&[Permission::Deposits])?;
    let content = content("customer", "", &fields);
    let request = references::repeatable(&state.engine, &caller, idempotency_key.as_deref(), &content);
    let (scope, now) = (scope(&caller), timestamp(state.engine.now(caller.lane)));
    let (member_id, partner_id) = (caller.settings.member_id.clone(), caller.settings.partner_id.clone());
    let render: RenderCustomer = Arc::new(move |customer| {
        let body = SignedUp {
            member_id: &member_id,
            partner_id: member_id.is_empty().then_some(partner_id.as_str()),
            customer_id: customer.number.clone(),
            result: ResultBody::of("00007"),
            timestamp: now.clone(),
        };
        Answer { status: 200, body: wire::text(&body) }
    });
    Ok(state.engine.sign_up(SignUp { request, scope, person, render }).await?.into())
}

/// A caller's customer, by its number.
///
/// # Errors
/// [`Problem::NotFound`] for one that is nobody's or somebody else's.
pub async fn find(state: &TsState, caller: &Caller, number: &str) -> Result<Customer, Problem> {
    let found = state.engine.customer(caller.owner(), Dialect::TransactionServices, &scope(caller), number).await?;
    found.ok_or(Problem::NotFound)
}

/// Whose customers: a member's, or a partner's own.
fn scope(caller: &Caller) -> String {
    match caller.settings.member_id.as_str() {
        "" => format!("partner {}", caller.settings.partner_id),
        member_id => format!("member {member_id}"),
    }
}

fn read(fields: &Fields) -> Result<Person, Problem> {
    let mut reader = Reader::new(fields);
    let given_name = reader.require("customer.givenName", free_text(50));
    let surname = reader.require("customer.surname", free_text(50));
    let email = reader.require("customer.email", |value| {
        let (local, domain) = value.split_once('@').unwrap_or_default();
        match !local.is_empty() && domain.contains('.') && !value.contains(char::is_whitespace) {
            true => text(100)(value).map(|value| without_numbers(&value)),
            false => Err(Complaint::new(Rule::Format, "must be an e-mail address")),
        }
    });
    let sex = reader.read("customer.sex", free_text(10)).unwrap_or_default();
    let phone = reader.read("customer.phone", free_text(25)).unwrap_or_default();
    let birth_date = reader.read("customer.birthDate", birth_date);
    let country = reader.read("shipping.country", country).unwrap_or_default();
    let postcode = reader.read("shipping.postcode", free_text(16)).unwrap_or_default();
    reader.finish()?;
    Ok(Person {
        given_name: given_name.ok_or(Problem::Fault)?,
        surname: surname.ok_or(Problem::Fault)?,
        email: email.ok_or(Problem::Fault)?,
        sex,
        phone,
        birth_date: birth_date.unwrap_or_default(),
        country,
        postcode,
    })
}
