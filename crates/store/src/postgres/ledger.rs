//! The ledger: one row a transfer, never changed and sealed by transaction; balances are the last rollup plus the deltas since.

use std::collections::BTreeMap;

use florin_kernel::ledger::{Layer, Transfer};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, Row, Statement};

use super::rows::{all, get, time};
use crate::seal::{SealHash, SealedTransfer, Sealing};
use crate::words::{layer_text, mode_text};
use crate::{Balance, EntryRow, EntryWrite, Floor, StoreError};

const INSERT: &str = "INSERT INTO entries
        (chain, seal, place, payment, event, book, layer, debit, credit, asset, amount_minor, at)
    SELECT $1::bigint, $2::bigint, place, payment, event, book, layer, debit, credit, asset, amount_minor, at
    FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::bigint[],
        $11::bigint[])
    WITH ORDINALITY AS new (payment, event, book, layer, debit, credit, asset, amount_minor, at, place)
    ORDER BY place";
const SEAL: &str = "INSERT INTO seals (chain, number, hash, transfers, at)
    VALUES ($1, $2, $3, $4, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)";
const MOVE: &str = "INSERT INTO deltas (book, account, asset, pending_minor, posted_minor)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])";
const LOCK: &str = "SELECT pg_advisory_xact_lock(number) FROM unnest($1::bigint[]) AS locks (number)";
const POSTED: &str = "SELECT coalesce(sum(posted_minor), 0)::bigint FROM (
        SELECT posted_minor FROM rollups WHERE book = $1 AND account = $2 AND asset = $3
        UNION ALL SELECT posted_minor FROM deltas WHERE account = $2 AND book = $1 AND asset = $3
    ) AS parts";
/// Moves deltas into the rollups, at most `$1` of them; tells how many it took.
pub(super) const ROLL_UP: &str = "WITH taken AS (
        DELETE FROM deltas WHERE id IN (SELECT id FROM deltas ORDER BY id LIMIT $1)
        RETURNING book, account, asset, pending_minor, posted_minor
    ), added AS (
        INSERT INTO rollups (book, account, asset, pending_minor, posted_minor)
        SELECT book, account, asset, sum(pending_minor)::bigint, sum(posted_minor)::bigint FROM taken
        GROUP BY book, account, asset
        ON CONFLICT (book, account, asset) DO UPDATE SET
        pending_minor = rollups.pending_minor + excluded.pending_minor,
        posted_minor = rollups.posted_minor + excluded.posted_minor
    )
    SELECT count(*) FROM taken";
/// Held by the process that rolls up.
pub(super) const ROLLING_UP: i64 = 0x666c_6f72_696e_0002;
pub(super) const BALANCES: &str = "SELECT book, account, asset, sum(pending_minor)::bigint, sum(posted_minor)::bigint
    FROM (
        SELECT book, account, asset, pending_minor, posted_minor FROM rollups
        UNION ALL SELECT book, account, asset, pending_minor, posted_minor FROM deltas
    ) AS parts
    GROUP BY book, account, asset ORDER BY book COLLATE \"C\", account COLLATE \"C\", asset COLLATE \"C\"";
pub(super) const OF_PAYMENT: &str = "SELECT event, layer, debit, credit, asset, amount_minor, at FROM entries
    WHERE payment = $1 ORDER BY id";

/// The writer's statements.
pub(super) struct LedgerStatements {
    insert: Statement,
    seal: Statement,
    move_: Statement,
    lock: Statement,
    posted: Statement,
}

/// The transfers of a batch with their accounts as text, in order.
pub(super) struct Postings<'b> {
    rows: Vec<Posting<'b>>,
}

struct Posting<'b> {
    write: &'b EntryWrite,
    transfer: &'b Transfer,
    debit: String,
    credit: String,
}

/// Where a batch's transfers go in their chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seal {
    pub(super) chain: i64,
    pub(super) number: i64,
    pub(super) hash: SealHash,
}

impl<'b> Postings<'b> {
    /// Of entries, in order.
    pub(super) fn of(entries: impl Iterator<Item = &'b EntryWrite>) -> Postings<'b> {
        let postings = entries.flat_map(|write| {
            write.entry.transfers.iter().map(move |transfer| Posting {
                write,
                transfer,
                debit: transfer.debit.to_string(),
                credit: transfer.credit.to_string(),
            })
        });
        Postings { rows: postings.collect() }
    }

    /// The seal after another one; `None` when there is nothing to seal.
    pub(super) fn seal_after(&self, last: &Seal) -> Option<Seal> {
        if self.rows.is_empty() {
            return None;
        }
        let (chain, number) = (last.chain, last.number + 1);
        let mut sealing = Sealing::after(&last.hash, chain, number);
        for row in &self.rows {
            sealing.add(&SealedTransfer {
                payment: row.write.payment.number(),
                event: row.write.entry.event,
                book: mode_text(row.write.entry.book),
                layer: layer_text(row.transfer.layer),
                debit: &row.debit,
                credit: &row.credit,
                asset: row.transfer.amount.asset().code(),
                amount_minor: row.transfer.amount.minor(),
                at_ms: row.write.at.as_millisecond(),
            });
        }
        Some(Seal { chain, number, hash: sealing.finish() })
    }

    fn column<'p, T>(&'p self, value: impl Fn(&'p Posting<'b>) -> T) -> Vec<T> {
        self.rows.iter().map(value).collect()
    }

