//! Who we ask: drivers of acquirers, banks and wallets, each in a module of its own behind the kernel's
//! [`Provider`](florin_kernel::ports::Provider) port. Nothing here knows a merchant's dialect, the store or the engine.

pub mod coins;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod http;
pub mod simulator;
