//! The operator's merchants: all of them, a new one, and one's name and rules for withdrawals.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::audit::ConfigureError;
use florin_engine::directory::{Directory, Merchant};
use florin_engine::merchants::{MerchantChange, MerchantRefusal};
use florin_kernel::MerchantId;
use florin_kernel::payment::Mode;

use super::answer::{page as answer, see_other};
use super::refused;
use super::shell::Shell;
use super::visit::{Visit, merchant_path};

pub(super) mod rules;

use rules::RulesForm;

/// Where the list is.
const LIST: &str = "/portal/operator/merchants";
/// Merchants on a page.
const PAGE: usize = 50;

#[derive(Template)]
#[template(path = "portal/merchants.html")]
struct MerchantsPage {
    shell: Shell,
    note: &'static str,
    error: Fault,
    name: String,
    slug: String,
    merchants: Vec<Line>,
    /// The way to the next page; empty where there is none.
    next: String,
}

/// What cannot be used, and why: beside its field, or above the form where no field is meant.
#[derive(Default)]
struct Fault {
    field: &'static str,
    text: String,
}

impl Fault {
    fn of(&self, field: &str) -> &str {
        if self.field == field { &self.text } else { "" }
    }
}

struct Line {
    number: i64,
    name: String,
    slug: String,
    /// Credentials in force.
    test: usize,
    live: usize,
    test_url: String,
    live_url: String,
    url: String,
}

#[derive(Template)]
#[template(path = "portal/merchant.html")]
struct MerchantPage {
    shell: Shell,
    note: &'static str,
    number: i64,
    slug: String,
    called: String,
    test_url: String,
    live_url: String,
    name: String,
    error: Fault,
    rules: RulesForm,
}

/// `GET /portal/operator/merchants?after=`.
pub(super) async fn page(visit: Visit) -> Response {
    answer(StatusCode::OK, &list(&visit, Fault::default()))
}

/// `POST /portal/operator/merchants`: makes one.
pub(super) async fn make(visit: Visit) -> Response {
    let (name, slug) = (visit.form.text("name"), visit.form.text("slug"));
    match visit.engine().make_merchant(&visit.who(), name, slug).await {
        Ok(id) => see_other(&format!("{LIST}/{}?note=made", id.number())),
        Err(error) => match fault(error) {
            Ok(fault) => answer(StatusCode::UNPROCESSABLE_ENTITY, &list(&visit, fault)),
            Err(response) => *response,
        },
    }
}

/// `GET /portal/operator/merchants/{number}`.
pub(super) async fn one(visit: Visit) -> Response {
    match merchant(&visit) {
        Some(merchant) => {
            let rules = RulesForm::of(&merchant.withdrawals);
            answer(StatusCode::OK, &shown(&visit, &merchant, Fault::default(), rules))
        }
        None => refused::not_found(&visit),
    }
}

/// `POST /portal/operator/merchants/{number}`: another name.
pub(super) async fn rename(visit: Visit) -> Response {
    let Some(merchant) = merchant(&visit) else { return refused::not_found(&visit) };
    let change = MerchantChange { name: Some(visit.form.text("name").to_owned()), ..MerchantChange::default() };
    let rules = RulesForm::of(&merchant.withdrawals);
    changed(&visit, &merchant, change, rules, "renamed").await
}

/// `POST /portal/operator/merchants/{number}/withdrawals`: other rules for withdrawals.
pub(super) async fn set_rules(visit: Visit) -> Response {
    let Some(merchant) = merchant(&visit) else { return refused::not_found(&visit) };
    let mut rules = RulesForm::read(&visit.form);
    match rules.parse(&merchant.withdrawals, visit.engine().wall()) {
        Ok(parsed) => {
            let change = MerchantChange { withdrawals: Some(parsed), ..MerchantChange::default() };
            changed(&visit, &merchant, change, rules, "rules").await
        }
        Err(faults) => {
            rules.faults = faults;
            answer(StatusCode::UNPROCESSABLE_ENTITY, &shown(&visit, &merchant, Fault::default(), rules))
        }
    }
}

async fn changed(
    visit: &Visit,
    merchant: &Merchant,
    change: MerchantChange,
    rules: RulesForm,
    note: &'static str,
) -> Response {
    match visit.engine().change_merchant(&visit.who(), merchant.id, &change).await {
        Ok(()) => see_other(&format!("{LIST}/{}?note={note}", merchant.id.number())),
        Err(error) => match fault(error) {
            Ok(fault) => {
                let typed = change.name.unwrap_or_else(|| merchant.name.clone());
                let page = MerchantPage { name: typed, ..shown(visit, merchant, fault, rules) };
                answer(StatusCode::UNPROCESSABLE_ENTITY, &page)
            }
            Err(response) => *response,
        },
    }
}

