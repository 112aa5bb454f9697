//! The portal, by a browser that keeps its cookie and fills forms in.

use florin_engine::audit::Who;
use florin_engine::people::{Client, Grant, Invited};
use florin_engine::setup::{self, NewMerchant};
use florin_gateway::demo::MERCHANT;
use florin_kernel::MerchantId;
use florin_kernel::secret::Secret;
use florin_kernel::user::{Membership, Role, User};
use reqwest::{Response, StatusCode, header};

use crate::world::World;

mod accounts;
mod api;
mod coins;
mod figures;
mod matrix;
mod merchants;
mod payments;
mod settings;
mod stories;
mod webhooks;
mod withdrawals;

/// A merchant beside the demo's.
pub const OTHER: MerchantId = MerchantId::from_number(2);
/// Everybody's password.
pub const PASSWORD: &str = "correct horse battery";

/// A browser of somebody, on a server.
pub struct Browser<'w> {
    world: &'w World,
    cookie: String,
}

/// A page, read.
pub struct Page {
    pub status: StatusCode,
    pub location: String,
    pub headers: header::HeaderMap,
    pub text: String,
}

impl<'w> Browser<'w> {
    /// One that knows nobody.
    pub fn new(world: &'w World) -> Browser<'w> {
        Browser { world, cookie: String::new() }
    }

    /// One whose user signs in with a password.
    pub async fn signed_in(world: &'w World, email: &str, password: &str) -> Browser<'w> {
        let mut browser = Browser::new(world);
        let page = browser.post("/portal/sign-in", &[("email", email), ("password", password)]).await;
        assert_eq!(page.status, StatusCode::SEE_OTHER, "{}", page.text);
        browser
    }

    /// Opens a page.
    pub async fn get(&mut self, path: &str) -> Page {
        let request = self.world.get(path).header(header::COOKIE, &self.cookie);
        self.read(request.send().await.expect("an answer")).await
    }

    /// Sends a form of ours, with what its page would hide in it.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let csrf = self.csrf().await;
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post_from(path, &fields, &[("sec-fetch-site", "same-origin")]).await
    }

    /// Sends a form with headers of one's own and nothing hidden in it.
    pub async fn post_from(&mut self, path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Page {
        let form: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self.world.post(path).header(header::COOKIE, &self.cookie).body(form);
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.read(request.send().await.expect("an answer")).await
    }

    /// What a page of this session hides in its forms; empty without a session.
    pub async fn csrf(&self) -> String {
        use florin_kernel::user::Level;
        let token = self.cookie.split_once('=').map_or("", |(_, token)| token);
        let people = self.world.engine().people();
        for level in [Level::Full, Level::AwaitsCode] {
            let found = people.visitor(token, level, [127, 0, 0, 1].into()).await.expect("an answer");
            if let Some(visitor) = found {
                return people.form_token(&visitor.session);
            }
        }
        String::new()
    }

    async fn read(&mut self, response: Response) -> Page {
        let (status, headers) = (response.status(), response.headers().clone());
        if let Some(line) = headers.get(header::SET_COOKIE) {
            let line = line.to_str().expect("text");
            self.cookie = line.split(';').next().expect("a pair").to_owned();
        }
        let location = headers.get(header::LOCATION).map_or("", |value| value.to_str().expect("text")).to_owned();
        Page { status, location, headers, text: response.text().await.expect("text") }
    }
}

/// A second merchant.
pub async fn add_merchant(world: &World) {
    let merchant = NewMerchant {
        id: OTHER,
        slug: "other".to_owned(),
        name: "Other Shop".to_owned(),
        limits: Vec::new(),
        blocked_payers: Vec::new(),
        withdrawals: Default::default(),
        schemes: Vec::new(),
        brand: Default::default(),
        webhook_secrets_dev: Vec::new(),
        webhook_secrets_live: Vec::new(),
    };
    let row = setup::merchant_row(&merchant, world.engine().keyring());
    world.engine().store().put_config(vec![row]).await.expect("written");
    world.engine().reload_directory().await.expect("read");
}

/// Somebody with a role, a password and no session.
pub async fn add_user(world: &World, email: &str, grant: Grant) -> User {
    let people = world.engine().people();
    let invited = people.invite(&Who::CommandLine, email, "Somebody", grant).await.expect("invited");
    let Invited::New { token, .. } = invited else { panic!("{email} is new") };
    let client = Client::new([127, 0, 0, 1].into(), "");
    people.accept_link(token.expose(), &Secret::new(PASSWORD.to_owned()), &client).await.expect("a password")
}

/// A role at the demo's merchant.
pub fn ours(role: Role) -> Grant {
    Grant::Member(Membership { merchant: MERCHANT, role })
}

/// A role at the other merchant.
pub fn theirs(role: Role) -> Grant {
    Grant::Member(Membership { merchant: OTHER, role })
}
