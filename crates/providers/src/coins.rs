//! Chains, signers, screening and rates, as far as this build has them.

pub mod http_rates;
pub mod rates;
pub mod simulated;
