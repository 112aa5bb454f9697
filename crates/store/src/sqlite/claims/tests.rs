//! Whatever is taken, refused, settled, purged and opened again: a key belongs to whoever took it first.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use tokio::task::JoinSet;

use crate::conformance::fixtures::claim;
use crate::sqlite::{SqliteSettings, SqliteStore};
use crate::{Changeset, Claim, Store, Verdict};

/// What happens to a store.
#[derive(Clone, Debug)]
enum Act {
    /// Changesets committed at once, each with one key or two.
    Take(Vec<(u8, Option<u8>)>),
    /// Keys taken for a while go.
    Purge,
    /// The process ends, and another one opens the file.
    Restart,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        12 => vec((any::<u8>(), proptest::option::weighted(0.2, any::<u8>())), 1..12).prop_map(Act::Take),
        1 => Just(Act::Purge),
        2 => Just(Act::Restart),
    ]
}

/// The fixture's claims of even keys are references, those of odd ones expire.
fn of_key(key: u8, payment: i64) -> Claim {
    Claim { expires: key % 2 == 1, ..claim(key, key, payment) }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]
    #[test]
    fn a_key_belongs_to_the_first(acts in vec(act(), 1..30)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(play(acts));
    }
}

async fn play(acts: Vec<Act>) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("florin.db");
    let settings = SqliteSettings { fresh_claims_max: 24, ..SqliteSettings::default() };
    let open = || SqliteStore::open(&path, settings).expect("a good database");
    let (mut store, mut owners, mut payment) = (Arc::new(open()), HashMap::<u8, Claim>::new(), 0);
    for act in acts {
        match act {
            Act::Take(changesets) => {
                let mut committing = JoinSet::new();
                for (first, second) in changesets {
                    payment += 1;
                    let second = second.filter(|second| *second != first);
                    let claims: Vec<Claim> =
                        [first].into_iter().chain(second).map(|key| of_key(key, payment)).collect();
                    let store = store.clone();
                    committing.spawn(async move {
                        let changeset = Changeset { claims: claims.clone(), ..Changeset::default() };
                        (claims, store.commit(changeset).await.expect("the store takes it"))
                    });
                }
                let done = committing.join_all().await;
                for (claims, _) in done.iter().filter(|(_, verdict)| *verdict == Verdict::Committed) {
                    for claim in claims {
                        let before = owners.insert(claim.key[15], *claim);
                        assert_eq!(before, None, "a key is taken twice");
                    }
                }
                for (claims, verdict) in done {
                    let owner = |claim: &Claim| owners.get(&claim.key[15]).copied();
                    if verdict != Verdict::Committed {
                        let taken = claims.iter().filter_map(owner).map(Verdict::Duplicate);
                        assert!(taken.collect::<Vec<_>>().contains(&verdict), "refused for nothing: {verdict:?}");
                    }
                }
            }
            Act::Purge => {
                let later = of_key(0, 0).at + jiff::SignedDuration::from_hours(1);
                store.purge(later, 1_000).await.expect("purged");
                owners.retain(|_, claim| !claim.expires);
            }
            Act::Restart => {
                store.close().await;
                store = Arc::new(open());
            }
        }
        for key in 0..=u8::MAX {
            let found = store.claim(of_key(key, 0).key).await.expect("the store answers");
            assert_eq!(found, owners.get(&key).copied(), "key {key}");
        }
    }
}
