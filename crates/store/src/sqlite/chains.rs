//! Coin payments as their chains find them, and how far chains were followed.

use florin_kernel::ports::Lane;
use florin_kernel::{MerchantId, PaymentId, Watch};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};

use crate::query::{WatchQuery, WatchRow, Watched};
use crate::{ChainRow, ChainWrite, PaymentWrite};

const INSERT: &str = "INSERT INTO watches
    (payment, network, lane, address, account, number, awaits_coins, due_height, top_height)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
const UPDATE: &str = "UPDATE watches SET awaits_coins = ?2, due_height = ?3, top_height = ?4 WHERE payment = ?1";
const BEGIN: &str = "INSERT INTO chains (name, lane, version, document) VALUES (?1, ?2, 1, ?3) ON CONFLICT DO NOTHING";
const ADVANCE: &str =
    "UPDATE chains SET version = version + 1, document = ?4 WHERE name = ?1 AND lane = ?2 AND version = ?3";
const SELECT: &str = "SELECT version, document FROM chains WHERE name = ?1 AND lane = ?2";
const AWAITING: &str = "SELECT payment, address FROM watches
    WHERE network = ?1 AND lane = ?2 AND awaits_coins ORDER BY payment LIMIT ?3";
const DUE: &str = "SELECT payment, address FROM watches
    WHERE network = ?1 AND lane = ?2 AND due_height <= ?4 ORDER BY payment LIMIT ?3";
const FROM_HEIGHT: &str = "SELECT payment, address FROM watches
    WHERE network = ?1 AND lane = ?2 AND top_height >= ?4 ORDER BY payment LIMIT ?3";
const AT: &str = "SELECT payment, address FROM watches WHERE network = ?1 AND lane = ?2 AND address = ?3";
const LANES: &str = "SELECT network, lane FROM watches WHERE awaits_coins
    UNION SELECT network, lane FROM watches WHERE due_height IS NOT NULL";
const NEXT: &str = "SELECT coalesce(max(number) + 1, 0) FROM watches WHERE network = ?1 AND account = ?2";

/// The writer's statements.
pub(super) struct ChainWriter<'c> {
    insert: Statement<'c>,
    update: Statement<'c>,
    begin: Statement<'c>,
    advance: Statement<'c>,
}

impl<'c> ChainWriter<'c> {
    pub(super) fn prepare(connection: &'c Connection) -> rusqlite::Result<Self> {
        Ok(ChainWriter {
            insert: connection.prepare(INSERT)?,
            update: connection.prepare(UPDATE)?,
            begin: connection.prepare(BEGIN)?,
            advance: connection.prepare(ADVANCE)?,
        })
    }

    /// Writes what a coin payment is found by; returns 0 rows if its address is another payment's.
    pub(super) fn watch(&mut self, write: &PaymentWrite, watch: &Watch) -> rusqlite::Result<usize> {
        let (id, due, top) = (write.id.number(), height(watch.due_height), height(watch.top_height));
        match write.is_watched_anew() {
            false => self.update.execute(params![id, watch.awaits_coins, due, top]),
            true => self.insert.execute(params![
                id,
                watch.network,
                write.lane,
                watch.address,
                watch.derived.account,
                watch.derived.index,
                watch.awaits_coins,
                due,
                top
            ]),
        }
    }

    /// Notes how far a chain was followed; returns 0 rows if it has not the version expected.
    pub(super) fn chain(&mut self, write: &ChainWrite) -> rusqlite::Result<usize> {
        let lane = write.lane.number();
        match write.expected_version {
            None => self.begin.execute(params![write.name, lane, write.document]),
            Some(version) => self.advance.execute(params![write.name, lane, version, write.document]),
        }
    }
}

/// Heights are far below what a column holds.
fn height(height: Option<u64>) -> Option<i64> {
    height.map(|height| i64::try_from(height).unwrap_or(i64::MAX))
}

/// What is remembered of a chain.
pub(super) fn chain(connection: &Connection, name: &str, lane: Lane) -> rusqlite::Result<Option<ChainRow>> {
    let read = |row: &Row<'_>| Ok(ChainRow { version: row.get(0)?, document: row.get(1)? });
    connection.prepare_cached(SELECT)?.query_row(params![name, lane.number()], read).optional()
}

/// Coin payments of a network.
pub(super) fn watched(connection: &Connection, query: &WatchQuery) -> rusqlite::Result<Vec<WatchRow>> {
    let (network, lane, limit) = (&query.network, query.lane.number(), query.limit);
    match &query.which {
        Watched::AwaitingCoins => rows(connection, AWAITING, params![network, lane, limit]),
        Watched::DueAt(at) => rows(connection, DUE, params![network, lane, limit, height(Some(*at))]),
        Watched::InBlocksFrom(from) => {
            rows(connection, FROM_HEIGHT, params![network, lane, limit, height(Some(*from))])
        }
        Watched::At(addresses) => {
            let mut found = Vec::new();
            for address in addresses {
                found.extend(rows(connection, AT, params![network, lane, address])?);
            }
            found.sort();
            found.truncate(limit as usize);
            Ok(found)
        }
    }
}

fn rows(connection: &Connection, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<Vec<WatchRow>> {
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map(parameters, |row| {
        Ok(WatchRow { payment: PaymentId::from_number(row.get(0)?), address: row.get(1)? })
    })?;
    rows.collect()
}

/// Where something is waited for.
pub(super) fn lanes(connection: &Connection) -> rusqlite::Result<Vec<(String, Lane)>> {
    let mut statement = connection.prepare_cached(LANES)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, lane(row.get(1)?))))?;
    rows.collect()
}

fn lane(number: i64) -> Lane {
    match number {
        0 => Lane::Live,
        merchant => Lane::Dev(MerchantId::from_number(merchant)),
    }
}

/// The lowest index beyond all that were used.
pub(super) fn next_address(connection: &Connection, network: &str, account: &str) -> rusqlite::Result<u32> {
    connection.prepare_cached(NEXT)?.query_row(params![network, account], |row| row.get(0))
}
