//! The Crypto point of sale dialect: GetRate, StartPayment, CheckPayment and their like over HTTP Basic, QR codes, on-chain payments.
//!
//! Two mounts answer in two shapes; everything else is the same ([`Profile`]). What is odd about this dialect:
//!
//! - Every action takes GET with a query and POST with a form or multipart body, with equal meaning.
//! - An unknown payment is a 400, not a 404: a poller must not conclude that its base URL is wrong.
//! - On mount B business errors are HTTP 200, because the client in use there fails on any other.
//! - `payment_id` is the merchant's as well as ours: an unknown one that is well formed is used as given, and makes StartPayment
//!   repeatable for ever.
//! - Status sentences are compared by shops, so they are never translated.
//!
//! | core | `state` | `status` |
//! |---|---|---|
//! | pending payer | waiting, underpayment | Waiting for transaction. / Underpayment. Waiting for the remaining amount. |
//! | pending | processing | Transaction received. Waiting for confirmations (n/m). |
//! | review | blocked | Payment is under compliance review. |
//! | captured, partially refunded, refunded | zero_confirmed, confirmed | Confirmed |
//! | expired, cancelled, failed, declined | cancelled | Cancelled |

mod auth;
pub mod checkout;
mod connect;
mod currencies;
mod echo;
mod errors;
mod gzip;
mod icons;
mod notify;
mod openapi;
mod orders;
mod page;
mod params;
mod ping;
mod qr;
mod quote;
mod routes;
mod sandbox;
pub mod settings;
mod start;
mod status;
mod uri;
mod view;
mod wire;

pub use auth::key as credential_key;
pub use connect::Crypto;
pub use notify::CryptoAnnouncer;
pub use openapi::openapi;
pub use quote::new_uuid;
pub use routes::{CryptoState, router};
pub use sandbox::{SandboxFault, SimulatedChains};

/// Which of the two shapes answers have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Profile {
    /// `/v2/{Action}`.
    A,
    /// `/pay/v2/{Action}`.
    B,
}
