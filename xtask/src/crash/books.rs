//! Both books, read past the nodes: the gateway's payments and what the simulated acquirer really moved.

use std::collections::HashMap;

use florin_engine::keys::MasterKey;
use florin_kernel::payment::{Mode, OperationKind, Word};
use florin_kernel::ports::{Clock, Lane};
use florin_kernel::public_id::Reference;
use florin_kernel::{MerchantId, Timestamp};
use florin_providers::simulator::{Book, unordered};
use florin_store::postgres::{PostgresStore, Server};
use florin_store::sqlite::SqliteStore;
use florin_store::{PaymentQuery, Store};

use super::merchant::{Kind, Known, Sent};
use super::site::Site;
use super::tally::Tally;
use crate::Fallible;

/// The demo's merchant.
const MERCHANT: MerchantId = MerchantId::from_number(1);

/// What was read.
pub struct Books {
    payments: Vec<Paid>,
    /// How often the acquirer has taken the money, by payment.
    charges: HashMap<i64, usize>,
}

struct Paid {
    number: i64,
    reference: String,
    word: Word,
}

/// After everything that the simulator has promised for later.
struct Afterwards;

impl Clock for Afterwards {
    fn now(&self, _: Lane) -> Timestamp {
        Timestamp::MAX
    }
}

impl Books {
    /// Reads both.
    ///
    /// # Errors
    /// One cannot be read.
    pub async fn read(site: &Site) -> Fallible<Books> {
        let (store, book): (Box<dyn Store>, Book) = match &site.database {
            None => {
                let store = SqliteStore::open_read_only(&site.data.join("florin.db"))?;
                // Read whole, so no place is looked for.
                (Box::new(store), Book::open(&site.data.join("simulator.db"), unordered())?)
            }
            Some(url) => {
                let server = Server::parse(url)?;
                let store = PostgresStore::open_read_only(server.clone()).await?;
                let connect = move || {
                    let server = server.clone();
                    let session = async move { server.session().await.map_err(|error| error.to_string()) };
                    Box::pin(session) as std::pin::Pin<Box<dyn Future<Output = _> + Send>>
                };
                (Box::new(store), Book::shared(Box::new(connect)))
            }
        };
        let query = PaymentQuery {
            merchant: MERCHANT,
            mode: Mode::Dev,
            from: Timestamp::UNIX_EPOCH,
            until: Timestamp::MAX,
            after: None,
            limit: u32::MAX,
        };
        let stored = store.transactions(query).await?;
        store.close().await;
        let payments = stored.into_iter().filter_map(|stored| stored.transaction.payment());
        let payments = payments.map(|payment| Paid {
            number: payment.id.number(),
            word: payment.word(),
            reference: payment.details.reference,
        });
        let key = std::fs::read_to_string(site.data.join("master.key"))?;
        let codec = MasterKey::from_hex(key.trim())?.codec();
        let mut charges = HashMap::new();
        for movement in book.charges(&Afterwards).await? {
            if movement.kind == OperationKind::Sale {
                let reference = codec.read_base36(&movement.reference);
                let Reference { payment, .. } = reference.ok_or("the simulator has a strange reference")?;
                *charges.entry(payment.number()).or_default() += 1;
            }
        }
        Ok(Books { payments: payments.collect(), charges })
    }

    /// Whether a payment is not at its end.
    pub fn has_open_payments(&self) -> bool {
        self.payments.iter().any(|paid| !is_at_its_end(paid.word))
    }

    /// Compares what the merchant was told with both, and both with each other.
    pub fn compare(&self, known: &Known, tally: &mut Tally) {
        let mut by_reference: HashMap<&str, &Paid> = HashMap::new();
        for paid in &self.payments {
            if by_reference.insert(&paid.reference, paid).is_some() {
                tally.doubled.push(format!("{} has two payments", paid.reference));
            }
            self.compare_charges(paid, tally);
        }
        for (reference, sent) in known {
            match by_reference.get(reference.as_str()) {
                None if sent.answer.is_some() => tally.lost.push(format!("{reference} was acknowledged and is gone")),
                None => {}
                Some(paid) => compare_told(reference, sent, paid.word, tally),
            }
        }
        let numbers: std::collections::HashSet<i64> = self.payments.iter().map(|paid| paid.number).collect();
        let strangers = self.charges.keys().filter(|number| !numbers.contains(number));
        tally.disagreeing.extend(strangers.map(|number| format!("payment {number} is charged and is not there")));
    }

    fn compare_charges(&self, paid: &Paid, tally: &mut Tally) {
        let times = self.charges.get(&paid.number).copied().unwrap_or(0);
        let (reference, word) = (&paid.reference, paid.word.text());
        if times > 1 {
            tally.doubled.push(format!("{reference} is charged {times} times"));
        }
        if !is_at_its_end(paid.word) {
            tally.stuck.push(format!("{reference} is {word}"));
        } else if (paid.word == Word::Captured) != (times == 1) {
            tally.disagreeing.push(format!("{reference} is {word} and charged {times} times"));
        }
    }
}

/// What the merchant heard is true at the end.
fn compare_told(reference: &str, sent: &Sent, word: Word, tally: &mut Tally) {
    let Some(answer) = &sent.answer else { return };
    let is_paid = word == Word::Captured;
    let is_said = |status: &str| answer.contains(&format!("\"{status}\""));
    if is_said("successful") && !is_paid || is_said("rejected") && is_paid {
        tally.lost.push(format!("{reference} is {} and was answered {answer}", word.text()));
    }
    if is_paid && sent.kind == Kind::Declined {
        tally.disagreeing.push(format!("{reference} is to be declined and is {}", word.text()));
    }
}

fn is_at_its_end(word: Word) -> bool {
    match word {
        Word::Captured | Word::Declined | Word::Failed => true,
        Word::Created
        | Word::PendingPayer
        | Word::Pending
        | Word::Unknown
        | Word::Authorised
        | Word::PartiallyCaptured
        | Word::PartiallyRefunded
        | Word::Refunded
        | Word::ChargedBack
        | Word::Cancelled
        | Word::Expired
        | Word::Voided
        | Word::AuthorisationExpired => false,
    }
}
