//! Chains, signers, screening and rates, as far as this build has them.

pub mod bitcoin;
pub mod ethereum;
pub mod external_signer;
pub mod http_rates;
pub mod json_rpc;
pub mod rates;
pub mod simulated;
