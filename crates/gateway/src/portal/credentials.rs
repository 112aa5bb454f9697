//! A merchant's credentials: what its programs sign in with, in each API. A secret is shown once, when it is made.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::directory::{Credential, Permission};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;

use super::answer::{page as answer, see_other};
use super::refused;
use super::shell::Shell;
use super::show::{Badge, Moment};
use super::visit::AtMerchant;
use crate::dialects::connect::{Connection, Part, Unfit};
use crate::dialects::{CONNECTIONS, connection};

pub(super) mod order;
pub(super) mod settings;

use order::{NewlyMade, Refused, permission_word, usual};

#[derive(Template)]
#[template(path = "portal/credentials.html")]
struct CredentialsPage {
    shell: Shell,
    note: &'static str,
    base: String,
    lines: Vec<Line>,
    /// APIs that one can be made for; empty where she may not.
    apis: Vec<Api>,
}

struct Line {
    url: String,
    name: String,
    api: &'static str,
    known_as: String,
    permissions: String,
    state: Badge,
    expires: Option<Moment>,
}

struct Api {
    word: &'static str,
    name: &'static str,
}

#[derive(Template)]
#[template(path = "portal/credential_new.html")]
struct NewPage {
    shell: Shell,
    base: String,
    /// How many there are: a form that is sent again knows of one too few, and makes none.
    known: usize,
    error: Fault,
    api: Api,
    fields: Vec<AskedField>,
    /// Whether something was typed in those.
    brings: bool,
    form: Terms,
}

/// What went wrong, and where: the page says it at the top and beside the field.
#[derive(Default)]
struct Fault {
    field: String,
    text: String,
}

impl Fault {
    fn is_at<F: AsRef<str> + ?Sized>(&self, field: &F) -> bool {
        self.field == field.as_ref()
    }
}

struct AskedField {
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    value: String,
}

/// What every credential has, as a form shows it.
struct Terms {
    name: String,
    permissions: Vec<Tick>,
    expires_at: String,
    allow: String,
    deny: String,
}

/// A permission to tick.
struct Tick {
    word: &'static str,
    label: &'static str,
    is_ticked: bool,
}

#[derive(Template)]
#[template(path = "portal/credential_made.html")]
struct MadePage {
    shell: Shell,
    lead: &'static str,
    parts: Vec<ShownPart>,
    url: String,
    developer: String,
}

struct ShownPart {
    label: &'static str,
    value: String,
}

#[derive(Template)]
#[template(path = "portal/credential.html")]
struct CredentialPage {
    shell: Shell,
    note: &'static str,
    error: Fault,
    base: String,
    list: String,
    api: Api,
    number: i64,
    known_as: String,
    hint: String,
    state: Badge,
    is_ended: bool,
    may_change: bool,
    form: Terms,
    password: &'static str,
    password_stays: bool,
    /// Names the present password, so that a page sent twice makes one new one.
    present: String,
    settings: Vec<settings::Group>,
}

/// `GET …/credentials`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let directory = at.engine().directory();
    let own = directory.credentials().filter(|known| (known.merchant, known.mode) == (at.merchant.id, at.mode));
    let mut own: Vec<&Credential> = own.map(|known| &**known).collect();
    own.sort_by_key(|credential| (credential.revoked, std::cmp::Reverse(credential.id)));
    let apis = if at.may_manage_credentials() { CONNECTIONS.map(Api::of).into() } else { Vec::new() };
    let page = CredentialsPage {
        shell: at.shell("Credentials"),
        note: match at.query.text("note") {
            "ended" => "The credential is ended. Requests with it are refused from now on.",
            _ => "",
        },
        base: at.path_to("credentials"),
        lines: own.into_iter().map(|credential| Line::of(credential, &at)).collect(),
        apis,
    };
    answer(StatusCode::OK, &page)
}

/// `GET …/credentials/new?api=`.
pub(super) async fn new(at: AtMerchant) -> Response {
    if !at.may_manage_credentials() {
        return refused::live_only(&at);
    }
    match order::dialect(&at.query) {
        Ok(dialect) => ask(&at, dialect, StatusCode::OK, Fault::default()),
        Err(_) => see_other(&at.path_to("credentials")),
    }
}

