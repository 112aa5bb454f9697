//! Settings, page by page: what is made works, what is ended does not, and what the pages say is what the engine does.

use florin_engine::audit::Who;
use florin_gateway::demo::{CASHIER, MERCHANT};
use florin_kernel::CredentialId;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::user::Role;
use reqwest::StatusCode;
use serde_json::{Value, json};

use super::stories::between;
use super::{Browser, PASSWORD, add_user, ours};
use crate::world::World;

const CREDENTIALS: &str = "/portal/m/1/dev/credentials";

/// A browser of somebody new with a role at the demo's merchant.
async fn somebody<'w>(world: &'w World, role: Role) -> Browser<'w> {
    let email = format!("{}@example.com", role.word());
    add_user(world, &email, ours(role)).await;
    Browser::signed_in(world, &email, PASSWORD).await
}

/// A call of the admin API.
async fn admin(world: &World, path: &str, body: Value) -> (StatusCode, Value) {
    let request = world.post(path).bearer_auth(world.demo().admin_token().expose()).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.expect("JSON"))
}

/// What the cashier's API says to a key: HTTP status and code.
async fn listed_with(world: &World, key: &str) -> (StatusCode, i64) {
    let answer = world.get("/v1/transactions").header("x-api-key", key).send().await.expect("an answer");
    let (status, body) = (answer.status(), answer.json::<Value>().await.expect("JSON"));
    (status, body["code"].as_i64().unwrap_or(0))
}

