use florin_kernel::sabotage::DEFECTS;

use super::controls::Suite;
use super::report::Report;
use super::run;
use super::weather::{TROUBLES, Trouble};
use super::world::{StoreKind, play};

const CORNERS: [&str; 58] = [
    "captured",
    "partially_refunded",
    "refunded",
    "charged_back",
    "declined",
    "failed",
    "cancelled",
    "expired",
    "voided",
    "authorisation_expired",
    "several attempts",
    "late sale",
    "late authorisation",
    "late money charged back",
    "capture",
    "void",
    "refund",
    "capture, void or refund never arrived",
    "conversion",
    "answer given again",
    "reference refused",
    "version conflict",
    "event given up",
    "callback refused",
    "drained",
    "withdrawal: paid",
    "withdrawal: returned",
    "withdrawal: declined",
    "withdrawal: failed",
    "withdrawal: rejected",
    "withdrawal: approval expired",
    "withdrawal: not confirmed",
    "withdrawal not covered",
    "invoice: paid",
    "invoice: expired",
    "invoice: several tries",
    "invoice: a try refused",
    "plan: completed",
    "plan: stopped",
    "plan: a charge that failed",
    "coins: confirmed",
    "coins: accepted unconfirmed",
    "coins: confirmed no longer",
    "coins: confirmed again",
    "coins: cancelled",
    "coins: expired",
    "coins: underpaid in the end",
    "coins: double spent",
    "coins: dropped",
    "coins: underpaid",
    "coins: topped up",
    "coins: overpaid",
    "coins: paid late",
    "coins: paid twice",
    "coins: refund",
    "coins: refund failed",
    "reorganisation with something of ours",
    "replaced by fee",
];

/// A part of the histories has coins, and refunds of them are few.
const OF_COINS: [Trouble; 15] = [
    Trouble::ChainAway,
    Trouble::ChainSlow,
    Trouble::ChainBehind,
    Trouble::ChainRepeats,
    Trouble::ChainAnswerLost,
    Trouble::Reorganisation,
    Trouble::DoubleSpend,
    Trouble::Eviction,
    Trouble::SendLost,
    Trouble::SendRefused,
    Trouble::SendDelayed,
    Trouble::SendAnswerLost,
    Trouble::SignerLost,
    Trouble::SignerRefuses,
    Trouble::RatesAway,
];

fn all_good(report: &Report) {
    assert!(report.is_good(), "{report}");
}

fn quietly(_: &Report) {}

#[test]
fn seeds_on_the_store_in_memory() {
    let report = run(0..1_000, StoreKind::Memory, 2, &quietly);
    all_good(&report);
    // A simulation that never comes by these places says nothing of them.
    for (trouble, count) in TROUBLES.iter().zip(report.strikes.0) {
        let least = if OF_COINS.contains(trouble) { 10 } else { 100 };
        assert!(count >= least, "{trouble:?} struck {count} times\n{report}");
    }
    for corner in CORNERS {
        assert!(report.corners.get(corner).is_some_and(|count| *count > 0), "{corner}\n{report}");
    }
}

#[test]
fn seeds_on_sqlite() {
    all_good(&run(5_000..5_032, StoreKind::Sqlite, 2, &quietly));
}

/// On either store.
#[test]
fn a_seed_is_one_history() {
    for seed in 0..20 {
        let (one, other) = (play(seed, StoreKind::Memory), play(seed, StoreKind::Memory));
        assert_eq!(one.lines, other.lines, "seed {seed}");
        assert_eq!(one.hash, other.hash, "seed {seed}");
        // A database for each history takes its time.
        if seed < 6 {
            assert_eq!(play(seed, StoreKind::Sqlite).hash, one.hash, "seed {seed} on SQLite");
        }
    }
}

const TOLD: u64 = 345;

#[test]
fn tells_its_number() {
    let number = play(TOLD, StoreKind::Memory).hash;
    println!("number {number:016x}");
    assert_ne!(number, 0);
}

/// Addresses, hash seeds and the time of day are another process's own; its history is not.
#[test]
fn another_process_plays_the_same_history() {
    let this = std::env::current_exe().expect("the tests' binary");
    let arguments = ["--exact", "sim::tests::tells_its_number", "--nocapture"];
    let output = std::process::Command::new(this).args(arguments).output().expect("another process");
    let output = String::from_utf8_lossy(&output.stdout).into_owned();
    let expected = format!("number {:016x}", play(TOLD, StoreKind::Memory).hash);
    assert!(output.contains(&expected), "{expected} is not in {output}");
}

/// What must notice defects finds nothing where there is none.
#[test]
fn controls_are_quiet_without_a_defect() {
    let mut quiet = Vec::new();
    for suite in DEFECTS.map(Suite::against) {
        if !quiet.contains(&suite) {
            assert_eq!(suite.first_fault(), None, "{suite:?}");
            quiet.push(suite);
        }
    }
}

#[test]
fn the_document_names_every_defect() {
    let document = std::fs::read_to_string(crate::repository_root().join("docs/reliability.md")).expect("the document");
    for defect in DEFECTS {
        assert!(document.contains(&format!("| `{}` |", defect.name())), "{}", defect.name());
    }
}

/// Every planted defect is noticed by the suite that the table in docs/reliability.md names.
#[cfg(feature = "sabotage")]
#[test]
fn every_planted_defect_is_noticed() {
    use florin_kernel::sabotage::plant;
    for defect in DEFECTS {
        plant(Some(defect));
        let noticed = Suite::against(defect).first_fault();
        plant(None);
        println!("{}: {noticed:?}", defect.name());
        assert!(noticed.is_some(), "{} goes unnoticed by {:?}", defect.name(), Suite::against(defect));
    }
}
