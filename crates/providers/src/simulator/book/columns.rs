//! How entries and letters are written in columns, and read back.

use florin_kernel::payment::OperationKind;
use florin_kernel::ports::Lane;
use florin_kernel::routing::ProviderId;
use florin_kernel::{Asset, MerchantId, Money, Timestamp};
use rusqlite::Row;
use rusqlite::types::Type;

use crate::simulator::answer;
use crate::simulator::entry::{CardFacts, Entry, Standing, Topic, Visit};
use crate::simulator::triggers::Verdict;

/// Starts a query whose rows [`read_entry`] reads.
macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT reference, account, lane, kind, amount_minor, asset, acts_on, status, decline, pending_until_ms, \
             visit, charged_back_minor, at_ms, card FROM operations ",
            $rest
        )
    };
}
pub(super) use select;

pub(super) fn read_entry(row: &Row<'_>) -> rusqlite::Result<Entry> {
    let asset = row.get_ref(5)?.as_str()?;
    let asset = Asset::from_code(asset).ok_or_else(|| unreadable(5))?;
    let visit: Option<Visit> = match row.get::<_, Option<String>>(10)? {
        Some(text) => Some(serde_json::from_str(&text).map_err(|_| unreadable(10))?),
        None => None,
    };
    let card: Option<CardFacts> = match row.get::<_, Option<String>>(13)? {
        Some(text) => Some(serde_json::from_str(&text).map_err(|_| unreadable(13))?),
        None => None,
    };
    Ok(Entry {
        reference: row.get(0)?,
        account: ProviderId::new(row.get(1)?),
        lane: lane(row.get(2)?),
        kind: kind(row.get_ref(3)?.as_str()?).ok_or_else(|| unreadable(3))?,
        amount: Money::new(row.get(4)?, asset),
        on: row.get(6)?,
        standing: read_standing(row)?,
        visit,
        card,
        charged_back_minor: row.get(11)?,
        at: read_time(row.get(12)?)?,
    })
}

pub(super) fn standing_columns(standing: &Standing) -> (&'static str, Option<&str>, Option<i64>) {
    match standing {
        Standing::Approved => ("approved", None, None),
        Standing::Declined(decline) => ("declined", Some(answer::code(decline)), None),
        Standing::Cancelled => ("cancelled", None, None),
        Standing::NeedsPayer => ("needs_payer", None, None),
        Standing::Pending { until, then: Verdict::Approved } => ("pending", None, Some(until.as_millisecond())),
        Standing::Pending { until, then: Verdict::Declined(code) } => {
            ("pending", Some(code), Some(until.as_millisecond()))
        }
    }
}

fn read_standing(row: &Row<'_>) -> rusqlite::Result<Standing> {
    standing(row.get_ref(7)?.as_str()?, row.get(8)?, row.get(9)?).ok_or_else(|| unreadable(7))
}

/// What [`standing_columns`] wrote.
pub(super) fn standing(status: &str, code: Option<String>, pending_until: Option<i64>) -> Option<Standing> {
    Some(match status {
        "approved" => Standing::Approved,
        "declined" => Standing::Declined(code.as_deref().and_then(answer::decline)?),
        "cancelled" => Standing::Cancelled,
        "needs_payer" => Standing::NeedsPayer,
        "pending" => Standing::Pending {
            until: Timestamp::from_millisecond(pending_until?).ok()?,
            then: code.map_or(Verdict::Approved, Verdict::Declined),
        },
        _ => return None,
    })
}

pub(super) fn visit_column(visit: Option<&Visit>) -> Option<String> {
    visit.and_then(|visit| serde_json::to_string(visit).ok())
}

pub(super) fn card_column(card: Option<&CardFacts>) -> Option<String> {
    card.and_then(|card| serde_json::to_string(card).ok())
}

pub(super) fn kind_word(kind: OperationKind) -> &'static str {
    match kind {
        OperationKind::Sale => "sale",
        OperationKind::Authorise => "authorise",
        OperationKind::Verify => "verify",
        OperationKind::Capture => "capture",
        OperationKind::Void => "void",
        OperationKind::Refund => "refund",
        OperationKind::Payout => "payout",
    }
}

/// What [`kind_word`] wrote.
pub(super) fn kind(word: &str) -> Option<OperationKind> {
    Some(match word {
        "sale" => OperationKind::Sale,
        "authorise" => OperationKind::Authorise,
        "verify" => OperationKind::Verify,
        "capture" => OperationKind::Capture,
        "void" => OperationKind::Void,
        "refund" => OperationKind::Refund,
        "payout" => OperationKind::Payout,
        _ => return None,
    })
}

pub(super) fn topic_word(topic: Topic) -> &'static str {
    match topic {
        Topic::Outcome => "outcome",
        Topic::Chargeback => "chargeback",
    }
}

/// What [`topic_word`] wrote.
pub(super) fn topic(word: &str) -> Option<Topic> {
    match word {
        "outcome" => Some(Topic::Outcome),
        "chargeback" => Some(Topic::Chargeback),
        _ => None,
    }
}

/// The lane of a number, as [`Lane::number`] writes it.
pub(super) fn lane(number: i64) -> Lane {
    match number {
        0 => Lane::Live,
        merchant => Lane::Dev(MerchantId::from_number(merchant)),
    }
}

fn read_time(unix_ms: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_millisecond(unix_ms).map_err(|_| unreadable(9))
}

pub(super) fn unreadable(column: usize) -> rusqlite::Error {
    rusqlite::Error::InvalidColumnType(column, "operations".into(), Type::Text)
}
