//! One transaction as a row of the list, in either edition (contract, section 12).

use std::net::IpAddr;

use florin_kernel::fx::Rounding;
use florin_kernel::payment::{Details, Operation, Payer, Payment};
use florin_kernel::public_id::{Codec, Reference};
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{Money, Timestamp, Transaction};
use serde::Serialize;
use serde_json::Number;

use super::settings::{Edition, ListProviderId, ListUserId, Settings};
use super::status::{credited, moved, status, withdrawal_status};

#[derive(Serialize)]
struct Nested<'a> {
    transaction: Head<'a>,
    provider: Provider<'a>,
    customer: Customer<'a>,
}

#[derive(Serialize)]
struct Head<'a> {
    id: &'a str,
    date: &'a str,
    r#type: &'static str,
    status: &'static str,
    transaction_id: &'a str,
    tracking_id: &'a str,
}

#[derive(Serialize)]
struct Provider<'a> {
    provider: &'a str,
    provider_name: &'a str,
    provider_id: &'a str,
    amount: Amount,
    credited_amount: Amount,
    fx: Amount,
}

#[derive(Serialize)]
struct Amount {
    value: Number,
    currency: &'static str,
}

#[derive(Serialize)]
struct Customer<'a> {
    id: UserId<'a>,
    first_name: &'a str,
    last_name: &'a str,
    dob: &'a str,
    country: &'a str,
    tags: &'a [String],
    #[serde(rename = "IP")]
    ip: &'a str,
}

#[derive(Serialize)]
struct Flat<'a> {
    transaction_id: &'a str,
    gateway_transaction_id: &'a str,
    provider_transaction_id: &'a str,
    transaction_type: &'static str,
    transaction_date: &'a str,
    status: &'static str,
    payment_provider: &'a str,
    customer_id: UserId<'a>,
    amount: Number,
    currency: &'static str,
    user_amount: Number,
    user_currency: &'static str,
    fx_amount: Number,
}

#[derive(Serialize)]
#[serde(untagged)]
enum UserId<'a> {
    Number(Number),
    Text(&'a str),
}

/// What a row shows of a deposit or withdrawal.
pub(super) struct Shown<'a> {
    kind: &'static str,
    status: &'static str,
    created_at: Timestamp,
    /// The last attempt at a provider.
    attempt: Option<&'a Operation>,
    moved: Money,
    credited: Money,
    details: &'a Details,
}

