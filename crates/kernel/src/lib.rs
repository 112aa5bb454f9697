//! What is true: money, ids, states, `decide`, the ledger chart and the ports.
//!
//! Nothing here does I/O, reads a clock or draws a random number: time and ids are parameters, so every
//! decision can be replayed and tested as a table.

pub mod aggregate;
pub mod asset;
pub mod card;
pub mod coin;
pub mod customer;
pub mod fx;
pub mod id;
pub mod invoice;
pub mod ledger;
pub mod mail;
pub mod money;
pub mod payment;
pub mod plan;
pub mod ports;
pub mod public_id;
pub mod record;
pub mod registration;
pub mod routing;
pub mod sabotage;
pub mod secret;
pub mod user;
pub mod withdrawal;

pub use aggregate::{Aggregate, Asking, Kind, Transaction, Watch};
pub use asset::{Asset, Coin};
pub use id::{
    CredentialId, CustomerId, EntryId, EventId, Id, InvoiceId, MailId, MerchantId, PaymentId, PlanId, RecordId,
    RegistrationId, UserId,
};
pub use jiff::Timestamp;
pub use money::{Money, MoneyError};
pub use record::{Record, RecordKind};
