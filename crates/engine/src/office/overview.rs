//! The first screen: what was taken and given back in a time and in the one before it, how many were approved, what waits, what could
//! not be told. Money is of the book alone; rates are of transactions, counted about a minute behind.

use std::collections::{BTreeMap, BTreeSet};

use async_recursion::async_recursion as boxed;
use florin_kernel::routing::ProviderId;
use florin_kernel::{Asset, EventId, PaymentId, Timestamp};
use florin_store::StoreError;
use florin_store::office::{Class, OutcomeRow, TallyQuery};
use jiff::SignedDuration;

use super::figures::Sums;
use super::{Figures, Scope};
use crate::Engine;

/// So many open transactions are counted; beyond there are "more".
const OPEN_MAX: u32 = 10_000;
const HOUR: SignedDuration = SignedDuration::from_hours(1);
const ID_BODY_BITS: u32 = 21;

/// A time to look at, up to now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Period {
    Day,
    Week,
    /// Thirty days, so that one is as long as the other.
    Month,
}

impl Period {
    fn length(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Period::Day => 24,
            Period::Week => 7 * 24,
            Period::Month => 30 * 24,
        })
    }

    /// How long its steps are: hours of a day, else days of UTC.
    pub fn step(self) -> SignedDuration {
        SignedDuration::from_hours(match self {
            Period::Day => 1,
            Period::Week | Period::Month => 24,
        })
    }
}

/// Figures of a time beside those of the time before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Side {
    /// The currency.
    pub asset: Asset,
    /// The provider; nothing: of all together, or of none.
    pub provider: Option<ProviderId>,
    /// In the time.
    pub now: Figures,
    /// In the time before.
    pub before: Figures,
}

/// How many ended how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub struct Rates {
    pub approved: u64,
    pub declined: u64,
    pub failed: u64,
    pub abandoned: u64,
}

impl Rates {
    /// Of those that a provider decided, how many thousandths it approved; nothing where none was decided.
    pub fn approved_permille(&self) -> Option<u64> {
        (self.approved * 1_000).checked_div(self.approved + self.declined)
    }

    fn add(&mut self, row: &OutcomeRow) {
        *match row.class {
            Class::Approved => &mut self.approved,
            Class::Declined => &mut self.declined,
            Class::Failed => &mut self.failed,
            Class::Abandoned => &mut self.abandoned,
        } += row.transactions;
    }
}

/// The first screen.
#[derive(Clone, Debug, PartialEq)]
pub struct Overview {
    /// From this hour on.
    pub from: Timestamp,
    /// Until this hour, which is not over.
    pub until: Timestamp,
    /// Money by currency.
    pub by_currency: Vec<Side>,
    /// Money by currency and provider.
    pub by_provider: Vec<Side>,
    /// Money by [`Period::step`] and currency: when the step begins, and its figures; steps without any are left out.
    pub by_step: Vec<(Timestamp, Asset, Figures)>,
    /// What became of payments made in the time, and in the time before.
    pub rates: (Rates, Rates),
    /// The same by provider asked last.
    pub rates_by_provider: Vec<(Option<ProviderId>, Rates, Rates)>,
    /// The same by currency.
    pub rates_by_currency: Vec<(Asset, Rates, Rates)>,
    /// Payments made until then are in the rates.
    pub counted_until: Timestamp,
    /// How many are open now, by word.
    pub open: Vec<(String, u64)>,
    /// Whether more are open than were counted.
    pub open_more: bool,
    /// Webhooks given up in the time.
    pub failed_webhooks: u64,
}

