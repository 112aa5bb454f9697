//! `florin ledger verify`: replays the book and says whether everything agrees.

use std::fmt::Write as _;
use std::process::ExitCode;

use florin_kernel::{Asset, Money};
use florin_store::audit::{AuditReport, verify_audit};
use florin_store::{Balance, LedgerReport};

use crate::config::Config;
use crate::database::Place;
use crate::pages::text;

/// Verifies; exit status 1 when something does not agree. It only reads, so a server may run beside it.
///
/// # Errors
/// A sentence for the operator when the database cannot be read.
pub async fn verify(config: &Config) -> Result<ExitCode, String> {
    let place = Place::of(config).map_err(|error| error.to_string())?;
    if place.is_missing() {
        return Err(format!("{place} does not exist; is --data right?"));
    }
    let store = place.open_read_only().await.map_err(|error| error.to_string())?;
    let report = store.verify_ledger().await.map_err(|error| error.to_string())?;
    let audit = verify_audit(store.as_ref()).await.map_err(|error| error.to_string())?;
    let balances = store.balances().await.map_err(|error| error.to_string())?;
    store.close().await;
    print!("{}{}", written(&report, &balances), audited(&audit));
    Ok(if report.faults.is_empty() && audit.faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn written(report: &LedgerReport, balances: &[Balance]) -> String {
    let mut text = format!("{} transfers of {} payments replayed\n", report.transfers, report.payments);
    if !balances.is_empty() {
        text.push('\n');
        text.push_str(&table(balances));
        text.push('\n');
    }
    match report.faults.len() {
        0 => text.push_str("The book agrees.\n"),
        count => {
            let _ = writeln!(text, "The book does NOT agree, {count} faults:");
            for fault in &report.faults {
                let _ = writeln!(text, "  - {fault}");
            }
        }
    }
    text
}

fn audited(report: &AuditReport) -> String {
    match (report.entries, report.faults.len()) {
        (0, 0) => "The audit log is empty.\n".to_owned(),
        (count, 0) => format!("The audit log agrees: {count} entries, the last with hash {}.\n", report.head),
        (_, count) => {
            let mut text = format!("The audit log does NOT agree, {count} faults:\n");
            for fault in &report.faults {
                let _ = writeln!(text, "  - {fault}");
            }
            text
        }
    }
}

/// Balances as columns: names to the left, amounts to the right.
fn table(balances: &[Balance]) -> String {
    let head = ["book", "account", "held", "posted"].map(str::to_owned);
    let row = |balance: &Balance| {
        [
            balance.book.clone(),
            balance.account.clone(),
            shown(balance.pending_minor, &balance.asset),
            shown(balance.posted_minor, &balance.asset),
        ]
    };
    let rows: Vec<[String; 4]> = std::iter::once(head).chain(balances.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let [book, account, held, posted] = [0, 1, 2, 3].map(width);
    let mut text = String::new();
    for [b, a, h, p] in &rows {
        let _ = writeln!(text, "  {b:<book$}  {a:<account$}  {h:>held$}  {p:>posted$}");
    }
    text
}

fn shown(minor: i64, asset: &str) -> String {
    match Asset::from_code(asset) {
        Some(asset) => text::amount(Money::new(minor, asset)),
        None => format!("{minor} minor units of {asset}"),
    }
}

#[cfg(test)]
mod tests {
    use super::{audited, written};
    use florin_store::audit::AuditReport;
    use florin_store::{Balance, LedgerReport};

    #[test]
    fn reads_as_a_table_and_a_sentence() {
        let balance = |account: &str, pending_minor, posted_minor| Balance {
            book: "dev".into(),
            account: account.into(),
            asset: "EUR".into(),
            pending_minor,
            posted_minor,
        };
        let balances = [balance("merchant:1:available", 0, 123_456), balance("provider:210:clearing", 0, -123_456)];
        let report = LedgerReport { transfers: 3, payments: 2, faults: Vec::new() };
        let expected = "3 transfers of 2 payments replayed\n\n\
                        \x20 book  account                    held         posted\n\
                        \x20 dev   merchant:1:available   0.00 EUR   1,234.56 EUR\n\
                        \x20 dev   provider:210:clearing  0.00 EUR  -1,234.56 EUR\n\n\
                        The book agrees.\n";
        assert_eq!(written(&report, &balances), expected);
        let audit = AuditReport { entries: 2, head: "ab".into(), faults: Vec::new() };
        assert_eq!(audited(&audit), "The audit log agrees: 2 entries, the last with hash ab.\n");
        let faulty = AuditReport { faults: vec!["one is gone".into()], ..audit };
        assert_eq!(audited(&faulty), "The audit log does NOT agree, 1 faults:\n  - one is gone\n");
        let faulty = LedgerReport { faults: vec!["a payment lacks an entry".into()], ..report };
        assert!(written(&faulty, &[]).ends_with("NOT agree, 1 faults:\n  - a payment lacks an entry\n"));
    }
}
