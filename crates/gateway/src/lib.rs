//! Who asks us: the dialects merchants speak, payers' and operators' pages, configuration and the listener.
//!
//! Dialects and pages see engine and kernel only; the providers are named by the binary's `main.rs` alone and come in through
//! [`registry::Registry`].

pub mod admin;
pub mod callbacks;
mod chunks;
pub mod commands;
pub mod config;
pub mod database;
pub mod demo;
pub mod dialects;
pub mod docs;
mod erased;
pub mod mail;
pub mod master_key;
pub mod pages;
pub mod portal;
pub mod registry;
mod secret_file;
pub mod server;
pub mod telemetry;

// No product is built with the defects of our negative controls.
const _: () = assert!(!florin_kernel::sabotage::COMPILED_IN, "build the gateway without the feature `sabotage`");
pub mod vault_key;
