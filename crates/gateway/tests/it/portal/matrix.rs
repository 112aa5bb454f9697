//! Who may what: every route, every role, at one's own merchant and at another. A route that is missing here fails, and so does a line
//! whose route is gone.

use std::collections::BTreeMap;

use florin_engine::Form;
use florin_engine::office::Scope;
use florin_engine::people::{Client, Grant};
use florin_engine::setup;
use florin_gateway::demo::{CASHIER, MERCHANT};
use florin_gateway::portal::routes::{Access, ROUTES, Verb};
use florin_kernel::payment::{Mode, Payment};
use florin_kernel::ports::Lane;
use florin_kernel::routing::{ProviderAccount, ProviderId, Rule};
use florin_kernel::secret::Secret;
use florin_kernel::user::Role;
use florin_kernel::withdrawal::Withdrawal;
use florin_kernel::{CredentialId, EventId, MerchantId, PaymentId};
use florin_store::{Changeset, EventWrite, PaymentWrite, Verdict};
use reqwest::StatusCode;
use serde_json::json;

use super::payments::printed;
use super::{Browser, OTHER, PASSWORD, Page, add_merchant, add_user, ours, theirs};
use crate::withdrawals;
use crate::world::World;

/// A line a route: verb, path, who may. `anybody`; `half`: who has given her password only; `users`: whoever has signed in; `token`: programs;
/// else roles, beside which operators may everywhere.
const MATRIX: &str = include_str!("matrix.txt");

/// Who comes.
const COMERS: [&str; 8] = ["nobody", "half", "owner", "developer", "back_office", "approver", "read_only", "operator"];

/// How the door answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    /// The handler ran, whatever it made of an empty form.
    Admitted,
    ToSignIn,
    Forbidden,
    /// As if it did not exist.
    NotFound,
    ForeignForm,
    Unauthorised,
}

impl Outcome {
    fn of(page: &Page) -> Outcome {
        assert!(!page.status.is_server_error(), "{} {}", page.status, page.text);
        let says = |text: &str| page.text.contains(text);
        match page.status {
            StatusCode::SEE_OTHER if page.location == "/portal/sign-in" => Outcome::ToSignIn,
            StatusCode::SEE_OTHER if page.location.starts_with("/portal/sign-in?next=") => Outcome::ToSignIn,
            StatusCode::FORBIDDEN if says("Your role does not include") => Outcome::Forbidden,
            StatusCode::FORBIDDEN if says("The form was not accepted") => Outcome::ForeignForm,
            StatusCode::NOT_FOUND if says("There is nothing at this address, or") => Outcome::NotFound,
            StatusCode::UNAUTHORIZED if says("Send the admin token") => Outcome::Unauthorised,
            _ => Outcome::Admitted,
        }
    }
}

struct Line {
    verb: &'static str,
    path: &'static str,
    may: Vec<&'static str>,
}

fn lines() -> Vec<Line> {
    let line = |text: &'static str| {
        let mut words = text.split_whitespace();
        let (verb, path) = (words.next().expect("a verb"), words.next().expect("a path"));
        Line { verb, path, may: words.collect() }
    };
    MATRIX.trim().lines().map(line).collect()
}

#[test]
fn every_route_has_a_line_and_every_line_a_route() {
    let verb = |verb: Verb| match verb {
        Verb::Get => "GET",
        Verb::Post => "POST",
    };
    let mut routes: Vec<_> = ROUTES.iter().map(|route| (route.path, verb(route.verb))).collect();
    let mut lines: Vec<_> = lines().iter().map(|line| (line.path, line.verb)).collect();
    routes.sort_unstable();
    lines.sort_unstable();
    assert_eq!(routes, lines);
    for route in ROUTES {
        let scoped = route.path.starts_with("/portal/m/{merchant}/{mode}");
        assert_eq!(scoped, matches!(route.access, Access::Merchant(_)), "{}", route.path);
        assert_eq!(route.path.starts_with("/portal/operator/"), route.access == Access::Operator, "{}", route.path);
        assert_eq!(route.path.starts_with("/admin/v1/"), route.access == Access::AdminToken, "{}", route.path);
    }
}

