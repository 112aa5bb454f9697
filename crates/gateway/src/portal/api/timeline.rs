//! What happened to a transaction, for programs.

use florin_engine::Engine;
use florin_engine::office::{Answered, Asked, CoinStep, CoinWhat, EntryRow, EventState, Step, What};
use florin_kernel::payment::{OperationStatus, Seq};
use florin_kernel::withdrawal::Approver;
use florin_kernel::{Asset, Money};
use serde_json::{Value, json};

use crate::portal::{coin_words, words};

/// A step with its time, its name and what is known of it.
pub(super) fn step(engine: &Engine, step: &Step) -> Value {
    let (what, mut told) = told(engine, &step.what);
    told["at"] = step.at.to_string().into();
    told["what"] = what.into();
    told
}

fn told(engine: &Engine, what: &What) -> (&'static str, Value) {
    match what {
        What::Made { dialect, asked, reference } => (
            "made",
            json!({"dialect": dialect, "amount": asked.decimal(), "currency": asked.asset().code(), "reference": reference}),
        ),
        What::Chosen { seq, provider, trail } => {
            ("chosen", json!({"operation": seq.map(Seq::number), "provider": provider, "trail": trail}))
        }
        What::Approved { by } => ("approved", json!({"by": approver(*by)})),
        What::Rejected { by, reason } => ("rejected", json!({"by": approver(*by), "reason": reason})),
        What::Asked(asked) => ("asked", question(asked)),
        What::Answered(answered) => ("answered", answer(answered)),
        What::Resolved { seq, by, reason } => {
            ("resolved", json!({"operation": seq.number(), "by": by, "reason": reason}))
        }
        What::ChargedBack { on, amount, reference } => (
            "charged_back",
            json!({"operation": on.number(), "amount": amount.decimal(), "currency": amount.asset().code(), "reference": reference}),
        ),
        What::Returned { amount, reference } => {
            ("returned", json!({"amount": amount.decimal(), "currency": amount.asset().code(), "reference": reference}))
        }
        What::Coins(step) => coin_step(step),
        What::Booked { event, transfers } => {
            ("booked", json!({"event": event, "transfers": transfers.iter().map(transfer).collect::<Vec<_>>()}))
        }
        What::Announced { event, url, state } => {
            let id = engine.webhook_id(*event);
            ("webhook", json!({"webhook_id": id, "url": url, "status": event_state(*state)}))
        }
        What::Delivered { event, attempt } => (
            "webhook_attempt",
            json!({
                "webhook_id": engine.webhook_id(*event), "http_status": attempt.status, "latency_ms": attempt.latency_ms,
                "note": attempt.note
            }),
        ),
    }
}

fn coin_step(step: &CoinStep) -> (&'static str, Value) {
    let (coin, code) = (step.coin, step.coin.code());
    match &step.what {
        CoinWhat::Priced { units, invoice, rate, address, until } => (
            "coins_priced",
            json!({
                "coins": units.decimal(coin), "coin": code, "amount": invoice.decimal(), "currency": invoice.asset().code(),
                "rate": rate, "address": address, "until": until.to_string()
            }),
        ),
        CoinWhat::Seen { txid, units, place, confirmations, needed, screening } => (
            "coins",
            json!({
                "txid": txid, "amount": units.decimal(coin), "coin": code, "place": coin_words::place(place).to_lowercase(),
                "confirmations": confirmations, "confirmations_needed": needed, "screening": screening
            }),
        ),
        CoinWhat::Accepted { units, invoice, by } => (
            "coins_accepted",
            json!({
                "coins": units.decimal(coin), "coin": code, "amount": invoice.decimal(), "currency": invoice.asset().code(),
                "by": coin_words::accepted_by(by)
            }),
        ),
        CoinWhat::GivenUp(why) => ("coins_given_up", json!({"why": coin_words::given_up(why)})),
        CoinWhat::Alerted { kind, txid } => ("coin_alert", json!({"kind": kind, "txid": txid})),
        CoinWhat::Refund { seq, units, to, txid, status } => (
            "coin_refund",
            json!({
                "operation": seq.number(), "amount": units.decimal(coin), "coin": code, "to": to, "txid": txid,
                "status": coin_words::refund(status).word.to_lowercase()
            }),
        ),
    }
}

fn question(asked: &Asked) -> Value {
    let card = asked.card.as_ref().map(|card| json!({"bin": card.bin, "last4": card.last4, "brand": card.brand}));
    json!({
        "operation": asked.seq.number(), "kind": words::operation_word(asked.kind),
        "amount": asked.amount.decimal(), "currency": asked.amount.asset().code(),
        "provider": asked.provider, "provider_amount": asked.moved.decimal(),
        "provider_currency": asked.moved.asset().code(), "reference": asked.reference, "card": card,
        "on": asked.on.map(Seq::number), "goes_on_from": asked.cascaded_from.map(Seq::number)
    })
}

fn answer(answered: &Answered) -> Value {
    let why = match &answered.status {
        OperationStatus::Declined(decline) => Some(words::decline(decline)),
        OperationStatus::Unknown(doubt) => Some(words::doubt(*doubt).to_owned()),
        OperationStatus::Pending
        | OperationStatus::NeedsPayer(_)
        | OperationStatus::Approved
        | OperationStatus::Late
        | OperationStatus::Failed
        | OperationStatus::Cancelled
        | OperationStatus::Expired => None,
    };
    json!({
        "operation": answered.seq.number(), "status": words::operation_status(&answered.status), "why": why,
        "response": answered.response, "provider_id": answered.provider_id, "auth_code": answered.auth_code,
        "payer_acted": answered.payer_acted, "look_ups": answered.look_ups,
        "look_up_at": answered.look_up_at.map(|at| at.to_string())
    })
}

fn event_state(state: EventState) -> &'static str {
    match state {
        EventState::Due => "due",
        EventState::Delivered => "delivered",
        EventState::GivenUp => "given_up",
    }
}

fn approver(by: Approver) -> Value {
    match by {
        Approver::Api => Value::from("program"),
        Approver::User(number) => json!({"user": number}),
    }
}

fn transfer(row: &EntryRow) -> Value {
    let amount = Asset::from_code(&row.asset).map(|asset| Money::new(row.amount_minor, asset).decimal());
    json!({"layer": row.layer, "debit": row.debit, "credit": row.credit, "asset": row.asset, "amount": amount})
}
