//! The APIs merchants speak. A dialect turns requests into commands and payments into answers; no dialect names another.

use std::time::Duration;

use connect::Connection;
use florin_kernel::payment::Dialect;

pub mod caller;
pub mod cashier;
pub mod connect;
pub mod crypto;
pub mod iban;
pub mod json;
pub mod percent;
pub mod prefix;
pub mod request;
pub mod transaction_services;
pub mod v3;

/// Every dialect, as the portal knows it: in the order in which people are shown them.
pub static CONNECTIONS: [&dyn Connection; 4] =
    [&cashier::Cashier, &v3::V3, &transaction_services::TransactionServices, &crypto::Crypto];

/// A dialect, as the portal knows it.
pub fn connection(dialect: Dialect) -> &'static dyn Connection {
    match dialect {
        Dialect::Cashier => &cashier::Cashier,
        Dialect::V3 => &v3::V3,
        Dialect::TransactionServices => &transaction_services::TransactionServices,
        Dialect::Crypto => &crypto::Crypto,
    }
}

/// How long the provider took, told to the server beside an answer: `Server-Timing` leaves it out.
#[derive(Clone, Copy, Debug)]
pub struct ProviderTime(pub Duration);
