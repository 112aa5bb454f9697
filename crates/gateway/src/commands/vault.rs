//! `florin vault`: the key of the card vault, looked at and changed. The commands change the key's file alone; running servers
//! read it and do the rest.

use std::path::Path;
use std::process::ExitCode;

use florin_engine::vault::keys::VaultKeys;
use florin_engine::vault::known;
use florin_store::{KeyUse, Store};

use crate::config::Config;
use crate::database::Place;
use crate::secret_file;
use crate::vault_key::{self, Source};

/// Tells which versions there are, how many stored cards each seals, and which may go.
///
/// # Errors
/// A sentence for the operator: there is no key, or it is not the database's.
pub async fn status(config: &Config) -> Result<ExitCode, String> {
    let (source, keys, used) = look(config).await?;
    println!("vault key   {source}");
    for (version, fingerprint) in keys.fingerprints() {
        let cards = used.iter().find(|used| used.version == version).map_or(0, |used| used.cards);
        let says = if version == keys.sealing() {
            "seals new cards"
        } else if version > keys.sealing() {
            "seals nothing yet; florin vault rotate puts it in force"
        } else if cards == 0 {
            "may go: take it out once every server has read the newer one"
        } else {
            "opens only; its cards are being wrapped under the newer one"
        };
        println!("version {version:<3} fingerprint {fingerprint}   {cards:>9} stored cards   {says}");
    }
    Ok(ExitCode::SUCCESS)
}

/// Adds a version that seals nothing yet, so that every server can learn it first.
///
/// # Errors
/// A sentence for the operator.
pub async fn prepare(config: &Config) -> Result<ExitCode, String> {
    let (source, keys, _) = look(config).await?;
    let file = file(&source)?;
    if keys.newest() != keys.sealing() {
        return Err(format!("version {} is prepared already; florin vault rotate puts it in force", keys.newest()));
    }
    let keys = keys.with_another();
    replace(file, &keys)?;
    println!("{source} has version {}, which seals nothing yet.", keys.newest());
    println!("Copy the file to every server on this database; then run florin vault rotate on each.");
    Ok(ExitCode::SUCCESS)
}

/// Puts the newest version in force; makes one where none is prepared and no other server could miss it.
///
/// # Errors
/// A sentence for the operator.
pub async fn rotate(config: &Config) -> Result<ExitCode, String> {
    let (source, keys, _) = look(config).await?;
    let file = file(&source)?;
    let is_shared = config.database.is_some();
    let keys = match keys.newest() != keys.sealing() {
        true => keys.newest_first(),
        false if is_shared => {
            return Err(
                "every server on the database must know a new version before one seals with it: run florin vault prepare, copy the file to every server, then run florin vault rotate on each"
                    .to_owned(),
            );
        }
        false => keys.with_another().newest_first(),
    };
    replace(file, &keys)?;
    println!("Version {} of {source} seals new cards; a running server reads it within seconds.", keys.sealing());
    println!(
        "It wraps the stored cards anew beside its work; florin vault status tells when the older version may go."
    );
    println!("Keep a copy of the file apart from the database's backups. Older backups need the older version.");
    Ok(ExitCode::SUCCESS)
}

/// The key and what the database says of it. Only reads, so a server may run beside it.
async fn look(config: &Config) -> Result<(Source, VaultKeys, Vec<KeyUse>), String> {
    let place = Place::of(config).map_err(|error| error.to_string())?;
    if place.is_missing() {
        return Err(format!("{place} does not exist; is --data right?"));
    }
    let source = Source::of(config, std::env::var(vault_key::VARIABLE).ok());
    let keys = source.find().map_err(|error| error.to_string())?;
    let keys = keys.ok_or_else(|| format!("there is no vault key {source}; florin serve makes it"))?;
    let store = place.open_read_only().await.map_err(|error| error.to_string())?;
    let used = used(store.as_ref(), &keys, &place).await;
    store.close().await;
    Ok((source, keys, used?))
}

async fn used(store: &dyn Store, keys: &VaultKeys, place: &Place) -> Result<Vec<KeyUse>, String> {
    known::check(store, keys).await.map_err(|error| vault_key::refused(place, error).to_string())
}

fn file(source: &Source) -> Result<&Path, String> {
    source.file().ok_or_else(|| {
        format!(
            "the vault key comes from {source}: change it there. A key is VERSION:64 hexadecimal digits; put the new version first and keep the old one behind it"
        )
    })
}

fn replace(file: &Path, keys: &VaultKeys) -> Result<(), String> {
    secret_file::replace(file, keys.to_text().expose()).map_err(|error| format!("{}: {error}", file.display()))
}
