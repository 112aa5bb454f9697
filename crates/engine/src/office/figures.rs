//! What a transfer of the book counts as in the overview. Pure: a table of events, so that every figure is a sum over the book.

use std::collections::BTreeMap;

use florin_kernel::routing::ProviderId;
use florin_kernel::{Asset, MerchantId};
use florin_store::StoreError;
use florin_store::office::Tally;

/// What money a figure tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Figure {
    /// Money that became a merchant's: captures, accepted coins, accepted late money.
    Captured,
    /// Money given back to payers.
    Refunded,
    /// Money that payers' banks took back, less what came back again.
    ChargedBack,
    /// What merchants paid for our service.
    Fees,
    /// Withdrawals and payouts that were made, less what came back.
    PaidOut,
}

/// How an event counts: as what, and whether it adds or takes away.
fn counts(event: &str) -> Option<(Figure, i64)> {
    Some(match event {
        "captured" | "captured_from_hold" | "coins_accepted" | "small_excess_credited" | "suspense_accepted" => {
            (Figure::Captured, 1)
        }
        "coin_acceptance_reversed" | "small_excess_reversed" => (Figure::Captured, -1),
        "refunded" | "coins_refunded" => (Figure::Refunded, 1),
        "coin_refund_reversed" => (Figure::Refunded, -1),
        "charged_back" => (Figure::ChargedBack, 1),
        "chargeback_reversed" => (Figure::ChargedBack, -1),
        "fee_charged" => (Figure::Fees, 1),
        "withdrawal_paid" | "acquirer_payout_made" => (Figure::PaidOut, 1),
        "withdrawal_returned" | "acquirer_payout_returned" => (Figure::PaidOut, -1),
        _ => return None,
    })
}

/// A transfer as it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) figure: Figure,
    /// 1 or -1.
    pub(super) sign: i64,
    pub(super) merchant: MerchantId,
    pub(super) provider: Option<ProviderId>,
}

/// How a transfer counts. Of an entry with several transfers the one counts that touches the merchant's own money.
pub(super) fn read(event: &str, debit: &str, credit: &str) -> Option<Counts> {
    let (figure, sign) = counts(event)?;
    let merchant = merchants_own(debit).or_else(|| merchants_own(credit))?;
    let provider = provider_of(debit).or_else(|| provider_of(credit));
    Some(Counts { figure, sign, merchant, provider })
}

/// Whose an account is, where it holds the merchant's own money.
fn merchants_own(account: &str) -> Option<MerchantId> {
    let (number, name) = account.strip_prefix("merchant:")?.split_once(':')?;
    let own = matches!(name, "available" | "held" | "acquirer");
    number.parse().ok().filter(|_| own).map(MerchantId::from_number)
}

fn provider_of(account: &str) -> Option<ProviderId> {
    let (number, _) = account.strip_prefix("provider:")?.split_once(':')?;
    number.parse().ok().map(ProviderId::new)
}

/// A figure: how many transfers, and their sum in minor units of an asset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sum {
    /// How many, those that take away not counted.
    pub count: u64,
    /// The sum.
    pub minor: i64,
}

/// Figures by what they tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures(BTreeMap<Figure, Sum>);

impl Figures {
    /// One of them; nothing counted is 0.
    pub fn of(&self, figure: Figure) -> Sum {
        self.0.get(&figure).copied().unwrap_or_default()
    }

    fn add(&mut self, counts: Counts, tally: &Tally) {
        let sum = self.0.entry(counts.figure).or_default();
        sum.minor = sum.minor.saturating_add(counts.sign.saturating_mul(tally.amount_minor));
        if counts.sign > 0 {
            sum.count += tally.transfers;
        }
    }
}

/// Sums of what was posted: by currency, by currency and provider, and by currency over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Sums {
    pub(super) by_currency: BTreeMap<&'static str, Figures>,
    pub(super) by_provider: BTreeMap<(&'static str, Option<ProviderId>), Figures>,
    pub(super) by_step: BTreeMap<(i64, &'static str), Figures>,
}

impl Sums {
    /// Of a merchant's tallies, or everybody's; over time in steps of so many milliseconds.
    pub(super) fn of(tallies: &[Tally], merchant: Option<MerchantId>, step_ms: i64) -> Result<Sums, StoreError> {
        let mut sums = Sums::default();
        for tally in tallies {
            let Some(counts) = read(&tally.event, &tally.debit, &tally.credit) else { continue };
            if merchant.is_some_and(|wanted| wanted != counts.merchant) {
                continue;
            }
            let asset = Asset::from_code(&tally.asset);
            let asset = asset.ok_or_else(|| StoreError::Corrupt(format!("no asset is called {}", tally.asset)))?;
            let step = tally.start_ms.div_euclid(step_ms) * step_ms;
            sums.by_currency.entry(asset.code()).or_default().add(counts, tally);
            sums.by_provider.entry((asset.code(), counts.provider)).or_default().add(counts, tally);
            sums.by_step.entry((step, asset.code())).or_default().add(counts, tally);
        }
        Ok(sums)
    }
}