    /// What moved by book, account and asset, in minor units of pending and posted money.
    fn moved(&self) -> BTreeMap<(&str, &str, &str), (i64, i64)> {
        let mut moved = BTreeMap::<_, (i64, i64)>::new();
        for row in &self.rows {
            let (book, amount) = (mode_text(row.write.entry.book), row.transfer.amount);
            for (account, minor) in [(&row.debit, -amount.minor()), (&row.credit, amount.minor())] {
                let moved = moved.entry((book, account.as_str(), amount.asset().code())).or_default();
                match row.transfer.layer {
                    Layer::Pending => moved.0 += minor,
                    Layer::Posted => moved.1 += minor,
                }
            }
        }
        moved
    }
}

impl LedgerStatements {
    pub(super) async fn prepare(client: &Client) -> Result<LedgerStatements, Error> {
        let (insert, seal, move_, lock, posted) = tokio::try_join!(
            client.prepare(INSERT),
            client.prepare(SEAL),
            client.prepare(MOVE),
            client.prepare(LOCK),
            client.prepare(POSTED)
        )?;
        Ok(LedgerStatements { insert, seal, move_, lock, posted })
    }

    /// Writes the transfers, their seal and what they moved.
    pub(super) async fn post(
        &self,
        client: &Client,
        postings: &Postings<'_>,
        seal: Option<&Seal>,
    ) -> Result<(), Error> {
        let Some(Seal { chain, number, hash }) = seal else { return Ok(()) };
        let payments = postings.column(|row| row.write.payment.number());
        let events = postings.column(|row| row.write.entry.event);
        let books = postings.column(|row| mode_text(row.write.entry.book));
        let layers = postings.column(|row| layer_text(row.transfer.layer));
        let debits = postings.column(|row| row.debit.as_str());
        let credits = postings.column(|row| row.credit.as_str());
        let assets = postings.column(|row| row.transfer.amount.asset().code());
        let amounts = postings.column(|row| row.transfer.amount.minor());
        let times = postings.column(|row| row.write.at.as_millisecond());
        let rows: &[&(dyn ToSql + Sync)] =
            &[chain, number, &payments, &events, &books, &layers, &debits, &credits, &assets, &amounts, &times];
        let (hash, transfers) = (&hash[..], postings.rows.len() as i64);
        let seal: &[&(dyn ToSql + Sync)] = &[chain, number, &hash, &transfers];
        let (inserted, sealed) = (client.execute(&self.insert, rows), client.execute(&self.seal, seal));
        let (inserted, sealed, moved) = tokio::join!(inserted, sealed, self.move_balances(client, postings));
        all([inserted, sealed, moved]).map(drop)
    }

    async fn move_balances(&self, client: &Client, postings: &Postings<'_>) -> Result<u64, Error> {
        let moved = postings.moved();
        let books: Vec<&str> = moved.keys().map(|(book, _, _)| *book).collect();
        let accounts: Vec<&str> = moved.keys().map(|(_, account, _)| *account).collect();
        let assets: Vec<&str> = moved.keys().map(|(_, _, asset)| *asset).collect();
        let (pending, posted): (Vec<i64>, Vec<i64>) = moved.values().copied().unzip();
        client.execute(&self.move_, &[&books, &accounts, &assets, &pending, &posted]).await
    }

    /// Waits until no other transaction spends from these accounts, and keeps them until this one ends.
    pub(super) async fn lock(&self, client: &Client, floors: &[Floor]) -> Result<(), Error> {
        let mut locks: Vec<i64> = floors.iter().map(lock_number).collect();
        if locks.is_empty() {
            return Ok(());
        }
        locks.sort_unstable();
        client.execute(&self.lock, &[&locks]).await.map(drop)
    }

    /// The first floor that the account's posted balance, with every entry so far, is below.
    pub(super) async fn broken(&self, client: &Client, floors: &[Floor]) -> Result<Option<Floor>, Error> {
        for floor in floors {
            let (account, asset) = (floor.account.to_string(), floor.minimum.asset().code());
            let row = client.query_one(&self.posted, &[&mode_text(floor.book), &account, &asset]).await?;
            if row.try_get::<_, i64>(0)? < floor.minimum.minor() {
                return Ok(Some(floor.clone()));
            }
        }
        Ok(None)
    }
}

/// The number of the lock of an account. Two accounts that share one only wait for each other.
fn lock_number(floor: &Floor) -> i64 {
    use sha2::{Digest, Sha256};
    let name = format!("{}/{}/{}", mode_text(floor.book), floor.account, floor.minimum.asset().code());
    let digest = Sha256::digest(name);
    i64::from_be_bytes(std::array::from_fn(|at| digest[at]))
}

pub(super) fn read_balance(row: &Row) -> Result<Balance, StoreError> {
    Ok(Balance {
        book: get(row, 0)?,
        account: get(row, 1)?,
        asset: get(row, 2)?,
        pending_minor: get(row, 3)?,
        posted_minor: get(row, 4)?,
    })
}

pub(super) fn read_entry(row: &Row) -> Result<EntryRow, StoreError> {
    Ok(EntryRow {
        event: get(row, 0)?,
        layer: get(row, 1)?,
        debit: get(row, 2)?,
        credit: get(row, 3)?,
        asset: get(row, 4)?,
        amount_minor: get(row, 5)?,
        at: time(row, 6)?,
    })
}
