//! What happens to coins on their way: replaced, spent twice, dropped, reorganised, and all of it while nobody was looking.

use super::*;
use florin_kernel::ports::chain::Cursor;

/// What an installation keeps of a cursor, in another process.
fn kept(cursor: &Cursor) -> Cursor {
    serde_json::from_str(&serde_json::to_string(cursor).expect("JSON")).expect("a cursor")
}

#[tokio::test]
async fn a_double_spend_is_told_in_the_mempool_and_in_its_block_and_taken_back_with_it() {
    let Some(mut world) = World::start(&[]).await else { return };
    let txid = world.pays(0, 79_745, Replaceable::Yes).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Mempool);
    let other = world.node.double_spend(&txid).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Replaced { by: other.clone() });
    let block = world.node.mine(1).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Conflicted { by: Some(other.clone()) });
    world.node.mine(2).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Conflicted { by: Some(other.clone()) });
    // The block does not count any more, and the first transaction is mined instead.
    world.node.invalidate(&block).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Replaced { by: other });
    let raw = world.node.wallet("payer", "gettransaction", json!([txid])).await;
    world.node.mine_only(&[raw["hex"].as_str().expect("bytes")]).await;
    world.follows().await;
    assert!(matches!(world.place(&txid), Place::Block(_)), "{:?}", world.place(&txid));
}

#[tokio::test]
async fn a_raised_fee_is_a_new_output_and_the_end_of_the_old() {
    let Some(mut world) = World::start(&[]).await else { return };
    let txid = world.pays(0, 79_745, Replaceable::Yes).await;
    world.follows().await;
    let bumped = world.node.wallet("payer", "bumpfee", json!([txid])).await;
    let bumped = bumped["txid"].as_str().expect("an id").to_owned();
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Replaced { by: bumped.clone() });
    assert_eq!(world.follower.of(&bumped), [(Units::new(79_745), Place::Mempool)]);
    world.node.mine(1).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Conflicted { by: Some(bumped.clone()) });
    assert!(matches!(world.place(&bumped), Place::Block(_)));
}

#[tokio::test]
async fn what_happened_while_nobody_looked_is_known_by_what_was_kept() {
    let Some(mut world) = World::start(&[]).await else { return };
    let replaced = world.pays(0, 50_000, Replaceable::Yes).await;
    world.follows().await;
    world.follower.cursor = world.follower.cursor.as_ref().map(kept);
    // Another process, which has never seen the transaction.
    world.chain = adapter(&settings(&world.node));
    let other = world.node.double_spend(&replaced).await;
    world.node.mine(1).await;
    world.node.mine(30).await;
    let late = world.pays(1, 60_000, Replaceable::No).await;
    world.node.mine(1).await;
    let step = world.follows().await;
    assert_eq!(step.replaced_from, None);
    assert_eq!(world.place(&replaced), Place::Conflicted { by: Some(other) });
    assert!(matches!(world.place(&late), Place::Block(_)));
}

#[tokio::test]
async fn a_dropped_transaction_is_missing_until_it_is_back() {
    let arguments = ["-walletbroadcast=0", "-persistmempool=0"];
    let Some(mut world) = World::start(&arguments).await else { return };
    let txid = world.pays(0, 79_745, Replaceable::No).await;
    let raw = world.node.wallet("payer", "gettransaction", json!([txid])).await["hex"].clone();
    world.node.call("sendrawtransaction", json!([raw])).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Mempool);
    world.node.stop().await;
    world.node.start_again().await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Missing);
    world.node.call("sendrawtransaction", json!([raw])).await;
    world.follows().await;
    assert_eq!(world.place(&txid), Place::Mempool);
}

#[tokio::test]
async fn reorganisations_of_any_depth_lead_out_of_the_block_and_in_again() {
    let Some(mut world) = World::start(&[]).await else { return };
    for depth in [1_u32, 2, 3, 6, 12] {
        let txid = world.pays(0, 10_000 + u128::from(depth), Replaceable::No).await;
        let block = world.node.mine(1).await;
        for _ in 1..depth {
            world.node.mine(1).await;
        }
        world.follows().await;
        let Place::Block(before) = world.place(&txid) else { panic!("not mined") };
        assert_eq!(before.hash, block);
        world.node.invalidate(&block).await;
        let step = world.follows().await;
        assert_eq!((step.replaced_from, step.cursor.tip.height), (Some(before.height), before.height - 1), "{depth}");
        assert!(matches!(world.place(&txid), Place::Mempool | Place::Missing), "{depth}: {:?}", world.place(&txid));
        // The branch without it grows longer.
        for _ in 0..=depth {
            world.node.mine_only(&[]).await;
        }
        let step = world.follows().await;
        assert_eq!(step.cursor.tip.height, before.height + u64::from(depth));
        assert!(matches!(world.place(&txid), Place::Mempool | Place::Missing));
        // And the old one overtakes it again.
        let tip = world.node.call("getblockhash", json!([before.height])).await;
        world.node.invalidate(tip.as_str().expect("a hash")).await;
        world.node.reconsider(&block).await;
        let step = world.follows().await;
        assert_eq!(world.place(&txid), Place::Block(before.clone()), "{depth}");
        assert_eq!(step.cursor.tip.height, before.height + u64::from(depth) - 1);
        assert_eq!(step.replaced_from, Some(before.height));
    }
}

#[tokio::test]
async fn two_outputs_of_one_transaction_are_two_and_one_address_may_be_paid_twice() {
    let Some(mut world) = World::start(&[]).await else { return };
    let [first, second] = [world.follower.addresses[0].clone(), world.follower.addresses[1].clone()];
    let outputs = json!({ first.as_str(): "0.00010001", second.as_str(): "0.00020002" });
    let both = world.node.wallet("payer", "sendmany", json!(["", outputs])).await;
    let both = both.as_str().expect("an id").to_owned();
    let again = world.pays(0, 30_003, Replaceable::No).await;
    for _ in 0..2 {
        world.follows().await;
        let mut told: Vec<u128> = world.follower.of(&both).iter().map(|(units, _)| units.number()).collect();
        told.sort_unstable();
        assert_eq!(told, [10_001, 20_002]);
        assert_eq!(world.follower.of(&again)[0].0, Units::new(30_003));
        world.node.mine(1).await;
    }
}

#[tokio::test]
async fn a_long_absence_is_made_up_step_by_step_and_time_is_not_run_ahead_of() {
    let Some(mut world) = World::start(&[]).await else { return };
    let txid = world.pays(0, 79_745, Replaceable::No).await;
    world.node.mine(200).await;
    let first = world.follows().await;
    assert!(first.synced_at < first.cursor.tip.time, "half the way, and everything is told already?");
    assert!(matches!(world.place(&txid), Place::Block(_)));
    let second = world.follows().await;
    assert_eq!(second.cursor.tip.height, 301);
    assert!(second.synced_at > first.synced_at);
}

#[tokio::test]
async fn a_chain_that_parted_too_long_ago_halts() {
    let Some(mut world) = World::start(&[]).await else { return };
    world.node.mine(200).await;
    while world.follows().await.cursor.tip.height < 301 {}
    let Some(other) = Regtest::start().await else { return };
    other.mine(250).await;
    let replaced = adapter(&settings(&other));
    let cursor = world.follower.cursor.clone();
    let told = replaced.follow(Lane::Live, cursor.as_ref(), &Watched::default()).await;
    assert!(matches!(told, Err(ChainError::TooDeep { .. })), "{told:?}");
}
