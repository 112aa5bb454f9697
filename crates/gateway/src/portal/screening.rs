//! What becomes of coins that screening holds. Only an operator says so, with a reason that stays in the audit log.

use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::CoinError;
use florin_engine::office::Scope;
use florin_kernel::Transaction;
use florin_kernel::coin::{CoinPayment, State};

use super::answer::{page as answer, see_other};
use super::coin_orders::{CoinOrder, Verdict};
use super::coin_words::{self, amount};
use super::confirm::{ConfirmPage, Form, Input, Kind, Method};
use super::payments::payment_path;
use super::steps::Fact;
use super::visit::{Visit, parse_mode};
use super::{refused, resolve};
use crate::pages::text;

/// The transaction that the path names.
async fn about(visit: &Visit) -> Result<Transaction, Box<Response>> {
    let named = (parse_mode(visit.parameter("mode")), visit.payment_id());
    let (Some(mode), Some(id)) = named else { return Err(Box::new(refused::not_found(visit))) };
    let scope = Scope { mode, merchant: None };
    let found = visit.engine().office_transaction(scope, id).await.map_err(|_| Box::new(refused::unavailable()))?;
    found.ok_or_else(|| Box::new(refused::not_found(visit)))
}

fn held(transaction: &Transaction) -> Option<&CoinPayment> {
    match transaction {
        Transaction::Coin(payment) => Some(&**payment).filter(|payment| payment.state == State::Blocked),
        Transaction::Payment(_) | Transaction::Withdrawal(_) => None,
    }
}

/// `GET /portal/operator/screening/{mode}/{payment}`.
pub(super) async fn page(visit: Visit) -> Response {
    match about(&visit).await {
        Ok(transaction) => asks(&visit, &transaction, None),
        Err(response) => *response,
    }
}

/// `POST /portal/operator/screening/{mode}/{payment}`.
pub(super) async fn submit(visit: Visit) -> Response {
    let transaction = match about(&visit).await {
        Ok(transaction) => transaction,
        Err(response) => return *response,
    };
    let Some(payment) = held(&transaction) else { return stopped(&visit, &transaction) };
    let Some(verdict) = Verdict::parse(visit.form.text("verdict")) else {
        return asks(&visit, &transaction, Some(("verdict", "Choose one of them.".to_owned())));
    };
    let reason = match resolve::reason(visit.form.text("reason")) {
        Ok(reason) => reason,
        Err((field, text)) => return asks(&visit, &transaction, Some((field, format!("It {text}.")))),
    };
    match CoinOrder::screening(verdict, &reason).obey(visit.engine(), visit.who(), payment, Vec::new()).await {
        Ok(_) => see_other(&format!("{}?note=screened", back(&visit, &transaction))),
        Err(CoinError::Refused(_)) => stopped(&visit, &transaction),
        Err(CoinError::NotFound) => refused::not_found(&visit),
        Err(
            CoinError::Taken(_)
            | CoinError::NotOffered
            | CoinError::Key(_)
            | CoinError::NoRate(_)
            | CoinError::Store(_)
            | CoinError::Draining,
        ) => refused::unavailable(),
    }
}

fn back(visit: &Visit, transaction: &Transaction) -> String {
    payment_path(transaction.merchant(), transaction.mode(), &visit.print(transaction.id()))
}

fn facts(visit: &Visit, transaction: &Transaction) -> Vec<Fact> {
    let directory = visit.engine().directory();
    let merchant = directory.merchant(transaction.merchant()).map(|merchant| merchant.name.clone());
    let mut facts = vec![Fact::new("Merchant", merchant.unwrap_or_default())];
    if let Transaction::Coin(payment) = transaction {
        let coin = payment.price.coin;
        facts.push(Fact::new("Payment of", text::amount(payment.price.invoice)));
        facts.push(Fact::new("Received", amount(payment.received(), coin)));
        for deposit in &payment.deposits {
            let says = deposit.screening.map(coin_words::screening).unwrap_or("not screened");
            facts.push(Fact::new("Screening", format!("{}: {says}", amount(deposit.units, coin))));
            facts.push(Fact::code("Transaction", deposit.outpoint.txid.as_str()));
        }
    }
    facts.push(Fact::code("Id", visit.print(transaction.id())));
    facts
}

fn asks(visit: &Visit, transaction: &Transaction, fault: Option<(&'static str, String)>) -> Response {
    let Some(payment) = held(transaction) else { return stopped(visit, transaction) };
    let told = |name: &str| fault.iter().filter(|(field, _)| *field == name).map(|(_, text)| text.clone()).collect();
    let verdicts = vec![
        ("release", "Let them through"),
        ("refuse", "Refuse them; they may be refunded"),
        ("freeze", "Refuse them and keep them back"),
    ];
    let input = |name: &'static str, label: &str, hint: &'static str, kind: Kind| Input {
        name,
        label: label.to_owned(),
        hint,
        value: visit.form.text(name).to_owned(),
        fault: told(name),
        kind,
    };
    let form = Form {
        method: Method::Post,
        action: visit.path.clone(),
        hidden: Vec::new(),
        inputs: vec![
            input("verdict", "What becomes of the coins", "", Kind::Choice(verdicts)),
            input("reason", "How you know", "Who told you, or what you looked at.", Kind::Text),
        ],
        button: "Store what I decided".to_owned(),
    };
    let page = ConfirmPage {
        shell: visit.shell("Screening"),
        title: format!("{}: let them through?", amount(payment.received(), payment.price.coin)),
        error: String::new(),
        facts: facts(visit, transaction),
        consequences: vec![
            "Let through, the coins count as if screening had found nothing, and the payment goes on.".to_owned(),
            "Refused, the payment ends without money. The coins are owed back to the payer, or kept back where the law asks for it: those cannot be refunded.".to_owned(),
            "The merchant is told by webhook. Your decision and how you know stay in the audit log. It cannot be undone.".to_owned(),
        ],
        form: Some(form),
        back: back(visit, transaction),
    };
    answer(if fault.is_none() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY }, &page)
}

fn stopped(visit: &Visit, transaction: &Transaction) -> Response {
    let (shell, facts) = (visit.shell("Screening"), facts(visit, transaction));
    ConfirmPage::stopped(
        shell,
        "Nothing to decide".to_owned(),
        coin_words::NOT_HELD.to_owned(),
        facts,
        back(visit, transaction),
    )
}