/// The path's merchant.
fn merchant(visit: &Visit) -> Option<std::sync::Arc<Merchant>> {
    let id = visit.parameter("number").parse().ok().map(MerchantId::from_number)?;
    visit.engine().directory().merchant(id).cloned()
}

/// What to say beside a field, or the answer where the database does not take it.
fn fault(error: ConfigureError<MerchantRefusal>) -> Result<Fault, Box<Response>> {
    match error {
        ConfigureError::Refused(MerchantRefusal::Invalid(field)) => {
            let text = match field {
                "slug" => "Use 1 to 20 lower-case letters and digits, such as goldenshop.",
                _ => "Use 1 to 60 characters.",
            };
            Ok(Fault { field, text: text.to_owned() })
        }
        ConfigureError::Refused(MerchantRefusal::SlugTaken) => {
            Ok(Fault { field: "slug", text: "Another merchant has it.".to_owned() })
        }
        // Merchants are never removed, so one that was there a moment ago is there.
        ConfigureError::Refused(MerchantRefusal::NotFound) => {
            Ok(Fault { field: "name", text: "There is no such merchant any more.".to_owned() })
        }
        ConfigureError::Unavailable(error) => {
            tracing::warn!(%error, "a merchant cannot be changed");
            Err(Box::new(refused::unavailable()))
        }
    }
}

fn list(visit: &Visit, error: Fault) -> MerchantsPage {
    let directory = visit.engine().directory();
    let after = visit.query.text("after").parse().unwrap_or(i64::MIN);
    let mut all: Vec<&std::sync::Arc<Merchant>> = directory.merchants().collect();
    all.retain(|merchant| merchant.id.number() > after);
    all.sort_by_key(|merchant| merchant.id);
    let last = all.get(PAGE - 1).filter(|_| all.len() > PAGE).map(|last| last.id.number());
    let now = visit.engine().wall();
    MerchantsPage {
        shell: visit.shell("Merchants"),
        note: "",
        error,
        name: visit.form.text("name").to_owned(),
        slug: visit.form.text("slug").to_owned(),
        merchants: all.into_iter().take(PAGE).map(|merchant| Line::of(merchant, &directory, now)).collect(),
        next: last.map(|last| format!("{LIST}?after={last}")).unwrap_or_default(),
    }
}

impl Line {
    fn of(merchant: &Merchant, directory: &Directory, now: florin_kernel::Timestamp) -> Line {
        let number = merchant.id.number();
        Line {
            number,
            name: merchant.name.clone(),
            slug: merchant.slug.clone(),
            test: in_force(directory, merchant.id, Mode::Dev, now),
            live: in_force(directory, merchant.id, Mode::Live, now),
            test_url: merchant_path(number, Mode::Dev, ""),
            live_url: merchant_path(number, Mode::Live, ""),
            url: format!("{LIST}/{number}"),
        }
    }
}

/// How many credentials of a merchant and mode may be used now.
pub(super) fn in_force(
    directory: &Directory,
    merchant: MerchantId,
    mode: Mode,
    now: florin_kernel::Timestamp,
) -> usize {
    let own = directory.credentials().filter(|known| (known.merchant, known.mode) == (merchant, mode));
    own.filter(|known| !known.revoked && known.expires_at.is_none_or(|ends| now < ends)).count()
}

fn shown(visit: &Visit, merchant: &Merchant, error: Fault, rules: RulesForm) -> MerchantPage {
    let number = merchant.id.number();
    MerchantPage {
        shell: visit.shell(merchant.name.clone()),
        note: match visit.query.text("note") {
            "made" => "The merchant is there. Give somebody a role on its page of users, then make its credentials.",
            "renamed" => "The name is changed; payers’ pages show it from now on.",
            "rules" => "The rules are changed; they hold for withdrawals confirmed from now on.",
            _ => "",
        },
        number,
        slug: merchant.slug.clone(),
        called: merchant.name.clone(),
        test_url: merchant_path(number, Mode::Dev, ""),
        live_url: merchant_path(number, Mode::Live, ""),
        name: merchant.name.clone(),
        error,
        rules,
    }
}
