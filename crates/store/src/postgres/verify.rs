//! Replaying the book at one moment: a transaction that sees the database as it was when it began, on a session of its own, so
//! that it may run for minutes beside servers under load.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use tokio_postgres::{IsolationLevel, Row, Transaction};

use super::ledger::BALANCES;
use super::payments::kind;
use super::rows::{bytes, get};
use crate::seal::{ChainReplay, SealedTransfer};
use crate::verify::{Accounts, Counted, Moved, Replay, Says};
use crate::{LedgerReport, StoreError};

const NEWEST_SEALS: &str = "SELECT chain, max(number) FROM seals GROUP BY chain";
const TRANSFERS: &str =
    "SELECT e.chain, e.seal, e.place, e.payment, e.event, e.book, e.layer, e.debit, e.credit, e.asset,
        e.amount_minor, e.at, s.hash, EXISTS (SELECT 1 FROM payments p WHERE p.id = e.payment)
    FROM entries e LEFT JOIN seals s ON s.chain = e.chain AND s.number = e.seal
    WHERE (e.chain, e.seal, e.place) > ($1, $2, $3) ORDER BY e.chain, e.seal, e.place LIMIT $4";
const PAYMENTS: &str = "SELECT id, document, kind FROM payments WHERE id > $1 ORDER BY id LIMIT $2";
/// What the transfers of a range of payments moved on any account that is a merchant's own.
const OF_PAYMENTS: &str = "SELECT payment, book, account, asset, sum(pending)::text, sum(posted)::text FROM (
        SELECT payment, book, credit AS account, asset, CASE layer WHEN 'pending' THEN amount_minor ELSE 0 END AS pending,
            CASE layer WHEN 'posted' THEN amount_minor ELSE 0 END AS posted
        FROM entries WHERE payment > $1 AND payment <= $2
        UNION ALL
        SELECT payment, book, debit, asset, CASE layer WHEN 'pending' THEN -amount_minor ELSE 0 END,
            CASE layer WHEN 'posted' THEN -amount_minor ELSE 0 END
        FROM entries WHERE payment > $1 AND payment <= $2
    ) AS parts
    WHERE account LIKE 'merchant:%' GROUP BY payment, book, account, asset";

/// Rows read at a time.
const CHUNK: i64 = 5_000;

/// Counts every transfer again and compares with the rollups, with the seals and with the payments' own amounts.
pub(super) async fn verify(
    client: &mut tokio_postgres::Client,
    looked_at: Arc<AtomicU64>,
) -> Result<LedgerReport, StoreError> {
    let snapshot = client.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let snapshot = snapshot.start().await?;
    let mut replay = Replay::watched(looked_at);
    count(&snapshot, &mut replay).await?;
    let stored = stored(&snapshot).await?;
    replay.compare_rollups(&stored);
    replay.compare_balance(&stored);
    compare_payments(&snapshot, &mut replay).await?;
    snapshot.commit().await?;
    Ok(replay.report)
}

/// Counts every transfer, chain by chain, and replays the seals.
async fn count(snapshot: &Transaction<'_>, replay: &mut Replay) -> Result<(), StoreError> {
    let mut newest = BTreeMap::new();
    for row in snapshot.query(NEWEST_SEALS, &[]).await? {
        newest.insert(get(&row, 0)?, get(&row, 1)?);
    }
    let mut chains = ChainReplay::new(newest);
    let transfers = snapshot.prepare(TRANSFERS).await?;
    let mut after = (i64::MIN, i64::MIN, i64::MIN);
    loop {
        let rows = snapshot.query(&transfers, &[&after.0, &after.1, &after.2, &CHUNK]).await?;
        for row in &rows {
            after = (get(row, 0)?, get(row, 1)?, get(row, 2)?);
            count_transfer(row, replay, &mut chains)?;
            chains.take_faults().into_iter().for_each(|fault| replay.fault(fault));
        }
        if (rows.len() as i64) < CHUNK {
            chains.finish().into_iter().for_each(|fault| replay.fault(fault));
            return Ok(());
        }
    }
}

fn count_transfer(row: &Row, replay: &mut Replay, chains: &mut ChainReplay) -> Result<(), StoreError> {
    let (chain, seal, place, payment): (i64, i64, i64, i64) = (get(row, 0)?, get(row, 1)?, get(row, 2)?, get(row, 3)?);
    let transfer = SealedTransfer {
        payment,
        event: get(row, 4)?,
        book: get(row, 5)?,
        layer: get(row, 6)?,
        debit: get(row, 7)?,
        credit: get(row, 8)?,
        asset: get(row, 9)?,
        amount_minor: get(row, 10)?,
        at_ms: get(row, 11)?,
    };
    let stored = match get::<Option<&[u8]>>(row, 12)? {
        Some(_) => Some(bytes(row, 12)?),
        None => None,
    };
    chains.transfer(chain, seal, stored, &transfer);
    let SealedTransfer { book, layer, debit, credit, asset, amount_minor, .. } = transfer;
    replay.count(&Counted { book, layer, debit, credit, asset, amount_minor });
    if !get::<bool>(row, 13)? {
        replay.astray(&format_args!("{chain}/{seal}/{place}"), payment);
    }
    Ok(())
}

/// What rollups and deltas say together.
async fn stored(snapshot: &Transaction<'_>) -> Result<Accounts, StoreError> {
    let mut accounts = Accounts::new();
    for row in snapshot.query(BALANCES, &[]).await? {
        let moved = Moved { pending: get::<i64>(&row, 3)?.into(), posted: get::<i64>(&row, 4)?.into() };
        accounts.insert((get(&row, 0)?, get(&row, 1)?, get(&row, 2)?), moved);
    }
    Ok(accounts)
}

async fn compare_payments(snapshot: &Transaction<'_>, replay: &mut Replay) -> Result<(), StoreError> {
    let (payments, moved) = (snapshot.prepare(PAYMENTS).await?, snapshot.prepare(OF_PAYMENTS).await?);
    let mut last = i64::MIN;
    loop {
        let rows = snapshot.query(&payments, &[&last, &CHUNK]).await?;
        let Some(newest) = rows.last() else { return Ok(()) };
        let newest: i64 = get(newest, 0)?;
        let mut accounts = HashMap::new();
        for row in snapshot.query(&moved, &[&last, &newest]).await? {
            let moved = Moved { pending: sum(&row, 4)?, posted: sum(&row, 5)? };
            let key = (get::<i64>(&row, 0)?, get::<String>(&row, 1)?, get::<String>(&row, 2)?, get::<String>(&row, 3)?);
            accounts.insert(key, moved);
        }
        for row in &rows {
            replay.compared(1);
            let id = get(row, 0)?;
            let faults = match Says::of(kind(row, 2)?, id, get(row, 1)?) {
                Ok(says) => says.disagreements(id, |account| {
                    let book = crate::words::mode_text(says.book).to_owned();
                    let key = (id, book, account.to_string(), says.asset.code().to_owned());
                    accounts.get(&key).copied().unwrap_or_default()
                }),
                Err(fault) => vec![fault],
            };
            faults.into_iter().for_each(|fault| replay.fault(fault));
        }
        last = newest;
    }
}

/// A sum that PostgreSQL tells as `numeric`.
fn sum(row: &Row, column: usize) -> Result<i128, StoreError> {
    get::<&str>(row, column)?.parse().map_err(|_| StoreError::Corrupt("a sum is no whole number".to_owned()))
}
