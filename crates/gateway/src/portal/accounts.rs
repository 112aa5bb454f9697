//! The operator's provider accounts: who takes payments, made and changed. What a driver is told and nobody may read is never shown again.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::audit::ConfigureError;
use florin_engine::routing::{Driver, ProviderChange, Reach, RoutingRefusal, Service};
use florin_kernel::payment::Mode;
use florin_kernel::ports::Secrecy;
use florin_kernel::routing::{Method, ProviderAccount, ProviderId};

use super::answer::{page as answer, see_other};
use super::credentials::capital;
use super::providers::takes;
use super::refused;
use super::rules::method_name;
use super::shell::Shell;
use super::show::Badge;
use super::visit::{Fields, Visit, mode_word};
use super::words;

pub(super) mod order;

use order::{CLEAR, Refused, SETTING};

/// Where the list is.
const LIST: &str = "/portal/operator/providers";

#[derive(Template)]
#[template(path = "portal/accounts.html")]
struct AccountsPage {
    shell: Shell,
    lines: Vec<Line>,
    drivers: Vec<&'static str>,
}

struct Line {
    url: String,
    number: i64,
    name: String,
    code: String,
    driver: String,
    owner: String,
    method: &'static str,
    modes: String,
    takes: Vec<String>,
    state: Badge,
}

#[derive(Template)]
#[template(path = "portal/provider_account.html")]
struct AccountPage {
    shell: Shell,
    note: &'static str,
    error: Fault,
    /// Where the form goes.
    base: String,
    driver: String,
    /// What is so for good; nothing of one that is not made yet.
    known: Option<Known>,
    form: Typed,
}

struct Known {
    number: i64,
    owner: String,
    method: &'static str,
    state: Badge,
    is_out: bool,
    /// What its driver can do for it; empty: this build does not have it.
    can: Vec<String>,
}

/// What went wrong, and where.
#[derive(Default)]
struct Fault {
    field: String,
    text: String,
}

impl Fault {
    fn of(&self, field: &str) -> &str {
        if self.field == field { &self.text } else { "" }
    }
}

/// The form as it was typed, or as the account is.
struct Typed {
    number: String,
    merchant: String,
    method: String,
    name: String,
    code: String,
    modes: Vec<Tick>,
    currencies: String,
    countries: String,
    amount_min: String,
    amount_max: String,
    conversion_currency: String,
    conversion_rate: String,
    settings: Vec<Asked>,
}

struct Tick {
    word: &'static str,
    label: &'static str,
    is_ticked: bool,
}

/// What a driver may be told.
struct Asked {
    /// Of its field, and of the box that takes it away.
    field: String,
    clear: String,
    name: &'static str,
    label: &'static str,
    hint: &'static str,
    is_sealed: bool,
    /// Whether a secret is there.
    is_set: bool,
    /// Empty of a secret.
    value: String,
}

/// `GET /portal/operator/providers`.
pub(super) async fn page(visit: Visit) -> Response {
    let directory = visit.engine().directory();
    let mut accounts: Vec<&ProviderAccount> =
        directory.catalogue().providers.iter().map(|account| &**account).collect();
    accounts.sort_by_key(|account| account.id);
    let page = AccountsPage {
        shell: visit.shell("Providers"),
        lines: accounts.into_iter().map(|account| Line::of(account, &visit)).collect(),
        drivers: visit.engine().drivers().iter().map(|driver| driver.name).collect(),
    };
    answer(StatusCode::OK, &page)
}

/// `GET /portal/operator/providers/new?driver=`.
pub(super) async fn new(visit: Visit) -> Response {
    match visit.engine().driver(visit.query.text("driver")) {
        Some(driver) => asks(&visit, &driver, StatusCode::OK, Fault::default()),
        None => see_other(LIST),
    }
}

