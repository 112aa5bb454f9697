//! What every driver must do with coin payments: addresses given once, found by their chains, and how far these were followed.

use std::sync::Arc;

use florin_kernel::coin::CoinPayment;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use florin_kernel::{Aggregate, MerchantId, PaymentId, Transaction};

use super::fixtures::{coin_payment, coins_confirmed, commit, commit_together, committed, inserting, payment};
use crate::{ChainRow, ChainWrite, Changeset, PaymentWrite, Store, Verdict, WatchQuery, WatchRow, Watched};

fn query(which: Watched) -> WatchQuery {
    WatchQuery { network: "bitcoin".to_owned(), lane: Lane::Live, which, limit: 10 }
}

async fn numbers(store: &Arc<dyn Store>, which: Watched) -> Vec<i64> {
    store.watched(query(which)).await.unwrap().iter().map(|row| row.payment.number()).collect()
}

/// A coin payment is kept as it is beside the others, found as its chain asks for it, and counts for the book.
pub async fn finds_coin_payments(store: Arc<dyn Store>) {
    committed(&store, inserting(&payment(1))).await;
    let made = coin_payment(2);
    committed(&store, inserting(&made)).await;
    committed(&store, inserting(&coin_payment(3))).await;
    let stored = store.transaction(made.id).await.unwrap().expect("it was committed");
    assert_eq!((stored.transaction, stored.version), (Transaction::Coin(Box::new(made.clone())), 1));
    assert_eq!(numbers(&store, Watched::AwaitingCoins).await, [2, 3]);
    assert_eq!(numbers(&store, Watched::DueAt(1_000)).await, [0_i64; 0]);
    let at = Watched::At(vec!["address-3".to_owned(), "elsewhere".to_owned()]);
    let row = WatchRow { payment: PaymentId::from_number(3), address: "address-3".to_owned() };
    assert_eq!(store.watched(query(at)).await.unwrap(), [row]);
    assert_eq!(store.watched_lanes().await.unwrap(), [("bitcoin".to_owned(), Lane::Live)]);
    assert_eq!(store.next_address("bitcoin", "account").await.unwrap(), 4);
    assert_eq!(store.next_address("bitcoin", "other").await.unwrap(), 0);

    let (seen, changeset) = coins_confirmed(&made, 1, 100);
    committed(&store, changeset).await;
    assert_eq!(numbers(&store, Watched::AwaitingCoins).await, [3], "its coins came");
    assert_eq!(numbers(&store, Watched::InBlocksFrom(100)).await, [2]);
    assert_eq!(numbers(&store, Watched::InBlocksFrom(101)).await, [0_i64; 0]);
    assert_eq!(seen.due_height(), None, "it has what it asked for");
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
    let elsewhere = WatchQuery { lane: Lane::Dev(MerchantId::from_number(1)), ..query(Watched::AwaitingCoins) };
    assert_eq!(store.watched(elsewhere).await.unwrap(), []);
}

/// An address is one payment's for ever, and so is an index of an account key, also among many at once.
pub async fn gives_an_address_once(store: Arc<dyn Store>) {
    let first = coin_payment(1);
    committed(&store, inserting(&first)).await;
    let same_address = CoinPayment { address: first.address.clone(), ..coin_payment(2) };
    assert_eq!(commit(&store, inserting(&same_address)).await, Verdict::Conflict);
    let same_index = CoinPayment { derived: first.derived.clone(), ..coin_payment(3) };
    assert_eq!(commit(&store, inserting(&same_index)).await, Verdict::Conflict);
    assert_eq!(store.transaction(PaymentId::from_number(2)).await.unwrap(), None, "nothing of it was written");
    let on_another = CoinPayment { network: "ethereum".to_owned(), address: first.address.clone(), ..coin_payment(4) };
    committed(&store, inserting(&on_another)).await;

    let rivals = (100..116).map(|number| CoinPayment { address: "wanted".to_owned(), ..coin_payment(number) });
    let verdicts = commit_together(&store, rivals.map(|rival| inserting(&rival)).collect()).await;
    assert_eq!(verdicts.iter().filter(|verdict| **verdict == Verdict::Committed).count(), 1);
    assert_eq!(numbers(&store, Watched::At(vec!["wanted".to_owned()])).await.len(), 1);
}

