//! What the back office asks, in memory: rows are scanned, and what the drivers keep as tallies is added up each time.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use florin_kernel::{CredentialId, EventId, MerchantId, PaymentId, Transaction};

use super::{MemoryStore, OutboxRow, PaymentRow, Rows};
use crate::office::{
    AttemptRow, BookRow, Browse, Browsed, Cohort, Counting, DatabaseFacts, EventBrowse, EventsBrowsed, NodeRow, Office,
    OpenWord, OpenWords, Order, OutcomeRow, Place, STANDING, SUSPENSE_EVENTS, Span, Standing, Statement, StatementMark,
    StatementQuery, SuspenseQuery, Tally, TallyQuery, lines,
};
use crate::words::mode_text;
use crate::{DeliveryRow, EventRow, EventState, LedgerReport, StoreError};

/// What was counted of outcomes.
#[derive(Default)]
pub(super) struct Outcomes {
    through: i64,
    left: std::collections::BTreeSet<i64>,
    rows: BTreeMap<(String, OutcomeRow), u64>,
    /// Transfers that a driver would have tallied by now.
    tallied: usize,
}

impl Rows {
    fn book(&self, book: florin_kernel::payment::Mode) -> impl DoubleEndedIterator<Item = BookRow> + '_ {
        let numbered = self.entries.iter().zip(1..);
        let own = numbered.filter(move |((_, of, _), _)| *of == book).collect::<Vec<_>>();
        own.into_iter().map(|((payment, _, row), entry)| BookRow { entry, payment: *payment, row: row.clone() })
    }

    fn listed(&self, query: &Browse) -> Vec<&PaymentRow> {
        let place = |row: &PaymentRow| (row.write.created_at, row.write.id.number());
        let beyond = query.beyond.map(|beyond| (beyond.at_ms, beyond.id.number()));
        let listed = |row: &&PaymentRow| {
            let follows = beyond.is_none_or(|beyond| match query.order {
                Order::NewestFirst => place(row) < beyond,
                Order::OldestFirst => place(row) > beyond,
            });
            let within = row.write.created_at >= query.from.as_millisecond()
                && row.write.created_at < query.until.as_millisecond();
            let own = |merchant: &MerchantId| merchant.number() == row.write.merchant;
            follows && within && row.write.mode == query.mode && query.merchants.iter().any(own)
        };
        let mut rows: Vec<&PaymentRow> = self.payments.values().filter(listed).collect();
        rows.sort_by_key(|row| place(row));
        match query.order {
            Order::NewestFirst => rows.reverse(),
            Order::OldestFirst => {}
        }
        rows
    }
}

#[async_trait]
impl Office for MemoryStore {
    async fn browse(&self, query: Browse) -> Result<Browsed, StoreError> {
        let rows = self.rows()?;
        let mut page = Browsed { found: Vec::new(), scanned: 0, reached: None, more: false };
        for row in rows.listed(&query) {
            if page.scanned == query.scan_max || page.found.len() == query.limit as usize {
                page.more = true;
                break;
            }
            page.scanned += 1;
            page.reached = Some(Place { at_ms: row.write.created_at, id: row.write.id });
            let word = query.words.is_empty() || query.words.iter().any(|word| word == row.write.word);
            let holds = query.texts.iter().all(|text| row.write.document.contains(text.as_str()));
            if word && holds && query.kinds.contains(&row.write.kind) {
                page.found.push(row.read()?.transaction);
            }
        }
        Ok(page)
    }

    async fn standing(&self, query: Standing) -> Result<Vec<Transaction>, StoreError> {
        let rows = self.rows()?;
        let after = query.after.map_or(i64::MIN, PaymentId::number);
        let own = |row: &&PaymentRow| {
            row.write.word == query.word && row.write.mode == query.mode && row.write.id.number() > after
        };
        let found = rows.payments.values().filter(own).take(query.limit as usize);
        found.map(|row| row.read().map(|stored| stored.transaction)).collect()
    }

    async fn open_words(&self, scan_max: u32) -> Result<OpenWords, StoreError> {
        let rows = self.rows()?;
        let mut counts: BTreeMap<(&str, i64, &str), u64> = BTreeMap::new();
        let mut add = |row: &PaymentRow| {
            *counts.entry((mode_text(row.write.mode), row.write.merchant, row.write.word)).or_default() += 1;
        };
        let waking: Vec<&PaymentRow> =
            rows.payments.values().filter(|row| row.write.wake_at.is_some()).take(scan_max as usize).collect();
        waking.iter().filter(|row| !STANDING.contains(&row.write.word)).for_each(|row| add(row));
        rows.payments.values().filter(|row| STANDING.contains(&row.write.word)).for_each(&mut add);
        let counts = counts.into_iter().map(|((mode, merchant, word), count)| OpenWord {
            mode: mode.to_owned(),
            merchant: MerchantId::from_number(merchant),
            word: word.to_owned(),
            count,
        });
        Ok(OpenWords { counts: counts.collect(), more: waking.len() == scan_max as usize })
    }

