//! Coin payments as their chains find them, and how far chains were followed.

use std::collections::HashSet;

use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, PaymentId, Watch};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{all, get, narrow};
use crate::query::{WatchRow, Watched};
use crate::{ChainRow, ChainWrite, PaymentWrite, StoreError};

const INSERT: &str = "INSERT INTO watches
    (payment, network, lane, address, account, number, awaits_coins, due_height, top_height)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::bigint[], $7::boolean[],
        $8::bigint[], $9::bigint[])
    ON CONFLICT DO NOTHING RETURNING payment";
const UPDATE: &str = "UPDATE watches
    SET awaits_coins = new.awaits_coins, due_height = new.due_height, top_height = new.top_height
    FROM unnest($1::bigint[], $2::boolean[], $3::bigint[], $4::bigint[])
    AS new (payment, awaits_coins, due_height, top_height)
    WHERE watches.payment = new.payment RETURNING watches.payment";
const BEGIN: &str = "INSERT INTO chains (name, lane, version, document)
    SELECT name, lane, 1, document FROM unnest($1::text[], $2::bigint[], $3::text[]) AS new (name, lane, document)
    ON CONFLICT DO NOTHING RETURNING name, lane";
const ADVANCE: &str = "UPDATE chains SET version = chains.version + 1, document = new.document
    FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) AS new (name, lane, version, document)
    WHERE chains.name = new.name AND chains.lane = new.lane AND chains.version = new.version
    RETURNING chains.name, chains.lane";
pub(super) const SELECT: &str = "SELECT version, document FROM chains WHERE name = $1 AND lane = $2";
pub(super) const LANES: &str = "SELECT network, lane FROM watches WHERE awaits_coins
    UNION SELECT network, lane FROM watches WHERE due_height IS NOT NULL ORDER BY network, lane";
pub(super) const NEXT: &str = "SELECT coalesce(max(number) + 1, 0) FROM watches WHERE network = $1 AND account = $2";
const AWAITING: &str = "SELECT payment, address FROM watches
    WHERE network = $1 AND lane = $2 AND awaits_coins ORDER BY payment LIMIT $3";
const DUE: &str = "SELECT payment, address FROM watches
    WHERE network = $1 AND lane = $2 AND due_height <= $4 ORDER BY payment LIMIT $3";
const FROM_HEIGHT: &str = "SELECT payment, address FROM watches
    WHERE network = $1 AND lane = $2 AND top_height >= $4 ORDER BY payment LIMIT $3";
const AT: &str = "SELECT payment, address FROM watches
    WHERE network = $1 AND lane = $2 AND address = ANY($4::text[]) ORDER BY payment LIMIT $3";

/// A chain by name and lane.
pub(super) type ChainKey = (String, i64);

/// The writer's statements.
pub(super) struct ChainStatements {
    insert: Statement,
    update: Statement,
    begin: Statement,
    advance: Statement,
}

/// Which statement asks for which coin payments, and the parameter beside network, lane and limit.
pub(super) fn question(which: &Watched) -> (&'static str, Option<Box<dyn ToSql + Sync + Send>>) {
    match which {
        Watched::AwaitingCoins => (AWAITING, None),
        Watched::DueAt(at) => (DUE, Some(Box::new(height(Some(*at))))),
        Watched::InBlocksFrom(from) => (FROM_HEIGHT, Some(Box::new(height(Some(*from))))),
        Watched::At(addresses) => (AT, Some(Box::new(addresses.clone()))),
    }
}

impl ChainStatements {
    pub(super) async fn prepare(client: &Client) -> Result<ChainStatements, Error> {
        let (insert, update, begin, advance) = tokio::try_join!(
            client.prepare(INSERT),
            client.prepare(UPDATE),
            client.prepare(BEGIN),
            client.prepare(ADVANCE)
        )?;
        Ok(ChainStatements { insert, update, begin, advance })
    }

    /// Writes what coin payments are found by; returns those whose address was free, or theirs already. In the order of payments.
    pub(super) async fn watch(&self, client: &Client, writes: Vec<&PaymentWrite>) -> Result<HashSet<i64>, Error> {
        let mut watches: Vec<(&PaymentWrite, &Watch)> =
            writes.into_iter().filter_map(|write| Some((write, write.watch.as_ref()?))).collect();
        if watches.is_empty() {
            return Ok(HashSet::new());
        }
        watches.sort_unstable_by_key(|(write, _)| write.id);
        let (updates, inserts): (Vec<_>, Vec<_>) = watches.into_iter().partition(|(write, _)| !write.is_watched_anew());
        let written = tokio::join!(self.insert(client, &inserts), self.update(client, &updates));
        let mut ids = HashSet::new();
        for rows in all([written.0, written.1])? {
            for row in &rows {
                ids.insert(row.try_get(0)?);
            }
        }
        Ok(ids)
    }

