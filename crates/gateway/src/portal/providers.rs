//! Providers: who takes this merchant's payments, and taking one out of service.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::audit::ConfigureError;
use florin_engine::routing::{ProviderChange, Reach, RoutingRefusal, Service};
use florin_kernel::payment::Mode;
use florin_kernel::routing::{ProviderAccount, ProviderId, RouteSet};
use florin_kernel::user::Permission;

use super::answer::{page as answer, see_other};
use super::networks::{self, NetworkLine};
use super::refused;
use super::rules::method_name;
use super::shell::Shell;
use super::show::Badge;
use super::visit::AtMerchant;

const NAME_LENGTH_MAX: usize = 60;

#[derive(Template)]
#[template(path = "portal/providers.html")]
struct ProvidersPage {
    shell: Shell,
    note: &'static str,
    error: String,
    base: String,
    /// Where accounts are made; empty where she may not.
    accounts: &'static str,
    providers: Vec<ProviderLine>,
    routes: Vec<RouteLine>,
    networks: Vec<NetworkLine>,
}

struct ProviderLine {
    id: i64,
    name: String,
    code: String,
    driver: String,
    method: &'static str,
    takes: Vec<String>,
    state: Badge,
    is_shared: bool,
    is_out: bool,
    may_change: bool,
}

struct RouteLine {
    id: i64,
    name: String,
    members: String,
    cascade: bool,
}

/// `GET …/providers`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let note = match at.query.text("note") {
        "changed" => "The provider is changed. It holds for payments from now on.",
        _ => "",
    };
    list(&at, StatusCode::OK, note, String::new())
}

/// `POST …/providers/{provider}`: its name, and whether it takes part.
pub(super) async fn change(at: AtMerchant) -> Response {
    let Some(account) = known(&at) else { return refused::not_found(&at) };
    let name = at.form.text("name");
    if at.form.has("name") && (name.is_empty() || name.chars().count() > NAME_LENGTH_MAX) {
        let error = format!("The name must be 1 to {NAME_LENGTH_MAX} characters.");
        return list(&at, StatusCode::UNPROCESSABLE_ENTITY, "", error);
    }
    let change = ProviderChange {
        name: at.form.has("name").then(|| name.to_owned()),
        service: match at.form.text("service") {
            "in" => Some(Service::In),
            "out" => Some(Service::Out),
            _ => None,
        },
    };
    match at.engine().change_provider(&at.who(), at.reach(), account, &change).await {
        Ok(()) => see_other(&format!("{}?note=changed", at.path_to("providers"))),
        Err(ConfigureError::Refused(RoutingRefusal::Shared)) => refused::forbidden(&at),
        Err(ConfigureError::Refused(_)) => refused::not_found(&at),
        Err(ConfigureError::Unavailable(_)) => refused::unavailable(),
    }
}

/// The path's provider, if this merchant may use it.
fn known(at: &AtMerchant) -> Option<ProviderId> {
    let id = at.parameter("provider").parse().ok().map(ProviderId::new)?;
    let directory = at.engine().directory();
    let seen = |account: &std::sync::Arc<ProviderAccount>| account.id == id && is_own(account.merchant, at);
    directory.catalogue().providers.iter().any(seen).then_some(id)
}

fn is_own(owner: Option<florin_kernel::MerchantId>, at: &AtMerchant) -> bool {
    owner.is_none_or(|owner| owner == at.merchant.id)
}

fn list(at: &AtMerchant, status: StatusCode, note: &'static str, error: String) -> Response {
    let directory = at.engine().directory();
    let catalogue = directory.catalogue();
    let mut providers: Vec<_> = catalogue.providers.iter().filter(|account| is_own(account.merchant, at)).collect();
    providers.sort_by_key(|account| account.id);
    let routes = catalogue.routes.iter().filter(|route| is_own(route.merchant, at));
    let page = ProvidersPage {
        shell: at.shell("Providers"),
        note,
        error,
        base: at.path_to("providers"),
        accounts: if at.visitor.user.is_operator() { "/portal/operator/providers" } else { "" },
        providers: providers.into_iter().map(|account| ProviderLine::of(account, at)).collect(),
        routes: routes.map(RouteLine::of).collect(),
        networks: networks::lines(at),
    };
    answer(status, &page)
}

impl ProviderLine {
    fn of(account: &ProviderAccount, at: &AtMerchant) -> ProviderLine {
        let has_mode = account.modes.contains(&at.mode);
        let state = match (account.disabled, has_mode, at.mode) {
            (true, _, _) => Badge { meaning: "bad", word: "Out of service" },
            (false, true, _) => Badge { meaning: "good", word: "In service" },
            (false, false, Mode::Dev) => Badge { meaning: "plain", word: "Live only" },
            (false, false, Mode::Live) => Badge { meaning: "plain", word: "Test only" },
        };
        let own = match at.reach() {
            Reach::All => true,
            Reach::Own(own) => account.merchant == Some(own),
        };
        ProviderLine {
            id: account.id.number(),
            name: account.name.clone(),
            code: account.code.clone(),
            driver: account.driver.clone(),
            method: method_name(account.method),
            takes: takes(account),
            state,
            is_shared: account.merchant.is_none(),
            is_out: account.disabled,
            may_change: own && at.may(Permission::ManageRouting),
        }
    }
}

/// What an account takes, in words; empty: anything.
pub(super) fn takes(account: &ProviderAccount) -> Vec<String> {
    let codes: Vec<&str> = account.currencies.iter().map(|currency| currency.code()).collect();
    let mut takes = Vec::new();
    if !codes.is_empty() {
        takes.push(format!("requests in {}", codes.join(", ")));
    }
    if !account.countries.is_empty() {
        takes.push(format!("payers of {}", account.countries.join(", ")));
    }
    if let Some((min, max)) = &account.amounts {
        takes.push(format!("{min} to {max}"));
    }
    if let Some((asset, rate)) = &account.conversion {
        takes.push(format!("moves {asset} at {rate}"));
    }
    takes
}

impl RouteLine {
    fn of(route: &RouteSet) -> RouteLine {
        let members: Vec<String> = route.members.iter().map(ToString::to_string).collect();
        RouteLine {
            id: route.id.number(),
            name: route.name.clone(),
            members: members.join(", then "),
            cascade: route.cascade,
        }
    }
}
