use jiff::{SignedDuration, Timestamp};

use super::{
    Email, Invitation, Level, Membership, Network, OneTime, PasswordHash, Permission, Role, Sealed, Session, Standing,
    StepRefusal, Throttle, TokenDigest, User,
};
use crate::{MerchantId, Record, UserId};

const OURS: MerchantId = MerchantId::from_number(1);
const THEIRS: MerchantId = MerchantId::from_number(2);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + second).expect("a time")
}

fn user(standing: Standing) -> User {
    let email = Email::parse("ann@example.com").expect("an address");
    User::invited(UserId::from_number(7), email, "Ann".to_owned(), standing, at(0))
}

fn member(role: Role) -> User {
    user(Standing::Member(vec![Membership { merchant: OURS, role }]))
}

fn digest(text: &str) -> TokenDigest {
    TokenDigest::new(text.to_owned())
}

fn session(name: &str, level: Level, second: i64) -> Session {
    let (begun_at, seen_at) = (at(second), at(second));
    Session { token: digest(name), level, begun_at, seen_at, address: [192, 0, 2, 1].into(), agent: String::new() }
}

/// The table of roles as people read it; a role or permission that is not in it fails.
#[test]
fn roles_may_do_what_the_table_says() {
    let table = "
        ViewPayments          Owner Developer BackOffice Approver ReadOnly
        ChangePayments        Owner BackOffice
        ViewWithdrawals       Owner Developer BackOffice Approver ReadOnly
        ApproveWithdrawals    Owner Approver
        ViewWebhooks          Owner Developer BackOffice ReadOnly
        ReplayWebhooks        Owner Developer BackOffice
        ViewLedger            Owner BackOffice Approver ReadOnly
        Develop               Owner Developer
        ViewCredentials       Owner Developer
        ManageTestCredentials Owner Developer
        ManageLiveCredentials Owner
        ViewRouting           Owner Developer
        ManageRouting         Owner
        ManageBranding        Owner
        ManageUsers           Owner
        ViewAudit             Owner";
    let mut lines = table.trim().lines();
    for permission in Permission::ALL {
        let holders: Vec<String> = Role::ALL
            .into_iter()
            .filter(|role| role.permits(permission))
            .map(|role| {
                assert!(member(role).may(OURS, permission));
                assert!(!member(role).may(THEIRS, permission), "{role:?} at another merchant");
                format!("{role:?}")
            })
            .collect();
        let line: Vec<&str> = lines.next().expect("a line").split_whitespace().collect();
        assert_eq!(line, [vec![format!("{permission:?}")], holders].concat());
        assert!(user(Standing::Operator).may(THEIRS, permission));
    }
    assert_eq!(lines.next(), None);
}

#[test]
fn a_merchant_is_seen_by_its_members_and_operators() {
    assert!(member(Role::ReadOnly).sees(OURS) && !member(Role::Owner).sees(THEIRS));
    assert!(user(Standing::Operator).sees(THEIRS) && user(Standing::Operator).is_operator());
    let mut both = member(Role::Owner);
    assert!(both.is_only_of(OURS));
    both.set_role(THEIRS, Some(Role::Approver));
    assert_eq!((both.role_at(OURS), both.role_at(THEIRS)), (Some(Role::Owner), Some(Role::Approver)));
    assert!(!both.is_only_of(OURS), "another merchant's owner must not get at her password");
    both.set_role(OURS, None);
    assert!(!both.sees(OURS) && both.is_only_of(THEIRS));
    assert!(!user(Standing::Operator).is_only_of(OURS));
}

#[test]
fn addresses_are_read_once_and_alike() {
    let check = |text: &str, read: Option<&str>| {
        assert_eq!(Email::parse(text).as_ref().map(Email::text), read, "{text:?}");
    };
    check(" Ann@Example.COM ", Some("ann@example.com"));
    check("ann", None);
    check("@example.com", None);
    check("ann@", None);
    check("a nn@example.com", None);
    check("ann@two@example.com", None);
    check(&format!("{}@example.com", "a".repeat(250)), None);
}

#[test]
fn sessions_end_by_idleness_by_age_and_by_order() {
    let mut ann = member(Role::Owner);
    ann.begin_session(session("one", Level::Full, 0), at(0));
    let alive = |user: &User, name: &str, second: i64| user.session(&digest(name), at(second)).is_some();
    assert!(alive(&ann, "one", 1_799) && !alive(&ann, "one", 1_800), "30 minutes without a request");
    ann.sessions[0].seen_at = at(43_000);
    assert!(alive(&ann, "one", 43_199) && !alive(&ann, "one", 43_200), "12 hours altogether");
    ann.begin_session(session("code", Level::AwaitsCode, 100), at(100));
    assert!(alive(&ann, "code", 399) && !alive(&ann, "code", 400), "5 minutes for the code");
    assert!(!alive(&ann, "none", 100));

    let mut busy = member(Role::Owner);
    for number in 0..25 {
        busy.begin_session(session(&number.to_string(), Level::Full, number), at(number));
    }
    assert!(busy.sessions.len() == 20 && !alive(&busy, "4", 30) && alive(&busy, "5", 30));
    assert_eq!(busy.end_sessions(|session| session.token == digest("7")), 1);
    assert!(!alive(&busy, "7", 30) && alive(&busy, "8", 30));
}

