//! Tallies: what was posted, by hour and by day. Each chain's seals are committed in order, so that its entries are added up to a
//! seal, once each; what lies after it is counted transfer by transfer, so the figures are always those of the book.

use deadpool_postgres::Object;
use tokio_postgres::{IsolationLevel, Row};

use super::super::rows::{get, narrow};
use crate::StoreError;
use crate::office::{DAY_MS, HOUR_MS, Tally, TallyQuery, stretches};
use crate::words::mode_text;

/// Every chain with the last seal that is tallied, the newest chains first: those that are written to are among them.
const CHAINS: &str = "WITH RECURSIVE chains AS (
        SELECT max(chain) AS chain FROM seals
        UNION ALL SELECT (SELECT max(chain) FROM seals WHERE seals.chain < chains.chain) FROM chains
            WHERE chains.chain IS NOT NULL
    )
    SELECT chains.chain, coalesce(tally_state.through, 0) AS through FROM chains
        LEFT JOIN tally_state ON tally_state.chain = chains.chain WHERE chains.chain IS NOT NULL";
/// Up to which seal at most `$2` transfers lie after those tallied of chain `$1`, whole seals only.
const UNTIL: &str = "SELECT coalesce(max(number), 0), coalesce(sum(transfers), 0)::bigint FROM (
        SELECT number, transfers, sum(transfers) OVER (ORDER BY number) - transfers AS before FROM (
            SELECT number, transfers FROM seals WHERE chain = $1 AND number > $3 ORDER BY number LIMIT $2) AS next
    ) AS seals WHERE before < $2";
const ADD: &str = "INSERT INTO tallies (book, span, start, event, debit, credit, asset, transfers, amount_minor)
    SELECT book, span.name, at - ((at % span.ms) + span.ms) % span.ms, event, debit, credit, asset, count(*),
        sum(amount_minor)::bigint
    FROM entries CROSS JOIN (VALUES ('hour', $4::bigint), ('day', $5::bigint)) AS span (name, ms)
    WHERE chain = $1 AND seal > $2 AND seal <= $3 AND layer = 'posted'
    GROUP BY 1, 2, 3, 4, 5, 6, 7
    ON CONFLICT (book, span, start, event, debit, credit, asset) DO UPDATE SET
    transfers = tallies.transfers + excluded.transfers, amount_minor = tallies.amount_minor + excluded.amount_minor";
const ADVANCE: &str = "INSERT INTO tally_state (chain, through) VALUES ($1, $2)
    ON CONFLICT (chain) DO UPDATE SET through = excluded.through";
const TALLIED: &str = "SELECT start, event, debit, credit, asset, transfers, amount_minor FROM tallies
    WHERE book = $1 AND span = $2 AND start >= $3 AND start < $4";
const NEWER: &str =
    "SELECT at - ((at % $6) + $6) % $6, event, debit, credit, asset, count(*), sum(amount_minor)::bigint
    FROM entries WHERE chain = $1 AND seal > $2 AND book = $3 AND at >= $4 AND at < $5 AND layer = 'posted'
    GROUP BY 1, 2, 3, 4, 5";
/// Held by the process that tallies.
const TALLYING: i64 = 0x666c_6f72_696e_0004;

/// Adds the next transfers; tells how many.
pub(super) async fn tally(session: &mut Object, limit: u32) -> Result<u64, StoreError> {
    let transaction = session.transaction().await?;
    let mine = transaction.query_one("SELECT pg_try_advisory_xact_lock($1)", &[&TALLYING]).await?;
    if !get::<bool>(&mine, 0)? {
        return Ok(0);
    }
    let mut taken = 0;
    let (until, add) = (transaction.prepare_cached(UNTIL).await?, transaction.prepare_cached(ADD).await?);
    for chain in transaction.query(CHAINS, &[]).await? {
        let (chain, through): (i64, i64) = (get(&chain, 0)?, get(&chain, 1)?);
        let row = transaction.query_one(&until, &[&chain, &i64::from(limit), &through]).await?;
        let (newest, transfers): (i64, i64) = (get(&row, 0)?, get(&row, 1)?);
        if newest == 0 {
            continue;
        }
        transaction.execute(&add, &[&chain, &through, &newest, &HOUR_MS, &DAY_MS]).await?;
        transaction.execute(ADVANCE, &[&chain, &newest]).await?;
        taken += transfers.unsigned_abs();
    }
    transaction.commit().await?;
    Ok(taken)
}

/// What was posted in a time, at one moment.
pub(super) async fn tallied(session: &mut Object, query: TallyQuery) -> Result<Vec<Tally>, StoreError> {
    let snapshot = session.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let snapshot = snapshot.start().await?;
    let (book, mut found) = (mode_text(query.book), Vec::new());
    let stretches = stretches(query.from, query.until);
    for stretch in &stretches {
        let rows = snapshot.query(TALLIED, &[&book, &stretch.span.text(), &stretch.from_ms, &stretch.until_ms]).await?;
        found.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?);
    }
    if let (Some(first), Some(last)) = (stretches.first(), stretches.last()) {
        let newer = snapshot.prepare_cached(NEWER).await?;
        for chain in snapshot.query(CHAINS, &[]).await? {
            let (chain, through): (i64, i64) = (get(&chain, 0)?, get(&chain, 1)?);
            let rows =
                snapshot.query(&newer, &[&chain, &through, &book, &first.from_ms, &last.until_ms, &HOUR_MS]).await?;
            found.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?);
        }
    }
    snapshot.commit().await?;
    Ok(found)
}

fn read(row: &Row) -> Result<Tally, StoreError> {
    Ok(Tally {
        start_ms: get(row, 0)?,
        event: get(row, 1)?,
        debit: get(row, 2)?,
        credit: get(row, 3)?,
        asset: get(row, 4)?,
        transfers: narrow(get::<i64>(row, 5)?)?,
        amount_minor: get(row, 6)?,
    })
}
