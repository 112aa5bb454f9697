//! Accepting, cancelling and refunding payments made with coins. As other orders they are made in two steps: the first says what will be
//! done. A refund's second step names the refund that it will be, an acceptance's the coins that it takes, by which a double click does it
//! once and a page that is out of date does nothing.

use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::{ClaimRequest, CoinError};
use florin_kernel::coin::{CoinPayment, Decision, Refusal, Repeat, State, decide};

use super::answer::{page as answer, see_other};
use super::coin_orders::{CoinOrder, Fault, Verb, owner};
use super::coin_words::{self, amount};
use super::confirm::{ConfirmPage, Form, Input, Kind, Method};
use super::payment_actions::SCOPE;
use super::payments::now_of;
use super::refused;
use super::steps::Fact;
use super::visit::{AtMerchant, Fields};
use crate::pages::text;

/// A payment and the order that the path names.
struct About<'p> {
    payment: &'p CoinPayment,
    verb: Verb,
}

/// `GET …/payments/{payment}/{order}`.
pub(super) async fn page(at: &AtMerchant, payment: &CoinPayment) -> Response {
    let Some(verb) = Verb::parse(at.parameter("order")) else { return refused::not_found(at) };
    let about = About { payment, verb };
    if verb == Verb::Refund && at.query.text("address").is_empty() {
        return asks(at, &about, &at.query, None);
    }
    let order = match read(at, &about, &at.query).await {
        Ok(order) => order,
        Err(fault) => return faulty(at, &about, &at.query, fault),
    };
    match decide(payment, order.command.clone(), now_of(at)) {
        Ok(decision) => answer(StatusCode::OK, &confirmation(at, &about, &decision)),
        Err(refusal) => not_obeyed(at, &about, &at.query, &refusal),
    }
}

/// `POST …/payments/{payment}/{order}`.
pub(super) async fn submit(at: &AtMerchant, payment: &CoinPayment) -> Response {
    let Some(verb) = Verb::parse(at.parameter("order")) else { return refused::not_found(at) };
    let about = About { payment, verb };
    let order = match read(at, &about, &at.form).await {
        Ok(order) => order,
        Err(fault) => return faulty(at, &about, &at.form, fault),
    };
    let note = match verb {
        Verb::Accept => "coins_accepted",
        Verb::Cancel => "coins_cancelled",
        Verb::Refund => "coins_refunding",
    };
    let done = || see_other(&format!("{}?note={note}", back(at, &about)));
    let mut claims = Vec::new();
    if verb == Verb::Refund {
        let number = at.form.text("refund");
        claims.push(ClaimRequest::idempotency_key(format!("{}:refund {number}", at.print(payment.id))).within(SCOPE));
        if number != next_refund(payment) {
            let digest = order.digest(at.engine(), payment);
            return match at.engine().earlier_coins(owner(payment), &claims, digest).await {
                Ok(Some(Ok(_))) => done(),
                Ok(Some(Err(_)) | None) => stopped(at, &about, CHANGED.to_owned()),
                Err(_) => refused::unavailable(),
            };
        }
    }
    match order.obey(at.engine(), at.who(), payment, claims).await {
        Ok(_) => done(),
        Err(CoinError::Refused(refusal)) => not_obeyed(at, &about, &at.form, &refusal),
        Err(CoinError::Taken(_)) => stopped(at, &about, CHANGED.to_owned()),
        Err(CoinError::NotFound) => refused::not_found(at),
        Err(
            CoinError::NotOffered
            | CoinError::Key(_)
            | CoinError::NoRate(_)
            | CoinError::Store(_)
            | CoinError::Draining,
        ) => refused::unavailable(),
    }
}

const CHANGED: &str =
    "Something else was done with this payment since you opened the page, so nothing was ordered. Look at it again.";

