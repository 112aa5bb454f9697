//! Seals: the ledger's hash chains. A *seal* closes the transfers that one transaction wrote: SHA-256 over the seal before it,
//! its place in its chain and every transfer in order. Who changes, removes, adds or reorders a transfer later would have to
//! make every later seal of its chain anew.
//!
//! Pure: knows no database. Each writer has a chain of its own, so that none waits for another.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

#[cfg(test)]
mod tests;

/// A seal's hash.
pub type SealHash = [u8; 32];

/// Where a chain begins: the hash before its first seal, whose number is 1.
pub const BEGINNING: SealHash = [0; 32];

/// Says what is hashed and in which form; a change of the encoding is a new one.
const DOMAIN: &[u8] = b"florin ledger seal 1";

/// One transfer as its row says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealedTransfer<'t> {
    /// The payment's number.
    pub payment: i64,
    /// The event that caused it.
    pub event: &'t str,
    /// `dev` or `live`.
    pub book: &'t str,
    /// `pending` or `posted`.
    pub layer: &'t str,
    /// Account debited.
    pub debit: &'t str,
    /// Account credited.
    pub credit: &'t str,
    /// The asset's code.
    pub asset: &'t str,
    /// Minor units.
    pub amount_minor: i64,
    /// Milliseconds since the Unix epoch, by the payment's clock.
    pub at_ms: i64,
}

/// A seal being made.
#[derive(Clone)]
pub struct Sealing {
    hasher: Sha256,
    transfers: u64,
}

impl Sealing {
    /// Begins seal `number` of a chain, after the seal whose hash is `previous`.
    pub fn after(previous: &SealHash, chain: i64, number: i64) -> Sealing {
        let mut hasher = Sha256::new();
        hasher.update(DOMAIN);
        hasher.update(previous);
        hasher.update(chain.to_be_bytes());
        hasher.update(number.to_be_bytes());
        Sealing { hasher, transfers: 0 }
    }

    /// Takes in the next transfer. Every text goes in behind its length, so that no two rows read alike.
    pub fn add(&mut self, transfer: &SealedTransfer<'_>) {
        let SealedTransfer { payment, event, book, layer, debit, credit, asset, amount_minor, at_ms } = *transfer;
        self.hasher.update(payment.to_be_bytes());
        for text in [event, book, layer, debit, credit, asset] {
            self.hasher.update((text.len() as u64).to_be_bytes());
            self.hasher.update(text);
        }
        self.hasher.update(amount_minor.to_be_bytes());
        self.hasher.update(at_ms.to_be_bytes());
        self.transfers += 1;
    }

    /// How many transfers it holds.
    pub fn transfers(&self) -> u64 {
        self.transfers
    }

    /// The seal.
    pub fn finish(self) -> SealHash {
        self.hasher.chain_update(self.transfers.to_be_bytes()).finalize().into()
    }
}

/// Replays chains. Told every transfer in the order of chain, seal and place, each with the hash in its seal's row, it says
/// what does not agree.
pub struct ChainReplay {
    /// The newest seal of every chain that has a row.
    newest: BTreeMap<i64, i64>,
    open: Option<Open>,
    faults: Vec<String>,
}

/// The seal whose transfers are being told.
struct Open {
    chain: i64,
    number: i64,
    /// What its row says; `None` when the row is gone.
    stored: Option<SealHash>,
    /// `None` when the seal before it is gone, so that nothing can be said of this one.
    sealing: Option<Sealing>,
}

impl ChainReplay {
    /// Begins, knowing the number of the newest seal of every chain that has any.
    pub fn new(newest: BTreeMap<i64, i64>) -> ChainReplay {
        ChainReplay { newest, open: None, faults: Vec::new() }
    }

    /// The next transfer: of seal `number` of `chain`, whose row holds `stored`, or is gone.
    pub fn transfer(&mut self, chain: i64, number: i64, stored: Option<SealHash>, transfer: &SealedTransfer<'_>) {
        if self.open.as_ref().is_none_or(|open| (open.chain, open.number) != (chain, number)) {
            let before = self.close();
            if let Some((ended, last, _)) = before.filter(|(before, ..)| *before != chain) {
                self.end_chain(ended, last);
            }
            let before = before.filter(|(before, ..)| *before == chain);
            if let Some((_, last, hash)) = before.filter(|(_, last, _)| *last >= number) {
                let sentence = "stands behind its place: it was added or moved";
                self.faults.push(format!("An entry of seal {number} of chain {chain} {sentence}."));
                self.open = Some(Open { chain, number: last, stored: hash, sealing: None });
                return;
            }
            let (expected, previous) = before.map_or((1, Some(BEGINNING)), |(_, last, hash)| (last + 1, hash));
            let previous = if number == expected { previous } else { None };
            self.told_missing(chain, expected, number - 1);
            let sealing = previous.map(|previous| Sealing::after(&previous, chain, number));
            self.open = Some(Open { chain, number, stored, sealing });
        }
        if let Some(sealing) = self.open.as_mut().and_then(|open| open.sealing.as_mut()) {
            sealing.add(transfer);
        }
    }

    /// What was found since this was last asked, a sentence each.
    pub fn take_faults(&mut self) -> Vec<String> {
        std::mem::take(&mut self.faults)
    }

    /// After the last transfer: the ends of the chains, and what was found since faults were last taken.
    pub fn finish(mut self) -> Vec<String> {
        if let Some((chain, last, _)) = self.close() {
            self.end_chain(chain, last);
        }
        for (chain, newest) in std::mem::take(&mut self.newest) {
            self.told_missing(chain, 1, newest);
        }
        self.faults
    }

    /// Ends the open seal: compares it with its row, and returns its chain, number and stored hash.
    fn close(&mut self) -> Option<(i64, i64, Option<SealHash>)> {
        let Open { chain, number, stored, sealing } = self.open.take()?;
        match stored {
            None => self.faults.push(format!("Seal {number} of chain {chain} is missing; its entries are not sealed.")),
            Some(hash) if sealing.is_some_and(|sealing| sealing.finish() != hash) => self
                .faults
                .push(format!("The ledger entries of seal {number} of chain {chain} are not those that were sealed.")),
            Some(_) => {}
        }
        Some((chain, number, stored))
    }

    /// No transfer of the chain follows its seal `last`.
    fn end_chain(&mut self, chain: i64, last: i64) {
        let newest = self.newest.remove(&chain).unwrap_or(last);
        self.told_missing(chain, last + 1, newest);
    }

    fn told_missing(&mut self, chain: i64, first: i64, last: i64) {
        match last - first {
            ..0 => {}
            0 => self.faults.push(format!("The ledger entries of seal {first} of chain {chain} are missing.")),
            1.. => {
                self.faults
                    .push(format!("The ledger entries of seals {first} to {last} of chain {chain} are missing."));
            }
        }
    }
}
