//! The engine against the real store and the real simulator.

mod faults;
mod lookups;
mod operations;
mod payouts;
mod repeats;
mod story;
mod vault;
mod withdrawals;
mod world;
