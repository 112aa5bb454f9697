//! The timeline's lines about coins.

use florin_engine::office::{CoinStep, CoinWhat};
use florin_kernel::Timestamp;
use florin_kernel::ports::chain::Place;

use super::coin_words as words;
use super::show::{Badge, Moment};
use super::steps::{Fact, Line, Reading};
use crate::pages::text;

impl Reading<'_> {
    /// A line about coins.
    pub(super) fn coins(&self, at: Timestamp, step: &CoinStep) -> Line {
        let line = |mark, title: String, facts| Line::new(Moment::at(at, self.now), mark, title, facts);
        let coins = |units| words::amount(units, step.coin);
        match &step.what {
            CoinWhat::Priced { units, invoice, rate, address, until } => {
                let price = format!("1 {} = {rate} {}", step.coin.code(), invoice.asset().code());
                let facts = vec![
                    Fact::new("Price", price),
                    Fact::new("Until", text::moment(*until)),
                    Fact::code("To", address),
                ];
                line("decision", format!("{} asked for {}", coins(*units), text::amount(*invoice)), facts)
            }
            CoinWhat::Seen { txid, units, place, confirmations, needed, screening } => {
                let block = match place {
                    Place::Block(block) => block.height.to_string(),
                    Place::Mempool | Place::Missing | Place::Replaced { .. } | Place::Conflicted { .. } => {
                        String::new()
                    }
                };
                let facts = vec![
                    Fact::code("Transaction", txid),
                    Fact::new("Block", block),
                    Fact::new("Confirmations", format!("{confirmations}, {needed} needed")),
                    Fact::new("Screening", screening.map(words::screening).unwrap_or_default()),
                ];
                line("provider", format!("{} arrived", coins(*units)), facts).with(place_badge(
                    place,
                    *confirmations,
                    *needed,
                ))
            }
            CoinWhat::Accepted { units, invoice, by } => {
                let title = format!("{} accepted as {}", coins(*units), text::amount(*invoice));
                line("decision", title, vec![Fact::new("By", words::accepted_by(by))])
            }
            CoinWhat::GivenUp(why) => {
                line("decision", "Given up".to_owned(), vec![Fact::new("Why", words::given_up(why))])
            }
            CoinWhat::Alerted { kind, txid } => {
                line("provider", words::alert(*kind).to_owned(), vec![Fact::code("Transaction", txid)])
            }
            CoinWhat::Refund { seq, units, to, txid, status } => {
                let facts = vec![
                    Fact::code("To", to),
                    Fact::code("Transaction", txid.clone().unwrap_or_default()),
                    Fact::new("Why", words::refund_reason(status)),
                ];
                line("provider", format!("Refund {} of {}", seq.number(), coins(*units)), facts)
                    .with(words::refund(status))
            }
        }
    }
}

fn place_badge(place: &Place, confirmations: u64, needed: u32) -> Badge {
    let deep = confirmations >= u64::from(needed.max(1));
    Badge::from(match place {
        Place::Block(_) if deep => ("good", "Confirmed"),
        Place::Block(_) => ("waiting", "Confirming"),
        Place::Mempool => ("waiting", "Seen"),
        Place::Missing => ("attention", "Missing"),
        Place::Replaced { .. } => ("attention", "Being replaced"),
        Place::Conflicted { .. } => ("bad", "Spent otherwise"),
    })
}
