//! E-mails: what they say, and who carries them by the settings. Those of test mode, and all of the demo, go into a folder and never
//! leave the machine.

use std::path::PathBuf;
use std::sync::Arc;

use florin_engine::mail::{Mailer, Mailers};

use crate::config::Config;

pub mod letter;
mod message;
pub mod outbox;
pub mod settings;
pub mod smtp;

use outbox::Outbox;
use smtp::Smtp;

/// The folder of e-mails that do not leave the machine, in the data folder.
pub const OUTBOX: &str = "outbox";

/// Where e-mails go that do not leave the machine.
pub fn outbox_folder(config: &Config) -> PathBuf {
    config.data.join(OUTBOX)
}

/// Who carries e-mails of which mode.
///
/// # Errors
/// A sentence for the operator, where `[mail]` cannot be used.
pub fn mailers(config: &Config) -> Result<Mailers, String> {
    let server = config.mail.server()?;
    let sender = server.as_ref().map(|server| server.sender.clone()).unwrap_or_default();
    let outbox: Arc<dyn Mailer> = Arc::new(Outbox::new(outbox_folder(config), sender));
    let live: Option<Arc<dyn Mailer>> = match (config.demo, server) {
        (true, _) => Some(outbox.clone()),
        (false, Some(server)) => Some(Arc::new(Smtp::new(&server)?)),
        (false, None) => None,
    };
    Ok(Mailers { dev: Some(outbox), live })
}