#[tokio::test]
async fn a_developer_makes_changes_and_ends_a_test_credential() {
    let world = World::start().await;
    let mut developer = somebody(&world, Role::Developer).await;
    let page = developer.get(&format!("{CREDENTIALS}/new?api=cashier")).await;
    assert!(page.text.contains("New credential for Cashier"), "{}", page.text);
    let fields = [("api", "cashier"), ("name", "Web <shop>"), ("permissions", "read"), ("allow", "127.0.0.0/8 ::1")];
    let made = developer.post(CREDENTIALS, &fields).await;
    assert_eq!(made.status, StatusCode::OK, "{}", made.text);
    let key = between(&made.text, "<code>fl_dev_", "</code>");
    let key = format!("fl_dev_{key}");
    assert!(made.text.contains("<code>spg_test_demo"), "{}", made.text);
    assert_eq!(listed_with(&world, &key).await, (StatusCode::OK, 0));

    // Reloaded, or clicked twice, the form of a page makes one: it says how many there were when it was opened.
    let known = between(&page.text, "name=\"known\" value=\"", "\"").to_owned();
    let again = developer.post(CREDENTIALS, &[&fields[..], &[("known", known.as_str())]].concat()).await;
    assert_eq!(again.status, StatusCode::CONFLICT, "{}", again.text);
    assert!(again.text.contains("Another credential was made since then; nothing was made now."), "{}", again.text);
    let fresh = between(&again.text, "name=\"known\" value=\"", "\"").to_owned();
    let other = [("api", "cashier"), ("name", "Another"), ("known", fresh.as_str())];
    assert_eq!(developer.post(CREDENTIALS, &other).await.status, StatusCode::OK);
    assert_eq!(developer.post(CREDENTIALS, &other).await.status, StatusCode::CONFLICT);
    assert_eq!(developer.get(CREDENTIALS).await.text.matches(">Another</a>").count(), 1);

    let list = developer.get(CREDENTIALS).await;
    assert!(list.text.contains("Web &#60;shop&#62;") && list.text.contains("status and lists"), "{}", list.text);
    assert!(!list.text.contains(&key), "shown once");
    let own = between(&made.text, r#"inline primary" href=""#, "\"").to_owned();
    assert!(!developer.get(&own).await.text.contains(&key), "shown once");

    let bad = developer.post(&own, &[("name", "Web shop"), ("deny", "everybody")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert!(bad.text.contains("id=\"deny-error\"") && bad.text.contains("everybody"), "{}", bad.text);
    let denied = developer.post(&own, &[("name", "Web shop"), ("deny", "127.0.0.1")]).await;
    assert_eq!(denied.location, format!("{own}?note=changed"));
    assert_eq!(listed_with(&world, &key).await.1, 1295);
    let past = developer.post(&own, &[("deny", ""), ("expires_at", "2020-01-01T00:00")]).await;
    assert_eq!(past.location, format!("{own}?note=changed"));
    assert_eq!(listed_with(&world, &key).await.1, 1028);
    assert!(developer.get(CREDENTIALS).await.text.contains("Expired"));
    developer.post(&own, &[("expires_at", "")]).await;
    assert_eq!(listed_with(&world, &key).await, (StatusCode::OK, 0));
    let ended = developer.post(&format!("{own}/end"), &[]).await;
    assert_eq!(ended.location, format!("{CREDENTIALS}?note=ended"));
    assert_eq!(listed_with(&world, &key).await.1, 1027);
    assert_eq!(developer.post(&own, &[("name", "Again")]).await.status, StatusCode::CONFLICT);

    let mut owner = somebody(&world, Role::Owner).await;
    let log = owner.get("/portal/m/1/dev/audit").await.text;
    assert!(log.contains("credential made") && log.contains("credential changed"), "{log}");
    assert!(!log.contains(&key));
}

#[tokio::test]
async fn live_credentials_are_the_owners() {
    let world = World::start().await;
    let mut developer = somebody(&world, Role::Developer).await;
    let live = "/portal/m/1/live/credentials";
    assert!(!developer.get(live).await.text.contains("Make a credential"));
    assert_eq!(developer.get(&format!("{live}/new?api=cashier")).await.status, StatusCode::FORBIDDEN);
    assert_eq!(developer.post(live, &[("api", "cashier")]).await.status, StatusCode::FORBIDDEN);
    let mut owner = somebody(&world, Role::Owner).await;
    let made = owner.post(live, &[("api", "cashier")]).await;
    let key = format!("fl_live_{}", between(&made.text, "<code>fl_live_", "</code>"));
    assert_eq!(listed_with(&world, &key).await, (StatusCode::OK, 0));
    let directory = world.engine().directory();
    let known = directory.credentials().max_by_key(|known| known.id).expect("a credential");
    assert!(known.label.test_login.is_none(), "nothing is kept of a live one");
    let own = format!("{live}/{}", known.id.number());
    for path in [own.clone(), format!("{own}/settings"), format!("{own}/password"), format!("{own}/end")] {
        assert_eq!(developer.post(&path, &[]).await.status, StatusCode::FORBIDDEN, "{path}");
    }
    assert_eq!(owner.get(&format!("{CREDENTIALS}/{}", known.id.number())).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn every_dialects_new_credential_works() {
    let world = World::start().await;
    let make = async |api: &str| {
        let body = json!({"merchant_id": 1, "mode": "dev", "api": api, "name": "Shop"});
        let (status, made) = admin(&world, "/admin/v1/credentials", body).await;
        assert_eq!(status, StatusCode::CREATED, "{made}");
        made["secrets"].clone()
    };
    let text = |secrets: &Value, name: &str| secrets[name].as_str().unwrap_or_default().to_owned();
    let form = async |request: reqwest::RequestBuilder, body: String| {
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        let answer = request.send().await.expect("an answer");
        (answer.status(), answer.json::<Value>().await.expect("JSON"))
    };
    let cashier = make("cashier").await;
    assert_eq!(listed_with(&world, &text(&cashier, "api_key")).await, (StatusCode::OK, 0));

    let v3 = make("v3").await;
    let body = format!(
        "entityId={}&amount=92.00&currency=EUR&paymentType=DB&card.number=4200000000000000&card.holder=Jane+Jones\
         &card.expiryMonth=05&card.expiryYear=2034&card.cvv=123&shopperResultUrl=https://shop.example/",
        text(&v3, "entity_id")
    );
    let (status, paid) = form(world.post("/v3/payments").bearer_auth(text(&v3, "access_token")), body).await;
    assert_eq!((status, &paid["result"]["code"]), (StatusCode::OK, &json!("000.000.000")), "{paid}");

    let crypto = make("crypto").await;
    let request = world.post("/v2/GetRate").basic_auth(text(&crypto, "user"), Some(text(&crypto, "api_key")));
    let (status, rate) =
        form(request, "pos_id=POS1&invoice_currency=EUR&invoice_amount=48.25&currency=BTC".to_owned()).await;
    assert_eq!(status, StatusCode::OK, "{rate}");

    let ts = make("transaction_services").await;
    let log_in = async |key: &str| {
        let body = format!(
            "authentication.partnerId={}&merchant.username={}&authentication.sKey={key}",
            text(&ts, "partner_id"),
            text(&ts, "username")
        );
        form(world.post("/transactionServices/REST/v1/authToken"), body).await.1
    };
    let first = text(&ts, "secret_key");
    assert_eq!(log_in(&first).await["memberId"], ts["member_id"]);

    // A member's key before the present one stays accepted, and no longer after another.
    let directory = world.engine().directory();
    let id = directory.credentials().map(|known| known.id.number()).max().expect("a credential");
    let renew = async || {
        let (status, made) = admin(&world, &format!("/admin/v1/credentials/{id}/password"), json!({})).await;
        assert_eq!(status, StatusCode::OK, "{made}");
        text(&made["secrets"], "secret_key")
    };
    let second = renew().await;
    for key in [&first, &second] {
        assert_eq!(log_in(key).await["memberId"], ts["member_id"]);
    }
    renew().await;
    assert!(log_in(&first).await.get("memberId").is_none());
    let taken = json!({"merchant_id": 1, "mode": "dev", "api": "transaction_services", "member_id": ts["member_id"]});
    assert_eq!(admin(&world, "/admin/v1/credentials", taken).await.0, StatusCode::CONFLICT);
}

#[tokio::test]
async fn settings_are_checked_and_take_effect() {
    let world = World::start().await;
    let mut developer = somebody(&world, Role::Developer).await;
    let own = format!("{CREDENTIALS}/{}", CASHIER.number());
    let settings = format!("{own}/settings");
    let page = developer.get(&own).await.text;
    for shown in ["Tries in one session", "Where events go when a request names no URL.", "<option value=\"flat\">"] {
        assert!(page.contains(shown), "{shown} in {page}");
    }
    for (name, text, said) in [
        ("set.edition", "round", "Edition must be one of those offered"),
        ("set.webhook_url", "ftp://shop.example", "Webhook url must be an address"),
        ("set.attempts_max", "11", "Attempts max must be a number from 1 to 10"),
        ("set.attempts_max", "many", "Attempts max must be a number from 1 to 10"),
    ] {
        let page = developer.post(&settings, &[(name, text), ("set.locale", "de")]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{text}");
        assert!(page.text.contains(said) && page.text.contains("value=\"de\""), "{said} in {}", page.text);
    }
    // What programs send is checked alike, and names that the API does not have are refused.
    let api = format!("/admin/v1/credentials/{}/settings", CASHIER.number());
    for (body, field) in [
        (json!({"edition": "round"}), "edition"),
        (json!({"colour": "red"}), "colour"),
        (json!({"webhook_url": "ftp://shop.example"}), "webhook_url"),
        (json!({"attempts_max": 11}), "attempts_max"),
    ] {
        let (status, refusal) = admin(&world, &api, body).await;
        assert_eq!((status, &refusal["field"]), (StatusCode::BAD_REQUEST, &json!(field)), "{refusal}");
    }
    let form = [("set.s2s_error", "object"), ("set.extended_statuses", ""), ("set.extended_statuses", "on")];
    let set = developer.post(&settings, &form).await;
    assert_eq!(set.location, format!("{own}?note=settings"));
    let log = world.engine().audit_entries(Some(MERCHANT), None, 1).await.expect("the log");
    assert_eq!(
        (&log[0].before["settings"]["s2s_error"], &log[0].after["settings"]["s2s_error"]),
        (&Value::Null, &json!("object"))
    );
    assert_eq!(log[0].after["settings"]["extended_statuses"], true);
    // A box that is not ticked any more, and nothing else: the rest stays.
    developer.post(&settings, &[("set.extended_statuses", "")]).await;
    let declined = world.pay_by_card("declined", "4000000000009995", "10.05", json!({})).await;
    assert_eq!(declined["error"]["code"], "51", "{declined}");
    let page = developer.get(&own).await.text;
    assert!(page.contains("<option value=\"object\" selected>"), "{page}");
}

#[tokio::test]
async fn each_api_has_its_form_and_what_it_does_not_name_stays() {
    let world = World::start().await;
    let mut developer = somebody(&world, Role::Developer).await;
    let directory = world.engine().directory();
    let of = |dialect| {
        let own = directory.credentials().filter(|known| (known.dialect, known.mode) == (dialect, Mode::Dev));
        own.filter(|known| known.settings.get("partner").is_none()).map(|known| known.id).min().expect("the demo's")
    };
    let stored = |id| world.engine().directory().credential(id).expect("it is there").settings.clone();
    let (v3, ts, crypto) = (of(Dialect::V3), of(Dialect::TransactionServices), of(Dialect::Crypto));
    let path = |id: CredentialId| format!("{CREDENTIALS}/{}", id.number());
    for (id, shown) in [
        (v3, "Days that an uncaptured PA lives"),
        (ts, "Another terminal"),
        (ts, "How often."),
        (crypto, "Coins accepted without confirmations"),
    ] {
        assert!(developer.get(&path(id)).await.text.contains(shown), "{shown}");
    }
    let entity = stored(v3)["entity_ids"].clone();
    let form = [("set.authorization_days", "9"), ("set.origins", "https://a.example\nhttps://b.example")];
    developer.post(&format!("{}/settings", path(v3)), &form).await;
    assert_eq!((&stored(v3)["entity_ids"], &stored(v3)["authorization_days"]), (&entity, &json!(9)));
    assert_eq!(stored(v3)["origins"], json!(["https://a.example", "https://b.example"]));
    developer.post(&format!("{}/settings", path(v3)), &[("set.authorization_days", "")]).await;
    assert_eq!(stored(v3).get("authorization_days"), None, "its default");

    // A terminal is added, and one whose id is emptied is gone.
    let settings = format!("{}/settings", path(ts));
    let first = stored(ts)["terminals"][0]["terminal_id"].as_str().expect("an id").to_owned();
    let count = stored(ts)["terminals"].as_array().map_or(0, Vec::len);
    let another = format!("set.terminals.{count}.terminal_id");
    let kept: Vec<(String, String)> = (0..count)
        .map(|at| {
            let id = stored(ts)["terminals"][at]["terminal_id"].as_str().expect("an id").to_owned();
            (format!("set.terminals.{at}.terminal_id"), id)
        })
        .collect();
    let mut form: Vec<(&str, &str)> = kept.iter().map(|(name, id)| (name.as_str(), id.as_str())).collect();
    form.push((&another, "77"));
    let currencies = format!("set.terminals.{count}.currencies");
    form.push((&currencies, "EUR usd"));
    let wrong = developer.post(&settings, &form).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY, "currencies are in capitals");
    form.pop();
    form.push((&currencies, "EUR, USD"));
    assert_eq!(developer.post(&settings, &form).await.location, format!("{}?note=settings", path(ts)));
    let terminals = stored(ts)["terminals"].clone();
    assert_eq!(
        (terminals.as_array().map(Vec::len), &terminals[count]["currencies"]),
        (Some(count + 1), &json!(["EUR", "USD"]))
    );
    assert_eq!(
        (&stored(ts)["member_id"], &terminals[0]["terminal_id"]),
        (&directory.credential(ts).expect("it").settings["member_id"], &json!(first))
    );
    form[0].1 = "";
    assert_eq!(developer.post(&settings, &form).await.status, StatusCode::SEE_OTHER);
    assert_eq!(stored(ts)["terminals"].as_array().map(Vec::len), Some(count));

    // What this build does not know stays in the row.
    let mut document = stored(crypto);
    document["of_another_version"] = json!(true);
    let change = florin_engine::credentials::CredentialChange { settings: Some(document), ..Default::default() };
    world.engine().change_credential(&Who::CommandLine, MERCHANT, crypto, &change).await.expect("changed");
    let form = [
        ("set.fees", "BTC 0.00001\nETH 0.001"),
        ("set.zero_conf_coins", "none"),
        ("set.accept_requires_amount", "off"),
    ];
    assert_eq!(developer.post(&format!("{}/settings", path(crypto)), &form).await.status, StatusCode::SEE_OTHER);
    let kept = stored(crypto);
    assert_eq!((&kept["of_another_version"], &kept["zero_conf_coins"]), (&json!(true), &json!([])));
    assert_eq!(
        (&kept["fees"], &kept["accept_requires_amount"]),
        (&json!({"BTC": "0.00001", "ETH": "0.001"}), &json!(false))
    );
}

#[tokio::test]
async fn the_developers_page_has_requests_that_work_and_a_clock() {
    let world = World::start().await;
    let mut developer = somebody(&world, Role::Developer).await;
    let page = developer.get("/portal/m/1/dev/developer").await;
    let (entity, token) = world.demo().v3();
    let (user, crypto_key) = world.demo().crypto();
    let (_, name, member_key) = world.demo().member();
    for text in [
        world.demo().api_key().expose(),
        token.expose(),
        entity,
        user,
        crypto_key.expose(),
        name,
        member_key.expose(),
        "4000000000003220",
        "9107.00",
    ] {
        assert!(page.text.contains(text), "{text}");
    }
    let live = developer.get("/portal/m/1/live/developer").await;
    assert!(live.text.contains("Go to test mode") && !live.text.contains(token.expose()));
    let mut reader = somebody(&world, Role::ReadOnly).await;
    assert_eq!(reader.get("/portal/m/1/dev/developer").await.status, StatusCode::FORBIDDEN);

    world.pay_by_card("later", "4111111111111111", "9105.00", json!({})).await;
    assert_eq!(world.status("later").await, "pending");
    let clock = "/portal/m/1/dev/developer/clock";
    for wrong in ["", "0", "-60", "soon", "999999999999"] {
        let page = developer.post(clock, &[("advance_s", wrong)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{wrong}");
    }
    let page = developer.post(clock, &[("advance_s", "60")]).await;
    assert_eq!(page.location, "/portal/m/1/dev/developer?note=clock");
    world.status_becomes("later", "successful").await;
    assert_eq!(
        developer.post(&clock.replace("dev/", "live/"), &[("advance_s", "60")]).await.status,
        StatusCode::NOT_FOUND
    );
    let mut owner = somebody(&world, Role::Owner).await;
    assert!(owner.get("/portal/m/1/dev/audit").await.text.contains("clock advanced"));
}

#[tokio::test]
async fn a_rule_is_tried_before_it_decides() {
    let world = World::start().await;
    for (reference, amount) in [("small", "10.00"), ("large", "200.00")] {
        world.pay_by_card(reference, "4111111111111111", amount, json!({})).await;
    }
    let mut owner = somebody(&world, Role::Owner).await;
    let rules = "/portal/m/1/dev/rules";
    let rule = [
        ("operation", "deposit"),
        ("method", "card"),
        ("order", "5"),
        ("currencies", "EUR"),
        ("amount_min", "100"),
        ("members", "215 1 1"),
    ];
    let with = |more: &[(&'static str, &'static str)]| [&rule[..], more].concat();
    let tried = owner.post(rules, &with(&[("do", "try")])).await;
    assert_eq!(tried.status, StatusCode::OK, "{}", tried.text);
    for text in ["210 Card Simulator", "215 Card Simulator B", "200.00 EUR"] {
        assert!(tried.text.contains(text), "{text} in {}", tried.text);
    }
    let count = world.engine().directory().catalogue().rules().len();
    let explain = format!("{rules}?operation=deposit&method=card&amount=150&currency=EUR&card_bin=411111");
    assert!(owner.get(&explain).await.text.contains("Asked: 210"), "nothing is changed yet");

    for (more, said) in [
        (&[("members", "211"), ("do", "save")][..], "Members must be providers"),
        (&[("currencies", ""), ("do", "save")], "Amounts need exactly one currency"),
    ] {
        let mut fields: Vec<_> = rule.iter().copied().filter(|(name, _)| *name != more[0].0).collect();
        fields.extend_from_slice(more);
        let page = owner.post(rules, &fields).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(page.text.contains(said), "{said} in {}", page.text);
    }
    let saved = owner.post(rules, &with(&[("do", "save")])).await;
    assert_eq!(saved.location, format!("{rules}?note=saved"), "{}", saved.text);
    let directory = world.engine().directory();
    assert_eq!(directory.catalogue().rules().len(), count + 1);
    let own = directory.catalogue().rules().iter().find(|rule| rule.merchant.is_some()).expect("a rule").id;
    assert!(owner.get(&explain).await.text.contains("Asked: 215"));
    let shown = owner.get(rules).await.text;
    assert!(shown.contains("amount at least 100") && shown.contains("every merchant\u{2019}s"), "{shown}");

    let off = owner.post(&format!("{rules}/{own}/switch"), &[("to", "off")]).await;
    assert_eq!(off.location, format!("{rules}?note=off"));
    let number = own.to_string();
    let mut edited: Vec<(&str, &str)> = rule.to_vec();
    edited.extend([("rule", number.as_str()), ("do", "save")]);
    assert_eq!(owner.post(rules, &edited).await.status, StatusCode::SEE_OTHER);
    assert!(owner.get(&explain).await.text.contains("Asked: 210"), "a rule that is off stays off when it is edited");
    assert_eq!(owner.post(&format!("{rules}/1/switch"), &[("to", "off")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.get(&format!("{rules}/edit?rule=1")).await.status, StatusCode::NOT_FOUND);
    let (email, password) = world.demo().operator();
    let mut operator = Browser::signed_in(&world, email, password.expose()).await;
    assert_eq!(
        operator.post(&format!("{rules}/1/switch"), &[("to", "off")]).await.location,
        format!("{rules}?note=off")
    );
    assert!(owner.get(&explain).await.text.contains("It would be refused"));

    let bad = owner.get(&format!("{rules}?operation=deposit&amount=x&currency=EUR")).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
}

#[tokio::test]
async fn the_api_tries_and_writes_rules_alike() {
    let world = World::start().await;
    world.pay_by_card("one", "4111111111111111", "10.00", json!({})).await;
    let rule = json!({
        "merchant_id": 1, "mode": "dev", "operation": "deposit", "method": "card", "order": 5,
        "currencies": ["EUR"], "members": [{"provider_id": 215, "tier": 1, "weight": 1}], "cascade": false
    });
    let (status, run) = admin(&world, "/admin/v1/rules/try", rule.clone()).await;
    assert_eq!((status, &run["tried"], &run["same"]), (StatusCode::OK, &json!(1), &json!(0)), "{run}");
    assert_eq!(run["moved"][0], json!({"from": 210, "to": 215, "payments": 1, "amount": "10.00", "currency": "EUR"}));
    let (status, made) = admin(&world, "/admin/v1/rules", rule).await;
    assert_eq!(status, StatusCode::OK, "{made}");
    let listed = world.get("/admin/v1/rules?merchant_id=1").bearer_auth(world.demo().admin_token().expose());
    let listed: Value = listed.send().await.expect("an answer").json().await.expect("JSON");
    assert!(listed["rules"].as_array().expect("rules").iter().any(|rule| rule["id"] == made["rule"]), "{listed}");
    let (status, wrong) = admin(&world, "/admin/v1/rules", json!({"operation": "deposit"})).await;
    assert_eq!((status, &wrong["field"]), (StatusCode::BAD_REQUEST, &json!("method")), "{wrong}");
}

#[tokio::test]
async fn a_provider_is_taken_out_of_service_by_whom_it_belongs_to() {
    let world = World::start().await;
    let mut owner = somebody(&world, Role::Owner).await;
    let providers = "/portal/m/1/dev/providers";
    let page = owner.get(providers).await.text;
    assert!(page.contains("Card Simulator (GBP)") && page.contains("moves GBP at 0.856"), "{page}");
    assert!(!page.contains("Take it out of service"), "they are every merchant's");
    let card = format!("{providers}/210");
    assert_eq!(owner.post(&card, &[("service", "out")]).await.status, StatusCode::FORBIDDEN);
    assert_eq!(owner.post(&format!("{providers}/999"), &[("service", "out")]).await.status, StatusCode::NOT_FOUND);
    let (email, password) = world.demo().operator();
    let mut operator = Browser::signed_in(&world, email, password.expose()).await;
    assert_eq!(operator.post(&card, &[("name", "")]).await.status, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(operator.post(&card, &[("service", "out")]).await.location, format!("{providers}?note=changed"));
    assert!(owner.get(providers).await.text.contains("Out of service"));
    let (status, changed) = admin(&world, "/admin/v1/providers/210", json!({"name": "Cards", "disabled": false})).await;
    assert_eq!(status, StatusCode::OK, "{changed}");
    assert!(owner.get(providers).await.text.contains("<strong>Cards</strong>"));
}

#[tokio::test]
async fn a_merchants_look_is_saved_and_seen_by_payers() {
    let world = World::start().await;
    let mut owner = somebody(&world, Role::Owner).await;
    let branding = "/portal/m/1/dev/branding";
    for (field, value, said) in [
        ("accent", "red", "Accent must be a colour"),
        ("logo", "https://shop.example/logo.png", "Logo must be an image"),
        ("name", "", "Name must be 1 to 60 characters"),
    ] {
        let page = owner.post(branding, &[(field, value)]).await;
        assert_eq!(page.status, StatusCode::UNPROCESSABLE_ENTITY, "{field}");
        assert!(page.text.contains(said), "{said} in {}", page.text);
    }
    let logo = "data:image/png;base64,iVBORw0KGgo=";
    let saved = owner.post(branding, &[("name", "Corner Shop"), ("accent", "#7A1F5C"), ("logo", logo)]).await;
    assert_eq!(saved.location, format!("{branding}?note=saved"), "{}", saved.text);
    let page = owner.get(branding).await.text;
    assert!(page.contains("#7a1f5c") && page.contains(logo) && page.contains("Corner Shop"), "{page}");
    let answer = world.cashier(
        "/v1/payments/hosted",
        &json!({"request": {"user_id": "U1", "tracking_id": "look", "amount": 1, "currency": "EUR"}}),
    );
    let answer: Value = answer.send().await.expect("an answer").json().await.expect("JSON");
    let payers = world.get(&format!("/cashier/{}", answer["token"].as_str().expect("a token")));
    let payers = payers.send().await.expect("an answer").text().await.expect("text");
    assert!(payers.contains("Corner Shop") && payers.contains("#7a1f5c"), "{payers}");
    let (status, same) = admin(&world, "/admin/v1/branding", json!({"merchant_id": 1, "accent": ""})).await;
    assert_eq!((status, &same["name"], &same["has_logo"]), (StatusCode::OK, &json!("Corner Shop"), &json!(true)));
}
