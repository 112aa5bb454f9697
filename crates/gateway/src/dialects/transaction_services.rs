//! The transaction services dialect: tokens and MD5 checksums, forms and JSON in, JSON or XML out, decimal ids (contract
//! `transaction-services`).
//!
//! The wire contract fixes every name, order and code here. What is odd about this dialect:
//!
//! - Bodies are forms, encoded or not, multipart, or JSON with nested or dotted names ([`fields`]). All values are texts.
//! - A call needs a token and a checksum over some of its fields under the member's key ([`checksum`]).
//! - Refusals are HTTP 200 once the token is accepted, unless the member wants statuses. Checks have a fixed order.
//! - A transaction has a word and a letter for where it stands ([`standing`]), and a number of ten digits (decision 12).
//!
//! | state of the core | `status` | `transactionStatus` | code |
//! |---|---|---|---|
//! | created | begun | P | 00002 |
//! | pending payer: a challenge, another page | 3D Authstarted, authstarted | 3D, P | 00002 |
//! | pending, unknown | authstarted | P | 00002 |
//! | an open capture, void, refund | capturestarted, cancelstarted, markedforreversal | P | 00002 |
//! | authorised | authsuccessful | Y | 00001 |
//! | captured, partially captured | capturesuccess | Y | 00001, 00004 |
//! | partially refunded, refunded | reversed | Y | 00005 |
//! | voided, authorisation expired | authcancelled | C | 00006 |
//! | cancelled; expired but for a challenge | cancelled | C | 10001 |
//! | declined, failed, a challenge that expired | capturefailed (DB), authfailed (PA) | N | 10001, 10002, 110NN |
//! | charged back | chargeback | N | 10001 |

mod amounts;
pub mod auth;
mod bank;
mod brands;
mod calls;
mod cards;
mod checkout;
pub mod checksum;
pub mod codes;
mod connect;
mod content;
mod customers;
mod document;
mod envelope;
mod errors;
mod failures;
pub mod fields;
mod format;
mod inquiry;
mod invoices;
mod list;
mod login;
mod notify;
mod openapi;
mod order;
mod pay;
mod payout;
mod redirect;
mod references;
mod register;
mod repeat;
mod request;
mod routes;
pub mod settings;
pub mod standing;
mod state;
mod terminals;
pub mod token;
mod tokens;
mod urls;
mod view;
mod way;
mod wire;

pub use checkout::path as checkout_path;
pub use connect::TransactionServices;
pub use document::ReturnMethod;
pub use errors::{Fault, Problem, Rule};
pub use invoices::{InvoiceLetters, own_path as invoice_path, status_path as invoice_status_path};
pub use notify::TsAnnouncer;
pub use openapi::openapi;
pub use redirect::{return_fields, return_method, way_back};
pub use routes::router;
