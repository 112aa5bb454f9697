//! What needs somebody: outcomes that are not known, what is stuck, webhooks that were given up, withdrawals to approve, money in suspense,
//! credentials that are about to end. Each with the way to where it is done; nobody is told of what she may not see.

use std::collections::BTreeMap;

use florin_engine::StoreError;
use florin_engine::office::{Overview, Stuck, Why};
use florin_kernel::Timestamp;
use florin_kernel::user::Permission;
use jiff::SignedDuration;

use crate::portal::amounts::{amount_of, count};
use crate::portal::show::{Badge, Moment};
use crate::portal::visit::AtMerchant;

/// Stuck transactions and waiting withdrawals counted at most; beyond them there are "more than".
const COUNTED_MAX: u32 = 100;
/// A credential that ends within this time is told, and one that has ended so lately.
const EXPIRES_SOON: SignedDuration = SignedDuration::from_hours(30 * 24);
const EXPIRED_LATELY: SignedDuration = SignedDuration::from_hours(7 * 24);

/// One thing that needs somebody.
pub(super) struct Need {
    pub(super) badge: Badge,
    pub(super) text: String,
    /// What it means, and what to do.
    pub(super) note: String,
    /// Where it is done; empty: she may not, or there is no such screen.
    pub(super) url: String,
}

/// All of them, the most urgent first.
pub(super) async fn of(at: &AtMerchant, overview: &Overview) -> Result<Vec<Need>, StoreError> {
    let mut needs = unknown(at, overview);
    let stuck = at.engine().office_stuck(at.scope(), COUNTED_MAX).await?;
    needs.extend(held_up(at, &stuck.rows));
    if at.may(Permission::ViewWithdrawals) {
        needs.extend(approvals(at).await?);
    }
    if at.may(Permission::ViewLedger) {
        needs.extend(suspense(at).await?);
    }
    if at.may(Permission::ViewWebhooks) && overview.failed_webhooks > 0 {
        needs.push(Need {
            badge: Badge { meaning: "bad", word: "Given up" },
            text: told(overview.failed_webhooks, "webhook was", "webhooks were", "given up in this time"),
            note: "Their receiver did not take them within the time for retries. They can be sent again.".to_owned(),
            url: with(at.way("webhooks"), "state=given_up"),
        });
    }
    if at.may(Permission::ViewCredentials) {
        needs.extend(expiring(at));
    }
    Ok(needs)
}

fn unknown(at: &AtMerchant, overview: &Overview) -> Vec<Need> {
    let unknown = overview.open.iter().find(|(word, _)| word == "unknown").map_or(0, |(_, count)| *count);
    let need = Need {
        badge: Badge { meaning: "attention", word: "Unknown" },
        text: told(unknown, "transaction has", "transactions have", "an unknown outcome"),
        note: "The provider gave no clear answer, so money may have moved. Florin goes on asking; nothing is charged again.".to_owned(),
        url: with(at.way("payments"), "status=unknown"),
    };
    if unknown == 0 { Vec::new() } else { vec![need] }
}

fn held_up(at: &AtMerchant, stuck: &[Stuck]) -> Vec<Need> {
    let many = |why: Why| stuck.iter().filter(|stuck| stuck.why == why).count() as u64;
    let mut needs = Vec::new();
    if many(Why::Review) > 0 {
        needs.push(Need {
            badge: Badge { meaning: "attention", word: "Review" },
            text: told(many(Why::Review), "coin payment waits", "coin payments wait", "for a review"),
            note: "Screening found something about where the coins come from. A person decides.".to_owned(),
            url: with(at.way("payments"), "status=review"),
        });
    }
    if many(Why::Overdue) > 0 {
        needs.push(Need {
            badge: Badge { meaning: "bad", word: "Stuck" },
            text: told(many(Why::Overdue), "transaction was", "transactions were", "not taken up in time"),
            note: "Its time to go on has come and no worker took it up. The operator looks at the workers.".to_owned(),
            url: String::new(),
        });
    }
    needs
}

async fn approvals(at: &AtMerchant) -> Result<Vec<Need>, StoreError> {
    let waiting = at.engine().office_approvals(at.scope(), None, COUNTED_MAX).await?;
    let Some(oldest) = waiting.rows.iter().map(|withdrawal| withdrawal.created_at).min() else { return Ok(Vec::new()) };
    let more = if waiting.onward.is_some() { "At least " } else { "" };
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for withdrawal in &waiting.rows {
        let sum = sums.entry(withdrawal.asked.asset().code()).or_default();
        *sum = sum.saturating_add(withdrawal.asked.minor());
    }
    let sums: Vec<String> = sums.into_iter().map(|(code, minor)| amount_of(minor, code)).collect();
    let now = at.engine().now(florin_kernel::ports::Lane::of(at.merchant.id, at.mode));
    Ok(vec![Need {
        badge: Badge { meaning: "waiting", word: "To approve" },
        text: format!(
            "{more}{}",
            told(waiting.rows.len() as u64, "withdrawal waits", "withdrawals wait", "for approval")
        ),
        note: format!("Together {}; the oldest was made {}.", sums.join(", "), Moment::at(oldest, now).relative),
        url: at.way("withdrawals"),
    }])
}

async fn suspense(at: &AtMerchant) -> Result<Vec<Need>, StoreError> {
    let (suspended, _) = at.engine().office_suspense(at.scope()).await?;
    let mut sums: BTreeMap<&str, i64> = BTreeMap::new();
    for left in &suspended {
        *sums.entry(&left.asset).or_default() += left.minor;
    }
    let sums: Vec<String> = sums.into_iter().map(|(code, minor)| amount_of(minor, code)).collect();
    let need = || Need {
        badge: Badge { meaning: "attention", word: "Suspense" },
        text: told(suspended.len() as u64, "payment has", "payments have", "money in suspense"),
        note: format!("{} came late, or went back late, and belongs to nobody until it is decided.", sums.join(", ")),
        url: at.way("ledger"),
    };
    Ok(if suspended.is_empty() { Vec::new() } else { vec![need()] })
}

fn expiring(at: &AtMerchant) -> Vec<Need> {
    let (directory, now) = (at.engine().directory(), at.engine().wall());
    let own = directory.credentials().filter(|known| (known.merchant, known.mode) == (at.merchant.id, at.mode));
    let own = own.filter(|known| !known.revoked);
    let mut ends: Vec<Timestamp> = own.filter_map(|known| known.expires_at).collect();
    ends.retain(|ends| *ends < now + EXPIRES_SOON && *ends > now - EXPIRED_LATELY);
    ends.sort();
    let over = ends.iter().filter(|ends| **ends <= now).count() as u64;
    let need = |first: &Timestamp| Need {
        badge: Badge { meaning: if over > 0 { "bad" } else { "attention" }, word: "Expiry" },
        text: match over {
            0 => told(ends.len() as u64, "credential expires", "credentials expire", "within 30 days"),
            over => told(over, "credential has", "credentials have", "expired"),
        },
        note: format!(
            "The first one {} {}. Programs that use it are refused from then on.",
            if over > 0 { "expired" } else { "expires" },
            Moment::at(*first, now).relative
        ),
        url: at.way("credentials"),
    };
    ends.first().map(need).into_iter().collect()
}

/// `3 withdrawals wait for approval`.
fn told(many: u64, one: &str, several: &str, what: &str) -> String {
    match many {
        1 => format!("1 {one} {what}"),
        many => format!("{} {several} {what}", count(many)),
    }
}

/// A way with a query; none where there is no way.
fn with(way: String, query: &str) -> String {
    if way.is_empty() { way } else { format!("{way}?{query}") }
}
