//! The words of this dialect for where a payment stands (contract, section 6). Shops compare them letter for letter.

use florin_kernel::coin::{CoinPayment, Reason, RefundStatus, State, Why};
use florin_kernel::ports::chain::Block;
use florin_kernel::{Coin, Timestamp};

use super::Profile;
use super::settings::Countdown;

#[cfg(test)]
mod tests;

/// `state`.
pub fn state(payment: &CoinPayment) -> &'static str {
    match &payment.state {
        State::Waiting => "waiting",
        State::Underpaid => "underpayment",
        State::Processing { .. } => "processing",
        State::Blocked => "blocked",
        State::ZeroConfirmed => "zero_confirmed",
        State::Confirmed => "confirmed",
        State::Cancelled(_) => "cancelled",
    }
}

/// The word in lists.
pub fn short(payment: &CoinPayment) -> &'static str {
    match &payment.state {
        State::Waiting => "Waiting",
        State::Underpaid => "Underpayment",
        State::Processing { .. } => "Processing",
        State::Blocked => "Blocked",
        State::ZeroConfirmed | State::Confirmed => "Confirmed",
        State::Cancelled(_) => "Cancelled",
    }
}

/// The sentence of CheckPayment.
pub fn sentence(
    payment: &CoinPayment,
    tip: Option<&Block>,
    now: Timestamp,
    profile: Profile,
    rule: Countdown,
) -> String {
    let counted = match rule {
        Countdown::Auto => profile == Profile::B,
        Countdown::Always => true,
        Countdown::Never => false,
    };
    let with_time = |text: &str| match counted {
        true => format!("{text} {}", countdown(seconds_left(payment, now))),
        false => text.to_owned(),
    };
    match &payment.state {
        State::Waiting => with_time("Waiting for transaction."),
        State::Underpaid => with_time("Underpayment. Waiting for the remaining amount."),
        State::Processing { .. } => {
            let needed = payment.confirmations_needed();
            let confirmations = payment.confirmations(tip).min(u64::from(needed));
            let deep = confirmations >= u64::from(needed) && needed > 0;
            match deep && payment.to_be_screened().next().is_some() {
                true => "Transaction received. Compliance check in progress.".to_owned(),
                false => format!("Transaction received. Waiting for confirmations ({confirmations}/{needed})."),
            }
        }
        State::Blocked => "Payment is under compliance review.".to_owned(),
        State::ZeroConfirmed | State::Confirmed => "Confirmed".to_owned(),
        State::Cancelled(_) => "Cancelled".to_owned(),
    }
}

/// Whole seconds of the payer's time, never below none.
pub fn seconds_left(payment: &CoinPayment, now: Timestamp) -> i64 {
    match payment.state.awaits_coins() {
        true => payment.deadline.duration_since(now).as_secs().max(0),
        false => 0,
    }
}

fn countdown(seconds: i64) -> String {
    format!("[{:02}:{:02}]", seconds / 60, seconds % 60)
}

/// Why it was cancelled, or what is out of the ordinary.
pub fn reason(payment: &CoinPayment) -> Option<String> {
    match &payment.state {
        State::Processing { reason: Some(reason) } => Some(
            match reason {
                Reason::ReplaceableTransaction => "replaceable_transaction",
                Reason::LowFee => "low_fee",
                Reason::Reorganisation => "reorg",
            }
            .to_owned(),
        ),
        State::Cancelled(cancelled) => Some(match &cancelled.why {
            Why::Timeout => "timeout".to_owned(),
            Why::Underpaid => "underpaid".to_owned(),
            Why::DoubleSpend => "double_spend".to_owned(),
            Why::Dropped => "dropped".to_owned(),
            Why::ScreeningRejected { .. } => "kyt_rejected".to_owned(),
            Why::Caller { reason, .. } => reason.clone(),
            Why::Simulated(code) => format!("simulated_{code}"),
        }),
        State::Waiting
        | State::Underpaid
        | State::Processing { reason: None }
        | State::Blocked
        | State::ZeroConfirmed
        | State::Confirmed => None,
    }
}

/// How refunds stand.
pub fn refund_status(payment: &CoinPayment) -> Option<&'static str> {
    if !payment.opened().is_zero() {
        let failed = payment.refunds.last().is_some_and(|refund| !refund.is_active());
        return Some(if failed { "Refund failed" } else { "Refund needed" });
    }
    let last = payment.refunds.last()?;
    Some(match &last.status {
        _ if payment.refunds.iter().any(|refund| refund.is_open()) => "Refund pending",
        RefundStatus::Ordered | RefundStatus::Signed | RefundStatus::Unknown(_) | RefundStatus::Sent => {
            "Refund pending"
        }
        RefundStatus::Done(_) => "Refunded",
        RefundStatus::Failed(_) => "Refund failed",
    })
}

/// How long so many confirmations take, in words (section 10).
pub fn wait_time(coin: Coin, confirmations: u32) -> String {
    match (coin, confirmations) {
        (_, 0) => "5 seconds".to_owned(),
        (Coin::Btc, blocks) => format!("{} minutes", 10 * blocks),
        (Coin::Eth | Coin::Usdt | Coin::Usdc, 1..=12) => "Less than 3 minutes".to_owned(),
        (Coin::Eth | Coin::Usdt | Coin::Usdc, 13..=32) => "Less than 7 minutes".to_owned(),
        (Coin::Eth | Coin::Usdt | Coin::Usdc, _) => "Less than 15 minutes".to_owned(),
    }
}