impl Engine {
    /// The first screen of a scope.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_overview(&self, scope: Scope, period: Period) -> Result<Overview, StoreError> {
        let now_ms = self.now_in(scope).as_millisecond();
        let hour_ms = HOUR.as_millis() as i64;
        let until = Timestamp::from_millisecond(now_ms - now_ms.rem_euclid(hour_ms)).unwrap_or(Timestamp::MIN) + HOUR;
        let (from, before) = (until - period.length(), until - period.length() - period.length());
        let office = self.store.office();
        let query = |from, until| TallyQuery { book: scope.mode, from, until };
        let step_ms = period.step().as_millis() as i64;
        // Half a day holds no whole one, so that the hours of a day that begins at midnight are told, too.
        let middle = if period == Period::Day { from + HOUR * 12 } else { from };
        let mut tallies = office.tallied(query(middle, until)).await?;
        if from < middle {
            tallies.extend(office.tallied(query(from, middle)).await?);
        }
        let now = Sums::of(&tallies, scope.merchant, step_ms)?;
        let then = Sums::of(&office.tallied(query(before, from)).await?, scope.merchant, step_ms)?;
        let (outcomes, counted) = office.outcomes(query(from, until)).await?;
        let (outcomes_before, _) = office.outcomes(query(before, from)).await?;
        let rated = Rated::of(&outcomes, &outcomes_before, scope);
        let open = office.open_words(OPEN_MAX).await?;
        let mut words: BTreeMap<String, u64> = BTreeMap::new();
        let own = |merchant| scope.merchant.is_none_or(|wanted| wanted == merchant);
        for open in open.counts.iter().filter(|open| own(open.merchant) && open.mode == scope.mode.to_string()) {
            *words.entry(open.word.clone()).or_default() += open.count;
        }
        Ok(Overview {
            from,
            until,
            by_currency: sides(&now.by_currency, &then.by_currency, |code| (*code, None)),
            by_provider: sides(&now.by_provider, &then.by_provider, |key| *key),
            by_step: by_step(now),
            rates: rated.all,
            rates_by_provider: rated.by_provider.into_iter().map(|(provider, (n, b))| (provider, n, b)).collect(),
            rates_by_currency: rated
                .by_currency
                .into_iter()
                .filter_map(|(code, (n, b))| Some((Asset::from_code(&code)?, n, b)))
                .collect(),
            counted_until: made_at(counted),
            open: words.into_iter().collect(),
            open_more: open.more,
            failed_webhooks: self.failed_webhooks(scope, from).await?,
        })
    }

    async fn failed_webhooks(&self, scope: Scope, from: Timestamp) -> Result<u64, StoreError> {
        let own = self.credentials_of(scope);
        let given_up = self.store.office().given_up(EventId::at(from.as_millisecond(), 0)).await?;
        let own = given_up.iter().filter(|(credential, _)| own.binary_search(credential).is_ok());
        Ok(own.map(|(_, count)| count).sum())
    }
}

/// When a transaction was made, by the wall clock, as its id says.
pub(super) fn made_at(id: PaymentId) -> Timestamp {
    Timestamp::from_millisecond(id.number() >> ID_BODY_BITS).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// Outcomes of deposits, of a time and the time before.
#[derive(Default)]
struct Rated {
    all: (Rates, Rates),
    by_provider: BTreeMap<Option<ProviderId>, (Rates, Rates)>,
    by_currency: BTreeMap<String, (Rates, Rates)>,
}

impl Rated {
    fn of(now: &[OutcomeRow], before: &[OutcomeRow], scope: Scope) -> Rated {
        let mut rated = Rated::default();
        let own =
            |row: &&OutcomeRow| !row.is_withdrawal && scope.merchant.is_none_or(|merchant| merchant == row.merchant);
        for row in now.iter().filter(own) {
            rated.all.0.add(row);
            rated.by_provider.entry(row.provider).or_default().0.add(row);
            rated.by_currency.entry(row.asset.clone()).or_default().0.add(row);
        }
        for row in before.iter().filter(own) {
            rated.all.1.add(row);
            rated.by_provider.entry(row.provider).or_default().1.add(row);
            rated.by_currency.entry(row.asset.clone()).or_default().1.add(row);
        }
        rated
    }
}

fn sides<K: Ord + Copy>(
    now: &BTreeMap<K, Figures>,
    before: &BTreeMap<K, Figures>,
    told: fn(&K) -> (&'static str, Option<ProviderId>),
) -> Vec<Side> {
    let keys: BTreeSet<K> = now.keys().chain(before.keys()).copied().collect();
    let side = |key: K| {
        let (code, provider) = told(&key);
        let of = |sums: &BTreeMap<K, Figures>| sums.get(&key).cloned().unwrap_or_default();
        Some(Side { asset: Asset::from_code(code)?, provider, now: of(now), before: of(before) })
    };
    keys.into_iter().filter_map(side).collect()
}

fn by_step(sums: Sums) -> Vec<(Timestamp, Asset, Figures)> {
    let told = |((step, code), figures): ((i64, &str), Figures)| {
        Some((Timestamp::from_millisecond(step).ok()?, Asset::from_code(code)?, figures))
    };
    sums.by_step.into_iter().filter_map(told).collect()
}
