//! Standard Checkout: a shop's form sends the payer to our page, where the payer chooses how to pay, may try again and may give up
//! (contract, section 8.15). One session is one payment in `created`.

use florin_engine::Engine;
use florin_kernel::PaymentId;
use florin_kernel::payment::{Authenticate, Payment};
use florin_kernel::public_id::Reference;
use serde::{Deserialize, Serialize};

use super::brands::Mode;

mod fields;
mod offers;
mod open;
mod visit;

pub use open::open;
pub use visit::{ask, cancel, pay, show};

/// What tokens of a session's page are made for.
const SESSION: &str = "transaction services checkout";
/// What nonces of its form are made for.
const NONCE: &str = "transaction services form";

/// What the shop said about the page, kept with the payment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Checkout {
    /// The only way to pay, where the shop or the terminal leaves one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub modes: Vec<Mode>,
    /// The wallet or bank that the shop named.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub brand: String,
    /// What is wanted of 3-D Secure.
    pub authenticate: Authenticate,
}

/// The path of a session's page.
pub fn path(engine: &Engine, payment: PaymentId) -> String {
    let token = engine.page_token(SESSION, Reference { payment, sequence: 0 });
    format!("/transaction/Checkout/{token}")
}

/// A nonce for a payment as it stands.
fn new_nonce(engine: &Engine, payment: &Payment) -> String {
    let sequence = u16::try_from(payment.operations.len()).unwrap_or(u16::MAX);
    engine.page_token(NONCE, Reference { payment: payment.id, sequence })
}
