//! The numbers of the transactions that pay refunds: each is given to one refund, and given again only where that refund surely never
//! was sent. Kept as a document beside the payments, so that every process gives from the same list.

use std::collections::BTreeMap;
use std::sync::Arc;

use florin_kernel::ports::Lane;
use serde::{Deserialize, Serialize};

use crate::coins::simulated::Shelf;

#[cfg(test)]
mod tests;

/// Numbers of one account.
pub struct Nonces {
    shelf: Arc<dyn Shelf>,
    name: String,
}

/// What is kept of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    given: BTreeMap<u64, Given>,
}

/// To whom a number is given.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Given {
    operation: String,
    /// The transaction, once it is signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    txid: Option<String>,
    /// Whether a node may have it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    sent: bool,
}

/// What an account's numbers are at, as the chain tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Used {
    /// The first that no transaction uses, those in the pool counted.
    pub next: u64,
    /// All below are used by final blocks.
    pub settled: u64,
}

impl Nonces {
    /// Of an account on a network.
    pub fn new(shelf: Arc<dyn Shelf>, network: &str, account: &str) -> Nonces {
        Nonces { shelf, name: format!("{network}/numbers/{account}") }
    }

    /// The number of a refund: the one it has, else the lowest that is free.
    ///
    /// # Errors
    /// A sentence, when it cannot be kept.
    pub async fn reserve(&self, lane: Lane, operation: &str, used: Used) -> Result<u64, String> {
        self.change(lane, |document| {
            document.given.retain(|nonce, given| *nonce >= used.settled || !given.sent);
            let had = document.given.iter().find(|(_, given)| given.operation == operation).map(|(nonce, _)| *nonce);
            if let Some(nonce) = had {
                return nonce;
            }
            let nonce = (used.next..=u64::MAX).find(|nonce| !document.given.contains_key(nonce)).unwrap_or(u64::MAX);
            document.given.insert(nonce, Given { operation: operation.to_owned(), txid: None, sent: false });
            nonce
        })
        .await
    }

    /// Notes the transaction that was signed with a number.
    ///
    /// # Errors
    /// A sentence, when it cannot be kept.
    pub async fn signed(&self, lane: Lane, nonce: u64, txid: &str) -> Result<(), String> {
        self.change(lane, |document| {
            if let Some(given) = document.given.get_mut(&nonce) {
                given.txid = Some(txid.to_owned());
            }
        })
        .await
    }

    /// Notes that a node may have a transaction: its number is used, or will be.
    ///
    /// # Errors
    /// A sentence, when it cannot be kept.
    pub async fn sent(&self, lane: Lane, nonce: u64, txid: &str) -> Result<(), String> {
        self.change(lane, |document| {
            if let Some(given) = document.given.get_mut(&nonce) {
                given.sent |= given.txid.as_deref() == Some(txid);
            }
        })
        .await
    }

    /// Takes a number back from a refund that was not signed.
    ///
    /// # Errors
    /// A sentence, when it cannot be kept.
    pub async fn not_signed(&self, lane: Lane, operation: &str) -> Result<(), String> {
        self.change(lane, |document| {
            document.given.retain(|_, given| given.operation != operation || given.txid.is_some());
        })
        .await
    }

    /// Takes a number back from a transaction that its node refused; nothing where some node may have it.
    ///
    /// # Errors
    /// A sentence, when it cannot be kept.
    pub async fn not_sent(&self, lane: Lane, nonce: u64, txid: &str) -> Result<(), String> {
        self.change(lane, |document| {
            let free = |given: &Given| given.txid.as_deref() == Some(txid) && !given.sent;
            if document.given.get(&nonce).is_some_and(free) {
                document.given.remove(&nonce);
            }
        })
        .await
    }

    async fn change<T: Send>(
        &self,
        lane: Lane,
        change: impl Fn(&mut Document) -> T + Send + Sync,
    ) -> Result<T, String> {
        loop {
            let stored = self.shelf.load(&self.name, lane).await?;
            let (version, before) = match stored {
                Some((version, text)) => {
                    (Some(version), serde_json::from_str::<Document>(&text).map_err(|error| error.to_string())?)
                }
                None => (None, Document::default()),
            };
            let mut document = before.clone();
            let told = change(&mut document);
            if document == before {
                return Ok(told);
            }
            let text = serde_json::to_string(&document).map_err(|error| error.to_string())?;
            if self.shelf.save(&self.name, lane, version, text).await? {
                return Ok(told);
            }
        }
    }
}