#[test]
fn a_new_password_or_a_disabled_user_ends_everything() {
    let mut ann = member(Role::Owner);
    ann.invitation = Some(Invitation { token: digest("link"), expires_at: at(9) });
    assert_eq!((ann.word_text(), ann.can_sign_in()), ("invited", false));
    ann.begin_session(session("one", Level::Full, 0), at(0));
    ann.set_password(PasswordHash::new("hash".to_owned()));
    assert_eq!((ann.sessions.len(), &ann.invitation, ann.word_text()), (0, &None, "active"));
    ann.begin_session(session("two", Level::Full, 1), at(1));
    ann.disable(at(2));
    ann.disable(at(3));
    assert_eq!((ann.disabled_at, ann.word_text(), ann.can_sign_in()), (Some(at(2)), "disabled", false));
    ann.begin_session(session("three", Level::Full, 4), at(4));
    assert_eq!(ann.session(&digest("three"), at(4)), None);
}

#[test]
fn codes_are_used_once() {
    let mut ann = member(Role::Owner);
    assert_eq!(ann.use_step(5), Err(StepRefusal::None));
    assert!(!ann.use_recovery(&digest("a")));
    let recovery = vec![digest("a"), digest("b")];
    ann.one_time = Some(OneTime { secret: Sealed::new(String::new()), last_step: 4, recovery });
    assert_eq!(ann.use_step(4), Err(StepRefusal::Used));
    assert_eq!(ann.use_step(6), Ok(()));
    assert_eq!(ann.use_step(6), Err(StepRefusal::Used));
    assert_eq!(ann.use_step(5), Err(StepRefusal::Used), "an older step after a newer one");
    assert!(ann.use_recovery(&digest("a")) && !ann.use_recovery(&digest("a")) && !ann.use_recovery(&digest("c")));
    assert_eq!(ann.one_time.expect("it stays").recovery.len(), 1);
}

#[test]
fn nothing_secret_is_printed() {
    let mut ann = member(Role::Owner);
    ann.password = Some(PasswordHash::new("planted-hash".to_owned()));
    ann.one_time = Some(OneTime { secret: Sealed::new("planted-seal".to_owned()), last_step: 0, recovery: Vec::new() });
    ann.begin_session(session("planted-token", Level::Full, 0), at(0));
    assert!(!format!("{ann:?}").contains("planted"));
}

fn network(last: u8) -> Network {
    Network::of([198, 51, last, 9].into())
}

#[test]
fn a_network_is_a_24_or_a_48() {
    let of = |text: &str| Network::of(text.parse().expect("an address"));
    assert_eq!(of("192.0.2.1"), of("192.0.2.200"));
    assert_ne!(of("192.0.2.1"), of("192.0.3.1"));
    assert_eq!(of("::ffff:192.0.2.1"), of("192.0.2.9"));
    assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:ffff::9"));
    assert_ne!(of("2001:db8:1::1"), of("2001:db8:2::1"));
}

/// Failed attempts of one network, each as soon as it is let: after how many seconds.
#[test]
fn a_guesser_becomes_slow() {
    let mut throttle = Throttle::default();
    throttle.begin(network(1), at(0)).expect("the first");
    throttle.succeed(network(1), at(0));
    let (mut now, mut waits) = (at(0), Vec::new());
    for _ in 0..14 {
        let waited = match throttle.begin(network(1), now) {
            Ok(()) => SignedDuration::ZERO,
            Err(wait) => {
                let waited = wait.until.duration_since(now);
                now = wait.until;
                throttle.begin(network(1), now).expect("it has waited");
                waited
            }
        };
        waits.push(waited.as_secs());
    }
    assert_eq!(waits, [0, 0, 0, 0, 0, 30, 60, 120, 240, 480, 960, 1_920, 3_600, 3_600]);
    assert!(throttle.begin(network(1), now).is_err());
    let later = now.saturating_add(SignedDuration::from_hours(1)).expect("a time");
    throttle.begin(network(1), later).expect("an hour is the longest");
    throttle.succeed(network(1), later);
    throttle.begin(network(1), later).expect("success forgives");
}

/// A crowd of machines guesses twenty times an hour, and the user is not kept from her own network.
#[test]
fn a_crowd_does_not_lock_the_user_out() {
    let mut throttle = Throttle::default();
    throttle.begin(network(250), at(0)).expect("the first");
    throttle.succeed(network(250), at(0));
    let crowd =
        |throttle: &mut Throttle, second| (0..200).filter(|n| throttle.begin(network(*n), at(second)).is_ok()).count();
    assert_eq!(crowd(&mut throttle, 10), 20);
    assert_eq!(crowd(&mut throttle, 3_599), 0);
    throttle.begin(network(250), at(3_601)).expect("her own network is free");
    throttle.succeed(network(250), at(3_601));
    assert_eq!(crowd(&mut throttle, 3_611), 20, "the next hour");
    assert!(throttle.begin(network(240), at(3_612)).is_err(), "a network that is new to her has to wait");
    throttle.begin(network(240), at(7_300)).expect("an hour later it need not");
}
