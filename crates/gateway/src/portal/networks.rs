//! The networks that a merchant takes coins on, with the first addresses of its account keys: whoever runs the wallet compares them with what
//! the wallet itself shows, before anybody pays to one.

use florin_engine::directory::Credential;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::ports::Lane;
use florin_kernel::ports::chain::{AddressStyle, Chain};

use super::visit::AtMerchant;
use crate::dialects::crypto::settings::Settings;

/// So many addresses are compared (crypto contract, section 9).
const SHOWN: u32 = 3;

/// A network.
pub(super) struct NetworkLine {
    pub(super) name: String,
    pub(super) coins: String,
    /// The merchant's keys there; none: its coins are not offered.
    pub(super) keys: Vec<KeyLine>,
}

/// An account key of a credential.
pub(super) struct KeyLine {
    pub(super) credential: String,
    /// Path and address; none: the key gives none.
    pub(super) addresses: Vec<(String, String)>,
    /// Why it gives none.
    pub(super) fault: String,
}

/// The networks of a mode. Test mode has none: its chains are simulated and need no key.
pub(super) fn lines(at: &AtMerchant) -> Vec<NetworkLine> {
    match at.mode {
        Mode::Dev => Vec::new(),
        Mode::Live => at.engine().chains(Lane::Live).map(|chain| line(at, &**chain)).collect(),
    }
}

fn line(at: &AtMerchant, chain: &dyn Chain) -> NetworkLine {
    let directory = at.engine().directory();
    let ours = |credential: &&std::sync::Arc<Credential>| {
        credential.merchant == at.merchant.id
            && credential.mode == at.mode
            && credential.dialect == Dialect::Crypto
            && !credential.revoked
    };
    let mut credentials: Vec<_> = directory.credentials().filter(ours).collect();
    credentials.sort_by_key(|credential| credential.id);
    let network = chain.network();
    let keys = credentials.into_iter().filter_map(|credential| {
        let settings = Settings::of(credential);
        let key = settings.account_keys.get(&network.name)?;
        let name = match credential.label.name.as_str() {
            "" => format!("credential {}", credential.id.number()),
            name => name.to_owned(),
        };
        Some(key_line(chain, name, key))
    });
    NetworkLine {
        name: network.name.clone(),
        coins: network.coins.iter().map(|on| on.coin.code()).collect::<Vec<_>>().join(", "),
        keys: keys.collect(),
    }
}

fn key_line(chain: &dyn Chain, credential: String, key: &str) -> KeyLine {
    let derived = |index| Ok((format!("0/{index}"), chain.address(Lane::Live, key, index, AddressStyle::Native)?));
    match (0..SHOWN).map(derived).collect::<Result<Vec<_>, florin_kernel::ports::chain::KeyError>>() {
        Ok(addresses) => KeyLine { credential, addresses, fault: String::new() },
        Err(error) => KeyLine { credential, addresses: Vec::new(), fault: error.to_string() },
    }
}
