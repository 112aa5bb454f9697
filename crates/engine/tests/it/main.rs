//! The engine against the real store and the real simulator.

mod accounts;
mod ethereum;
mod faults;
mod invoices;
mod lookups;
mod office;
mod office_book;
mod office_events;
mod office_waiting;
mod operations;
mod panics;
mod payouts;
mod plans;
mod plans_calendar;
mod postbox;
mod repeats;
mod story;
mod vault;
mod withdrawals;
mod world;
