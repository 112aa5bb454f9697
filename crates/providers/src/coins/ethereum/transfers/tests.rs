use florin_kernel::Coin;

use super::{TRANSFER, Tokens, transfers};
use crate::coins::ethereum::wire::{FullBlock, Log, Receipt, Transaction};
use crate::coins::ethereum::words::{Address, Bytes, Hash, Quantity, Wide, keccak};

const SHOP: Address = Address([1; 20]);
const PAYER: Address = Address([2; 20]);
const USDT: Address = Address([3; 20]);
const OTHER: Address = Address([4; 20]);

fn topic(address: Address) -> Hash {
    let mut bytes = [0; 32];
    bytes[12..].copy_from_slice(&address.0);
    Hash(bytes)
}

fn log(contract: Address, topics: &[Hash], value: Wide) -> Log {
    Log { address: contract, topics: topics.to_vec(), data: Bytes(value.0.to_vec()), removed: false }
}

fn paid(contract: Address, value: u128) -> Log {
    log(contract, &[TRANSFER, topic(PAYER), topic(SHOP)], Wide::of(value))
}

fn block(to: Option<Address>, value: Wide, status: u64, logs: Vec<Log>) -> (FullBlock, Vec<Receipt>) {
    let transaction = Transaction {
        hash: Hash([9; 32]),
        from: PAYER,
        nonce: Quantity(7),
        to,
        value,
        input: Bytes::default(),
        block_hash: None,
        block_number: None,
    };
    let block = FullBlock {
        number: Quantity(5),
        hash: Hash([8; 32]),
        parent_hash: Hash([7; 32]),
        timestamp: Quantity(1_700_000_000),
        transactions: vec![transaction],
    };
    let receipt = Receipt {
        transaction_hash: Hash([9; 32]),
        block_hash: block.hash,
        block_number: Quantity(5),
        status: Some(Quantity(status)),
        logs,
    };
    (block, vec![receipt])
}

/// What is found, as `coin index units`.
fn found(to: Option<Address>, value: Wide, status: u64, logs: Vec<Log>) -> Vec<String> {
    let (block, receipts) = block(to, value, status, logs);
    let tokens = Tokens::from([(USDT, Coin::Usdt)]);
    let found = transfers(&block, &receipts, &tokens).expect("they belong together");
    assert!(found.iter().all(|transfer| transfer.to == SHOP && transfer.sender == PAYER && transfer.nonce == 7));
    let line = |transfer: &super::Transfer| {
        format!("{} {} {}", transfer.coin.code(), transfer.outpoint.index, transfer.units.number())
    };
    found.iter().map(line).collect()
}

#[test]
fn the_topic_of_transfers_is_the_hash_of_their_signature() {
    assert_eq!(Hash(keccak(b"Transfer(address,address,uint256)")), TRANSFER);
}

#[test]
fn coins_count_where_they_really_moved() {
    let none = Wide::of(0);
    let mut more = topic(SHOP);
    more.0[3] = 1;
    let removed = Log { removed: true, ..paid(USDT, 5) };
    let short = Log { data: Bytes(vec![1; 31]), ..paid(USDT, 5) };
    let long = Log { data: Bytes(vec![1; 64]), ..paid(USDT, 5) };
    let other_event = log(USDT, &[Hash([6; 32]), topic(PAYER), topic(SHOP)], Wide::of(5));
    let collectible = log(USDT, &[TRANSFER, topic(PAYER), topic(SHOP), Hash([0; 32])], Wide::of(5));
    let to_itself = log(USDT, &[TRANSFER, topic(SHOP), topic(SHOP)], Wide::of(5));
    let no_address = log(USDT, &[TRANSFER, topic(PAYER), more], Wide::of(5));
    for (case, to, value, status, logs, expected) in [
        ("native", Some(SHOP), Wide::of(12), 1, vec![], vec!["ETH 0 12"]),
        ("failed", Some(SHOP), Wide::of(12), 0, vec![paid(USDT, 5)], vec![]),
        ("nothing", Some(SHOP), none, 1, vec![], vec![]),
        ("a new contract", None, Wide::of(12), 1, vec![], vec![]),
        ("to itself", Some(PAYER), Wide::of(12), 1, vec![], vec![]),
        ("a token", Some(USDT), none, 1, vec![paid(USDT, 5)], vec!["USDT 1 5"]),
        ("zero tokens", Some(USDT), none, 1, vec![paid(USDT, 0)], vec![]),
        ("another contract", Some(OTHER), none, 1, vec![paid(OTHER, 5)], vec![]),
        (
            "several, by their place in the transaction",
            Some(SHOP),
            Wide::of(1),
            1,
            vec![paid(OTHER, 4), paid(USDT, 5), paid(USDT, 5)],
            vec!["ETH 0 1", "USDT 2 5", "USDT 3 5"],
        ),
        (
            "logs of other forms",
            Some(USDT),
            none,
            1,
            vec![removed, short, long, other_event, collectible, to_itself, no_address],
            vec![],
        ),
    ] {
        assert_eq!(found(to, value, status, logs), expected, "{case}");
    }
}

#[test]
fn values_that_do_not_fit_are_none_and_never_wrap() {
    let mut beyond = Wide::of(5);
    beyond.0[15] = 1;
    assert_eq!(found(Some(SHOP), beyond, 1, vec![log(USDT, &[TRANSFER, topic(PAYER), topic(SHOP)], beyond)]), [""; 0]);
    assert_eq!(found(Some(SHOP), Wide([255; 32]), 1, vec![paid(USDT, u128::MAX)]), [""; 0]);
    // The largest that the book holds: 2^63 - 1 units of a token of six decimals.
    let most = u128::try_from(i64::MAX).expect("positive");
    assert_eq!(found(None, Wide::of(0), 1, vec![paid(USDT, most), paid(USDT, most + 1)]), [format!("USDT 1 {most}")]);
}

#[test]
fn receipts_of_another_block_are_not_believed() {
    let tokens = Tokens::from([(USDT, Coin::Usdt)]);
    let (block, receipts) = block(Some(SHOP), Wide::of(12), 1, vec![]);
    assert!(transfers(&block, &[], &tokens).is_err());
    let of_other = Receipt { block_hash: Hash([1; 32]), ..receipts[0].clone() };
    assert!(transfers(&block, &[of_other], &tokens).is_err());
    let of_other = Receipt { transaction_hash: Hash([1; 32]), ..receipts[0].clone() };
    assert!(transfers(&block, &[of_other], &tokens).is_err());
}
