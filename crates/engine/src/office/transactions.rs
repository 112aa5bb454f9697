//! Lists of transactions, page by page in both directions.

use async_recursion::async_recursion as boxed;
use florin_kernel::{PaymentId, Timestamp, Transaction};
use florin_store::StoreError;
use florin_store::office::{Browse, Order, Place};

use super::{Filter, Scope, Summary};
use crate::Engine;

/// So many rows are looked at for one page, at most.
const SCAN_MAX: u32 = 20_000;
/// So many where documents have to be read to tell whether they fit: as quick as the others.
const READ_MAX: u32 = 3_000;
/// So many at once where documents have to be read to tell whether they fit.
const READ_AT_ONCE: u32 = 500;

/// A place in a list as links carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(pub Place);

impl Cursor {
    /// As text.
    pub fn to_text(self) -> String {
        format!("{}.{}", self.0.at_ms, self.0.id.number())
    }

    /// Reads what [`Cursor::to_text`] wrote.
    pub fn parse(text: &str) -> Option<Cursor> {
        let (at_ms, id) = text.split_once('.')?;
        Some(Cursor(Place { at_ms: at_ms.parse().ok()?, id: PaymentId::from_number(id.parse().ok()?) }))
    }
}

/// Which way to go from a place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Direction {
    #[default]
    Onward,
    Back,
}

/// Which page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What the list shows.
    pub filter: Filter,
    /// In which order.
    pub order: Order,
    /// From where; nothing: from its beginning.
    pub from: Option<Cursor>,
    /// Which way.
    pub direction: Direction,
    /// Lines of a page.
    pub limit: u32,
}

impl Ask {
    /// The first page, the newest first.
    pub fn first(filter: Filter, limit: u32) -> Ask {
        Ask { filter, order: Order::NewestFirst, from: None, direction: Direction::Onward, limit }
    }
}

/// A page of a list.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Lines, in the list's order.
    pub rows: Vec<Summary>,
    /// Where to go on; nothing: here the list ends. With fewer lines than were asked for, enough was looked at, and there may be
    /// more from there.
    pub onward: Option<Cursor>,
    /// Where to go back; nothing: here it begins.
    pub back: Option<Cursor>,
}

/// What a walk over rows found.
pub(super) struct Walked {
    pub(super) found: Vec<Transaction>,
    pub(super) reached: Option<Place>,
    pub(super) more: bool,
}

impl Engine {
    /// A page of the payments and withdrawals of a scope.
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot answer.
    #[boxed]
    pub async fn office_transactions(&self, scope: Scope, ask: &Ask) -> Result<Page, StoreError> {
        let order = match (ask.order, ask.direction) {
            (order, Direction::Onward) => order,
            (Order::NewestFirst, Direction::Back) => Order::OldestFirst,
            (Order::OldestFirst, Direction::Back) => Order::NewestFirst,
        };
        let from = ask.from.map(|cursor| cursor.0);
        let scan_max = if ask.filter.needs_reading() { READ_MAX } else { SCAN_MAX };
        let Walked { found, reached, more } = self.walk(scope, &ask.filter, order, from, ask.limit, scan_max).await?;
        let mut rows: Vec<Summary> = found.iter().map(Summary::of).collect();
        let last = reached.filter(|_| more).map(Cursor);
        let start = rows.first().map(Summary::place).or(from).map(Cursor);
        Ok(match ask.direction {
            Direction::Onward => Page { rows, onward: last, back: ask.from.and(start) },
            Direction::Back => {
                rows.reverse();
                Page { rows, onward: start, back: last }
            }
        })
    }

    /// Steps over a scope's transactions until enough are found or enough were looked at.
    pub(super) async fn walk(
        &self,
        scope: Scope,
        filter: &Filter,
        order: Order,
        mut beyond: Option<Place>,
        limit: u32,
        scan_max: u32,
    ) -> Result<Walked, StoreError> {
        let mut walked = Walked { found: Vec::new(), reached: beyond, more: false };
        let (merchants, kinds, texts) = (self.merchants_of(scope), filter.kinds(), filter.texts());
        let reading = filter.needs_reading();
        let mut scan_left = scan_max;
        loop {
            let wanted = limit - walked.found.len() as u32;
            let browsed = self
                .store
                .office()
                .browse(Browse {
                    mode: scope.mode,
                    merchants: merchants.clone(),
                    kinds: kinds.clone(),
                    words: filter.words.clone(),
                    from: filter.from.unwrap_or(Timestamp::MIN),
                    until: filter.until.unwrap_or(Timestamp::MAX),
                    texts: texts.clone(),
                    order,
                    beyond,
                    scan_max: scan_left,
                    limit: if reading { wanted.max(READ_AT_ONCE) } else { wanted },
                })
                .await?;
            scan_left -= browsed.scanned.min(scan_left);
            (walked.more, walked.reached) = (browsed.more, browsed.reached.or(walked.reached));
            for transaction in browsed.found {
                if !filter.fits(&transaction) {
                    continue;
                }
                if walked.found.len() == limit as usize {
                    walked.more = true;
                    walked.reached = walked.found.last().map(place);
                    break;
                }
                walked.found.push(transaction);
            }
            if !walked.more || walked.found.len() == limit as usize || scan_left == 0 {
                return Ok(walked);
            }
            beyond = walked.reached;
        }
    }
}

fn place(transaction: &Transaction) -> Place {
    Place { at_ms: transaction.created_at().as_millisecond(), id: transaction.id() }
}