    async fn browse_events(&self, query: EventBrowse) -> Result<EventsBrowsed, StoreError> {
        let rows = self.rows()?;
        let within = |row: &&OutboxRow| row.event.id >= query.from && row.event.id < query.before;
        let mut page = EventsBrowsed { found: Vec::new(), reached: None, more: false };
        let given_up_only = query.state == Some(EventState::GivenUp);
        let looked_at = |row: &&OutboxRow| !given_up_only || row.event.state == EventState::GivenUp;
        for (scanned, row) in rows.events.values().rev().filter(within).filter(looked_at).enumerate() {
            if scanned == query.scan_max as usize || page.found.len() == query.limit as usize {
                page.more = true;
                break;
            }
            page.reached = Some(row.event.id);
            let fits = query.credentials.contains(&row.event.credential)
                && query.state.is_none_or(|state| state == row.event.state)
                && query.endpoint.as_ref().is_none_or(|endpoint| *endpoint == row.event.endpoint);
            if fits {
                page.found.push(row.event.clone());
            }
        }
        Ok(page)
    }

    async fn event(&self, id: EventId) -> Result<Option<(EventRow, Vec<DeliveryRow>)>, StoreError> {
        let rows = self.rows()?;
        Ok(rows.events.get(&id.number()).map(|row| (row.event.clone(), row.deliveries.clone())))
    }

    async fn attempts(&self, limit: u32) -> Result<Vec<AttemptRow>, StoreError> {
        let rows = self.rows()?;
        let of_event = |row: &OutboxRow| {
            let (event, credential) = (row.event.id, row.event.credential);
            let endpoint = row.event.endpoint.clone();
            let attempt = move |delivery: &DeliveryRow| AttemptRow {
                event,
                credential,
                endpoint: endpoint.clone(),
                delivery: delivery.clone(),
            };
            row.deliveries.iter().map(attempt).collect::<Vec<_>>()
        };
        let mut attempts: Vec<AttemptRow> = rows.events.values().flat_map(of_event).collect();
        attempts.sort_by_key(|attempt| std::cmp::Reverse((attempt.delivery.at, attempt.event)));
        attempts.truncate(limit as usize);
        Ok(attempts)
    }

    async fn given_up(&self, from: EventId) -> Result<Vec<(CredentialId, u64)>, StoreError> {
        let rows = self.rows()?;
        let mut counts: BTreeMap<CredentialId, u64> = BTreeMap::new();
        let given_up = |row: &&OutboxRow| row.event.state == EventState::GivenUp && row.event.id >= from;
        for row in rows.events.values().filter(given_up) {
            *counts.entry(row.event.credential).or_default() += 1;
        }
        Ok(counts.into_iter().collect())
    }

    async fn tally(&self, limit: u32) -> Result<u64, StoreError> {
        let mut rows = self.rows()?;
        let taken = (rows.entries.len() - rows.outcomes.tallied).min(limit as usize);
        rows.outcomes.tallied += taken;
        Ok(taken as u64)
    }

    async fn tallied(&self, query: TallyQuery) -> Result<Vec<Tally>, StoreError> {
        let rows = self.rows()?;
        let mut sums: BTreeMap<(i64, String, String, String, String), (u64, i64)> = BTreeMap::new();
        let (from, until) = hours(query);
        for BookRow { row, .. } in rows.book(query.book).filter(|row| row.row.layer == "posted") {
            let at_ms = row.at.as_millisecond();
            if at_ms >= from && at_ms < until {
                let key = (Span::Hour.start_ms(at_ms), row.event, row.debit, row.credit, row.asset);
                let sum = sums.entry(key).or_default();
                *sum = (sum.0 + 1, sum.1 + row.amount_minor);
            }
        }
        let tally = |((start_ms, event, debit, credit, asset), (transfers, amount_minor))| Tally {
            start_ms,
            event,
            debit,
            credit,
            asset,
            transfers,
            amount_minor,
        };
        Ok(sums.into_iter().map(tally).collect())
    }

