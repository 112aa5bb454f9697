//! Tests of the whole: real servers on real databases, asked over HTTP. One binary, so that it links once.

mod cashier_calls;
mod cashier_errors;
mod cashier_hosted;
mod cashier_hosted_retries;
mod cashier_keys;
mod cashier_lists;
mod cashier_replays;
mod crypto;
mod crypto_errors;
mod demo;
mod faults;
mod operations;
mod pages;
mod planted;
mod process;
mod routing;
mod several;
#[path = "../../src/simulated.rs"]
mod simulated;
mod v3;
mod v3_calls;
mod v3_cards;
mod v3_checkout;
mod v3_errors;
mod v3_notices;
mod v3_orders;
mod v3_payouts;
mod v3_registrations;
mod v3_replays;
mod v3_settings;
mod vault;
mod webhooks;
mod withdrawal_page;
mod withdrawal_rules;
mod withdrawals;
mod world;
