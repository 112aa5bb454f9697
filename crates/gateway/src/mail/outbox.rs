//! The outbox on disk: a folder of `.eml` files, which every mail program opens. Nothing leaves the machine.

use std::io::Write;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use florin_engine::mail::Mailer;
use florin_kernel::Timestamp;
use florin_kernel::mail::{Attempted, Message};

use super::message::compose;
use super::settings::Sender;

/// A folder of e-mails.
pub struct Outbox {
    folder: PathBuf,
    sender: Sender,
}

impl Outbox {
    /// The folder, which is made when there is something to put in.
    pub fn new(folder: PathBuf, sender: Sender) -> Outbox {
        Outbox { folder, sender }
    }
}

#[async_trait]
impl Mailer for Outbox {
    async fn carry(&self, reference: &str, message: &Message, written_at: Timestamp) -> Attempted {
        let bytes = match compose(reference, message, written_at, &self.sender) {
            Ok(message) => message.formatted(),
            Err(trouble) => return Attempted::Never(trouble),
        };
        // Sorted by time, and the same name for every attempt.
        let name = format!("{}-{reference}.eml", written_at.strftime("%Y%m%dT%H%M%SZ"));
        let folder = self.folder.clone();
        let written = tokio::task::spawn_blocking(move || put(&folder, &name, &bytes)).await;
        match written {
            Ok(Ok(())) => Attempted::Sent,
            Ok(Err(error)) => Attempted::NotNow(format!("{}: {error}", self.folder.display())),
            Err(panic) => Attempted::NotNow(panic.to_string()),
        }
    }
}

/// Writes a file whole or not at all, for nobody else to read: there are links in it that pay.
fn put(folder: &Path, name: &str, bytes: &[u8]) -> std::io::Result<()> {
    make_folder(folder)?;
    let unfinished = folder.join(format!(".{name}.part"));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&unfinished)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    std::fs::rename(unfinished, folder.join(name))
}

fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