/// `POST …/credentials`: makes one.
pub(super) async fn make(at: AtMerchant) -> Response {
    if !at.may_manage_credentials() {
        return refused::live_only(&at);
    }
    let dialect = match order::dialect(&at.form) {
        Ok(dialect) => dialect,
        Err(_) => return see_other(&at.path_to("credentials")),
    };
    match order::make(at.engine(), &at.who(), &at.merchant, at.mode, &at.form).await {
        Ok(NewlyMade { id, parts }) => {
            let lead = match at.mode {
                Mode::Dev => {
                    "Give these to the merchant\u{2019}s program. They are shown now; afterwards only the developer\u{2019}s page has them."
                }
                Mode::Live => "Give these to the merchant\u{2019}s program. They are shown now and never again.",
            };
            made(&at, "Credential made", lead, id.number(), parts)
        }
        Err(error) => match fault(error) {
            Ok((status, fault)) => ask(&at, dialect, status, fault),
            Err(stopped) => stopped.into_page(&at),
        },
    }
}

/// `GET …/credentials/{credential}`.
pub(super) async fn show(at: AtMerchant) -> Response {
    let Some(credential) = at.credential() else { return refused::not_found(&at) };
    let note = match at.query.text("note") {
        "changed" => "The credential is changed.",
        "settings" => "The settings are changed. They hold for new requests.",
        _ => "",
    };
    detail(&at, &credential, StatusCode::OK, note, Fault::default())
}

/// `POST …/credentials/{credential}`: name, permissions, expiry, callers.
pub(super) async fn change(at: AtMerchant) -> Response {
    let credential = match manageable(&at) {
        Ok(credential) => credential,
        Err(stopped) => return stopped.into_page(&at),
    };
    let altered = order::alter(at.engine(), &at.who(), &credential, &at.form).await;
    again(&at, &credential, altered, "changed")
}

/// `POST …/credentials/{credential}/settings`: what the dialect alone reads.
pub(super) async fn set(at: AtMerchant) -> Response {
    let credential = match manageable(&at) {
        Ok(credential) => credential,
        Err(stopped) => return stopped.into_page(&at),
    };
    let set = match settings::given(connection(credential.dialect), &credential, &at.form) {
        Ok(given) => order::set(at.engine(), &at.who(), &credential, &given).await,
        Err(unfit) => Err(unfit.into()),
    };
    again(&at, &credential, set, "settings")
}

/// `POST …/credentials/{credential}/password`: a new one, shown this once.
pub(super) async fn renew(at: AtMerchant) -> Response {
    let credential = match manageable(&at) {
        Ok(credential) => credential,
        Err(stopped) => return stopped.into_page(&at),
    };
    if at.form.text("present") != order::present(at.engine(), &credential) {
        let error = "A new one was made since this page was opened. Nothing was changed now.".to_owned();
        return again(&at, &credential, Err(Refused::Conflict(error)), "");
    }
    match order::renew(at.engine(), &at.who(), &at.merchant, &credential).await {
        Ok(part) => {
            let keeps = connection(credential.dialect).password().and_then(|password| password.keeps_present_as);
            let lead = match keeps {
                Some(_) => {
                    "The one before is still accepted, until you make another one. Tokens that were issued with it end now."
                }
                None => "It signs from now on, and is shown now and never again.",
            };
            made(&at, "New password", lead, credential.id.number(), vec![part])
        }
        Err(error) => again(&at, &credential, Err(error), ""),
    }
}

/// `POST …/credentials/{credential}/end`: takes it back for good.
pub(super) async fn end(at: AtMerchant) -> Response {
    let credential = match manageable(&at) {
        Ok(credential) => credential,
        Err(stopped) => return stopped.into_page(&at),
    };
    match order::end(at.engine(), &at.who(), &credential).await {
        Ok(()) => see_other(&format!("{}?note=ended", at.path_to("credentials"))),
        Err(error) => again(&at, &credential, Err(error), ""),
    }
}

/// The path's credential, where she may change it.
fn manageable(at: &AtMerchant) -> Result<std::sync::Arc<Credential>, Stopped> {
    match (at.may_manage_credentials(), at.credential()) {
        (false, _) => Err(Stopped::LiveOnly),
        (true, None) => Err(Stopped::NotFound),
        (true, Some(credential)) => Ok(credential),
    }
}

