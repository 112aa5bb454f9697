//! Tests of the whole: real servers on real databases, asked over HTTP. One binary, so that it links once.

mod demo;
mod operations;
mod pages;
mod process;
#[path = "../../src/simulated.rs"]
mod simulated;
mod world;
