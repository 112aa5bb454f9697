//! Stories of users, on the store in memory.

use florin_kernel::secret::Secret;
use florin_kernel::user::{Email, Level, Membership, Role, User};
use florin_kernel::{MerchantId, Timestamp};
use florin_store::memory::MemoryStore;
use jiff::SignedDuration;

use super::one_time::code_at;
use super::password::Weak;
use super::{Client, Door, Grant, Invited, People, PeopleError, SignedIn, Visitor};
use crate::audit::{Who, entries};
use crate::keys::{Keyring, MasterKey};

const OURS: MerchantId = MerchantId::from_number(1);
const THEIRS: MerchantId = MerchantId::from_number(2);
const PASSWORD: &str = "correct horse battery";

/// An installation with a clock that is set by hand.
struct Stage {
    store: MemoryStore,
    keyring: Keyring,
    door: Door,
    now: Timestamp,
}

impl Stage {
    fn new() -> Stage {
        let now = Timestamp::from_second(1_800_000_000).expect("a time");
        let keyring = Keyring::new(&MasterKey::generate());
        Stage { store: MemoryStore::new(), keyring, door: Door::default(), now }
    }

    fn people(&self) -> People<'_> {
        People::new(&self.store, &self.keyring, &self.door, self.now)
    }

    fn pass(&mut self, minutes: i64) {
        self.now = self.now.saturating_add(SignedDuration::from_mins(minutes)).expect("a time");
    }

    /// Invites somebody and follows the link.
    async fn member(&self, email: &str, grant: Grant) -> User {
        let invited = self.people().invite(&Who::CommandLine, email, "Ann", grant).await.expect("invited");
        let Invited::New { token, .. } = invited else { panic!("she had no login") };
        self.people().accept_link(token.expose(), &secret(PASSWORD), &client(1)).await.expect("a password")
    }

    async fn sign_in(&self, email: &str, password: &str, network: u8) -> Result<SignedIn, PeopleError> {
        self.people().sign_in(email, &secret(password), &client(network)).await
    }

    async fn visitor(&self, signed_in: &SignedIn) -> Option<Visitor> {
        let found = self.people().visitor(signed_in.token.expose(), Level::Full, client(1).address).await;
        found.expect("the store answers")
    }

    async fn actions(&self) -> Vec<String> {
        let told = entries(&self.store, None, None, 100).await.expect("the log");
        let report = super::verify_audit(&self.store).await.expect("the log");
        assert_eq!(report.faults, Vec::<String>::new());
        told.into_iter().rev().map(|entry| entry.action).collect()
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn client(network: u8) -> Client {
    Client::new([192, 0, network, 7].into(), "a browser")
}

fn owner() -> Grant {
    Grant::Member(Membership { merchant: OURS, role: Role::Owner })
}

#[tokio::test]
async fn an_invitation_leads_in_once() {
    let mut stage = Stage::new();
    let invited = stage.people().invite(&Who::CommandLine, " Ann@Example.com", "Ann", owner()).await.expect("invited");
    let Invited::New { user, token } = invited else { panic!("she is new") };
    assert_eq!((user.email.text(), user.role_at(OURS)), ("ann@example.com", Some(Role::Owner)));
    let accept = async |stage: &Stage, password: &str| {
        stage.people().accept_link(token.expose(), &secret(password), &client(1)).await.map(drop)
    };
    assert_eq!(accept(&stage, "short").await, Err(PeopleError::Weak(Weak::Short)));
    assert_eq!(stage.sign_in("ann@example.com", "", 1).await.err(), Some(PeopleError::Wrong));
    accept(&stage, PASSWORD).await.expect("a password");
    assert_eq!(accept(&stage, PASSWORD).await, Err(PeopleError::NotFound), "it is used up");

    let signed_in = stage.sign_in("ANN@example.com ", PASSWORD, 1).await.expect("signed in");
    let visitor = stage.visitor(&signed_in).await.expect("a visitor");
    assert_eq!(visitor.user.email.text(), "ann@example.com");
    let of = |text: &str| {
        stage.people().form_token(&florin_kernel::user::Session {
            token: florin_kernel::user::TokenDigest::new(text.to_owned()),
            ..visitor.session.clone()
        })
    };
    assert_ne!(of("a"), of("b"));
    assert_eq!(stage.actions().await, ["user.invited", "user.password_set", "user.signed_in"]);

    let renewed = stage.people().renew_link(&Who::CommandLine, visitor.user.id, Some(OURS)).await.expect("a link");
    stage.pass(72 * 60);
    assert_eq!(stage.people().of_link(renewed.expose()).await, Err(PeopleError::NotFound), "three days are over");
    assert_eq!(stage.people().of_link("").await, Err(PeopleError::NotFound));
    assert_eq!(stage.people().of_link(&"0".repeat(59)).await, Err(PeopleError::NotFound));
}

#[tokio::test]
async fn a_session_ends_by_idleness_and_by_order() {
    let mut stage = Stage::new();
    stage.member("ann@example.com", owner()).await;
    let first = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let second = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    for _ in 0..4 {
        stage.pass(20);
        assert!(stage.visitor(&first).await.is_some(), "each request keeps it alive");
    }
    assert!(stage.visitor(&second).await.is_none(), "it was idle for more than half an hour");

    let third = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let visitor = stage.visitor(&third).await.expect("a visitor");
    assert_eq!(stage.people().end_other_sessions(&visitor).await, Ok(1));
    assert!(stage.visitor(&first).await.is_none());
    let own = visitor.session.name().to_owned();
    assert_eq!(stage.people().end_session(&visitor, "000000000000").await, Err(PeopleError::NotFound));
    stage.people().end_session(&visitor, &own).await.expect("ended");
    assert!(stage.visitor(&third).await.is_none());
    for token in ["", "x", "0000000000000001abc", "ünïcödeünïcödeü"] {
        let found = stage.people().visitor(token, Level::Full, client(1).address).await.expect("an answer");
        assert!(found.is_none(), "{token}");
    }
}

#[tokio::test]
async fn guessing_is_slow_and_tells_nothing() {
    let mut stage = Stage::new();
    stage.member("ann@example.com", owner()).await;
    stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("her own network");
    for email in ["ann@example.com", "nobody@example.com"] {
        for _ in 0..5 {
            assert_eq!(stage.sign_in(email, "wrong", 9).await.err(), Some(PeopleError::Wrong));
        }
        let until = stage.now.saturating_add(SignedDuration::from_secs(30)).expect("a time");
        assert_eq!(stage.sign_in(email, PASSWORD, 9).await.err(), Some(PeopleError::Wait { until }), "{email}");
    }
    stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("she is not locked out");
    stage.pass(1);
    stage.sign_in("ann@example.com", PASSWORD, 9).await.expect("nor is the place for ever");
}

#[tokio::test]
async fn a_second_factor_is_asked_for_and_used_once() {
    let mut stage = Stage::new();
    stage.member("ann@example.com", owner()).await;
    let signed_in = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let visitor = stage.visitor(&signed_in).await.expect("a visitor");
    let offer = stage.people().offer_one_time(&visitor).await.expect("an offer");
    let again = stage.people().offer_one_time(&visitor).await.expect("an offer");
    assert_eq!(offer.secret.expose(), again.secret.expose());
    let confirm = async |stage: &Stage, code: &str| stage.people().confirm_one_time(&visitor, code, &client(1)).await;
    assert_eq!(confirm(&stage, "000").await.err(), Some(PeopleError::Wrong));
    let first = code_at(&offer.secret, stage.now);
    let recovery = confirm(&stage, &first).await.expect("recovery codes");
    assert_eq!(recovery.len(), 10);

    let half = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("the password is right");
    assert_eq!(half.level, Level::AwaitsCode);
    assert!(stage.visitor(&half).await.is_none(), "half a sign-in opens nothing");
    let enter = async |stage: &Stage, half: &SignedIn, code: &str| {
        stage.people().enter_code(half.token.expose(), code, &client(1)).await
    };
    assert_eq!(enter(&stage, &half, &first).await.err(), Some(PeopleError::Wrong), "that code is used up");
    stage.pass(1);
    let next = code_at(&offer.secret, stage.now);
    let full = enter(&stage, &half, &next).await.expect("signed in");
    assert!(stage.visitor(&full).await.is_some());
    assert_eq!(enter(&stage, &half, &next).await.err(), Some(PeopleError::NotFound), "the half session is gone");

    let half = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("the password is right");
    let code = recovery[3].expose().to_uppercase().replace('-', " ");
    let recovered = stage.people().enter_recovery(half.token.expose(), &code, &client(1)).await.expect("signed in");
    let visitor = stage.visitor(&recovered).await.expect("a visitor");
    let half = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("the password is right");
    let used = stage.people().enter_recovery(half.token.expose(), &code, &client(1)).await;
    assert_eq!(used.err(), Some(PeopleError::Wrong));
    stage.pass(5);
    assert_eq!(enter(&stage, &half, "1").await.err(), Some(PeopleError::NotFound), "five minutes are over");

    let password = secret(PASSWORD);
    let wrong = stage.people().remove_one_time(&visitor, &secret("wrong"), &client(1)).await;
    assert_eq!(wrong, Err(PeopleError::Wrong));
    let codes = stage.people().renew_recovery_codes(&visitor, &password, &client(1)).await.expect("codes");
    assert_ne!(codes[0].expose(), recovery[0].expose());
    stage.people().remove_one_time(&visitor, &password, &client(1)).await.expect("removed");
    let signed_in = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("the password is enough");
    assert_eq!(signed_in.level, Level::Full);
    let log = entries(&stage.store, None, None, 100).await.expect("the log");
    for planted in [offer.secret.expose(), recovery[0].expose(), PASSWORD, "argon2id"] {
        assert!(!format!("{log:?}").contains(planted), "{planted}");
    }
}

#[tokio::test]
async fn codes_cannot_be_tried_out() {
    let stage = Stage::new();
    stage.member("ann@example.com", owner()).await;
    let signed_in = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let visitor = stage.visitor(&signed_in).await.expect("a visitor");
    let offer = stage.people().offer_one_time(&visitor).await.expect("an offer");
    let code = code_at(&offer.secret, stage.now);
    stage.people().confirm_one_time(&visitor, &code, &client(1)).await.expect("codes");
    let mut wrong = 0;
    let waits = loop {
        let half = match stage.sign_in("ann@example.com", PASSWORD, 1).await {
            Ok(half) => half,
            Err(error) => break error,
        };
        match stage.people().enter_code(half.token.expose(), "123", &client(1)).await.err() {
            Some(PeopleError::Wrong) => wrong += 1,
            other => break other.expect("a wrong code"),
        }
    };
    assert!(matches!(waits, PeopleError::Wait { .. }) && wrong < 5, "{wrong} {waits:?}");
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions() {
    let stage = Stage::new();
    stage.member("ann@example.com", owner()).await;
    let old = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let here = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let visitor = stage.visitor(&here).await.expect("a visitor");
    let change = async |current: &str, new: &str| {
        stage.people().change_password(&visitor, &secret(current), &secret(new), &client(1)).await
    };
    assert_eq!(change("wrong", "another long one").await, Err(PeopleError::Wrong));
    assert_eq!(change(PASSWORD, "ann@example.com!").await, Err(PeopleError::Weak(Weak::Guessable)));
    change(PASSWORD, "another long one").await.expect("changed");
    assert!(stage.visitor(&old).await.is_none() && stage.visitor(&here).await.is_some());
    assert_eq!(stage.sign_in("ann@example.com", PASSWORD, 1).await.err(), Some(PeopleError::Wrong));
    stage.sign_in("ann@example.com", "another long one", 1).await.expect("signed in");
}

#[tokio::test]
async fn owners_reach_their_own_people_only() {
    let stage = Stage::new();
    let ann = stage.member("ann@example.com", owner()).await;
    let bob = stage.member("bob@example.com", Grant::Member(Membership { merchant: OURS, role: Role::ReadOnly })).await;
    let root = stage.member("root@example.com", Grant::Operator).await;
    let signed_in = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let who = stage.visitor(&signed_in).await.expect("a visitor").who();
    let people = stage.people();
    let emails = |users: Vec<User>| users.iter().map(|user| user.email.text().to_owned()).collect::<Vec<_>>();
    assert_eq!(emails(people.members(OURS).await.expect("users")), ["ann@example.com", "bob@example.com"]);
    assert_eq!(people.users().await.expect("users").len(), 3);

    assert_eq!(people.set_role(&who, ann.id, OURS, None).await, Err(PeopleError::NotYours), "not her own");
    assert_eq!(people.set_role(&who, root.id, OURS, None).await, Err(PeopleError::NotFound));
    assert_eq!(people.renew_link(&who, root.id, Some(OURS)).await.err(), Some(PeopleError::NotFound));
    people.renew_link(&who, bob.id, Some(OURS)).await.expect("a link");
    let there = Grant::Member(Membership { merchant: THEIRS, role: Role::Approver });
    let known = people.invite(&Who::CommandLine, "bob@example.com", "", there).await.expect("invited");
    assert!(matches!(known, Invited::Known { user } if user.role_at(THEIRS) == Some(Role::Approver)));
    assert_eq!(people.invite(&Who::CommandLine, "bob@example.com", "", there).await.err(), Some(PeopleError::Taken));
    assert_eq!(
        people.renew_link(&who, bob.id, Some(OURS)).await.err(),
        Some(PeopleError::NotYours),
        "it would open another merchant's portal"
    );
    assert_eq!(people.reset_one_time(&who, bob.id, Some(OURS)).await.err(), Some(PeopleError::NotYours));
    let bob = people.set_role(&who, bob.id, OURS, None).await.expect("removed");
    assert_eq!((bob.role_at(OURS), bob.role_at(THEIRS)), (None, Some(Role::Approver)));
    assert_eq!(people.invite(&who, "root@example.com", "", owner()).await.err(), Some(PeopleError::Taken));
    assert_eq!(people.invite(&who, "bob@", "", owner()).await.err(), Some(PeopleError::Invalid("email")));
    assert_eq!(people.invite(&who, "new@example.com", " ", owner()).await.err(), Some(PeopleError::Invalid("name")));
}

#[tokio::test]
async fn who_is_disabled_is_out() {
    let stage = Stage::new();
    let ann = stage.member("ann@example.com", owner()).await;
    let signed_in = stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    stage.people().disable(&Who::CommandLine, ann.id).await.expect("disabled");
    assert!(stage.visitor(&signed_in).await.is_none());
    assert_eq!(stage.sign_in("ann@example.com", PASSWORD, 1).await.err(), Some(PeopleError::Wrong));
    assert_eq!(stage.people().renew_link(&Who::CommandLine, ann.id, None).await.err(), Some(PeopleError::NotFound));
    stage.people().enable(&Who::CommandLine, ann.id).await.expect("enabled");
    stage.people().enable(&Who::CommandLine, ann.id).await.expect("nothing to do");
    stage.sign_in("ann@example.com", PASSWORD, 1).await.expect("signed in");
    let expected =
        ["user.invited", "user.password_set", "user.signed_in", "user.disabled", "user.enabled", "user.signed_in"];
    assert_eq!(stage.actions().await, expected);
}

#[tokio::test]
async fn the_demo_user_is_made_once_and_mended() {
    let stage = Stage::new();
    let email = Email::parse("operator@example.com").expect("an address");
    for _ in 0..2 {
        stage.people().ensure_operator(&email, "Demo operator", &secret(PASSWORD)).await.expect("made");
    }
    assert_eq!(stage.actions().await.len(), 1);
    stage.people().ensure_operator(&email, "Demo operator", &secret("another long one")).await.expect("mended");
    let signed_in = stage.sign_in("operator@example.com", "another long one", 1).await.expect("signed in");
    assert!(stage.visitor(&signed_in).await.expect("a visitor").user.is_operator());
}
