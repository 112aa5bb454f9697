//! Checkouts: payments that their payer makes on a page of ours, or in a frame of it inside the shop's page (contract, section
//! 10.6). A checkout is its payment in `created`, also between attempts. Its id is printed from the payment's number in a space
//! of its own, because it stands in the shop's page for everybody to read and is not the id in the merchant's books.

use florin_engine::Engine;
use florin_kernel::payment::{
    CaptureMode, Circumstances, Details, Dialect, Ending, OperationStatus, Payment, Retry, State,
};
use florin_kernel::public_id::Reference;
use florin_kernel::{PaymentId, Timestamp};
use serde::{Deserialize, Serialize};

use super::document::Document;
use super::mounts::Profile;
use crate::pages::frame::Seat;

mod choice;
mod offers;
mod open;
mod order;
mod read;
mod script;
mod stored;
mod view;
mod visit;

pub use open::{change, close, open};
pub use read::read;
pub use visit::{Visit, visit};

/// What a checkout is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// A payment, or a verification of a card.
    Payment,
    /// Storing a card.
    Registration,
}

/// Whether the card that pays in a checkout is stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Keeping {
    /// The merchant did not say: where the payer's form asks for it.
    #[default]
    ByPayer,
    /// The merchant wants it.
    Always,
    /// The merchant does not want it.
    Never,
}

impl Keeping {
    fn is_default(&self) -> bool {
        *self == Keeping::default()
    }
}

/// What is kept with a payment that is made in a checkout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkout {
    /// What it is for.
    pub purpose: Purpose,
    /// How its attempts are made.
    #[serde(default, skip_serializing_if = "Circumstances::is_ordinary")]
    pub circumstances: Circumstances,
    /// Whether the card is stored.
    #[serde(default, skip_serializing_if = "Keeping::is_default")]
    pub keeping: Keeping,
    /// Stored cards that the payer may choose from, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub registrations: Vec<String>,
    /// Whether answers tell the script's digest.
    #[serde(default, skip_serializing_if = "Integrity::is_default")]
    pub integrity: Integrity,
    /// What the merchant sent, as a form: a change is laid over it. Empty once the payer tries for the last time.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub fields: String,
    /// The query of the frame that the payer used last; empty: a window.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub frame: String,
}

/// Whether a merchant wants to pin the script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Integrity {
    /// Its digest is not told.
    #[default]
    Untold,
    /// It is.
    Told,
}

impl Integrity {
    fn is_default(&self) -> bool {
        *self == Integrity::default()
    }
}

/// Where a checkout stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Its payer may pay.
    Open,
    /// An attempt is not decided.
    UnderWay,
    /// It ended with a result, or had one and then its time was over.
    Ended,
    /// Its time was over before anything was tried, or its merchant closed it.
    Gone,
}

impl Standing {
    /// Where a checkout stands at a moment.
    pub fn of(payment: &Payment, now: Timestamp) -> Standing {
        let tried = !payment.operations.is_empty();
        match &payment.state {
            State::Created => match payment.retry {
                Retry::Session { until, .. } if now < until => Standing::Open,
                Retry::Session { .. } | Retry::Never if tried => Standing::Ended,
                Retry::Session { .. } | Retry::Never => Standing::Gone,
            },
            State::PendingPayer { .. } | State::Pending { .. } | State::Unknown { .. } => Standing::UnderWay,
            State::Ended(Ending::Expired) if !tried => Standing::Gone,
            State::Ended(Ending::Cancelled) if !is_cancelled_by_payer(payment) => Standing::Gone,
            State::Ended(_) | State::Funded(_) => Standing::Ended,
        }
    }
}

/// On the provider's page; what the merchant closes has no cancelled attempt.
fn is_cancelled_by_payer(payment: &Payment) -> bool {
    payment.last_attempt().is_some_and(|attempt| attempt.status == OperationStatus::Cancelled)
}

/// Ids of checkouts are printed in this place of their payment, where no operation has one.
const SPACE: u16 = 1023;
/// What clients of the older platform find behind an id.
const SUFFIX: &str = ".florin-01";

/// The id of a payment's checkout as a profile prints it.
pub fn print_id(engine: &Engine, payment: PaymentId, profile: Profile) -> String {
    let id = engine.codec().hex(Reference { payment, sequence: SPACE });
    match profile {
        Profile::V3 => id,
        Profile::Oppwa => id.to_ascii_uppercase() + SUFFIX,
    }
}

/// The payment of a checkout's id, in any case, with or without the suffix.
pub fn read_id(engine: &Engine, text: &str) -> Option<PaymentId> {
    let place = text.len().checked_sub(SUFFIX.len());
    let suffix = place.and_then(|place| text.get(place..)).filter(|end| end.eq_ignore_ascii_case(SUFFIX));
    let bare = &text[..text.len() - suffix.map_or(0, str::len)];
    let reference = engine.codec().read_hex(bare)?;
    (reference.sequence == SPACE).then_some(reference.payment)
}

/// Whether a text is a checkout's id.
pub fn is_id(engine: &Engine, text: &str) -> bool {
    read_id(engine, text).is_some()
}

/// What is kept with a payment, where it is made in a checkout.
fn kept(payment: &Payment) -> Option<(Document, Checkout)> {
    let mut document = (payment.dialect == Dialect::V3).then(|| Document::of(&payment.details)).flatten()?;
    let checkout = *document.checkout.take()?;
    Some((document, checkout))
}

/// Whether a payment is none for its merchant, but the verification of a card that a checkout stores.
pub fn is_registration(payment: &Payment) -> bool {
    payment.capture == CaptureMode::Never
        && kept(payment).is_some_and(|(_, checkout)| checkout.purpose == Purpose::Registration)
}

/// Our page of a checkout, without scheme and host: for the frame with what the shop's page asked of it.
pub fn own_page(engine: &Engine, id: PaymentId, details: &Details, seat: Seat) -> Option<String> {
    let document = Document::of(details)?;
    let checkout = document.checkout.as_deref()?;
    let place = format!("{}/checkouts/{}", document.mount().path(), print_id(engine, id, document.profile));
    Some(match (seat, checkout.frame.as_str()) {
        (Seat::Window, _) => format!("{place}/page"),
        (Seat::Frame, "") => format!("{place}/frame"),
        (Seat::Frame, query) => format!("{place}/frame?{query}"),
    })
}

/// Id and path that the shop is told: of the status call.
pub fn return_fields(engine: &Engine, id: PaymentId, document: &Document) -> Option<(String, String)> {
    let checkout = document.checkout.as_deref()?;
    let printed = print_id(engine, id, document.profile);
    let call = match checkout.purpose {
        Purpose::Payment => "payment",
        Purpose::Registration => "registration",
    };
    let path = format!("/{}/checkouts/{printed}/{call}", document.profile.version());
    Some((printed, path))
}
