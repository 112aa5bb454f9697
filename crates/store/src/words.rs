//! How both databases write our words in their columns.

use florin_kernel::ledger::Layer;
use florin_kernel::payment::Mode;
use florin_kernel::{Kind, RecordKind};

use crate::{ConfigKind, DeliveryResult, EventState, Form, StoreError};

/// A mode, and so a book.
pub(crate) fn mode_text(mode: Mode) -> &'static str {
    match mode {
        Mode::Dev => "dev",
        Mode::Live => "live",
    }
}

/// Reads what [`mode_text`] wrote.
pub(crate) fn mode(text: &str) -> Option<Mode> {
    [Mode::Dev, Mode::Live].into_iter().find(|mode| mode_text(*mode) == text)
}

/// What a row's document is.
pub(crate) fn document_text(kind: Kind) -> &'static str {
    match kind {
        Kind::Payment => "payment",
        Kind::Verification => "verification",
        Kind::Withdrawal => "withdrawal",
        Kind::Coin => "coin",
    }
}

/// Reads what [`document_text`] wrote.
pub(crate) fn document_kind(text: &str) -> Option<Kind> {
    [Kind::Payment, Kind::Verification, Kind::Withdrawal, Kind::Coin]
        .into_iter()
        .find(|kind| document_text(*kind) == text)
}

/// What a record is.
pub(crate) fn record_text(kind: RecordKind) -> &'static str {
    match kind {
        RecordKind::Invoice => "invoice",
        RecordKind::PayLink => "pay_link",
        RecordKind::Plan => "plan",
        RecordKind::Mail => "mail",
        RecordKind::Customer => "customer",
        RecordKind::User => "user",
    }
}

/// Reads what [`record_text`] wrote.
pub(crate) fn record_kind(text: &str) -> Option<RecordKind> {
    let kinds = [
        RecordKind::Invoice,
        RecordKind::PayLink,
        RecordKind::Plan,
        RecordKind::Mail,
        RecordKind::Customer,
        RecordKind::User,
    ];
    kinds.into_iter().find(|kind| record_text(*kind) == text)
}

/// A transfer's layer.
pub(crate) fn layer_text(layer: Layer) -> &'static str {
    match layer {
        Layer::Pending => "pending",
        Layer::Posted => "posted",
    }
}

/// Where an event stands.
pub(crate) fn state_text(state: EventState) -> &'static str {
    match state {
        EventState::Due => "due",
        EventState::Delivered => "delivered",
        EventState::GivenUp => "given_up",
    }
}

/// Where an event stands; the tables' checks let in these three words only.
pub(crate) fn state(text: &str) -> EventState {
    match text {
        "due" => EventState::Due,
        "delivered" => EventState::Delivered,
        _ => EventState::GivenUp,
    }
}

/// How an event is sent; nothing for a posted JSON document, which most are.
pub(crate) fn form_text(form: &Form) -> String {
    if *form == Form::default() {
        return String::new();
    }
    serde_json::to_string(form).expect("a form has string keys and plain values only")
}

/// Reads what [`form_text`] wrote.
pub(crate) fn form(text: &str) -> Result<Form, StoreError> {
    match text {
        "" => Ok(Form::default()),
        text => serde_json::from_str(text).map_err(|error| StoreError::Corrupt(format!("an event's form: {error}"))),
    }
}

/// Where an attempt leaves its event, when the next one is due, and after what a newer event hurries it.
pub(crate) fn after(result: DeliveryResult) -> (EventState, Option<i64>, Option<i64>) {
    match result {
        DeliveryResult::Delivered => (EventState::Delivered, None, None),
        DeliveryResult::Retry { at, hurried_after } => {
            (EventState::Due, Some(at.as_millisecond()), hurried_after.map(|after| after.as_millisecond()))
        }
        DeliveryResult::GivenUp => (EventState::GivenUp, None, None),
    }
}

/// A kind of configuration.
pub(crate) fn kind_text(kind: ConfigKind) -> &'static str {
    match kind {
        ConfigKind::Installation => "installation",
        ConfigKind::VaultKey => "vault_key",
        ConfigKind::Demo => "demo",
        ConfigKind::Merchant => "merchant",
        ConfigKind::Credential => "credential",
        ConfigKind::Provider => "provider",
        ConfigKind::Route => "route",
        ConfigKind::Rule => "rule",
        ConfigKind::InvoicesDev => "invoices_dev",
        ConfigKind::InvoicesLive => "invoices_live",
    }
}