/// `POST /portal/operator/providers`: makes one. The number is in the form, so that the same form sent twice makes one.
pub(super) async fn make(visit: Visit) -> Response {
    let Some(driver) = visit.engine().driver(visit.form.text("driver")) else { return see_other(LIST) };
    let made = match order::new(&visit.form, &driver) {
        Ok(new) => visit.engine().make_account(&visit.who(), &new).await.map_err(Refused::from),
        Err(unfit) => Err(unfit.into()),
    };
    match made.map_err(fault) {
        Ok(id) => see_other(&format!("{LIST}/{id}?note=made")),
        Err(Ok((status, fault))) => asks(&visit, &driver, status, fault),
        Err(Err(stopped)) => stopped.into_page(&visit),
    }
}

/// `GET /portal/operator/providers/{provider}`.
pub(super) async fn show(visit: Visit) -> Response {
    let Some(account) = known(&visit) else { return refused::not_found(&visit) };
    let note = match visit.query.text("note") {
        "made" => "The account is there. A rule, or a request that names its number, brings payments to it.",
        "changed" => "The account is changed. It holds for payments from now on.",
        _ => "",
    };
    let form = Typed::of(&account, &driver_of(&visit, &account));
    detail(&visit, &account, StatusCode::OK, note, Fault::default(), form)
}

/// `POST /portal/operator/providers/{provider}`: other terms, or into service and out of it.
pub(super) async fn change(visit: Visit) -> Response {
    let Some(account) = known(&visit) else { return refused::not_found(&visit) };
    let service = match visit.form.text("service") {
        "in" => Some(Service::In),
        "out" => Some(Service::Out),
        _ => None,
    };
    let changed = match service {
        Some(service) => served(&visit, account.id, service).await,
        None => altered(&visit, &account).await,
    };
    match changed.map_err(fault) {
        Ok(()) => see_other(&format!("{LIST}/{}?note=changed", account.id)),
        Err(Ok((status, fault))) => {
            let form = Typed::said(&visit.form, &driver_of(&visit, &account), Some(&account));
            detail(&visit, &account, status, "", fault, form)
        }
        Err(Err(stopped)) => stopped.into_page(&visit),
    }
}

async fn altered(visit: &Visit, account: &ProviderAccount) -> Result<(), Refused> {
    let terms = order::terms(&visit.form, Some(account), &driver_of(visit, account))?;
    Ok(visit.engine().change_account(&visit.who(), account.id, &terms).await?)
}

async fn served(visit: &Visit, id: ProviderId, service: Service) -> Result<(), Refused> {
    let change = ProviderChange { service: Some(service), ..ProviderChange::default() };
    let changed = visit.engine().change_provider(&visit.who(), Reach::All, id, &change).await;
    changed.map_err(refused_service)
}

/// Why an account is not taken into service or out of it.
pub(super) fn refused_service(error: ConfigureError<RoutingRefusal>) -> Refused {
    match error {
        ConfigureError::Refused(RoutingRefusal::NotFound) => Refused::NotFound,
        ConfigureError::Refused(refusal) => Refused::Conflict(refusal.to_string()),
        ConfigureError::Unavailable(reason) => Refused::Unavailable(reason),
    }
}

/// The path's account.
fn known(visit: &Visit) -> Option<std::sync::Arc<ProviderAccount>> {
    let id = visit.parameter("provider").parse().ok().map(ProviderId::new)?;
    let directory = visit.engine().directory();
    directory.catalogue().providers.iter().find(|account| account.id == id).cloned()
}

/// An account's driver; of one that this build does not have nothing is asked.
fn driver_of(visit: &Visit, account: &ProviderAccount) -> Driver {
    let none = Driver { name: "", modes: &[Mode::Dev, Mode::Live], settings: &[] };
    visit.engine().driver(&account.driver).unwrap_or(none)
}

/// Why there is no page with a fault beside a field.
enum Stopped {
    NotFound,
    Unavailable,
}

impl Stopped {
    fn into_page(self, visit: &Visit) -> Response {
        match self {
            Stopped::NotFound => refused::not_found(visit),
            Stopped::Unavailable => refused::unavailable(),
        }
    }
}