/// Why there is no page with a fault beside a field.
enum Stopped {
    LiveOnly,
    NotFound,
    Unavailable,
}

impl Stopped {
    fn into_page(self, at: &AtMerchant) -> Response {
        match self {
            Stopped::LiveOnly => refused::live_only(at),
            Stopped::NotFound => refused::not_found(at),
            Stopped::Unavailable => refused::unavailable(),
        }
    }
}

fn fault(error: Refused) -> Result<(StatusCode, Fault), Stopped> {
    match error {
        Refused::Unfit(Unfit { field, message }) => {
            // As the form calls it, where that is not its name.
            let called = match field.as_str() {
                "allow" => "callers admitted".to_owned(),
                "deny" => "callers refused".to_owned(),
                name => name.replace('_', " "),
            };
            let text = format!("{called} {message}.");
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Fault { field, text: capital(&text) }))
        }
        Refused::Conflict(text) => {
            Ok((StatusCode::CONFLICT, Fault { field: String::new(), text: format!("{}.", capital(&text)) }))
        }
        Refused::NotFound => Err(Stopped::NotFound),
        Refused::Unavailable(reason) => {
            tracing::warn!(reason, "a credential cannot be changed");
            Err(Stopped::Unavailable)
        }
    }
}

/// A sentence begins with a capital.
pub(super) fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or(String::new(), |first| first.to_uppercase().chain(letters).collect())
}

/// On to the credential, or the page again with what is wrong.
fn again(at: &AtMerchant, credential: &Credential, done: Result<(), Refused>, note: &str) -> Response {
    let path = at.path_to(&format!("credentials/{}", credential.id.number()));
    match done.map_err(fault) {
        Ok(()) => see_other(&format!("{path}?note={note}")),
        Err(Ok((status, fault))) => detail(at, credential, status, "", fault),
        Err(Err(stopped)) => stopped.into_page(at),
    }
}

fn ask(at: &AtMerchant, dialect: &dyn Connection, status: StatusCode, error: Fault) -> Response {
    let asked = |field: &crate::dialects::connect::Field| AskedField {
        name: field.name,
        label: field.label,
        hint: field.hint,
        value: at.form.text(field.name).to_owned(),
    };
    let usual = usual(dialect, at.mode);
    let page = NewPage {
        shell: at.shell(format!("New credential for {}", dialect.name())),
        base: at.path_to("credentials"),
        known: at.engine().directory().count_credentials(at.merchant.id, at.mode),
        api: Api::of(dialect),
        fields: dialect.fields().iter().map(asked).collect(),
        brings: dialect.fields().iter().any(|field| at.form.has(field.name) && !at.form.text(field.name).is_empty()),
        form: Terms::said(at, dialect, &usual),
        error,
    };
    answer(status, &page)
}

fn made(at: &AtMerchant, title: &str, lead: &'static str, number: i64, parts: Vec<Part>) -> Response {
    let shown = |part: Part| ShownPart { label: part.label, value: part.value.expose().to_owned() };
    let page = MadePage {
        shell: at.shell(title),
        lead,
        parts: parts.into_iter().map(shown).collect(),
        url: at.path_to(&format!("credentials/{number}")),
        developer: match (at.mode, at.may(florin_kernel::user::Permission::Develop)) {
            (Mode::Dev, true) => at.path_to("developer"),
            (Mode::Dev, false) | (Mode::Live, _) => String::new(),
        },
    };
    answer(StatusCode::OK, &page)
}

fn detail(at: &AtMerchant, credential: &Credential, status: StatusCode, note: &'static str, error: Fault) -> Response {
    let dialect = connection(credential.dialect);
    let password = dialect.password();
    let form = match at.form.has("expires_at") {
        true => Terms::said(at, dialect, &[]),
        false => Terms::of(credential, dialect),
    };
    let page = CredentialPage {
        shell: at.shell(title(credential, dialect)),
        note,
        error,
        base: at.path_to(&format!("credentials/{}", credential.id.number())),
        list: at.path_to("credentials"),
        api: Api::of(dialect),
        number: credential.id.number(),
        known_as: dialect.known_as(credential),
        hint: credential.label.hint.clone(),
        state: state(credential, at),
        is_ended: credential.revoked,
        may_change: at.may_manage_credentials() && !credential.revoked,
        form,
        password: password.map_or("", |password| password.label),
        password_stays: password.is_some_and(|password| password.keeps_present_as.is_some()),
        present: order::present(at.engine(), credential),
        // What was typed stays where it was refused.
        settings: settings::groups(dialect, credential, &at.form),
    };
    answer(status, &page)
}

