//! Coin payments as their chains find them, and how far chains were followed, in memory.

use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, PaymentId, Watch};

use super::Rows;
use crate::query::{WatchQuery, WatchRow, Watched};
use crate::{ChainRow, ChainWrite, PaymentWrite};

impl Rows {
    /// Whether a new payment's address, or its index, is another one's.
    pub(super) fn refuses_watch(&self, write: &PaymentWrite) -> bool {
        let Some(watch) = write.watch.as_ref().filter(|_| write.is_watched_anew()) else { return false };
        self.watches().any(|(_, _, known)| {
            let same = known.address == watch.address || known.derived == watch.derived;
            known.network == watch.network && same
        })
    }

    pub(super) fn refuses_chain(&self, write: &ChainWrite) -> bool {
        let known = self.chains.get(&(write.name.clone(), write.lane.number()));
        known.map(|row| row.version) != write.expected_version
    }

    pub(super) fn write_chain(&mut self, write: ChainWrite) {
        self.clocks.entry(write.lane.number()).or_default();
        let version = write.expected_version.unwrap_or(0) + 1;
        self.chains.insert((write.name, write.lane.number()), ChainRow { version, document: write.document });
    }

    fn watches(&self) -> impl Iterator<Item = (PaymentId, i64, &Watch)> {
        self.payments.values().filter_map(|row| Some((row.write.id, row.write.lane, row.write.watch.as_ref()?)))
    }

    pub(super) fn watched(&self, query: &WatchQuery) -> Vec<WatchRow> {
        let meant = |watch: &Watch| match &query.which {
            Watched::AwaitingCoins => watch.awaits_coins,
            Watched::DueAt(height) => watch.due_height.is_some_and(|due| due <= *height),
            Watched::InBlocksFrom(height) => watch.top_height.is_some_and(|top| top >= *height),
            Watched::At(addresses) => addresses.contains(&watch.address),
        };
        let found = self
            .watches()
            .filter(|(_, lane, watch)| *lane == query.lane.number() && watch.network == query.network && meant(watch));
        let rows = found.map(|(payment, _, watch)| WatchRow { payment, address: watch.address.clone() });
        rows.take(query.limit as usize).collect()
    }

    pub(super) fn watched_lanes(&self) -> Vec<(String, Lane)> {
        let open = self.watches().filter(|(_, _, watch)| watch.awaits_coins || watch.due_height.is_some());
        let mut lanes: Vec<(String, i64)> = open.map(|(_, lane, watch)| (watch.network.clone(), lane)).collect();
        lanes.sort();
        lanes.dedup();
        let lane = |number| if number == 0 { Lane::Live } else { Lane::Dev(MerchantId::from_number(number)) };
        lanes.into_iter().map(|(network, number)| (network, lane(number))).collect()
    }

    pub(super) fn next_address(&self, network: &str, account: &str) -> u32 {
        let of_account =
            self.watches().filter(|(_, _, watch)| watch.network == network && watch.derived.account == account);
        of_account.map(|(_, _, watch)| watch.derived.index + 1).max().unwrap_or(0)
    }
}
