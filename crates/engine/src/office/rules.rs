//! What other rules would have done with the payments of the last thirty days, by the very choice that a real one goes by.

use std::collections::BTreeMap;

use async_recursion::async_recursion as boxed;
use florin_kernel::payment::Payment;
use florin_kernel::routing::{
    CardFacts, Catalogue, Choice, Facts, Method, NoRoute, ProviderId, Rule, RuleOperation, choose,
};
use florin_kernel::{Kind, PaymentId, Timestamp, Transaction};
use florin_store::StoreError;
use florin_store::office::{Order, Place};
use jiff::SignedDuration;

use super::transactions::Walked;
use super::{Filter, Scope};
use crate::{Engine, Needs};

const DAYS: i64 = 30;
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// So many payments are tried, at most: of each day its newest.
const TRIED_MAX: u32 = 6_000;

/// Payments that would go elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// Who takes them by the rules in force; nothing: nobody.
    pub from: Option<ProviderId>,
    /// Who would take them by the others; nothing: nobody.
    pub to: Option<ProviderId>,
    /// The currency's code.
    pub asset: String,
    /// How many.
    pub payments: u64,
    /// Their sum in minor units.
    pub amount_minor: i64,
    /// One of them, to look at.
    pub example: PaymentId,
}

/// What other rules would have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DryRun {
    /// Payments made from then on.
    pub from: Timestamp,
    /// How many were tried.
    pub tried: u64,
    /// How many go the same way.
    pub same: u64,
    /// The others.
    pub moved: Vec<Move>,
    /// Whether there were more than were tried: then they are the newest of each day.
    pub sampled: bool,
}

impl Engine {
    /// Tries other rules, in place of those in force, on a scope's payments of the last thirty days. Both are asked about every
    /// payment as it is known now, so a change of accounts meanwhile changes nothing.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_dry_run(&self, scope: Scope, rules: Vec<Rule>) -> Result<DryRun, StoreError> {
        let directory = self.directory();
        let in_force = directory.catalogue();
        let changed = Catalogue::new(in_force.providers.clone(), in_force.routes.clone(), rules);
        let now = self.now_in(scope);
        let mut run = DryRun { from: now - DAY * (DAYS as i32), tried: 0, same: 0, moved: Vec::new(), sampled: false };
        let mut moved: BTreeMap<(Option<ProviderId>, Option<ProviderId>, String), Move> = BTreeMap::new();
        for days in 0..DAYS {
            let until = now - DAY * (days as i32);
            let filter =
                Filter { kinds: vec![Kind::Payment], from: Some(until - DAY), until: Some(until), ..Filter::default() };
            let start = Place { at_ms: until.as_millisecond(), id: PaymentId::from_number(i64::MIN) };
            let a_day = TRIED_MAX / DAYS as u32;
            let Walked { found, more, .. } =
                self.walk(scope, &filter, Order::NewestFirst, Some(start), a_day, a_day).await?;
            run.sampled |= more;
            for payment in found.into_iter().filter_map(Transaction::payment) {
                let Some((before, after)) = self.both(in_force, &changed, &payment) else { continue };
                run.tried += 1;
                if before == after {
                    run.same += 1;
                    continue;
                }
                let asset = payment.asked.asset().code().to_owned();
                let row = moved.entry((before, after, asset.clone())).or_insert(Move {
                    from: before,
                    to: after,
                    asset,
                    payments: 0,
                    amount_minor: 0,
                    example: payment.id,
                });
                row.payments += 1;
                row.amount_minor = row.amount_minor.saturating_add(payment.asked.minor());
            }
        }
        run.moved = moved.into_values().collect();
        run.moved.sort_by_key(|row| std::cmp::Reverse(row.payments));
        Ok(run)
    }

    /// Who takes a payment by each; nothing where the payer never chose how to pay.
    fn both(
        &self,
        in_force: &Catalogue,
        changed: &Catalogue,
        payment: &Payment,
    ) -> Option<(Option<ProviderId>, Option<ProviderId>)> {
        let first = payment.operations.iter().find(|operation| operation.kind.is_attempt())?;
        let means = first.means.as_ref()?;
        let card = match &means.card {
            Some(card) => CardFacts::Given { brand: card.brand, bin: &card.bin },
            None => CardFacts::Unseen,
        };
        let payer = &payment.details.payer;
        let facts = Facts {
            payment: payment.id,
            attempt: 0,
            merchant: payment.merchant,
            mode: payment.mode,
            operation: RuleOperation::Deposit,
            method: means.method,
            card,
            amount: first.amount,
            country: &payer.country,
            kyc_status: &payer.kyc_status,
            tags: &payer.tags,
        };
        Some((self.first(in_force, &facts), self.first(changed, &facts)))
    }

    /// Who is asked first.
    fn first(&self, catalogue: &Catalogue, facts: &Facts<'_>) -> Option<ProviderId> {
        let needs = needs(facts.method);
        let usable =
            |account: &florin_kernel::routing::ProviderAccount| needs.iter().any(|needs| self.can(account, *needs));
        match choose(catalogue, facts, Choice::Rules, &usable) {
            Ok(candidate) => candidate.accounts.first().map(|account| account.id),
            Err(NoRoute::NotFound | NoRoute::Unavailable | NoRoute::Amount { .. } | NoRoute::NoRule) => None,
        }
    }
}

fn needs(method: Method) -> &'static [Needs] {
    Needs::of(RuleOperation::Deposit, method)
}
