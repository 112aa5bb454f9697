//! A statement as pages that links lead through, and as comma-separated values. What a link carries of balances is signed, so that no
//! made-up link shows an account with numbers that the book does not have.

use async_recursion::async_recursion as boxed;
use florin_kernel::public_id::Reference;
use florin_store::StoreError;
use florin_store::office::{StatementLine, StatementMark, StatementQuery};

use super::csv::escaped;
use super::{Scope, Shared};
use crate::Engine;

/// So many transfers of the book are looked at for one page, at most.
const SCAN_MAX: u32 = 20_000;
/// Lines of one piece of an export, and transfers looked at for it.
const PIECE: u32 = 1_000;
const HEAD: &str = "entry,at,event,payment,layer,debit,credit,amount,balance_posted,balance_pending,currency\r\n";

/// An account in one asset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Its printed form.
    pub name: String,
    /// The asset's code.
    pub asset: String,
}

impl Account {
    /// What the book is asked for a page.
    pub(super) fn query(&self, scope: Scope, beyond: Option<StatementMark>, limit: u32) -> StatementQuery {
        let Account { name, asset } = self.clone();
        StatementQuery { book: scope.mode, account: name, asset, beyond, scan_max: SCAN_MAX, limit }
    }
}

impl Engine {
    /// A place in an account's statement as links carry it.
    pub fn print_mark(&self, scope: Scope, account: &Account, mark: StatementMark) -> String {
        let StatementMark { entry, posted_minor, pending_minor } = mark;
        let plain = format!("{entry}.{posted_minor}.{pending_minor}");
        format!("{plain}.{}", self.mark_tag(scope, account, &plain))
    }

    /// Reads what [`Engine::print_mark`] wrote of this account; nothing of any other text.
    pub fn read_mark(&self, scope: Scope, account: &Account, text: &str) -> Option<StatementMark> {
        let (plain, tag) = text.rsplit_once('.')?;
        let mut numbers = plain.split('.').map(str::parse::<i64>);
        let mut next = || numbers.next()?.ok();
        let mark = StatementMark { entry: next()?, posted_minor: next()?, pending_minor: next()? };
        (numbers.next().is_none() && tag == self.mark_tag(scope, account, plain)).then_some(mark)
    }

    fn mark_tag(&self, scope: Scope, account: &Account, plain: &str) -> String {
        let mode = scope.mode.to_string();
        let parts: [&[u8]; 5] =
            [b"statement", mode.as_bytes(), account.name.as_bytes(), account.asset.as_bytes(), plain.as_bytes()];
        self.keyring.digest(&parts).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A statement on its way to a file, the newest transfer first.
pub struct StatementExport {
    engine: Shared,
    scope: Scope,
    account: Account,
    beyond: Option<StatementMark>,
    stands: Stands,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    AtTheHead,
    UnderWay,
    Over,
}

impl StatementExport {
    /// Of an account of a scope; what is booked while it goes on is left out.
    pub fn of(engine: Shared, scope: Scope, account: Account) -> StatementExport {
        StatementExport { engine, scope, account, beyond: None, stands: Stands::AtTheHead }
    }

    /// The next piece of text; nothing after the last one, nor of an account outside the scope.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer; it may be asked again.
    #[boxed]
    pub async fn next_piece(&mut self) -> Result<Option<String>, StoreError> {
        let mut text = String::new();
        while self.stands != Stands::Over && text.is_empty() {
            let query = self.account.query(self.scope, self.beyond, PIECE);
            let Some(page) = self.engine.office_statement(self.scope, query).await? else { return Ok(None) };
            if self.stands == Stands::AtTheHead {
                text.push_str(HEAD);
            }
            self.beyond = Some(page.reached);
            self.stands = if page.more { Stands::UnderWay } else { Stands::Over };
            for line in &page.lines {
                self.write(&mut text, line);
            }
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn write(&self, text: &mut String, line: &StatementLine) {
        let row = &line.row.row;
        let payment = self.engine.codec().base36(Reference { payment: line.row.payment, sequence: 0 });
        let decimal = |minor| decimal(minor, &row.asset);
        // Amounts are numbers of ours, so the sign of one below zero may stand bare.
        let cells = [
            line.row.entry.to_string(),
            row.at.to_string(),
            escaped(&row.event),
            payment,
            escaped(&row.layer),
            escaped(&row.debit),
            escaped(&row.credit),
            decimal(line.moved_minor),
            decimal(line.posted_minor),
            decimal(line.pending_minor),
            escaped(&row.asset),
        ];
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
}

fn decimal(minor: i64, code: &str) -> String {
    let asset = florin_kernel::Asset::from_code(code);
    asset.map_or_else(|| minor.to_string(), |asset| florin_kernel::Money::new(minor, asset).decimal())
}
