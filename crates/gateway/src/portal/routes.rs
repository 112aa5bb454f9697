//! What there is in the portal, and who may: a line a screen or action. A handler that is not in this table cannot be reached, and a line
//! without an access does not compile. The tests' matrix has a line for each line here.

use axum::routing::{MethodRouter, get, post};
use florin_kernel::user::Permission;
use std::sync::Arc;

use super::Portal;
use super::{account, api, audit, home, invitation, one_time, operators, overview, second_step, sign_in, users};

/// One screen or action.
pub struct Route {
    /// How it is asked for.
    pub verb: Verb,
    /// Where it stands. Of a merchant's, `{merchant}` and `{mode}` come first.
    pub path: &'static str,
    /// Who may.
    pub access: Access,
    /// Its name in the navigation; none: it is reached from other screens.
    pub label: Option<&'static str>,
    /// What answers.
    pub(super) handler: fn() -> MethodRouter<Arc<Portal>>,
}

/// How a route is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Shows something and changes nothing.
    Get,
    /// Changes something.
    Post,
}

/// Who may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Whoever comes.
    Anybody,
    /// Who has given her password and not yet her code.
    HalfSignedIn,
    /// Any user, about herself.
    SignedIn,
    /// A member of the path's merchant with this permission, or an operator. To others the merchant does not exist.
    Merchant(Permission),
    /// An operator.
    Operator,
    /// A program with the admin token.
    AdminToken,
}

const fn screen(
    path: &'static str,
    access: Access,
    label: Option<&'static str>,
    handler: fn() -> MethodRouter<Arc<Portal>>,
) -> Route {
    Route { verb: Verb::Get, path, access, label, handler }
}

const fn action(path: &'static str, access: Access, handler: fn() -> MethodRouter<Arc<Portal>>) -> Route {
    Route { verb: Verb::Post, path, access, label: None, handler }
}

use Access::{AdminToken, Anybody, HalfSignedIn, Merchant, Operator, SignedIn};
use Permission as P;

/// The table. Labels appear in the navigation in this order.
pub static ROUTES: &[Route] = &[
    // Signing in.
    screen("/portal/sign-in", Anybody, None, || get(sign_in::page)),
    action("/portal/sign-in", Anybody, || post(sign_in::submit)),
    screen("/portal/sign-in/code", HalfSignedIn, None, || get(second_step::code_page)),
    action("/portal/sign-in/code", HalfSignedIn, || post(second_step::submit_code)),
    screen("/portal/sign-in/recovery", HalfSignedIn, None, || get(second_step::recovery_page)),
    action("/portal/sign-in/recovery", HalfSignedIn, || post(second_step::submit_recovery)),
    action("/portal/sign-out", SignedIn, || post(sign_in::sign_out)),
    screen("/portal/invitation/{token}", Anybody, None, || get(invitation::page)),
    action("/portal/invitation/{token}", Anybody, || post(invitation::accept)),
    // One's own account.
    screen("/portal", SignedIn, None, || get(home::page)),
    screen("/portal/account", SignedIn, None, || get(account::page)),
    action("/portal/account/password", SignedIn, || post(account::change_password)),
    action("/portal/account/sessions", SignedIn, || post(account::end_sessions)),
    screen("/portal/account/one-time", SignedIn, None, || get(one_time::page)),
    action("/portal/account/one-time", SignedIn, || post(one_time::confirm)),
    action("/portal/account/one-time/remove", SignedIn, || post(one_time::remove)),
    action("/portal/account/one-time/codes", SignedIn, || post(one_time::renew_codes)),
    // A merchant's.
    screen("/portal/m/{merchant}/{mode}", Merchant(P::ViewPayments), Some("Overview"), || get(overview::page)),
    screen("/portal/m/{merchant}/{mode}/users", Merchant(P::ManageUsers), Some("Users"), || get(users::page)),
    action("/portal/m/{merchant}/{mode}/users", Merchant(P::ManageUsers), || post(users::invite)),
    action("/portal/m/{merchant}/{mode}/users/{user}/role", Merchant(P::ManageUsers), || post(users::set_role)),
    action("/portal/m/{merchant}/{mode}/users/{user}/link", Merchant(P::ManageUsers), || post(users::renew_link)),
    action("/portal/m/{merchant}/{mode}/users/{user}/one-time", Merchant(P::ManageUsers), || {
        post(users::reset_one_time)
    }),
    screen("/portal/m/{merchant}/{mode}/audit", Merchant(P::ViewAudit), Some("Audit log"), || get(audit::of_merchant)),
    // The installation's.
    screen("/portal/operator/users", Operator, Some("Users"), || get(operators::page)),
    action("/portal/operator/users", Operator, || post(operators::invite)),
    action("/portal/operator/users/{user}/disable", Operator, || post(operators::disable)),
    action("/portal/operator/users/{user}/enable", Operator, || post(operators::enable)),
    action("/portal/operator/users/{user}/link", Operator, || post(operators::renew_link)),
    action("/portal/operator/users/{user}/one-time", Operator, || post(operators::reset_one_time)),
    screen("/portal/operator/audit", Operator, Some("Audit log"), || get(audit::of_installation)),
    // The admin API.
    screen("/admin/v1/users", AdminToken, None, || get(api::users)),
    action("/admin/v1/users", AdminToken, || post(api::invite)),
    action("/admin/v1/users/{user}/role", AdminToken, || post(api::set_role)),
    action("/admin/v1/users/{user}/link", AdminToken, || post(api::renew_link)),
    action("/admin/v1/users/{user}/disable", AdminToken, || post(api::disable)),
    action("/admin/v1/users/{user}/enable", AdminToken, || post(api::enable)),
    action("/admin/v1/users/{user}/one_time/reset", AdminToken, || post(api::reset_one_time)),
    screen("/admin/v1/audit", AdminToken, None, || get(api::audit)),
];
