//! The Cashier dialect: hosted, direct and server-to-server deposits, withdrawals with approval, status and list, webhooks.
//!
//! Two editions of one API are in the field; a credential says which ([`settings::Edition`]). The wire contract fixes
//! every name, order and number here. What is odd about this dialect:
//!
//! - Errors are HTTP 400 with a code of their own, key errors included; a declined payment is no error but
//!   `200 {"transaction_status":"rejected"}`.
//! - One `tracking_id` is one transaction for ever, over all operations. Repeats are found by the commit itself.
//! - Checks have a fixed order (section 1): key, address, expiry, permission, size, form, mode, reference, all fields
//!   together, repeat, payer's address, provider, amount, rules, webhook.
//! - A merchant never reads a provider's own words, only the texts of [`status`].
//!
//! | state of the core | `transaction_status` | with `extended_statuses` |
//! |---|---|---|
//! | created, pending payer, pending, unknown, authorised | pending | |
//! | partially captured, captured | successful | |
//! | partially refunded, refunded, charged back | successful | partially_refunded, refunded, charged_back |
//! | voided, cancelled | rejected | cancelled |
//! | declined, failed | rejected | |
//! | expired, authorisation expired | rejected | expired |
//!
//! | a withdrawal's state | `transaction_status` | with `extended_statuses` |
//! |---|---|---|
//! | created, awaiting approval, approved, sent, unknown | pending | |
//! | paid | successful | |
//! | returned | successful | returned |
//! | declined, failed, rejected | rejected | |
//! | cancelled, expired | rejected | cancelled, expired |

use super::json;

mod answer;
mod approval;
mod auth;
mod connect;
mod countries;
mod deposit;
mod errors;
mod fields;
mod hosted;
mod limit;
mod list;
mod notify;
mod openapi;
mod payer;
mod query;
mod reach;
mod routes;
mod rows;
mod rules;
pub mod settings;
mod state;
mod status;
mod urls;
mod wire;
mod withdrawal;

#[cfg(test)]
mod tests;

pub use answer::CHALLENGE_PAGE;
pub use connect::Cashier;
pub use errors::{FieldError, Problem};
pub use notify::CashierAnnouncer;
pub use openapi::openapi;
pub use routes::router;
pub use state::CashierState;
