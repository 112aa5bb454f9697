//! The engine on a real development chain: payments with coins and tokens, reorganisations, refunds. Without the node's program
//! (`scripts/with-ethereum`) these tests do nothing.

mod conformance;
mod gate;
mod nodes;
mod payments;
mod refunds;
mod reorganisations;
mod tokens;
mod world;