/// What the matrix says of somebody at her own merchant.
fn expected(line: &Line, comer: &str) -> Outcome {
    let signed_in = !["nobody", "half"].contains(&comer);
    match line.may[..] {
        ["anybody"] => Outcome::Admitted,
        ["token"] => Outcome::Unauthorised,
        ["half"] if comer == "half" => Outcome::Admitted,
        ["half"] => Outcome::ToSignIn,
        _ if !signed_in => Outcome::ToSignIn,
        ["users"] => Outcome::Admitted,
        _ if comer == "operator" || line.may.contains(&comer) => Outcome::Admitted,
        _ => Outcome::Forbidden,
    }
}

/// The users of the matrix, and whom and what the paths name.
struct Cast {
    emails: BTreeMap<&'static str, String>,
    secret: Secret,
    spare: i64,
    stranger: i64,
    paid: Paid,
    things: Things,
}

/// A payment and a withdrawal of each merchant, the demo's first.
struct Paid([[String; 2]; 2]);

impl Paid {
    /// Those of the demo's merchant, and copies that belong to the other one.
    async fn at_both(world: &World) -> Paid {
        world.pay_by_card("matrix", "4111111111111111", "10.00", json!({})).await;
        withdrawals::confirmed(world, "matrix-out", "20.00", withdrawals::IBAN, json!({})).await;
        let payment = world.payments().await.pop().expect("a payment");
        let scope = Scope { mode: Mode::Dev, merchant: Some(payment.merchant) };
        let waiting = world.engine().office_approvals(scope, None, 1).await.expect("the store answers");
        let withdrawal = waiting.rows.into_iter().next().expect("a withdrawal");
        let id = || world.engine().new_payment_id();
        let theirs = (
            Payment { id: id(), merchant: OTHER, ..payment.clone() },
            Withdrawal { id: id(), merchant: OTHER, ..withdrawal.clone() },
        );
        let payments = vec![PaymentWrite::insert(&theirs.0), PaymentWrite::insert(&theirs.1)];
        let changeset = Changeset { payments, ..Changeset::default() };
        assert_eq!(world.engine().store().commit(changeset).await.expect("an answer"), Verdict::Committed);
        let printed = |ids: [PaymentId; 2]| ids.map(|id| printed(world, id));
        Paid([printed([payment.id, withdrawal.id]), printed([theirs.0.id, theirs.1.id])])
    }

    /// A path that names what a merchant has, and what is done with it.
    fn name(&self, path: &str, merchant: i64) -> String {
        let [payment, withdrawal] = &self.0[usize::from(merchant == OTHER.number())];
        let id = if path.contains("/withdrawals/") { withdrawal } else { payment };
        let path = path.replace("{payment}", id).replace("{order}", "refund").replace("{decision}", "reject");
        path.replace("{operation}", "1")
    }
}

/// What the paths name beside users: a credential, a provider, a rule and a webhook of each merchant.
struct Things {
    events: [EventId; 2],
}

/// The number of the other merchant's credential, and of both merchants' own providers and rules.
const THEIRS: i64 = 902;
const OURS: i64 = 901;

impl Things {
    async fn of_both(world: &World) -> Things {
        let (store, keyring) = (world.engine().store(), world.engine().keyring());
        let directory = world.engine().directory();
        let mut rows = Vec::new();
        for (number, merchant) in [(OURS, MERCHANT), (THEIRS, OTHER)] {
            let account = &directory.catalogue().providers[0];
            let id = ProviderId::new(number);
            let account = ProviderAccount { id, merchant: Some(merchant), ..ProviderAccount::clone(account) };
            rows.push(setup::provider_row(&account));
            let rule = directory.catalogue().rules()[0].clone();
            rows.push(setup::rule_row(&Rule { id: number, merchant: Some(merchant), order: 99, ..rule }));
        }
        let known = directory.credential(CASHIER).expect("the demo's");
        let theirs = setup::NewCredential {
            id: CredentialId::from_number(THEIRS),
            merchant: OTHER,
            mode: Mode::Dev,
            dialect: known.dialect,
            label: known.label.clone(),
            key: Secret::new("theirs".to_owned()),
            other_keys: Vec::new(),
            permissions: known.permissions.clone(),
            expires_at: None,
            revoked: false,
            allow: Vec::new(),
            deny: Vec::new(),
            settings: known.settings.clone(),
            signature_password: Secret::new("theirs".to_owned()),
        };
        rows.push(setup::credential_row(&theirs, keyring));
        store.put_config(rows).await.expect("written");
        world.engine().reload_directory().await.expect("read");
        let mut events = Vec::new();
        for (credential, merchant) in [(CASHIER, MERCHANT), (theirs.id, OTHER)] {
            events.push(waiting_event(world, credential, merchant).await);
        }
        Things { events: [events[0], events[1]] }
    }