/// A session that is paid with coins becomes another kind of payment under the same id, once, with an address of its own.
pub async fn turns_a_session_into_coins(store: Arc<dyn Store>) {
    let becoming = |coins: &CoinPayment, version| Changeset {
        payments: vec![PaymentWrite::becoming(coins, version)],
        ..Changeset::default()
    };
    committed(&store, inserting(&payment(1))).await;
    let coins = coin_payment(1);
    assert_eq!(commit(&store, becoming(&coins, 2)).await, Verdict::Conflict, "not the version that it has");
    committed(&store, becoming(&coins, 1)).await;
    let stored = store.transaction(coins.id).await.unwrap().expect("it was committed");
    assert_eq!((stored.transaction, stored.version), (Transaction::Coin(Box::new(coins.clone())), 2));
    assert_eq!(commit(&store, becoming(&coins, 1)).await, Verdict::Conflict, "it happened before");
    assert_eq!(numbers(&store, Watched::AwaitingCoins).await, [1]);

    committed(&store, inserting(&payment(2))).await;
    let taken = CoinPayment { address: coins.address.clone(), ..coin_payment(2) };
    assert_eq!(commit(&store, becoming(&taken, 1)).await, Verdict::Conflict, "the address is another's");
    let stored = store.transaction(PaymentId::from_number(2)).await.unwrap().expect("it was committed");
    assert_eq!((stored.transaction, stored.version), (Transaction::Payment(payment(2)), 1), "nothing was written");

    let (_, changeset) = coins_confirmed(&coins, 2, 100);
    committed(&store, changeset).await;
    assert_eq!(numbers(&store, Watched::AwaitingCoins).await, [0_i64; 0], "its coins came");
    assert_eq!(store.verify_ledger().await.unwrap().faults, Vec::<String>::new());
}

/// How far a chain was followed is written with what followed from it, or neither is.
pub async fn follows_chains_by_version(store: Arc<dyn Store>) {
    let write = |lane, expected_version, document: &str| ChainWrite {
        name: "bitcoin".to_owned(),
        lane,
        expected_version,
        document: document.to_owned(),
    };
    let with = |chain, changeset| Changeset { chains: vec![chain], ..changeset };
    assert_eq!(store.chain("bitcoin", Lane::Live).await.unwrap(), None);
    committed(&store, with(write(Lane::Live, None, "100"), inserting(&coin_payment(1)))).await;
    let row = |version, document: &str| Some(ChainRow { version, document: document.to_owned() });
    assert_eq!(store.chain("bitcoin", Lane::Live).await.unwrap(), row(1, "100"));

    assert_eq!(commit(&store, with(write(Lane::Live, None, "101"), Changeset::default())).await, Verdict::Conflict);
    committed(&store, with(write(Lane::Live, Some(1), "101"), Changeset::default())).await;
    let made = coin_payment(1);
    let late = with(write(Lane::Live, Some(1), "102"), coins_confirmed(&made, 1, 100).1);
    assert_eq!(commit(&store, late).await, Verdict::Conflict);
    let stored = store.transaction(made.id).await.unwrap().unwrap();
    assert_eq!((stored.transaction.coin(), stored.version), (Some(made.clone()), 1), "it did not move either");
    assert_eq!(store.entries(made.id).await.unwrap(), []);
    assert_eq!(store.chain("bitcoin", Lane::Live).await.unwrap(), row(2, "101"));

    let dev = Lane::of(MerchantId::from_number(1), Mode::Dev);
    committed(&store, with(write(dev, None, "7"), Changeset::default())).await;
    assert_eq!(store.chain("bitcoin", dev).await.unwrap(), row(1, "7"), "each lane has its own");
    let update = PaymentWrite::update(&made, 1);
    committed(&store, Changeset { payments: vec![update], ..with(write(dev, Some(1), "8"), Changeset::default()) })
        .await;
    assert_eq!(store.chain("bitcoin", dev).await.unwrap(), row(2, "8"));
}

/// A coin payment whose words and entries differ.
pub async fn finds_a_coin_payment_that_lies(store: Arc<dyn Store>) {
    let made = coin_payment(1);
    committed(&store, inserting(&made)).await;
    let (_, changeset) = coins_confirmed(&made, 1, 100);
    committed(&store, Changeset { entries: Vec::new(), ..changeset }).await;
    let faults = store.verify_ledger().await.unwrap().faults;
    let told = "Coin payment 1 says 79592 BTC posted and 0 pending on merchant:1:available in minor units; \
        its transfers say 0 and 0.";
    assert_eq!(faults, [told]);
}

trait Due {
    fn due_height(&self) -> Option<u64>;
}

impl Due for CoinPayment {
    fn due_height(&self) -> Option<u64> {
        self.watch().and_then(|watch| watch.due_height)
    }
}