    async fn insert(&self, client: &Client, new: &[(&PaymentWrite, &Watch)]) -> Result<Vec<Row>, Error> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = new.iter().map(|(write, _)| write.id.number()).collect();
        let networks: Vec<&str> = new.iter().map(|(_, watch)| watch.network.as_str()).collect();
        let lanes: Vec<i64> = new.iter().map(|(write, _)| write.lane).collect();
        let addresses: Vec<&str> = new.iter().map(|(_, watch)| watch.address.as_str()).collect();
        let accounts: Vec<&str> = new.iter().map(|(_, watch)| watch.derived.account.as_str()).collect();
        let numbers: Vec<i64> = new.iter().map(|(_, watch)| i64::from(watch.derived.index)).collect();
        let (awaiting, due, top) = heights(new);
        let parameters: &[&(dyn ToSql + Sync)] =
            &[&ids, &networks, &lanes, &addresses, &accounts, &numbers, &awaiting, &due, &top];
        client.query(&self.insert, parameters).await
    }

    async fn update(&self, client: &Client, known: &[(&PaymentWrite, &Watch)]) -> Result<Vec<Row>, Error> {
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let ids: Vec<i64> = known.iter().map(|(write, _)| write.id.number()).collect();
        let (awaiting, due, top) = heights(known);
        client.query(&self.update, &[&ids, &awaiting, &due, &top]).await
    }

    /// Notes how far chains were followed; returns those that had the version expected.
    pub(super) async fn follow(
        &self,
        client: &Client,
        mut writes: Vec<&ChainWrite>,
    ) -> Result<HashSet<ChainKey>, Error> {
        if writes.is_empty() {
            return Ok(HashSet::new());
        }
        writes.sort_unstable_by_key(|write| (write.name.as_str(), write.lane.number()));
        let (updates, inserts): (Vec<_>, Vec<_>) =
            writes.into_iter().partition(|write| write.expected_version.is_some());
        let written = tokio::join!(self.begin(client, &inserts), self.advance(client, &updates));
        let mut keys = HashSet::new();
        for rows in all([written.0, written.1])? {
            for row in &rows {
                keys.insert((row.try_get(0)?, row.try_get(1)?));
            }
        }
        Ok(keys)
    }

    async fn begin(&self, client: &Client, new: &[&ChainWrite]) -> Result<Vec<Row>, Error> {
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let (names, lanes, documents) = texts(new);
        client.query(&self.begin, &[&names, &lanes, &documents]).await
    }

    async fn advance(&self, client: &Client, known: &[&ChainWrite]) -> Result<Vec<Row>, Error> {
        if known.is_empty() {
            return Ok(Vec::new());
        }
        let (names, lanes, documents) = texts(known);
        let versions: Vec<Option<i64>> = known.iter().map(|write| write.expected_version).collect();
        client.query(&self.advance, &[&names, &lanes, &versions, &documents]).await
    }
}

fn texts<'w>(writes: &[&'w ChainWrite]) -> (Vec<&'w str>, Vec<i64>, Vec<&'w str>) {
    let names = writes.iter().map(|write| write.name.as_str()).collect();
    let lanes = writes.iter().map(|write| write.lane.number()).collect();
    (names, lanes, writes.iter().map(|write| write.document.as_str()).collect())
}

type Heights = (Vec<bool>, Vec<Option<i64>>, Vec<Option<i64>>);

fn heights(watches: &[(&PaymentWrite, &Watch)]) -> Heights {
    let awaiting = watches.iter().map(|(_, watch)| watch.awaits_coins).collect();
    let due = watches.iter().map(|(_, watch)| height(watch.due_height)).collect();
    (awaiting, due, watches.iter().map(|(_, watch)| height(watch.top_height)).collect())
}

/// Heights are far below what a column holds.
fn height(height: Option<u64>) -> Option<i64> {
    height.map(|height| i64::try_from(height).unwrap_or(i64::MAX))
}

pub(super) fn read_chain(row: &Row) -> Result<ChainRow, StoreError> {
    Ok(ChainRow { version: get(row, 0)?, document: get(row, 1)? })
}

pub(super) fn read_watch(row: &Row) -> Result<WatchRow, StoreError> {
    Ok(WatchRow { payment: PaymentId::from_number(get(row, 0)?), address: get(row, 1)? })
}

pub(super) fn read_lane(row: &Row) -> Result<(String, Lane), StoreError> {
    let lane = match get(row, 1)? {
        0 => Lane::Live,
        merchant => Lane::Dev(MerchantId::from_number(merchant)),
    };
    Ok((get(row, 0)?, lane))
}

pub(super) fn read_next(row: &Row) -> Result<u32, StoreError> {
    narrow(get::<i64>(row, 0)?)
}
