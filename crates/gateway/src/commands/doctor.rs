//! stub
use crate::config::Config; use crate::registry::Registry; use std::process::ExitCode;
/// .
pub async fn run(_: &Config, _: Registry<'_>) -> Result<ExitCode, String> { Ok(ExitCode::SUCCESS) }
