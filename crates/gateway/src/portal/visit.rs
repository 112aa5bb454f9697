//! What a handler is given: who asks and about which merchant, as far as [`super::guard`] has checked it. A handler names the least that it
//! needs; one that names more than its route's access gives answers 500, which the matrix of the tests finds.

use std::ops::Deref;
use std::sync::Arc;

use florin_engine::audit::Who;
use florin_engine::directory::{Credential, Merchant};
use florin_engine::office::Scope;
use florin_engine::people::{Client, Visitor};
use florin_engine::routing::Reach;
use florin_engine::{Engine, Owner};
use florin_kernel::payment::Mode;
use florin_kernel::secret::Secret;
use florin_kernel::user::Permission;
use florin_kernel::{CredentialId, UserId};

use super::Portal;
use super::routes::Route;

/// Fields of a query or form, in their order.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads `application/x-www-form-urlencoded`.
    pub(super) fn read(text: &[u8]) -> Fields {
        Fields(url::form_urlencoded::parse(text).into_owned().collect())
    }

    /// The fields of a JSON object as a form would have them: an array is a field that comes several times, `null` an empty text.
    pub(super) fn of_json(object: &serde_json::Map<String, serde_json::Value>) -> Fields {
        use serde_json::Value;
        let text = |value: &Value| match value {
            Value::String(text) => text.clone(),
            Value::Null => String::new(),
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => value.to_string(),
        };
        let mut fields = Vec::new();
        for (name, value) in object {
            match value {
                Value::Array(values) if values.is_empty() => fields.push((name.clone(), String::new())),
                Value::Array(values) => fields.extend(values.iter().map(|value| (name.clone(), text(value)))),
                value => fields.push((name.clone(), text(value))),
            }
        }
        Fields(fields)
    }

    /// Whether a field was sent, be it empty.
    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// The names of the fields that were sent.
    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// The fields as a query, without those that say nothing and those named.
    pub(super) fn as_query(&self, without: &[&str]) -> String {
        let said = self.0.iter().filter(|(name, value)| !value.is_empty() && !without.contains(&name.as_str()));
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(said).finish()
    }

    /// A field without the spaces around it; empty where there is none.
    pub(super) fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    /// A field as it was typed, for passwords.
    pub(super) fn secret(&self, name: &str) -> Secret {
        Secret::new(self.raw(name).to_owned())
    }

    /// Every value of a field that may come several times, such as boxes that are ticked.
    pub(super) fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }
}

/// Somebody who need not have signed in.
#[derive(Clone)]
pub struct Guest {
    pub(super) portal: Arc<Portal>,
    pub(super) route: &'static Route,
    pub(super) client: Client,
    /// The session's token, if the browser sent one.
    pub(super) token: Option<Secret>,
    pub(super) path: String,
    pub(super) parameters: Vec<(String, String)>,
    pub(super) query: Fields,
    pub(super) form: Fields,
}

impl Guest {
    pub(super) fn engine(&self) -> &Arc<Engine> {
        &self.portal.engine
    }

    /// A parameter of the path; empty where the route has none of that name.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.iter().find(|(found, _)| found == name).map_or("", |(_, value)| value)
    }

    /// The path's user, if it is a number.
    pub(super) fn user_id(&self) -> Option<UserId> {
        self.parameter("user").parse().ok().map(UserId::from_number)
    }
}

/// A user who has signed in.
#[derive(Clone)]
pub struct Visit {
    pub(super) guest: Guest,
    pub(super) visitor: Visitor,
}

impl Deref for Visit {
    type Target = Guest;

    fn deref(&self) -> &Guest {
        &self.guest
    }
}

impl Visit {
    /// She as the audit log names her.
    pub(super) fn who(&self) -> Who {
        self.visitor.who()
    }

    /// What her forms carry.
    pub(super) fn form_token(&self) -> String {
        self.engine().people().form_token(&self.visitor.session)
    }
}

/// A user at a merchant, with the permission that the route asks for.
#[derive(Clone)]
pub struct AtMerchant {
    pub(super) visit: Visit,
    pub(super) merchant: Arc<Merchant>,
    pub(super) mode: Mode,
}

impl Deref for AtMerchant {
    type Target = Visit;

    fn deref(&self) -> &Visit {
        &self.visit
    }
}

impl AtMerchant {
    /// The owner of what the screen shows, through which the engine is asked.
    pub(super) fn owner(&self) -> Owner {
        Owner { merchant: self.merchant.id, mode: self.mode }
    }

    /// Whether she may make, change and end credentials of this mode: the route asks for the least, which is test mode.
    pub(super) fn may_manage_credentials(&self) -> bool {
        self.may(Permission::manage_credentials(self.mode))
    }

    /// Whether she may something at this merchant.
    pub(super) fn may(&self, permission: Permission) -> bool {
        self.visitor.user.may(self.merchant.id, permission)
    }

    /// What the back office is asked about.
    pub(super) fn scope(&self) -> Scope {
        Scope { mode: self.mode, merchant: Some(self.merchant.id) }
    }

    /// Whose providers and rules she may change, if she may change any.
    pub(super) fn reach(&self) -> Reach {
        if self.visitor.user.is_operator() { Reach::All } else { Reach::Own(self.merchant.id) }
    }

    /// The path's credential, if it is one of this merchant and mode.
    pub(super) fn credential(&self) -> Option<Arc<Credential>> {
        let id = self.parameter("credential").parse().ok().map(CredentialId::from_number)?;
        let directory = self.engine().directory();
        let known = directory.credential(id)?;
        ((known.merchant, known.mode) == (self.merchant.id, self.mode)).then(|| known.clone())
    }

    /// A path of this merchant and mode: `users`, or nothing for the overview.
    pub(super) fn path_to(&self, rest: &str) -> String {
        match rest {
            "" => merchant_path(self.merchant.id.number(), self.mode, ""),
            rest => merchant_path(self.merchant.id.number(), self.mode, &format!("/{rest}")),
        }
    }
}

/// A merchant's part of the portal; `rest` begins with a slash or is empty.
pub(super) fn merchant_path(merchant: i64, mode: Mode, rest: &str) -> String {
    format!("/portal/m/{merchant}/{}{rest}", mode_word(mode))
}

/// A mode's word in paths.
pub(super) fn mode_word(mode: Mode) -> &'static str {
    match mode {
        Mode::Dev => "dev",
        Mode::Live => "live",
    }
}

/// Reads it.
pub(super) fn parse_mode(word: &str) -> Option<Mode> {
    [Mode::Dev, Mode::Live].into_iter().find(|mode| mode_word(*mode) == word)
}

/// What the guard has found, for the handlers.
#[derive(Clone)]
pub(super) enum Admitted {
    Guest(Guest),
    Visit(Visit),
    AtMerchant(AtMerchant),
}