    fn name(&self, path: &str, merchant: i64) -> String {
        let (credential, number, event) = match merchant == OTHER.number() {
            true => (THEIRS, THEIRS, self.events[1]),
            false => (CASHIER.number(), OURS, self.events[0]),
        };
        let path =
            path.replace("{credential}", &credential.to_string()).replace("{event}", &event.number().to_string());
        path.replace("{provider}", &number.to_string()).replace("{rule}", &number.to_string())
    }
}

/// An event that is due tomorrow, so that nobody is called.
async fn waiting_event(world: &World, credential: CredentialId, merchant: MerchantId) -> EventId {
    let id = EventId::from_number(world.engine().new_payment_id().number());
    let event = EventWrite {
        id,
        payment: world.engine().new_payment_id(),
        lane: Lane::Dev(merchant),
        credential,
        url: "https://shop.example/hook".to_owned(),
        endpoint: "shop.example:443".to_owned(),
        form: Form::default(),
        body: "{}".to_owned(),
        due_at: world.engine().wall() + jiff::SignedDuration::from_hours(24),
    };
    let changeset = Changeset { events: vec![event], ..Changeset::default() };
    assert_eq!(world.engine().store().commit(changeset).await.expect("an answer"), Verdict::Committed);
    id
}

async fn cast(world: &World) -> Cast {
    add_merchant(world).await;
    let mut emails = BTreeMap::new();
    for role in Role::ALL {
        let email = format!("{}@example.com", role.word());
        add_user(world, &email, ours(role)).await;
        emails.insert(role.word(), email);
    }
    add_user(world, "root@example.com", Grant::Operator).await;
    emails.insert("operator", "root@example.com".to_owned());
    add_user(world, "half@example.com", ours(Role::Owner)).await;
    emails.insert("half", "half@example.com".to_owned());
    let spare = add_user(world, "spare@example.com", ours(Role::ReadOnly)).await.id.number();
    let stranger = add_user(world, "stranger@example.com", theirs(Role::Owner)).await.id.number();

    let people = world.engine().people();
    let client = Client::new([127, 0, 0, 1].into(), "");
    let password = Secret::new(PASSWORD.to_owned());
    let session = people.sign_in("half@example.com", &password, &client).await.expect("signed in");
    let visitor = people.visitor(session.token.expose(), session.level, client.address).await.expect("an answer");
    let visitor = visitor.expect("a visitor");
    let secret = people.offer_one_time(&visitor).await.expect("an offer").secret;
    let code = florin_engine::people::one_time::code_at(&secret, world.engine().wall());
    people.confirm_one_time(&visitor, &code, &client).await.expect("codes");
    let (paid, things) = (Paid::at_both(world).await, Things::of_both(world).await);
    Cast { emails, secret, spare, stranger, paid, things }
}

async fn comes<'w>(world: &'w World, cast: &Cast, comer: &str) -> Browser<'w> {
    match cast.emails.get(comer) {
        Some(email) => Browser::signed_in(world, email, PASSWORD).await,
        None => Browser::new(world),
    }
}

async fn ask(browser: &mut Browser<'_>, verb: &str, path: &str) -> Outcome {
    let page = match verb {
        "GET" => browser.get(path).await,
        _ => browser.post(path, &[]).await,
    };
    Outcome::of(&page)
}

