use super::report::Report;
use super::run;
use super::world::{StoreKind, play};

fn all_good(report: &Report) {
    assert!(report.is_good(), "{report}");
}

fn quietly(_: &Report) {}

#[test]
fn seeds_on_the_store_in_memory() {
    all_good(&run(0..1_000, StoreKind::Memory, 2, &quietly));
}

#[test]
fn seeds_on_sqlite() {
    all_good(&run(5_000..5_032, StoreKind::Sqlite, 2, &quietly));
}

#[test]
fn a_seed_is_one_history() {
    for seed in 0..20 {
        let (one, other) = (play(seed, StoreKind::Memory), play(seed, StoreKind::Memory));
        assert_eq!(one.lines, other.lines, "seed {seed}");
        assert_eq!(one.hash, other.hash, "seed {seed}");
        assert_eq!(play(seed, StoreKind::Sqlite).hash, one.hash, "seed {seed} on SQLite");
    }
}