async fn read(at: &AtMerchant, about: &About<'_>, fields: &Fields) -> Result<CoinOrder, Fault> {
    let (engine, payment) = (at.engine(), about.payment);
    match about.verb {
        Verb::Accept => CoinOrder::accept(engine, payment, fields.text("amount")).await,
        Verb::Cancel => Ok(CoinOrder::cancel(engine, payment).await),
        Verb::Refund => {
            let given = (fields.text("address"), fields.text("amount"));
            CoinOrder::refund(engine, payment, given, Repeat::Another).await
        }
    }
}

/// The number of the refund that an order would begin now.
fn next_refund(payment: &CoinPayment) -> String {
    (payment.refunds.len() + 1).to_string()
}

fn back(at: &AtMerchant, about: &About<'_>) -> String {
    at.path_to(&format!("payments/{}", at.print(about.payment.id)))
}

fn facts(at: &AtMerchant, about: &About<'_>) -> Vec<Fact> {
    let (payment, coin) = (about.payment, about.payment.price.coin);
    let facts = [
        Fact::new("Payment of", text::amount(payment.price.invoice)),
        Fact::new("In coins", amount(payment.price.amount(), coin)),
        Fact::new("Received", amount(payment.received(), coin)),
        match about.verb {
            Verb::Refund => Fact::new("Can be refunded", amount(payment.refundable(), coin)),
            Verb::Accept | Verb::Cancel => Fact::new("", ""),
        },
        Fact::new("Network", payment.network.as_str()),
        Fact::new("Reference", payment.details.reference.as_str()),
        Fact::code("Id", at.print(payment.id)),
    ];
    facts.into_iter().filter(|fact| !fact.value.is_empty()).collect()
}

fn title(about: &About<'_>, decision: &Decision) -> String {
    let coin = about.payment.price.coin;
    match about.verb {
        Verb::Accept => format!("Accept {}", amount(about.payment.received(), coin)),
        Verb::Cancel => "Cancel the payment".to_owned(),
        Verb::Refund => {
            let units = decision.payment.refunds.last().map(|refund| refund.units).unwrap_or_default();
            format!("Refund {}", amount(units, coin))
        }
    }
}

/// The yes that is asked for.
fn confirmation(at: &AtMerchant, about: &About<'_>, decision: &Decision) -> ConfirmPage {
    let (payment, coin) = (about.payment, about.payment.price.coin);
    let title = title(about, decision);
    let hidden = match (about.verb, decision.payment.refunds.last()) {
        (Verb::Accept, _) => vec![("amount", payment.received().decimal(coin))],
        (Verb::Refund, Some(refund)) => vec![
            ("refund", next_refund(payment)),
            ("address", refund.to.clone()),
            ("amount", refund.units.decimal(coin)),
        ],
        (Verb::Cancel, _) | (Verb::Refund, None) => Vec::new(),
    };
    let action = format!("{}/{}", back(at, about), about.verb.word());
    let consequences = consequences(about, decision);
    ConfirmPage::asking(
        (at.shell(title.as_str()), title),
        facts(at, about),
        consequences,
        (action, hidden),
        back(at, about),
    )
}

/// What follows, and whether it can be undone.
fn consequences(about: &About<'_>, decision: &Decision) -> Vec<String> {
    let (after, coin) = (&decision.payment, about.payment.price.coin);
    match about.verb {
        Verb::Accept => {
            let counts = format!("They count as {} for the order.", text::amount(after.invoice()));
            let when = match after.state {
                State::Confirmed | State::ZeroConfirmed => "The payment is paid then.".to_owned(),
                State::Waiting | State::Underpaid | State::Processing { .. } | State::Blocked | State::Cancelled(_) => {
                    format!("The payment is paid as soon as they have {} confirmations.", after.confirmations_needed())
                }
            };
            vec![
                counts,
                when,
                "The merchant is told by webhook. It cannot be undone, but coins can be refunded.".to_owned(),
            ]
        }
        Verb::Cancel => vec![
            format!(
                "Nobody waits for the {} any more, and the payer\u{2019}s page says so.",
                amount(about.payment.amount(), coin)
            ),
            "Coins that come all the same are yours to accept or refund. The merchant is told by webhook.".to_owned(),
            "It cannot be undone: to be paid you need a new payment.".to_owned(),
        ],
        Verb::Refund => {
            let refund = after.refunds.last();
            let (units, to) = refund.map(|refund| (refund.units, refund.to.clone())).unwrap_or_default();
            let left = match after.refundable().is_zero() {
                true => "Nothing is left to refund then.".to_owned(),
                false => format!("{} can still be refunded then.", amount(after.refundable(), coin)),
            };
            vec![
                format!("{} are sent to {to}. The network\u{2019}s fee comes on top.", amount(units, coin)),
                left,
                "Compare the address with what the payer gave you, letter by letter. Nobody can bring coins back."
                    .to_owned(),
            ]
        }
    }
}

