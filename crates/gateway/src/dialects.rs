//! The APIs merchants speak. A dialect turns requests into commands and payments into answers; no dialect names another.

use std::time::Duration;

pub mod caller;
pub mod cashier;
pub mod crypto;
pub mod iban;
pub mod json;
pub mod percent;
pub mod request;
pub mod transaction_services;
pub mod v3;

/// How long the provider took, told to the server beside an answer: `Server-Timing` leaves it out.
#[derive(Clone, Copy, Debug)]
pub struct ProviderTime(pub Duration);
