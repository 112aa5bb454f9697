//! Which addresses and transactions are asked about in one step.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ::bitcoin::hashes::Hash;
use ::bitcoin::{Address, Network, Script, Transaction, Txid, WPubkeyHash};
use florin_kernel::ports::chain::{Known, Watched};

use super::keys;

/// What the engine asks about.
pub struct Own {
    addresses: HashMap<WPubkeyHash, String>,
    /// Known outputs by their transactions.
    pub outputs: BTreeMap<Txid, Vec<Known>>,
}

impl Own {
    /// What is watched; addresses and ids that are not of this chain are nobody's.
    pub fn of(watched: &Watched, network: Network) -> Own {
        let known = watched.outputs.iter().map(|known| &known.address);
        let all: BTreeSet<&String> = watched.addresses.iter().chain(known).collect();
        let read = |text: &&String| program(&keys::read(text, network)?.script_pubkey());
        let addresses = all.iter().filter_map(|text| Some((read(text)?, (*text).clone()))).collect();
        let mut outputs: BTreeMap<Txid, Vec<Known>> = BTreeMap::new();
        for known in &watched.outputs {
            if let Ok(id) = known.outpoint.txid.parse() {
                outputs.entry(id).or_default().push(known.clone());
            }
        }
        Own { addresses, outputs }
    }

    /// Whether nothing is asked about that could be in a mempool.
    pub fn is_idle(&self) -> bool {
        self.addresses.is_empty()
    }

    /// The outputs of a transaction that pay addresses asked about: number, address, satoshi.
    pub fn paid_by<'a>(&'a self, transaction: &'a Transaction) -> impl Iterator<Item = (u32, &'a str, u64)> {
        let outputs = transaction.output.iter().zip(0_u32..);
        outputs.filter_map(|(output, index)| {
            let address = self.addresses.get(&program(&output.script_pubkey)?)?;
            Some((index, address.as_str(), output.value.to_sat()))
        })
    }

    /// The keys' hashes of the addresses asked about.
    pub fn programs(&self) -> impl Iterator<Item = &WPubkeyHash> {
        self.addresses.keys()
    }
}

/// The hash that a native segregated-witness output for one key pays: the only kind of address that is ever derived here.
pub fn program(script: &Script) -> Option<WPubkeyHash> {
    match script.is_p2wpkh() {
        true => WPubkeyHash::from_slice(&script.as_bytes()[2..]).ok(),
        false => None,
    }
}

/// The address of an output that may be ours.
pub fn address(script: &Script, network: Network) -> Option<String> {
    program(script)?;
    Address::from_script(script, network).ok().map(|address| address.to_string())
}