/// What a credential is called.
pub(super) fn title(credential: &Credential, dialect: &dyn Connection) -> String {
    match credential.label.name.as_str() {
        "" => format!("{} {}", dialect.name(), credential.id.number()),
        name => name.to_owned(),
    }
}

/// Whether it may be used now.
fn state(credential: &Credential, at: &AtMerchant) -> Badge {
    let now = at.engine().now(Lane::of(credential.merchant, credential.mode));
    match (credential.revoked, credential.expires_at) {
        (true, _) => Badge { meaning: "bad", word: "Ended" },
        (false, Some(ends)) if ends <= now => Badge { meaning: "bad", word: "Expired" },
        (false, Some(_)) => Badge { meaning: "attention", word: "Expires" },
        (false, None) => Badge { meaning: "good", word: "In force" },
    }
}

impl Api {
    fn of(dialect: &dyn Connection) -> Api {
        Api { word: dialect.word(), name: dialect.name() }
    }
}

impl Line {
    fn of(credential: &Credential, at: &AtMerchant) -> Line {
        let dialect = connection(credential.dialect);
        let now = at.engine().now(Lane::of(credential.merchant, credential.mode));
        let known_as = [dialect.known_as(credential), credential.label.hint.clone()];
        let labels: Vec<&str> = credential.permissions.iter().map(|known| label(*known)).collect();
        Line {
            url: at.path_to(&format!("credentials/{}", credential.id.number())),
            name: title(credential, dialect),
            api: dialect.name(),
            known_as: known_as.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", "),
            permissions: match dialect.permissions() {
                [] => "everything of its API".to_owned(),
                _ if labels.is_empty() => "nothing".to_owned(),
                _ => labels.join(", "),
            },
            state: state(credential, at),
            expires: credential.expires_at.filter(|_| !credential.revoked).map(|ends| Moment::at(ends, now)),
        }
    }
}

impl Terms {
    fn of(credential: &Credential, dialect: &dyn Connection) -> Terms {
        let lines = |ranges: &[ipnet::IpNet]| ranges.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
        Terms {
            name: credential.label.name.clone(),
            permissions: boxes(dialect, |known| credential.permissions.contains(&known)),
            expires_at: credential.expires_at.map(|at| at.strftime("%Y-%m-%dT%H:%M").to_string()).unwrap_or_default(),
            allow: lines(&credential.allow),
            deny: lines(&credential.deny),
        }
    }

    /// As it was typed; what is usual before anything was.
    fn said(at: &AtMerchant, dialect: &dyn Connection, usual: &[Permission]) -> Terms {
        let is_sent = at.form.has("permissions");
        let ticked = |known: Permission| match is_sent {
            true => at.form.all("permissions").any(|word| word == permission_word(known)),
            false => usual.contains(&known),
        };
        let text = |name: &str| at.form.text(name).to_owned();
        Terms {
            name: text("name"),
            permissions: boxes(dialect, ticked),
            expires_at: text("expires_at"),
            allow: text("allow"),
            deny: text("deny"),
        }
    }
}

fn boxes(dialect: &dyn Connection, ticked: impl Fn(Permission) -> bool) -> Vec<Tick> {
    let of =
        |known: &Permission| Tick { word: permission_word(*known), label: label(*known), is_ticked: ticked(*known) };
    dialect.permissions().iter().map(of).collect()
}

/// A permission as people read it.
fn label(permission: Permission) -> &'static str {
    match permission {
        Permission::Deposits => "payments",
        Permission::S2sCards => "card numbers in requests",
        Permission::Withdrawals => "withdrawals and payouts",
        Permission::Approve => "approving",
        Permission::Read => "status and lists",
    }
}