    async fn uncounted(&self, until: PaymentId, left_after: PaymentId, limit: u32) -> Result<Counting, StoreError> {
        let rows = self.rows()?;
        let read = |row: &PaymentRow| row.read().map(|stored| stored.transaction);
        let through = rows.outcomes.through;
        let newer = rows.payments.values().filter(|row| {
            let id = row.write.id.number();
            id > through && id <= until.number()
        });
        let left = rows.outcomes.left.iter().filter(|id| **id > left_after.number()).take(limit as usize);
        Ok(Counting {
            through: PaymentId::from_number(through),
            newer: newer.take(limit as usize).map(read).collect::<Result<_, _>>()?,
            left: left.filter_map(|id| rows.payments.get(id)).map(read).collect::<Result<_, _>>()?,
        })
    }

    async fn count_outcomes(&self, cohort: Cohort) -> Result<bool, StoreError> {
        let mut rows = self.rows()?;
        let outcomes = &mut rows.outcomes;
        if outcomes.through != cohort.after.number() {
            return Ok(false);
        }
        outcomes.through = cohort.through.number();
        outcomes.left.extend(cohort.opened.iter().map(|id| id.number()));
        for closed in &cohort.closed {
            outcomes.left.remove(&closed.number());
        }
        for (mode, row) in cohort.rows {
            let key = (mode_text(mode).to_owned(), OutcomeRow { transactions: 0, ..row.within(Span::Hour) });
            *outcomes.rows.entry(key).or_default() += row.transactions;
        }
        Ok(true)
    }

    async fn outcomes(&self, query: TallyQuery) -> Result<(Vec<OutcomeRow>, PaymentId), StoreError> {
        let rows = self.rows()?;
        let (from, until) = hours(query);
        let own =
            rows.outcomes.rows.iter().filter(|((mode, row), _)| {
                mode == mode_text(query.book) && row.start_ms >= from && row.start_ms < until
            });
        let counted = own.map(|((_, row), transactions)| OutcomeRow { transactions: *transactions, ..row.clone() });
        Ok((counted.collect(), PaymentId::from_number(rows.outcomes.through)))
    }

    async fn statement(&self, query: StatementQuery) -> Result<Statement, StoreError> {
        let rows = self.rows()?;
        let mark = query.beyond.unwrap_or_else(|| {
            let balances = rows.balances();
            let own = balances.iter().find(|balance| {
                balance.book == mode_text(query.book)
                    && balance.account == query.account
                    && balance.asset == query.asset
            });
            StatementMark {
                entry: i64::MAX,
                posted_minor: own.map_or(0, |balance| balance.posted_minor),
                pending_minor: own.map_or(0, |balance| balance.pending_minor),
            }
        });
        let before = rows.book(query.book).rev().filter(|row| row.entry < mark.entry);
        lines(before.map(Ok), &query, mark)
    }

    async fn suspense(&self, query: SuspenseQuery) -> Result<Vec<BookRow>, StoreError> {
        let rows = self.rows()?;
        let before = query.before.unwrap_or(i64::MAX);
        let own = |row: &BookRow| row.entry < before && SUSPENSE_EVENTS.contains(&row.row.event.as_str());
        Ok(rows.book(query.book).rev().filter(own).take(query.limit as usize).collect())
    }

    async fn beat(&self, node: NodeRow) -> Result<(), StoreError> {
        let mut rows = self.rows()?;
        let forgotten = node.forgotten_before_ms();
        let started_at = rows.nodes.get(&node.node).map_or(node.started_at, |known| known.started_at);
        rows.nodes.insert(node.node, NodeRow { started_at, ..node });
        rows.nodes.retain(|_, known| known.seen_at.as_millisecond() >= forgotten);
        Ok(())
    }

    async fn nodes(&self) -> Result<Vec<NodeRow>, StoreError> {
        let mut nodes: Vec<NodeRow> = self.rows()?.nodes.values().cloned().collect();
        nodes.sort_by_key(|node| (std::cmp::Reverse(node.seen_at), node.node));
        Ok(nodes)
    }

    async fn verify(&self, looked_at: Arc<AtomicU64>) -> Result<LedgerReport, StoreError> {
        let report = self.rows()?.verify()?;
        looked_at.store(report.transfers + report.payments, Ordering::Relaxed);
        Ok(report)
    }

    async fn database(&self) -> Result<DatabaseFacts, StoreError> {
        drop(self.rows()?);
        Ok(DatabaseFacts { version: "memory".to_owned(), schema: 0, bytes: 0 })
    }
}

/// The whole hours of a time, milliseconds since the Unix epoch.
fn hours(query: TallyQuery) -> (i64, i64) {
    (Span::Hour.start_ms(query.from.as_millisecond()), Span::Hour.start_ms(query.until.as_millisecond()))
}