fn fault(refused: Refused) -> Result<(StatusCode, Fault), Stopped> {
    match refused {
        Refused::Unfit(unfit) => {
            let text = capital(&format!("{} {}.", unfit.field.replace('_', " "), unfit.message));
            Ok((StatusCode::UNPROCESSABLE_ENTITY, Fault { field: unfit.field, text }))
        }
        Refused::Conflict(text) => {
            Ok((StatusCode::CONFLICT, Fault { field: "number".to_owned(), text: format!("{}.", capital(&text)) }))
        }
        Refused::NotFound => Err(Stopped::NotFound),
        Refused::Unavailable(reason) => {
            tracing::warn!(reason, "a provider account cannot be changed");
            Err(Stopped::Unavailable)
        }
    }
}

fn asks(visit: &Visit, driver: &Driver, status: StatusCode, error: Fault) -> Response {
    let page = AccountPage {
        shell: visit.shell("New provider account"),
        note: "",
        error,
        base: LIST.to_owned(),
        driver: driver.name.to_owned(),
        known: None,
        form: match visit.form.has("name") {
            true => Typed::said(&visit.form, driver, None),
            false => Typed::new(driver, next_number(visit)),
        },
    };
    answer(status, &page)
}

/// The number after all that are taken.
fn next_number(visit: &Visit) -> i64 {
    let directory = visit.engine().directory();
    let catalogue = directory.catalogue();
    let accounts = catalogue.providers.iter().map(|account| account.id.number());
    accounts.chain(catalogue.routes.iter().map(|route| route.id.number())).max().unwrap_or(0) + 1
}

fn detail(
    visit: &Visit,
    account: &ProviderAccount,
    status: StatusCode,
    note: &'static str,
    error: Fault,
    form: Typed,
) -> Response {
    let page = AccountPage {
        shell: visit.shell(account.name.clone()),
        note,
        error,
        base: format!("{LIST}/{}", account.id),
        driver: account.driver.clone(),
        known: Some(Known::of(account, visit)),
        form,
    };
    answer(status, &page)
}

fn owner(account: &ProviderAccount, visit: &Visit) -> String {
    match account.merchant {
        None => "every merchant\u{2019}s".to_owned(),
        Some(id) => {
            let directory = visit.engine().directory();
            directory.merchant(id).map_or_else(|| format!("merchant {id}"), |merchant| merchant.name.clone())
        }
    }
}

fn state(account: &ProviderAccount) -> Badge {
    match (account.disabled, account.modes.is_empty()) {
        (true, _) => Badge { meaning: "bad", word: "Out of service" },
        (false, true) => Badge { meaning: "attention", word: "No mode" },
        (false, false) => Badge { meaning: "good", word: "In service" },
    }
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Dev => "test",
        Mode::Live => "live",
    }
}

impl Line {
    fn of(account: &ProviderAccount, visit: &Visit) -> Line {
        let modes: Vec<&str> = account.modes.iter().map(|mode| mode_name(*mode)).collect();
        Line {
            url: format!("{LIST}/{}", account.id),
            number: account.id.number(),
            name: account.name.clone(),
            code: account.code.clone(),
            driver: account.driver.clone(),
            owner: owner(account, visit),
            method: method_name(account.method),
            modes: if modes.is_empty() { "none".to_owned() } else { modes.join(", ") },
            takes: takes(account),
            state: state(account),
        }
    }
}

impl Known {
    fn of(account: &ProviderAccount, visit: &Visit) -> Known {
        let mut can = Vec::new();
        if let Some(capabilities) = visit.engine().capabilities(account) {
            let operations = capabilities.operations.iter().map(|kind| words::operation_word(*kind));
            can.push(operations.collect::<Vec<_>>().join(", "));
            let more = [
                (capabilities.takes_cards, "takes card numbers that payers give to us"),
                (capabilities.takes_vouchers, "takes voucher codes that payers give to us"),
                (capabilities.has_page, "has a page of its own for payers"),
            ];
            can.extend(more.into_iter().filter(|(is_so, _)| *is_so).map(|(_, text)| text.to_owned()));
        }
        Known {
            number: account.id.number(),
            owner: owner(account, visit),
            method: method_name(account.method),
            state: state(account),
            is_out: account.disabled,
            can,
        }
    }
}