/// Where to, and how much, with what is wrong with the last answer.
fn asks(at: &AtMerchant, about: &About<'_>, given: &Fields, fault: Option<(&'static str, String)>) -> Response {
    let (payment, coin) = (about.payment, about.payment.price.coin);
    if payment.refundable().is_zero() {
        return stopped(
            at,
            about,
            coin_words::refusal(&Refusal::RefundExceedsPayment { left: payment.refundable() }, coin),
        );
    }
    let told = |name: &str| fault.iter().filter(|(field, _)| *field == name).map(|(_, text)| text.clone()).collect();
    let proposed = match given.text("amount") {
        "" => payment.refundable().decimal(coin),
        text => text.to_owned(),
    };
    let hint = match payment.opened().is_zero() {
        true => "",
        false => "All that is owed back goes back at once.",
    };
    let inputs = vec![
        Input {
            name: "address",
            label: format!("{} address", coin.code()),
            hint: "One of the payer\u{2019}s own wallet. Do not send back to where the coins came from: that may be an exchange.",
            value: given.text("address").to_owned(),
            fault: told("address"),
            kind: Kind::Text,
        },
        Input {
            name: "amount",
            label: format!("Amount in {}", coin.code()),
            hint,
            value: proposed,
            fault: told("amount"),
            kind: Kind::Amount,
        },
    ];
    let form = Form {
        method: Method::Get,
        action: format!("{}/{}", back(at, about), about.verb.word()),
        hidden: Vec::new(),
        inputs,
        button: "Go on".to_owned(),
    };
    let page = ConfirmPage {
        shell: at.shell("Refund"),
        title: "Refund coins".to_owned(),
        error: String::new(),
        facts: facts(at, about),
        consequences: Vec::new(),
        form: Some(form),
        back: back(at, about),
    };
    answer(if fault.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }, &page)
}

fn faulty(at: &AtMerchant, about: &About<'_>, given: &Fields, fault: Fault) -> Response {
    match (fault, about.verb) {
        (Fault::Field(field, text), Verb::Refund) => asks(at, about, given, Some((field, format!("It {text}.")))),
        (Fault::Field(_, text), Verb::Accept | Verb::Cancel) => stopped(at, about, format!("The amount {text}.")),
        (Fault::NetworkSilent, _) => stopped(
            at,
            about,
            "The network does not answer now, so nothing was ordered. Try again in a minute.".to_owned(),
        ),
    }
}

/// An amount that does not fit can be mended; everything else stands against the order as such.
fn not_obeyed(at: &AtMerchant, about: &About<'_>, given: &Fields, refusal: &Refusal) -> Response {
    let text = coin_words::refusal(refusal, about.payment.price.coin);
    match (about.verb, refusal) {
        (Verb::Refund, Refusal::RefundAmountMismatch { .. } | Refusal::BelowMinimum) => {
            asks(at, about, given, Some(("amount", text)))
        }
        (Verb::Refund, Refusal::RefundExceedsPayment { left }) if !left.is_zero() => {
            asks(at, about, given, Some(("amount", text)))
        }
        _ => stopped(at, about, text),
    }
}

fn stopped(at: &AtMerchant, about: &About<'_>, error: String) -> Response {
    let title = super::words::sentence(about.verb.word());
    let (shell, facts) = (at.shell(title.as_str()), facts(at, about));
    ConfirmPage::stopped(shell, title, error, facts, back(at, about))
}