impl<'a> Shown<'a> {
    pub(super) fn deposit(payment: &'a Payment, settings: &Settings) -> Shown<'a> {
        Shown {
            kind: "deposit",
            status: status(payment.word(), settings.extended_statuses),
            created_at: payment.created_at,
            attempt: payment.last_attempt(),
            moved: moved(payment),
            credited: credited(payment),
            details: &payment.details,
        }
    }

    pub(super) fn withdrawal(withdrawal: &'a Withdrawal, settings: &Settings) -> Shown<'a> {
        Shown {
            kind: "withdrawal",
            status: withdrawal_status(withdrawal.word(), settings.extended_statuses),
            created_at: withdrawal.created_at,
            attempt: withdrawal.payout.as_ref(),
            moved: withdrawal.payout.as_ref().map_or(withdrawal.asked, |payout| payout.moved),
            credited: withdrawal.asked,
            details: &withdrawal.details,
        }
    }
}

/// Where the payer came from: as the merchant says, else as our own page saw it (section 4, `ip`).
fn address(payer: &Payer, attempt: Option<&Operation>) -> Option<IpAddr> {
    payer.ip.or_else(|| attempt?.means.as_ref()?.address)
}

/// Writes a row.
pub fn write(out: &mut Vec<u8>, transaction: &Transaction, settings: &Settings, codec: &Codec) {
    let print = |sequence| codec.base36(Reference { payment: transaction.id(), sequence });
    let of_coins;
    let shown = match transaction {
        Transaction::Payment(payment) => Shown::deposit(payment, settings),
        Transaction::Coin(coin) => {
            of_coins = coin.as_payment();
            Shown::deposit(&of_coins, settings)
        }
        Transaction::Withdrawal(withdrawal) => Shown::withdrawal(withdrawal, settings),
    };
    let reference = shown.attempt.map(|attempt| print(attempt.seq.number())).unwrap_or_default();
    write_with_ids(out, &shown, settings, &print(0), &reference);
}

/// Writes a row with given ids: the transaction's, and that of its last attempt at the provider.
pub(super) fn write_with_ids(out: &mut Vec<u8>, shown: &Shown<'_>, settings: &Settings, id: &str, reference: &str) {
    let Shown { kind, status, created_at, attempt, moved: amount, credited, details } = *shown;
    let date = created_at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    let payer = &details.payer;
    let user_id = user_id(&payer.user_id, settings.list_user_id);
    let fx = converted_back(attempt, amount, credited);
    let account = match settings.list_provider_id {
        ListProviderId::Reference => reference.to_owned(),
        ListProviderId::Account => attempt.map(|attempt| attempt.route.provider.to_string()).unwrap_or_default(),
    };
    let provider = attempt.map_or("", |attempt| attempt.route.code.as_str());
    let written = match settings.edition {
        Edition::Nested => serde_json::to_writer(
            out,
            &Nested {
                transaction: Head {
                    id,
                    date: &date,
                    r#type: kind,
                    status,
                    transaction_id: id,
                    tracking_id: &details.reference,
                },
                provider: Provider {
                    provider,
                    provider_name: attempt.map_or("", |attempt| attempt.route.name.as_str()),
                    provider_id: &account,
                    amount: value(amount),
                    credited_amount: value(credited),
                    fx: value(fx),
                },
                customer: Customer {
                    id: user_id,
                    first_name: &payer.first_name,
                    last_name: &payer.last_name,
                    dob: &payer.dob,
                    country: &payer.country,
                    tags: &payer.tags,
                    ip: &address(payer, attempt).map(|ip| ip.to_string()).unwrap_or_default(),
                },
            },
        ),
        Edition::Flat => serde_json::to_writer(
            out,
            &Flat {
                transaction_id: id,
                gateway_transaction_id: reference,
                provider_transaction_id: attempt.map_or("", |attempt| attempt.provider_id.as_str()),
                transaction_type: kind,
                transaction_date: &date,
                status,
                payment_provider: provider,
                customer_id: user_id,
                amount: number(amount),
                currency: amount.asset().code(),
                user_amount: number(credited),
                user_currency: credited.asset().code(),
                fx_amount: number(Money::new(fx.minor() - credited.minor(), credited.asset())),
            },
        ),
    };
    written.expect("a row has string keys and plain values, and memory takes them");
}

/// What the provider moves, in request currency, at the rate frozen with the attempt.
fn converted_back(attempt: Option<&Operation>, moved: Money, credited: Money) -> Money {
    let rate = attempt.and_then(|attempt| attempt.route.conversion).map(|(_, rate)| rate);
    let fx = rate.and_then(|rate| rate.convert_back(moved, credited.asset(), Rounding::HalfEven));
    fx.unwrap_or(credited)
}

fn value(money: Money) -> Amount {
    Amount { value: number(money), currency: money.asset().code() }
}

/// A JSON number in shortest form: `10`, `8.56`.
fn number(money: Money) -> Number {
    money.shortest().parse().expect("a decimal is a JSON number")
}

/// The merchant's id of the payer: a number when it is one (`^(0|[1-9][0-9]{0,14})$`), else a string.
fn user_id(text: &str, shape: ListUserId) -> UserId<'_> {
    let plain = text.len() <= 15 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let number = (plain && (text == "0" || !text.starts_with('0'))).then(|| text.parse().ok()).flatten();
    match (shape, number) {
        (ListUserId::Auto, Some(number)) => UserId::Number(number),
        (ListUserId::Auto | ListUserId::String, _) => UserId::Text(text),
    }
}
