//! What stands around every screen of somebody who has signed in: navigation, the merchant and mode she looks at, who she is. It is read
//! from the table of routes, so nobody sees a link that she may not follow.

use florin_engine::directory::Directory;
use florin_kernel::MerchantId;
use florin_kernel::payment::Mode;

use super::routes::{Access, ROUTES, Route, Verb};
use super::visit::{AtMerchant, Visit, merchant_path, mode_word};

/// Merchants listed in the switcher; an operator with more goes by the list of merchants.
const SWITCHER_MAX: usize = 50;

/// The frame of a screen.
pub(super) struct Shell {
    pub(super) title: String,
    pub(super) csrf: String,
    pub(super) person: String,
    pub(super) links: Vec<Link>,
    pub(super) operator_links: Vec<Link>,
    /// The merchant looked at; empty: none.
    pub(super) merchant: String,
    /// The others that she may look at instead.
    pub(super) merchants: Vec<Link>,
    /// Test and live; empty where no merchant is looked at.
    pub(super) modes: Vec<Link>,
    /// Whether this is test money.
    pub(super) is_test: bool,
    /// Where one's own account is.
    pub(super) is_account: bool,
}

/// A way on.
pub(super) struct Link {
    pub(super) label: String,
    pub(super) url: String,
    pub(super) is_here: bool,
}

/// The merchant and mode that a screen is about, or that its links lead to.
#[derive(Clone, Copy)]
struct Place {
    merchant: MerchantId,
    mode: Mode,
}

impl Visit {
    /// The frame of a screen that is about no merchant. The links lead to the first one that she knows.
    pub(super) fn shell(&self, title: impl Into<String>) -> Shell {
        let directory = self.engine().directory();
        let place = self.first_merchant(&directory);
        Shell { modes: Vec::new(), is_test: false, ..self.framed(title.into(), &directory, place) }
    }

    /// Where she begins: the first merchant that she knows, live if it is in use there.
    pub(super) fn home(&self) -> Option<String> {
        let directory = self.engine().directory();
        self.first_merchant(&directory).map(|place| merchant_path(place.merchant.number(), place.mode, ""))
    }

    fn first_merchant(&self, directory: &Directory) -> Option<Place> {
        let known = directory.merchants().filter(|merchant| self.visitor.user.sees(merchant.id));
        let merchant = known.map(|merchant| merchant.id).min()?;
        let is_live = directory.credentials().any(|known| (known.merchant, known.mode) == (merchant, Mode::Live));
        Some(Place { merchant, mode: if is_live { Mode::Live } else { Mode::Dev } })
    }

    fn framed(&self, title: String, directory: &Directory, place: Option<Place>) -> Shell {
        let user = &self.visitor.user;
        let name = place.and_then(|place| directory.merchant(place.merchant)).map(|merchant| merchant.name.clone());
        Shell {
            title,
            csrf: self.form_token(),
            person: user.name.clone(),
            links: place.map(|place| self.links(place)).unwrap_or_default(),
            operator_links: self.operator_links(),
            merchant: name.unwrap_or_default(),
            merchants: place.map(|place| self.merchants(directory, place)).unwrap_or_default(),
            modes: place.map(|place| self.modes(place)).unwrap_or_default(),
            is_test: place.is_some_and(|place| place.mode == Mode::Dev),
            is_account: self.path.starts_with("/portal/account"),
        }
    }

    fn links(&self, place: Place) -> Vec<Link> {
        let may = |route: &&Route| match route.access {
            Access::Merchant(permission) => self.visitor.user.may(place.merchant, permission),
            Access::Anybody | Access::HalfSignedIn | Access::SignedIn | Access::Operator | Access::AdminToken => false,
        };
        self.labelled(may, |path| at(path, place))
    }

    fn operator_links(&self) -> Vec<Link> {
        let may = |route: &&Route| route.access == Access::Operator && self.visitor.user.is_operator();
        self.labelled(may, str::to_owned)
    }

    fn labelled(&self, may: impl Fn(&&Route) -> bool, url: impl Fn(&str) -> String) -> Vec<Link> {
        let routes = ROUTES.iter().filter(may);
        let link = |route: &Route| {
            let label = route.label?.to_owned();
            Some(Link { label, url: url(route.path), is_here: self.stands_at(route) })
        };
        routes.filter_map(link).collect()
    }

    /// Whether the screen is the one of a link, or below it. Everything is below the overview, which is meant alone.
    fn stands_at(&self, route: &Route) -> bool {
        let here = self.route.path;
        let below = here.strip_prefix(route.path).is_some_and(|rest| rest.starts_with('/'));
        here == route.path || (below && !route.path.ends_with("{mode}"))
    }

    /// The same list of the other merchants and modes; what is below a list is of one merchant only, so it leads to the list.
    fn list_of(&self, place: Place) -> String {
        let labelled = |route: &&Route| route.label.is_some() && self.stands_at(route);
        let list = ROUTES.iter().find(labelled).map_or("/portal/m/{merchant}/{mode}", |route| route.path);
        match list.starts_with("/portal/m/") {
            true => at(list, place),
            false => merchant_path(place.merchant.number(), place.mode, ""),
        }
    }

    fn merchants(&self, directory: &Directory, place: Place) -> Vec<Link> {
        let known = directory.merchants().filter(|merchant| self.visitor.user.sees(merchant.id));
        let mut known: Vec<_> = known.cloned().collect();
        known.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        known.truncate(SWITCHER_MAX);
        let link = |merchant: std::sync::Arc<florin_engine::directory::Merchant>| Link {
            label: merchant.name.clone(),
            url: self.list_of(Place { merchant: merchant.id, ..place }),
            is_here: merchant.id == place.merchant,
        };
        known.into_iter().map(link).collect()
    }

    fn modes(&self, place: Place) -> Vec<Link> {
        let link = |(mode, label): (Mode, &str)| Link {
            label: label.to_owned(),
            url: self.list_of(Place { mode, ..place }),
            is_here: mode == place.mode,
        };
        [(Mode::Dev, "Test"), (Mode::Live, "Live")].map(link).into()
    }
}

impl AtMerchant {
    /// The frame of a screen about this merchant.
    pub(super) fn shell(&self, title: impl Into<String>) -> Shell {
        let place = Place { merchant: self.merchant.id, mode: self.mode };
        self.visit.framed(title.into(), &self.engine().directory(), Some(place))
    }

    /// The way to another screen of this merchant, by the end of its path (`ledger`); empty where there is none that she may see.
    pub(super) fn way(&self, rest: &str) -> String {
        let wanted = format!("/portal/m/{{merchant}}/{{mode}}/{rest}");
        let may = |route: &&Route| match route.access {
            Access::Merchant(permission) => self.may(permission),
            Access::Anybody | Access::HalfSignedIn | Access::SignedIn | Access::Operator | Access::AdminToken => false,
        };
        let screens = ROUTES.iter().filter(|route| route.verb == Verb::Get && route.path == wanted);
        screens.filter(may).map(|_| self.path_to(rest)).next().unwrap_or_default()
    }
}

fn at(pattern: &str, place: Place) -> String {
    pattern.replace("{merchant}", &place.merchant.number().to_string()).replace("{mode}", mode_word(place.mode))
}
