use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use florin_kernel::ports::Lane;

use super::{Nonces, Used};
use crate::coins::simulated::Shelf;

const LANE: Lane = Lane::Live;

#[derive(Default)]
struct Memory(Mutex<HashMap<String, (i64, String)>>);

#[async_trait]
impl Shelf for Memory {
    async fn load(&self, name: &str, _lane: Lane) -> Result<Option<(i64, String)>, String> {
        Ok(self.0.lock().expect("free").get(name).cloned())
    }

    async fn save(&self, name: &str, _lane: Lane, version: Option<i64>, document: String) -> Result<bool, String> {
        let mut rows = self.0.lock().expect("free");
        let known = rows.get(name).map(|(version, _)| *version);
        if known != version {
            return Ok(false);
        }
        rows.insert(name.to_owned(), (version.unwrap_or(0) + 1, document));
        Ok(true)
    }
}

fn nonces() -> Nonces {
    Nonces::new(Arc::<Memory>::default(), "ethereum", "0x01")
}

fn at(next: u64, settled: u64) -> Used {
    Used { next, settled }
}

#[tokio::test]
async fn a_refund_keeps_its_number_and_others_get_others() {
    let nonces = nonces();
    let reserve = async |operation, used| nonces.reserve(LANE, operation, used).await.expect("kept");
    assert_eq!(reserve("a", at(5, 0)).await, 5);
    assert_eq!(reserve("b", at(5, 0)).await, 6);
    assert_eq!(reserve("a", at(5, 0)).await, 5, "again");
    assert_eq!(reserve("c", at(9, 0)).await, 9, "somebody else used the wallet");
    assert_eq!(reserve("d", at(5, 0)).await, 7, "and is gone");
}

#[tokio::test]
async fn a_number_is_free_again_where_it_surely_was_not_used() {
    let nonces = nonces();
    let reserve = async |operation| nonces.reserve(LANE, operation, at(5, 0)).await.expect("kept");
    assert_eq!((reserve("a").await, reserve("b").await, reserve("c").await), (5, 6, 7));
    nonces.not_signed(LANE, "a").await.expect("kept");
    nonces.signed(LANE, 6, "0xb").await.expect("kept");
    nonces.not_signed(LANE, "b").await.expect("kept");
    nonces.not_sent(LANE, 6, "0xother").await.expect("kept");
    assert_eq!(reserve("d").await, 5, "of a; b is signed");
    nonces.not_sent(LANE, 6, "0xb").await.expect("kept");
    assert_eq!(reserve("e").await, 6);
    nonces.not_sent(LANE, 6, "0xb").await.expect("kept");
    assert_eq!(reserve("f").await, 8, "what was given again is not taken back by the first");
    nonces.signed(LANE, 7, "0xc").await.expect("kept");
    nonces.sent(LANE, 7, "0xc").await.expect("kept");
    nonces.not_sent(LANE, 7, "0xc").await.expect("kept");
    assert_eq!(reserve("g").await, 9, "a node may have c");
}

#[tokio::test]
async fn what_is_final_is_forgotten_and_what_is_not_is_remembered() {
    let nonces = nonces();
    assert_eq!(nonces.reserve(LANE, "a", at(5, 0)).await, Ok(5));
    nonces.signed(LANE, 5, "0xa").await.expect("kept");
    nonces.sent(LANE, 5, "0xa").await.expect("kept");
    // The chain was reorganised: the number looks free, and is the first refund's.
    assert_eq!(nonces.reserve(LANE, "b", at(5, 0)).await, Ok(6));
    assert_eq!(nonces.reserve(LANE, "a", at(5, 0)).await, Ok(5));
    assert_eq!(nonces.reserve(LANE, "c", at(7, 6)).await, Ok(7));
    assert_eq!(nonces.reserve(LANE, "a", at(7, 6)).await, Ok(8), "forgotten; its signature is kept elsewhere");
}
