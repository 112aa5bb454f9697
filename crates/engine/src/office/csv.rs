//! A list as comma-separated values (RFC 4180), a page at a time, so that a million lines need no memory.

use async_recursion::async_recursion as boxed;
use florin_kernel::Timestamp;
use florin_kernel::payment::Mode;
use florin_kernel::public_id::Reference;
use florin_store::StoreError;
use florin_store::office::{Order, Place};

use super::transactions::Walked;
use super::{Filter, Scope, Shared, Summary};

const HEAD: &str =
    "id,created_at,mode,merchant,kind,status,amount,currency,method,provider,card,reference,payer,email\r\n";
/// Lines and rows looked at for one piece.
const PIECE: u32 = 1_000;
const SCAN_AT_ONCE: u32 = 20_000;

/// An export under way.
pub struct Export {
    engine: Shared,
    scope: Scope,
    filter: Filter,
    order: Order,
    beyond: Option<Place>,
    stands: Stands,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    AtTheHead,
    UnderWay,
    Over,
}

impl Export {
    /// Of a scope's transactions; those that are made while it goes on are left out where they would come first.
    pub fn of(engine: Shared, scope: Scope, filter: Filter, order: Order) -> Export {
        Export { engine, scope, filter, order, beyond: None, stands: Stands::AtTheHead }
    }

    /// The next piece of text; nothing after the last one.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer; it may be asked again.
    #[boxed]
    pub async fn next_piece(&mut self) -> Result<Option<String>, StoreError> {
        let mut text = String::new();
        if self.stands == Stands::AtTheHead {
            text.push_str(HEAD);
        }
        while self.stands != Stands::Over {
            let (scope, order) = (self.scope, self.order);
            let walked = self.engine.walk(scope, &self.filter, order, self.beyond, PIECE, SCAN_AT_ONCE).await?;
            let Walked { found, reached, more } = walked;
            self.beyond = reached;
            self.stands = if more { Stands::UnderWay } else { Stands::Over };
            for transaction in &found {
                let printed = self.engine.codec().base36(Reference { payment: transaction.id(), sequence: 0 });
                line(&mut text, &printed, scope.mode, &Summary::of(transaction));
            }
            if !text.is_empty() {
                break;
            }
        }
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

impl crate::Engine {
    /// Rows that are in order already, as a whole file.
    pub fn office_csv(&self, mode: Mode, rows: &[Summary]) -> String {
        let mut text = HEAD.to_owned();
        for row in rows {
            let printed = self.codec().base36(Reference { payment: row.id, sequence: 0 });
            line(&mut text, &printed, mode, row);
        }
        text
    }
}

fn line(text: &mut String, printed: &str, mode: Mode, row: &Summary) {
    let card = row.card.as_ref().map(|card| format!("{}******{}", card.bin, card.last4)).unwrap_or_default();
    let at = Timestamp::from_millisecond(row.created_at.as_millisecond()).unwrap_or(row.created_at).to_string();
    let method = row.method.and_then(|method| serde_json::to_value(method).ok());
    let cells = [
        printed,
        &at,
        &mode.to_string(),
        &row.merchant.number().to_string(),
        &format!("{:?}", row.kind).to_lowercase(),
        row.word,
        &row.asked.decimal(),
        row.asked.asset().code(),
        method.as_ref().and_then(serde_json::Value::as_str).unwrap_or_default(),
        &row.provider_name,
        &card,
        &row.reference,
        &row.payer,
        &row.email,
    ];
    let cells: Vec<String> = cells.iter().map(|cell| escaped(cell)).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell as it is written. What spreadsheets would take for a formula is marked as text, since merchants and payers chose it.
pub(super) fn escaped(cell: &str) -> String {
    let cell = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{cell}") } else { cell.to_owned() };
    if cell.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
