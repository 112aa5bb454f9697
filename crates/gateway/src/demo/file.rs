//! `demo.json`: what tools and people read the demo's credentials from (product document, "Command line and files").

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::dialects::connect::{hex, letters};

/// The file's content. Secrets, so nothing of it is printed by accident.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct DemoFile {
    pub(super) base_url: String,
    #[serde(default = "Portal::new")]
    pub(super) portal: Portal,
    pub(super) admin: Admin,
    pub(super) cashier: Cashier,
    #[serde(default = "V3::new")]
    pub(super) v3: V3,
    #[serde(default = "Crypto::new")]
    pub(super) crypto: Crypto,
    #[serde(default = "TransactionServices::new")]
    pub(super) transaction_services: TransactionServices,
    pub(super) webhook_secret: String,
}

/// The operator's login.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Portal {
    pub(super) url: String,
    pub(super) email: String,
    pub(super) password: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Admin {
    pub(super) token: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Cashier {
    pub(super) api_key: String,
    pub(super) signature_password: String,
    pub(super) provider_ids: ProviderIds,
    pub(super) routing_id: i64,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct V3 {
    pub(super) entity_id: String,
    pub(super) access_token: String,
    pub(super) notification_key: String,
    pub(super) legacy_user_id: String,
    pub(super) legacy_password: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Crypto {
    pub(super) user: String,
    pub(super) api_key: String,
    pub(super) pos_id: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TransactionServices {
    pub(super) partner_id: String,
    pub(super) partner_name: String,
    pub(super) partner_username: String,
    pub(super) partner_key: String,
    pub(super) member_id: String,
    pub(super) username: String,
    pub(super) secret_key: String,
    pub(super) terminal_id: String,
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct ProviderIds {
    pub(super) card: i64,
    pub(super) bank_transfer: i64,
    pub(super) e_wallet: i64,
    pub(super) voucher: i64,
}

impl std::fmt::Debug for DemoFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DemoFile").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

impl DemoFile {
    /// New secrets.
    pub(super) fn new(base_url: &str, slug: &str, webhook_secret: &str) -> DemoFile {
        DemoFile {
            base_url: base_url.to_owned(),
            portal: Portal::new(),
            admin: Admin { token: format!("fl_admin_{}", letters()) },
            cashier: Cashier {
                api_key: format!("fl_dev_{}", letters()),
                signature_password: format!("spg_test_{slug}{}", letters()),
                provider_ids: ProviderIds { card: 210, bank_transfer: 211, e_wallet: 212, voucher: 213 },
                routing_id: 310,
            },
            v3: V3::new(),
            crypto: Crypto::new(),
            transaction_services: TransactionServices::new(),
            webhook_secret: webhook_secret.to_owned(),
        }
    }
}

impl Portal {
    /// A new password.
    fn new() -> Portal {
        Portal { url: String::new(), email: "operator@example.com".to_owned(), password: letters()[..24].to_owned() }
    }

    /// Where it is on a server.
    pub(super) fn at(self, base_url: &str) -> Portal {
        Portal { url: format!("{base_url}/portal"), ..self }
    }
}

impl V3 {
    /// New secrets for the entity of the contract's samples.
    fn new() -> V3 {
        V3 {
            entity_id: "EB000001".to_owned(),
            access_token: format!("fl_dev_{}", letters()),
            notification_key: hex::<32>(),
            legacy_user_id: hex::<16>(),
            legacy_password: letters(),
        }
    }
}

impl Crypto {
    /// New secrets for the point of sale of the contract's samples.
    fn new() -> Crypto {
        Crypto {
            user: crate::dialects::crypto::new_uuid(),
            api_key: format!("fl_dev_{}", letters()),
            pos_id: "POS1".to_owned(),
        }
    }
}

impl TransactionServices {
    /// New keys for the partner, member and terminal of the contract's samples.
    fn new() -> TransactionServices {
        TransactionServices {
            partner_id: "195".to_owned(),
            partner_name: "florin".to_owned(),
            partner_username: "florin".to_owned(),
            partner_key: letters(),
            member_id: "11344".to_owned(),
            username: "testdoc".to_owned(),
            secret_key: letters(),
            terminal_id: "19671".to_owned(),
        }
    }
}

/// Reads the file; `None` when there is none, or one that is no demo's any more.
pub(super) fn read(path: &Path) -> std::io::Result<Option<DemoFile>> {
    match std::fs::read_to_string(path) {
        Ok(text) => Ok(serde_json::from_str(&text).ok()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the file as a whole, readable by its owner only.
pub(super) fn write(path: &Path, demo: &DemoFile) -> std::io::Result<()> {
    let beside = path.with_extension("json.new");
    let _ = std::fs::remove_file(&beside);
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&beside)?;
    serde_json::to_writer_pretty(&mut file, demo)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    std::fs::rename(&beside, path)
}
