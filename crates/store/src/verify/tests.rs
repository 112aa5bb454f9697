use super::{Accounts, Counted, Moved, Replay};

fn counted(replay: &mut Replay, layer: &str, amount_minor: i64) {
    replay.count(&Counted { book: "live", layer, debit: "a", credit: "b", asset: "EUR", amount_minor });
}

fn stored(rows: &[(&str, i128, i128)]) -> Accounts {
    let row = |(account, pending, posted): &(&str, i128, i128)| {
        (("live".to_owned(), (*account).to_owned(), "EUR".to_owned()), Moved { pending: *pending, posted: *posted })
    };
    rows.iter().map(row).collect()
}

#[test]
fn rollups_are_compared_with_what_was_counted() {
    let check = |rows: &[(&str, i128, i128)], faults: &[&str]| {
        let mut replay = Replay::default();
        counted(&mut replay, "posted", 700);
        counted(&mut replay, "pending", 20);
        counted(&mut replay, "posted", i64::MAX);
        let stored = stored(rows);
        replay.compare_rollups(&stored);
        replay.compare_balance(&stored);
        assert_eq!(replay.report.faults, faults);
        assert_eq!(replay.report.transfers, 3);
    };
    let all = i128::from(i64::MAX) + 700;
    check(&[("a", -20, -all), ("b", 20, all)], &[]);
    check(
        &[("a", -20, -all)],
        &[
            "The rollup of b in the live book says 0 EUR posted and 0 pending in minor units; its transfers say \
             9223372036854776507 and 20.",
            "The live book does not balance: EUR sums to -9223372036854776507 posted and -20 pending in minor units.",
        ],
    );
    check(
        &[("a", -20, -all), ("b", 20, all), ("c", 0, 1)],
        &[
            "The rollup of c in the live book says 1 EUR posted and 0 pending in minor units; its transfers say 0 and 0.",
            "The live book does not balance: EUR sums to 1 posted and 0 pending in minor units.",
        ],
    );
}

#[test]
fn a_book_broken_everywhere_is_told_in_a_thousand_sentences_and_one() {
    let mut replay = Replay::default();
    for entry in 0..1_500 {
        replay.astray(&entry, 9);
    }
    assert_eq!(replay.report.faults.len(), 1_001);
    assert_eq!(replay.report.faults[0], "Ledger entry 0 is of payment 9, which does not exist.");
    assert_eq!(replay.report.faults[1_000], "There are more than 1000 faults.");
}
