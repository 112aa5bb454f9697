//! Coins: exact amounts on a chain, and payments made with them.

mod units;

pub use units::{Units, WIRE_DECIMALS};