impl Typed {
    /// Of an account that is not there yet.
    fn new(driver: &Driver, number: i64) -> Typed {
        let mut typed = Typed::said(&Fields::default(), driver, None);
        typed.number = number.to_string();
        typed.modes.iter_mut().for_each(|tick| tick.is_ticked = tick.word == "dev");
        typed
    }

    fn said(fields: &Fields, driver: &Driver, known: Option<&ProviderAccount>) -> Typed {
        let text = |name: &str| fields.text(name).to_owned();
        Typed {
            number: text("number"),
            merchant: text("merchant_id"),
            method: text("method"),
            name: text("name"),
            code: text("code"),
            modes: ticks(driver, |mode| fields.all("modes").any(|word| word == mode_word(mode))),
            currencies: text("currencies"),
            countries: text("countries"),
            amount_min: text("amount_min"),
            amount_max: text("amount_max"),
            conversion_currency: text("conversion_currency"),
            conversion_rate: text("conversion_rate"),
            settings: asked(driver, known, |name| fields.text(&format!("{SETTING}{name}")).to_owned()),
        }
    }

    fn of(account: &ProviderAccount, driver: &Driver) -> Typed {
        let codes: Vec<&str> = account.currencies.iter().map(|currency| currency.code()).collect();
        let (amount_min, amount_max) = account.amounts.clone().unwrap_or_default();
        let conversion = account.conversion.map(|(asset, rate)| (asset.code().to_owned(), rate.to_string()));
        let (conversion_currency, conversion_rate) = conversion.unwrap_or_default();
        Typed {
            number: account.id.to_string(),
            merchant: account.merchant.map(|merchant| merchant.number().to_string()).unwrap_or_default(),
            method: String::new(),
            name: account.name.clone(),
            code: account.code.clone(),
            modes: ticks(driver, |mode| account.modes.contains(&mode)),
            currencies: codes.join(", "),
            countries: account.countries.join(", "),
            amount_min,
            amount_max,
            conversion_currency,
            conversion_rate,
            settings: asked(driver, Some(account), |name| account.settings.get(name).cloned().unwrap_or_default()),
        }
    }

    fn is_method(&self, word: &str) -> bool {
        self.method == word
    }
}

fn ticks(driver: &Driver, ticked: impl Fn(Mode) -> bool) -> Vec<Tick> {
    let tick = |mode: &Mode| Tick { word: mode_word(*mode), label: mode_name(*mode), is_ticked: ticked(*mode) };
    driver.modes.iter().map(tick).collect()
}

fn asked(driver: &Driver, known: Option<&ProviderAccount>, value: impl Fn(&str) -> String) -> Vec<Asked> {
    let of = |setting: &florin_kernel::ports::AccountSetting| {
        let is_sealed = setting.secrecy == Secrecy::Sealed;
        Asked {
            field: format!("{SETTING}{}", setting.name),
            clear: format!("{CLEAR}{}", setting.name),
            name: setting.name,
            label: setting.label,
            hint: setting.hint,
            is_sealed,
            is_set: known.is_some_and(|known| known.secrets.get(setting.name).is_some()),
            value: if is_sealed { String::new() } else { value(setting.name) },
        }
    };
    driver.settings.iter().map(of).collect()
}

/// Methods as the form offers them.
const METHODS: [(&str, Method); 5] = [
    ("card", Method::Card),
    ("bank_transfer", Method::BankTransfer),
    ("e_wallet", Method::EWallet),
    ("voucher", Method::Voucher),
    ("crypto", Method::Crypto),
];

impl AccountPage {
    fn methods(&self) -> impl Iterator<Item = (&'static str, String)> {
        METHODS.into_iter().map(|(word, method)| (word, capital(method_name(method))))
    }
}
