use std::collections::BTreeMap;

use super::{BEGINNING, ChainReplay, SealHash, SealedTransfer, Sealing};

/// A transfer as a row holds it, with the seal it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    chain: i64,
    seal: i64,
    debit: &'static str,
    credit: &'static str,
    amount_minor: i64,
}

impl Row {
    fn transfer(&self) -> SealedTransfer<'_> {
        SealedTransfer {
            payment: 7,
            event: "captured",
            book: "live",
            layer: "posted",
            debit: self.debit,
            credit: self.credit,
            asset: "EUR",
            amount_minor: self.amount_minor,
            at_ms: 1_800_000_000_000,
        }
    }
}

type Seals = BTreeMap<(i64, i64), SealHash>;

/// Two chains: of three seals with one, two and one transfers, and of one seal.
fn book() -> (Vec<Row>, Seals) {
    let row = |chain, seal, amount_minor| Row { chain, seal, debit: "a", credit: "b", amount_minor };
    let rows = vec![row(1, 1, 10), row(1, 2, 20), row(1, 2, 21), row(1, 3, 30), row(5, 1, 50)];
    let mut seals = Seals::new();
    let mut previous = BEGINNING;
    for (chain, number) in [(1, 1), (1, 2), (1, 3), (5, 1)] {
        if number == 1 {
            previous = BEGINNING;
        }
        let mut sealing = Sealing::after(&previous, chain, number);
        for row in rows.iter().filter(|row| (row.chain, row.seal) == (chain, number)) {
            sealing.add(&row.transfer());
        }
        previous = sealing.finish();
        seals.insert((chain, number), previous);
    }
    (rows, seals)
}

fn replay(rows: &[Row], seals: &Seals) -> Vec<String> {
    let mut newest = BTreeMap::new();
    for (chain, number) in seals.keys() {
        newest.insert(*chain, *number);
    }
    let mut replay = ChainReplay::new(newest);
    for row in rows {
        let stored = seals.get(&(row.chain, row.seal)).copied();
        replay.transfer(row.chain, row.seal, stored, &row.transfer());
    }
    replay.finish()
}

#[test]
fn what_was_sealed_is_without_fault() {
    let (rows, seals) = book();
    assert_eq!(replay(&rows, &seals), Vec::<String>::new());
    assert_eq!(replay(&[], &Seals::new()), Vec::<String>::new());
}

#[test]
fn every_change_is_told() {
    let check = |change: fn(&mut Vec<Row>, &mut Seals), expected: &[&str]| {
        let (mut rows, mut seals) = book();
        change(&mut rows, &mut seals);
        assert_eq!(replay(&rows, &seals), expected);
    };
    let not_sealed = "The ledger entries of seal 2 of chain 1 are not those that were sealed.";
    check(|rows, _| rows[1].amount_minor += 1, &[not_sealed]);
    check(|rows, _| rows[2].credit = "c", &[not_sealed]);
    check(|rows, _| rows.swap(1, 2), &[not_sealed]);
    check(
        |rows, _| {
            rows.remove(2);
        },
        &[not_sealed],
    );
    check(|rows, _| rows.insert(2, rows[2].clone()), &[not_sealed]);
    check(
        |rows, _| {
            rows.drain(1..3);
        },
        &["The ledger entries of seal 2 of chain 1 are missing."],
    );
    check(
        |rows, _| {
            rows.drain(0..3);
        },
        &["The ledger entries of seals 1 to 2 of chain 1 are missing."],
    );
    check(
        |rows, _| {
            rows.remove(3);
        },
        &["The ledger entries of seal 3 of chain 1 are missing."],
    );
    check(
        |rows, _| {
            rows.remove(4);
        },
        &["The ledger entries of seal 1 of chain 5 are missing."],
    );
    check(
        |_, seals| assert!(seals.remove(&(1, 2)).is_some()),
        &["Seal 2 of chain 1 is missing; its entries are not sealed."],
    );
    check(
        |_, seals| assert!(seals.remove(&(5, 1)).is_some()),
        &["Seal 1 of chain 5 is missing; its entries are not sealed."],
    );
}

/// Who changes an entry and makes its seal anew is found at the next seal.
#[test]
fn a_seal_made_anew_does_not_fit_the_next() {
    let (mut rows, mut seals) = book();
    rows[0].amount_minor = 11;
    let mut forged = Sealing::after(&BEGINNING, 1, 1);
    forged.add(&rows[0].transfer());
    seals.insert((1, 1), forged.finish());
    assert_eq!(replay(&rows, &seals), ["The ledger entries of seal 2 of chain 1 are not those that were sealed."]);
}

/// Text moved from one column into the next reads differently.
#[test]
fn no_two_rows_read_alike() {
    let seal = |debit, credit| {
        let mut sealing = Sealing::after(&BEGINNING, 1, 1);
        sealing.add(&Row { chain: 1, seal: 1, debit, credit, amount_minor: 1 }.transfer());
        assert_eq!(sealing.transfers(), 1);
        sealing.finish()
    };
    assert_ne!(seal("ab", "c"), seal("a", "bc"));
    let twice = |chain, number| Sealing::after(&BEGINNING, chain, number).finish();
    assert_ne!(twice(1, 2), twice(2, 1));
}

/// The encoding is for ever: sealed books of earlier releases must still be read.
#[test]
fn the_encoding_stays() {
    let (_, seals) = book();
    let first: String = seals[&(1, 1)].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(first, "fd3d393abaea8ed0caade0faef88f05fbbe35ae3e513688a984e44db5855ad69");
}
