use ::bitcoin::hashes::Hash;
use ::bitcoin::{BlockHash, Network, OutPoint, Txid};
use florin_kernel::Timestamp;
use florin_kernel::ports::chain::{Block, Cursor};

use super::{Conflict, Memo};

fn hash(number: u8) -> BlockHash {
    BlockHash::from_byte_array([number; 32])
}

fn memo() -> Memo {
    Memo::begin(10, (10..=14).map(hash).collect())
}

#[test]
fn blocks_are_kept_by_height_and_the_oldest_go() {
    let mut memo = memo();
    assert_eq!((memo.first(), memo.tip_height()), (10, 14));
    assert_eq!((memo.hash_at(9), memo.hash_at(10), memo.hash_at(15)), (None, Some(hash(10)), None));
    memo.push(hash(15), 4);
    assert_eq!((memo.first(), memo.tip_height(), memo.hash_at(11)), (11, 15, Some(hash(11))));
    memo.rewind(12);
    assert_eq!((memo.tip_height(), memo.hash_at(13)), (12, None));
    memo.push(hash(113), 4);
    assert!(memo.holds(13, &hash(113).to_string()));
    assert!(!memo.holds(13, &hash(13).to_string()));
    assert!(!memo.holds(14, &hash(14).to_string()), "beyond the tip");
    assert!(memo.holds(3, "whatever"), "too old to be doubted");
}

#[test]
fn a_conflict_goes_with_its_block() {
    let mut memo = memo();
    let transaction = ::bitcoin::constants::genesis_block(Network::Regtest).txdata[0].clone();
    let id = transaction.compute_txid();
    memo.track(id, &transaction);
    assert_eq!(memo.spent().get(&OutPoint::null()), Some(&vec![id]));
    memo.conflicts(&id, Conflict { by: Txid::all_zeros(), height: 14 });
    assert!(memo.tracked(&id).is_some_and(|tracked| tracked.conflict.is_some()));
    memo.rewind(14);
    assert!(memo.tracked(&id).is_some_and(|tracked| tracked.conflict.is_some()));
    memo.rewind(13);
    assert!(memo.tracked(&id).is_some_and(|tracked| tracked.conflict.is_none()));
    memo.keep_tracking(|_| false);
    assert_eq!(memo.tracked(&id), None);
}

#[test]
fn it_travels_in_a_cursor_and_what_contradicts_it_is_refused() {
    let cursor = |height, hash: BlockHash, memo: String| {
        let tip = Block { height, hash: hash.to_string(), time: Timestamp::UNIX_EPOCH };
        Cursor { tip, final_height: None, memo }
    };
    let memo = memo();
    assert_eq!(Memo::read(&cursor(14, hash(14), memo.text())), Ok(memo.clone()));
    assert!(Memo::read(&cursor(14, hash(13), memo.text())).is_err());
    assert!(Memo::read(&cursor(15, hash(14), memo.text())).is_err());
    assert!(Memo::read(&cursor(14, hash(14), String::new())).is_err());
}