#[tokio::test]
async fn every_role_may_what_the_matrix_says() {
    let world = World::start().await;
    let cast = cast(&world).await;
    assert!(!cast.secret.expose().is_empty());
    for comer in COMERS {
        let mut browser = comes(&world, &cast, comer).await;
        for line in lines() {
            let with = |merchant: i64, user: i64| {
                let path = line.path.replace("{merchant}", &merchant.to_string()).replace("{mode}", "dev");
                let path = cast.paid.name(&path, merchant);
                let path = cast.things.name(&path, merchant);
                path.replace("{user}", &user.to_string())
                    .replace("{token}", "0123456789abcdef0")
                    .replace("{number}", "1")
            };
            let (expected, at) = (expected(&line, comer), |path: &str| format!("{comer}: {} {path}", line.verb));
            let own = with(1, cast.spare);
            assert_eq!(ask(&mut browser, line.verb, &own).await, expected, "{}", at(&own));
            if line.path == "/portal/sign-out" && expected == Outcome::Admitted {
                browser = comes(&world, &cast, comer).await;
            }
            if line.path.contains("{merchant}") && expected != Outcome::ToSignIn {
                let foreign = with(OTHER.number(), cast.stranger);
                let there = if comer == "operator" { Outcome::Admitted } else { Outcome::NotFound };
                assert_eq!(ask(&mut browser, line.verb, &foreign).await, there, "{}", at(&foreign));
                for nowhere in [with(77, cast.spare), own.replacen("/dev", "/test", 1), own.replace("/m/1/", "/m/x/")] {
                    assert_eq!(ask(&mut browser, line.verb, &nowhere).await, Outcome::NotFound, "{}", at(&nowhere));
                }
                if line.path.contains("{user}") && expected == Outcome::Admitted {
                    let not_ours = with(1, cast.stranger);
                    let there = ask(&mut browser, line.verb, &not_ours).await;
                    assert_eq!(there, Outcome::NotFound, "{}: another merchant's user", at(&not_ours));
                }
                if line.path.contains("{payment}") && expected == Outcome::Admitted {
                    let path = line.path.replace("{merchant}", "1").replace("{mode}", "dev");
                    let not_ours = cast.paid.name(&path, OTHER.number());
                    let there = ask(&mut browser, line.verb, &not_ours).await;
                    assert_eq!(there, Outcome::NotFound, "{}: another merchant's", at(&not_ours));
                }
            }
        }
    }
    let report = florin_engine::people::verify_audit(world.engine().store()).await.expect("the log");
    assert_eq!(report.faults, Vec::<String>::new());
}

#[tokio::test]
async fn a_form_of_another_site_changes_nothing() {
    let world = World::start().await;
    let cast = cast(&world).await;
    let here = [("sec-fetch-site", "same-origin")];
    for comer in ["half", "owner", "operator"] {
        let mut browser = comes(&world, &cast, comer).await;
        let csrf = browser.csrf().await;
        for line in lines().iter().filter(|line| line.verb == "POST" && expected(line, comer) == Outcome::Admitted) {
            let path = line.path.replace("{merchant}", "1").replace("{mode}", "dev").replace("{user}", "1");
            let path = cast.paid.name(&path, 1);
            let at = |what: &str| format!("{comer}: {} {what}", line.path);
            let host = world.url("");
            for headers in [
                &[("sec-fetch-site", "cross-site"), ("origin", host.as_str())][..],
                &[("sec-fetch-site", "same-site")],
                &[("origin", "https://evil.example")],
                &[("origin", "null")],
                &[],
            ] {
                let page = browser.post_from(&path, &[("csrf", &csrf)], headers).await;
                assert_eq!(Outcome::of(&page), Outcome::ForeignForm, "{} {headers:?}", at("from elsewhere"));
            }
            if line.may == ["anybody"] {
                continue;
            }
            for wrong in ["", "0", "0123456789abcdef0123456789abcdef"] {
                let page = browser.post_from(&path, &[("csrf", wrong)], &here).await;
                assert_eq!(Outcome::of(&page), Outcome::ForeignForm, "{}", at("with another token"));
            }
        }
        let origin = world.url("");
        let page = browser.post_from("/portal/sign-in", &[], &[("origin", &origin)]).await;
        assert_eq!(Outcome::of(&page), Outcome::Admitted, "a browser that tells its origin only");
    }
}

#[tokio::test]
async fn every_answer_is_under_the_strict_policy() {
    let world = World::start().await;
    let cast = cast(&world).await;
    let mut browser = comes(&world, &cast, "operator").await;
    for line in lines().iter().filter(|line| line.verb == "GET" && line.path.starts_with("/portal")) {
        let path = line.path.replace("{merchant}", "1").replace("{mode}", "dev").replace("{token}", "x");
        let path = cast.paid.name(&path, 1);
        let page = browser.get(&path).await;
        let header = |name: &str| page.headers.get(name).map_or("", |value| value.to_str().expect("text"));
        assert_eq!(header("cache-control"), "no-store", "{path}");
        assert_eq!(header("referrer-policy"), "same-origin", "{path}");
        let policy = header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self';",
            "style-src 'self';",
            "frame-ancestors 'none'",
            "form-action 'self'",
        ] {
            assert!(policy.contains(part), "{path}: {part} in {policy}");
        }
        assert!(!policy.contains("unsafe"), "{path}");
        for inline in ["<script>", " style=", "<style", " onclick", "javascript:"] {
            assert!(!page.text.contains(inline), "{path}: {inline}");
        }
    }
}
