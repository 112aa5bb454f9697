//! The engine against the real store and the real simulator.

mod ethereum;
mod faults;
mod invoices;
mod lookups;
mod office;
mod office_book;
mod office_events;
mod operations;
mod payouts;
mod plans;
mod plans_calendar;
mod postbox;
mod repeats;
mod story;
mod vault;
mod withdrawals;
mod world;
