//! What the adapter writes into the cursor to go on: hashes of blocks that it told, and who sent the transactions that pay us.

use std::collections::BTreeMap;

use florin_kernel::ports::chain::Cursor;
use serde::{Deserialize, Serialize};

use super::words::{Address, Hash};

#[cfg(test)]
mod tests;

/// So many of the newest blocks are remembered one by one; older ones in steps.
const DENSE: u64 = 64;
/// The steps: a deep reorganisation is found by so many blocks too deep at most, which tells more than needed.
const STRIDE: u64 = 16;

/// What stands in [`Cursor::memo`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Memo {
    /// Hashes by height.
    pub blocks: BTreeMap<u64, Hash>,
    /// Senders by transaction, of outputs to addresses of ours that are not final.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub origins: BTreeMap<String, Origin>,
}

/// Who sent a transaction, and as which of theirs: another one with that number takes its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// The sender.
    pub from: Address,
    /// The number.
    pub nonce: u64,
    /// The height of the block where it was last.
    pub height: u64,
}

/// The heights that are remembered at a tip, the lowest first.
pub fn heights(tip: u64, history: u64) -> Vec<u64> {
    let lowest = tip.saturating_sub(history + STRIDE);
    (lowest..=tip).filter(|height| tip - height < DENSE || height.is_multiple_of(STRIDE) || *height == 0).collect()
}

impl Memo {
    /// Reads a cursor's; the tip alone where it has none.
    ///
    /// # Errors
    /// A sentence, when the cursor is none of this adapter's.
    pub fn of(cursor: &Cursor) -> Result<Memo, String> {
        let mut memo: Memo = match cursor.memo.as_str() {
            "" => Memo::default(),
            text => serde_json::from_str(text).map_err(|error| format!("the cursor cannot be read: {error}"))?,
        };
        let tip = Hash::read(&cursor.tip.hash).ok_or("the cursor's tip has no hash")?;
        memo.blocks.insert(cursor.tip.height, tip);
        Ok(memo)
    }

    /// Forgets blocks above a height.
    pub fn cut(&mut self, height: u64) {
        self.blocks.retain(|known, _| *known <= height);
    }

    /// Forgets what need not be remembered at a tip: blocks between the steps, senders of what is final.
    pub fn prune(&mut self, tip: u64, history: u64, final_height: Option<u64>, is_known: impl Fn(&str) -> bool) {
        let wanted = heights(tip, history);
        self.blocks.retain(|height, _| wanted.binary_search(height).is_ok());
        let settled = final_height.unwrap_or_else(|| tip.saturating_sub(history));
        self.origins.retain(|txid, origin| origin.height > settled || is_known(txid));
    }

    /// As text for [`Cursor::memo`].
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}
