//! The Payments v3 dialect: bearer token, forms in, JSON out, result codes of nine digits, inquiry (contract `v3`).
//!
//! One implementation in two profiles ([`mounts::Profile`]): Payments v3, and the older platform that clients of it were
//! written for. The wire contract fixes every name, order and code here. What is odd about this dialect:
//!
//! - Any body but JSON, XML and multipart is read as a form, encoded or not; names are paths ([`form`]).
//! - Paths are read by [`calls`] and not by the router: base URLs end with or without a slash, with or without the version.
//! - What became of a transaction is a code; a decline is HTTP 400 on v3 mounts, 200 for the older platform. Readings are 200.
//! - Checks have a fixed order: login, form of all fields, meaning, repeat, referenced transaction, risk.
//! - A transaction keeps its type: a captured PA answers as PA. Captures, refunds and reversals are transactions of their own.
//!
//! | state of the core | code (v3 set) | code (older set) |
//! |---|---|---|
//! | created | 000.200.100 | 000.200.000 |
//! | pending payer | 000.200.000 | 000.200.000 |
//! | pending, unknown | 000.200.300 | 000.200.000 |
//! | authorised, captured and all that follows | 000.000.000 | 000.000.000, in test mode 000.100.110 |
//! | declined | 800.100.NN, 100.400.152 … | 800.100.152 …, 100.380.401 … |
//! | failed | 900.100.600 | 900.100.600 |
//! | cancelled, expired | 100.396.101, 100.396.103 | the same |

mod admission;
mod amounts;
pub mod auth;
mod bank;
mod brand;
mod calls;
mod checkout;
pub mod codes;
mod connect;
mod content;
mod document;
mod echo;
mod errors;
mod event;
mod fields;
mod form;
mod inquiry;
mod instruction;
mod means;
pub mod mounts;
mod notify;
mod openapi;
mod order;
mod pay;
mod payout;
mod redirect;
mod references;
mod registrations;
mod request;
mod routes;
mod secure;
pub mod settings;
mod stamp;
mod state;
mod view;
mod way;
mod wire;

#[cfg(test)]
mod tests;

pub use checkout::own_page as checkout_page;
pub use connect::V3;
pub use errors::{FieldError, Problem};
pub use notify::V3Announcer;
pub use openapi::openapi;
pub use redirect::{return_fields, return_method};
pub use routes::router;
pub use state::V3State;
