//! What people do in the portal, page by page.

use florin_engine::people::one_time::code_at;
use florin_gateway::demo::MERCHANT;
use florin_kernel::secret::Secret;
use florin_kernel::user::Role;
use reqwest::StatusCode;

use super::{Browser, PASSWORD, add_user, ours};
use crate::world::World;

/// What stands between two texts of a page.
pub fn between<'p>(page: &'p str, before: &str, after: &str) -> &'p str {
    let from = page.find(before).unwrap_or_else(|| panic!("{before} in {page}")) + before.len();
    let until = page[from..].find(after).unwrap_or_else(|| panic!("{after} in {page}"));
    &page[from..from + until]
}

#[tokio::test]
async fn the_demos_operator_signs_in_and_out() {
    let mut world = World::start().await;
    let (email, password) = world.demo().operator();
    let (email, password) = (email.to_owned(), password.expose().to_owned());
    {
        let mut browser = Browser::new(&world);
        let page = browser.get("/portal/m/1/dev/audit").await;
        assert_eq!(page.location, "/portal/sign-in?next=%2Fportal%2Fm%2F1%2Fdev%2Faudit");
        let page = browser.get(&page.location).await;
        assert!(page.text.contains(r#"name="next" value="/portal/m/1/dev/audit""#), "{}", page.text);
        let wrong = [("email", email.as_str()), ("password", "wrong"), ("next", "/portal/m/1/dev/audit")];
        let page = browser.post("/portal/sign-in", &wrong).await;
        assert_eq!(page.status, StatusCode::UNAUTHORIZED);
        assert!(
            page.text.contains("That is not right") && page.text.contains(&email) && !page.text.contains("wrong\"")
        );
        let right = [("email", email.as_str()), ("password", &password), ("next", "/portal/m/1/dev/audit")];
        let page = browser.post("/portal/sign-in", &right).await;
        assert_eq!((page.status, page.location.as_str()), (StatusCode::SEE_OTHER, "/portal/m/1/dev/audit"));
        let cookie = page.headers["set-cookie"].to_str().expect("text");
        assert!(
            cookie.starts_with("florin_portal=") && cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax"),
            "{cookie}"
        );

        assert_eq!(browser.get("/portal").await.location, "/portal/m/1/dev");
        let page = browser.get("/portal/m/1/dev").await;
        for text in ["Demo Shop", "Test mode.", "Demo operator", r#"href="/portal/m/1/live""#, "/portal/operator/users"]
        {
            assert!(page.text.contains(text), "{text} in {}", page.text);
        }
        assert!(!browser.get("/portal/m/1/live").await.text.contains("Test mode."));
        let page = browser.get("/portal/m/1/dev/audit").await;
        assert!(!page.text.contains("user signed in"), "that is of the installation");
        let page = browser.get("/portal/operator/audit").await;
        assert!(page.text.contains("user signed in") && page.text.contains("user password set"), "{}", page.text);

        let old = browser.cookie.clone();
        let page = browser.post("/portal/sign-out", &[]).await;
        assert_eq!(page.location, "/portal/sign-in?note=out");
        browser.cookie = old;
        assert_eq!(browser.get("/portal/account").await.location, "/portal/sign-in?next=%2Fportal%2Faccount");
        assert_eq!(browser.get("/portal/nothing").await.status, StatusCode::NOT_FOUND);
    }
    world.restart().await;
    Browser::signed_in(&world, &email, &password).await;
}

#[tokio::test]
async fn by_https_the_cookie_is_bound_to_the_host() {
    let world = World::with(|config| config.public_url = Some("https://pay.example".parse().expect("a URL"))).await;
    let (email, password) = world.demo().operator();
    let mut browser = Browser::new(&world);
    let fields = [("email", email), ("password", password.expose())];
    let page = browser.post_from("/portal/sign-in", &fields, &[("origin", "https://pay.example")]).await;
    let cookie = page.headers["set-cookie"].to_str().expect("text");
    assert!(cookie.starts_with("__Host-florin_portal=") && cookie.contains("; Secure"), "{cookie}");
    assert!(page.headers.contains_key("strict-transport-security"));
    assert_eq!(browser.get("/portal").await.location, "/portal/m/1/dev");
    browser.cookie = browser.cookie.replace("__Host-", "");
    assert_eq!(browser.get("/portal").await.location, "/portal/sign-in");
}

#[tokio::test]
async fn an_owner_invites_somebody_who_signs_in() {
    let world = World::start().await;
    add_user(&world, "owner@example.com", ours(Role::Owner)).await;
    let mut owner = Browser::signed_in(&world, "owner@example.com", PASSWORD).await;
    let users = "/portal/m/1/dev/users";
    let bad = owner.post(users, &[("email", "nobody"), ("name", "Bo <b>"), ("role", "approver")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text.contains("The email cannot be used.") && bad.text.contains("value=\"nobody\""), "{}", bad.text);
    let made = owner.post(users, &[("email", "bo@example.com"), ("name", "Bo <b>"), ("role", "approver")]).await;
    let link = between(&made.text, "id=\"link\">", "<").to_owned();
    let path = link.strip_prefix(&world.url("")).unwrap_or_else(|| panic!("{link}")).to_owned();

    let mut bo = Browser::new(&world);
    let page = bo.get(&path).await;
    assert!(page.text.contains("bo@example.com") && !page.text.contains("<b>"), "{}", page.text);
    let differ = bo.post(&path, &[("password", PASSWORD), ("repeated", "another")]).await;
    assert!(differ.text.contains("The two entries differ."), "{}", differ.text);
    let weak = bo.post(&path, &[("password", "bo"), ("repeated", "bo")]).await;
    assert!(weak.text.contains("at least 12 characters"), "{}", weak.text);
    let set = bo.post(&path, &[("password", PASSWORD), ("repeated", PASSWORD)]).await;
    assert_eq!(set.location, "/portal/sign-in?note=password");
    assert_eq!(bo.get(&path).await.status, StatusCode::NOT_FOUND, "it is used up");
    let mut bo = Browser::signed_in(&world, "bo@example.com", PASSWORD).await;
    assert_eq!(bo.get(users).await.status, StatusCode::FORBIDDEN);
    assert!(!bo.get("/portal/m/1/dev").await.text.contains("Users</a>"), "no link that leads to a refusal");

    let listed = owner.get(users).await;
    assert!(listed.text.contains("Bo &#60;b&#62;") && listed.text.contains("Approver"), "{}", listed.text);
    let id = world.engine().people().members(MERCHANT).await.expect("users")[0].id.number();
    let role = format!("{users}/{id}/role");
    assert_eq!(owner.post(&role, &[("role", "owner")]).await.location, format!("{users}?note=role"));
    assert_eq!(bo.get(users).await.status, StatusCode::OK, "at once");
    assert_eq!(owner.post(&role, &[("role", "none")]).await.location, format!("{users}?note=removed"));
    assert_eq!(bo.get(users).await.status, StatusCode::NOT_FOUND);
    assert!(bo.get("/portal").await.text.contains("You have no role at any merchant"));
    let log = owner.get("/portal/m/1/dev/audit").await.text;
    for told in ["user invited", "user role set", "owner@example.com"] {
        assert!(log.contains(told), "{told} in {log}");
    }
}

#[tokio::test]
async fn one_time_passwords_are_set_up_and_asked_for() {
    let world = World::start().await;
    add_user(&world, "owner@example.com", ours(Role::Owner)).await;
    let mut owner = Browser::signed_in(&world, "owner@example.com", PASSWORD).await;
    let page = owner.get("/portal/account/one-time").await;
    assert!(page.text.contains("<svg xmlns"), "a QR code");
    let secret = Secret::new(between(&page.text, "<dt>Text</dt><dd class=\"mono\">", "<").replace(' ', ""));
    let wrong = owner.post("/portal/account/one-time", &[("code", "1")]).await;
    assert_eq!(wrong.status, StatusCode::UNAUTHORIZED);
    assert!(wrong.text.contains("<svg xmlns"), "the same page again");
    let code = code_at(&secret, world.engine().wall());
    let page = owner.post("/portal/account/one-time", &[("code", &code)]).await;
    let list = between(&page.text, "<ul class=\"codes mono\">", "</ul>");
    assert_eq!(list.matches("<li>").count(), 10, "{}", page.text);
    let recovery = between(list, "<li>", "</li>").to_owned();

    let mut elsewhere = Browser::new(&world);
    let fields = [("email", "owner@example.com"), ("password", PASSWORD), ("next", "/portal/account")];
    let page = elsewhere.post("/portal/sign-in", &fields).await;
    assert_eq!(page.location, "/portal/sign-in/code?next=%2Fportal%2Faccount");
    assert_eq!(elsewhere.get("/portal/account").await.status, StatusCode::SEE_OTHER, "not yet");
    let used = elsewhere.post("/portal/sign-in/code", &[("code", &code)]).await;
    assert_eq!(used.status, StatusCode::UNAUTHORIZED, "a code is good once");
    let before = elsewhere.cookie.clone();
    let fields = [("code", recovery.as_str()), ("next", "/portal/account")];
    let page = elsewhere.post("/portal/sign-in/recovery", &fields).await;
    assert_eq!(page.location, "/portal/account");
    assert_ne!(elsewhere.cookie, before, "the session has a new token");
    let page = elsewhere.get("/portal/account").await;
    assert!(page.text.contains("Recovery codes left: 9."), "{}", page.text);
    let off = elsewhere.post("/portal/account/one-time/remove", &[("password", PASSWORD)]).await;
    assert_eq!(off.location, "/portal/account?note=one-time");
}

#[tokio::test]
async fn a_changed_password_and_ended_sessions_take_effect_at_once() {
    let world = World::start().await;
    add_user(&world, "owner@example.com", ours(Role::Owner)).await;
    let mut first = Browser::signed_in(&world, "owner@example.com", PASSWORD).await;
    let mut second = Browser::signed_in(&world, "owner@example.com", PASSWORD).await;
    let page = second.post("/portal/account/sessions", &[]).await;
    assert_eq!(page.location, "/portal/account?note=sessions");
    assert_eq!(first.get("/portal/account").await.status, StatusCode::SEE_OTHER);
    let mut first = Browser::signed_in(&world, "owner@example.com", PASSWORD).await;
    let new = "another long sentence of mine";
    let fields = [("current", PASSWORD), ("password", new), ("repeated", new)];
    let page = second.post("/portal/account/password", &fields).await;
    assert_eq!(page.location, "/portal/account?note=password", "{}", page.text);
    assert_eq!(first.get("/portal/account").await.status, StatusCode::SEE_OTHER);
    assert_eq!(second.get("/portal/account").await.status, StatusCode::OK);
    Browser::signed_in(&world, "owner@example.com", new).await;
}

#[tokio::test]
async fn guesses_are_slowed_down_and_say_so() {
    let world = World::start().await;
    let mut browser = Browser::new(&world);
    let fields = [("email", "nobody@example.com"), ("password", "a guess")];
    for _ in 0..5 {
        assert_eq!(browser.post("/portal/sign-in", &fields).await.status, StatusCode::UNAUTHORIZED);
    }
    let page = browser.post("/portal/sign-in", &fields).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    assert!(page.text.contains("The next one is taken at"), "{}", page.text);
    let (email, password) = world.demo().operator();
    Browser::signed_in(&world, email, password.expose()).await;
}
