use florin_kernel::Timestamp;
use florin_kernel::ports::chain::{Block, Cursor};

use super::{Memo, Origin, heights};
use crate::coins::ethereum::words::{Address, Hash};

const HISTORY: u64 = 1024;

#[test]
fn recent_blocks_are_remembered_one_by_one_and_the_whole_history_in_steps() {
    for tip in [0, 1, 63, 64, 65, 1000, 1040, 20_000_000] {
        let kept = heights(tip, HISTORY);
        assert_eq!(kept.last(), Some(&tip));
        let lowest = kept[0];
        assert!(lowest <= tip.saturating_sub(HISTORY), "{tip}: the lowest is {lowest}");
        assert!(kept.windows(2).all(|pair| pair[0] < pair[1] && pair[1] - pair[0] <= 16), "{tip}");
        assert!((tip.saturating_sub(63)..=tip).all(|height| kept.contains(&height)), "{tip}");
        assert!(kept.len() <= 64 + 66, "{tip}: {}", kept.len());
    }
}

#[test]
fn growing_block_by_block_keeps_what_is_wanted_at_each_tip() {
    let mut memo = Memo::default();
    for tip in 0..3000 {
        memo.blocks.insert(tip, Hash([1; 32]));
        memo.prune(tip, HISTORY, None, |_| false);
        assert_eq!(memo.blocks.keys().copied().collect::<Vec<_>>(), heights(tip, HISTORY), "{tip}");
    }
}

#[test]
fn a_cursor_is_read_back_as_it_was_written_and_senders_are_kept_until_they_are_final() {
    let origin = |height| Origin { from: Address([2; 20]), nonce: 3, height };
    let mut memo = Memo::default();
    memo.blocks.insert(7, Hash([7; 32]));
    memo.origins = [("old", 5), ("new", 7), ("lost", 5)].map(|(id, height)| (id.to_owned(), origin(height))).into();
    memo.prune(7, HISTORY, Some(6), |txid| txid == "lost");
    assert_eq!(memo.origins.keys().collect::<Vec<_>>(), ["lost", "new"]);
    let tip = Block { height: 7, hash: Hash([7; 32]).to_string(), time: Timestamp::UNIX_EPOCH };
    let cursor = Cursor { tip, final_height: None, memo: memo.text() };
    assert_eq!(Memo::of(&cursor), Ok(memo));
    assert!(Memo::of(&Cursor { memo: "17".into(), ..cursor.clone() }).is_err());
    let bare = Memo::of(&Cursor { memo: String::new(), ..cursor }).expect("read");
    assert_eq!(bare.blocks.into_iter().collect::<Vec<_>>(), [(7, Hash([7; 32]))]);
}
