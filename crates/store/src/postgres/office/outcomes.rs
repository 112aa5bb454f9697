//! Outcomes by hour and day, and what is not counted yet.

use deadpool_postgres::Object;
use florin_kernel::{MerchantId, PaymentId};
use tokio_postgres::{IsolationLevel, Row};

use super::super::rows::{get, narrow};
use crate::StoreError;
use crate::office::{Class, Cohort, OutcomeRow, Span, TallyQuery, class_text, stretches};
use crate::words::mode_text;

pub(super) const THROUGH: &str = "SELECT through FROM outcome_state";
pub(super) const NEWER: &str =
    "SELECT id, kind, document FROM payments WHERE id > $1 AND id <= $2 ORDER BY id LIMIT $3";
pub(super) const LEFT: &str = "SELECT p.id, p.kind, p.document FROM outcomes_left l JOIN payments p ON p.id = l.payment
    WHERE l.payment > $1 ORDER BY l.payment LIMIT $2";
const ADVANCE: &str = "UPDATE outcome_state SET through = $2 WHERE through = $1";
const LEAVE: &str = "INSERT INTO outcomes_left (payment) SELECT * FROM unnest($1::bigint[])";
const CLOSE: &str = "DELETE FROM outcomes_left WHERE payment = ANY($1::bigint[])";
const ADD: &str =
    "INSERT INTO outcomes (mode, span, start, merchant, is_withdrawal, provider, asset, class, transactions)
    SELECT $1::text, $2::text, start, merchant, is_withdrawal, provider, asset, class, sum(transactions)::bigint
    FROM unnest($3::bigint[], $4::bigint[], $5::boolean[], $6::bigint[], $7::text[], $8::text[], $9::bigint[])
    AS new (start, merchant, is_withdrawal, provider, asset, class, transactions)
    GROUP BY start, merchant, is_withdrawal, provider, asset, class
    ON CONFLICT (mode, span, start, merchant, is_withdrawal, provider, asset, class) DO UPDATE SET
    transactions = outcomes.transactions + excluded.transactions";
const OUTCOMES: &str = "SELECT start, merchant, is_withdrawal, provider, asset, class, transactions FROM outcomes
    WHERE mode = $1 AND span = $2 AND start >= $3 AND start < $4";

/// Counts, unless another process did so meanwhile.
pub(super) async fn count(session: &mut Object, cohort: &Cohort) -> Result<bool, StoreError> {
    let transaction = session.transaction().await?;
    // The one row keeps two processes apart until the commit.
    let advanced = transaction.execute(ADVANCE, &[&cohort.after.number(), &cohort.through.number()]).await?;
    let numbers = |ids: &[PaymentId]| ids.iter().map(|id| id.number()).collect::<Vec<_>>();
    let closed = transaction.execute(CLOSE, &[&numbers(&cohort.closed)]).await?;
    if advanced == 0 || closed != cohort.closed.len() as u64 {
        transaction.rollback().await?;
        return Ok(false);
    }
    transaction.execute(LEAVE, &[&numbers(&cohort.opened)]).await?;
    for (mode, row) in &cohort.rows {
        for span in Span::ALL {
            let part = row.within(span);
            let transactions = i64::try_from(part.transactions).unwrap_or(i64::MAX);
            let (starts, merchants) = (vec![part.start_ms], vec![part.merchant.number()]);
            let (withdrawals, providers) = (vec![part.is_withdrawal], vec![part.provider_number()]);
            let (assets, classes) = (vec![part.asset.as_str()], vec![class_text(part.class)]);
            let counts = vec![transactions];
            let (mode, span) = (mode_text(*mode), span.text());
            transaction
                .execute(
                    ADD,
                    &[&mode, &span, &starts, &merchants, &withdrawals, &providers, &assets, &classes, &counts],
                )
                .await?;
        }
    }
    transaction.commit().await?;
    Ok(true)
}

/// Outcomes of a time, at one moment.
pub(super) async fn outcomes(
    session: &mut Object,
    query: TallyQuery,
) -> Result<(Vec<OutcomeRow>, PaymentId), StoreError> {
    let snapshot = session.build_transaction().isolation_level(IsolationLevel::RepeatableRead).read_only(true);
    let snapshot = snapshot.start().await?;
    let (mode, mut found) = (mode_text(query.book), Vec::new());
    for stretch in stretches(query.from, query.until) {
        let rows =
            snapshot.query(OUTCOMES, &[&mode, &stretch.span.text(), &stretch.from_ms, &stretch.until_ms]).await?;
        found.extend(rows.iter().map(read).collect::<Result<Vec<_>, _>>()?);
    }
    let through = get(&snapshot.query_one(THROUGH, &[]).await?, 0)?;
    snapshot.commit().await?;
    Ok((found, PaymentId::from_number(through)))
}

fn read(row: &Row) -> Result<OutcomeRow, StoreError> {
    let class = Class::read(get(row, 5)?).ok_or_else(|| StoreError::Corrupt("an outcome is of no class".to_owned()))?;
    Ok(OutcomeRow {
        start_ms: get(row, 0)?,
        merchant: MerchantId::from_number(get(row, 1)?),
        is_withdrawal: get(row, 2)?,
        provider: OutcomeRow::provider_of(get(row, 3)?),
        asset: get(row, 4)?,
        class,
        transactions: narrow(get::<i64>(row, 6)?)?,
    })
}
