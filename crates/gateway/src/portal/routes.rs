//! What there is in the portal, and who may: a line a screen or action. A handler that is not in this table cannot be reached, and a line
//! without an access does not compile. The tests' matrix has a line for each line here.

use axum::routing::MethodRouter;
use florin_kernel::user::Permission;
use std::sync::Arc;

use super::Portal;
use super::handler::{get, post};
use super::{
    account, accounts, api, audit, branding, credentials, developer, home, invitation, ledger, merchants, one_time,
    operation, operators, overview, payment, payment_actions, payments, providers, resolve, rules, screening,
    second_step, sign_in, stuck, users, webhooks, withdrawals,
};

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
    screen("/portal/m/{merchant}/{mode}/payments", Merchant(P::ViewPayments), Some("Payments"), || get(payments::page)),
    screen("/portal/m/{merchant}/{mode}/payments.csv", Merchant(P::ViewPayments), None, || get(payments::export)),
    screen("/portal/m/{merchant}/{mode}/payments/{payment}", Merchant(P::ViewPayments), None, || get(payment::page)),
    screen("/portal/m/{merchant}/{mode}/payments/{payment}/{order}", Merchant(P::ChangePayments), None, || {
        get(payment_actions::page)
    }),
    action("/portal/m/{merchant}/{mode}/payments/{payment}/{order}", Merchant(P::ChangePayments), || {
        post(payment_actions::submit)
    }),
    screen("/portal/m/{merchant}/{mode}/withdrawals", Merchant(P::ViewWithdrawals), Some("Withdrawals"), || {
        get(withdrawals::page)
    }),
    screen(
        "/portal/m/{merchant}/{mode}/withdrawals/{payment}/{decision}",
        Merchant(P::ApproveWithdrawals),
        None,
        || get(withdrawals::decision_page),
    ),
    action("/portal/m/{merchant}/{mode}/withdrawals/{payment}/{decision}", Merchant(P::ApproveWithdrawals), || {
        post(withdrawals::decide)
    }),
    screen("/portal/m/{merchant}/{mode}/ledger", Merchant(P::ViewLedger), Some("Ledger"), || get(ledger::page)),
    screen("/portal/m/{merchant}/{mode}/ledger/statement", Merchant(P::ViewLedger), None, || get(ledger::statement)),
    screen("/portal/m/{merchant}/{mode}/ledger/statement.csv", Merchant(P::ViewLedger), None, || get(ledger::export)),
    screen("/portal/m/{merchant}/{mode}/webhooks", Merchant(P::ViewWebhooks), Some("Webhooks"), || get(webhooks::page)),
    screen("/portal/m/{merchant}/{mode}/webhooks/replay", Merchant(P::ReplayWebhooks), None, || get(webhooks::ask)),
    action("/portal/m/{merchant}/{mode}/webhooks/replay", Merchant(P::ReplayWebhooks), || post(webhooks::replay)),
    action("/portal/m/{merchant}/{mode}/webhooks/try", Merchant(P::ReplayWebhooks), || post(webhooks::try_receiver)),
    action("/portal/m/{merchant}/{mode}/webhooks/secret", Merchant(P::ManageTestCredentials), || {
        post(webhooks::rotate)
    }),
    screen("/portal/m/{merchant}/{mode}/webhooks/{event}", Merchant(P::ViewWebhooks), None, || get(webhooks::show)),
    action("/portal/m/{merchant}/{mode}/webhooks/{event}/replay", Merchant(P::ReplayWebhooks), || {
        post(webhooks::replay_one)
    }),
    screen("/portal/m/{merchant}/{mode}/developer", Merchant(P::Develop), Some("Developers"), || get(developer::page)),
    action("/portal/m/{merchant}/{mode}/developer/clock", Merchant(P::Develop), || post(developer::advance)),
    screen("/portal/m/{merchant}/{mode}/credentials", Merchant(P::ViewCredentials), Some("Credentials"), || {
        get(credentials::page)
    }),
    action("/portal/m/{merchant}/{mode}/credentials", Merchant(P::ManageTestCredentials), || post(credentials::make)),
    screen("/portal/m/{merchant}/{mode}/credentials/new", Merchant(P::ManageTestCredentials), None, || {
        get(credentials::new)
    }),
    screen("/portal/m/{merchant}/{mode}/credentials/{credential}", Merchant(P::ViewCredentials), None, || {
        get(credentials::show)
    }),
    action("/portal/m/{merchant}/{mode}/credentials/{credential}", Merchant(P::ManageTestCredentials), || {
        post(credentials::change)
    }),
    action("/portal/m/{merchant}/{mode}/credentials/{credential}/settings", Merchant(P::ManageTestCredentials), || {
        post(credentials::set)
    }),
    action("/portal/m/{merchant}/{mode}/credentials/{credential}/password", Merchant(P::ManageTestCredentials), || {
        post(credentials::renew)
    }),
    action("/portal/m/{merchant}/{mode}/credentials/{credential}/end", Merchant(P::ManageTestCredentials), || {
        post(credentials::end)
    }),
    screen("/portal/m/{merchant}/{mode}/providers", Merchant(P::ViewRouting), Some("Providers"), || {
        get(providers::page)
    }),
    action("/portal/m/{merchant}/{mode}/providers/{provider}", Merchant(P::ManageRouting), || post(providers::change)),
    screen("/portal/m/{merchant}/{mode}/rules", Merchant(P::ViewRouting), Some("Rules"), || get(rules::page)),
    screen("/portal/m/{merchant}/{mode}/rules/edit", Merchant(P::ManageRouting), None, || get(rules::edit)),
    action("/portal/m/{merchant}/{mode}/rules", Merchant(P::ManageRouting), || post(rules::submit)),
    action("/portal/m/{merchant}/{mode}/rules/{rule}/switch", Merchant(P::ManageRouting), || post(rules::switch)),
    screen("/portal/m/{merchant}/{mode}/branding", Merchant(P::ManageBranding), Some("Branding"), || {
        get(branding::page)
    }),
    action("/portal/m/{merchant}/{mode}/branding", Merchant(P::ManageBranding), || post(branding::save)),
    screen("/portal/m/{merchant}/{mode}/users", Merchant(P::ManageUsers), Some("Users"), || get(users::page)),
    action("/portal/m/{merchant}/{mode}/users", Merchant(P::ManageUsers), || post(users::invite)),
    action("/portal/m/{merchant}/{mode}/users/{user}/role", Merchant(P::ManageUsers), || post(users::set_role)),
    action("/portal/m/{merchant}/{mode}/users/{user}/link", Merchant(P::ManageUsers), || post(users::renew_link)),
    action("/portal/m/{merchant}/{mode}/users/{user}/one-time", Merchant(P::ManageUsers), || {
        post(users::reset_one_time)
    }),
    screen("/portal/m/{merchant}/{mode}/audit", Merchant(P::ViewAudit), Some("Audit log"), || get(audit::of_merchant)),
    // The installation's.
    screen("/portal/operator/merchants", Operator, Some("Merchants"), || get(merchants::page)),
    action("/portal/operator/merchants", Operator, || post(merchants::make)),
    screen("/portal/operator/merchants/{number}", Operator, None, || get(merchants::one)),
    action("/portal/operator/merchants/{number}", Operator, || post(merchants::rename)),
    action("/portal/operator/merchants/{number}/withdrawals", Operator, || post(merchants::set_rules)),
    screen("/portal/operator/providers", Operator, Some("Providers"), || get(accounts::page)),
    action("/portal/operator/providers", Operator, || post(accounts::make)),
    screen("/portal/operator/providers/new", Operator, None, || get(accounts::new)),
    screen("/portal/operator/providers/{provider}", Operator, None, || get(accounts::show)),
    action("/portal/operator/providers/{provider}", Operator, || post(accounts::change)),
    screen("/portal/operator/stuck", Operator, Some("Stuck payments"), || get(stuck::page)),
    screen("/portal/operator/ledger", Operator, Some("Ledger"), || get(ledger::of_operator)),
    action("/portal/operator/ledger/verify", Operator, || post(ledger::verify)),
    screen("/portal/operator/ledger/statement", Operator, None, || get(ledger::statement_of_operator)),
    screen("/portal/operator/ledger/statement.csv", Operator, None, || get(ledger::export_of_operator)),
    screen("/portal/operator/operation", Operator, Some("Operation"), || get(operation::page)),
    screen("/portal/operator/users", Operator, Some("Users"), || get(operators::page)),
    action("/portal/operator/users", Operator, || post(operators::invite)),
    action("/portal/operator/users/{user}/disable", Operator, || post(operators::disable)),
    action("/portal/operator/users/{user}/enable", Operator, || post(operators::enable)),
    action("/portal/operator/users/{user}/link", Operator, || post(operators::renew_link)),
    action("/portal/operator/users/{user}/one-time", Operator, || post(operators::reset_one_time)),
    screen("/portal/operator/resolve/{mode}/{payment}/{operation}", Operator, None, || get(resolve::page)),
    action("/portal/operator/resolve/{mode}/{payment}/{operation}", Operator, || post(resolve::submit)),
    screen("/portal/operator/screening/{mode}/{payment}", Operator, None, || get(screening::page)),
    action("/portal/operator/screening/{mode}/{payment}", Operator, || post(screening::submit)),
    screen("/portal/operator/audit", Operator, Some("Audit log"), || get(audit::of_installation)),
    // The admin API.
    screen("/admin/v1/users", AdminToken, None, || get(api::users)),
    action("/admin/v1/users", AdminToken, || post(api::invite)),
    action("/admin/v1/users/{user}/role", AdminToken, || post(api::set_role)),
    action("/admin/v1/users/{user}/link", AdminToken, || post(api::renew_link)),
    action("/admin/v1/users/{user}/disable", AdminToken, || post(api::disable)),
    action("/admin/v1/users/{user}/enable", AdminToken, || post(api::enable)),
    action("/admin/v1/users/{user}/one_time/reset", AdminToken, || post(api::reset_one_time)),
    screen("/admin/v1/payments", AdminToken, None, || get(api::payments::list)),
    screen("/admin/v1/payments.csv", AdminToken, None, || get(api::payments::export)),
    screen("/admin/v1/payments/{payment}", AdminToken, None, || get(api::payments::show)),
    action("/admin/v1/payments/{payment}/{order}", AdminToken, || post(api::payments::order)),
    action("/admin/v1/payments/{payment}/resolve", AdminToken, || post(api::payments::resolve)),
    screen("/admin/v1/withdrawals", AdminToken, None, || get(api::payments::withdrawals)),
    action("/admin/v1/withdrawals/{payment}/{decision}", AdminToken, || post(api::payments::decide)),
    screen("/admin/v1/merchants", AdminToken, None, || get(api::merchants::list)),
    action("/admin/v1/merchants", AdminToken, || post(api::merchants::make)),
    screen("/admin/v1/merchants/{number}", AdminToken, None, || get(api::merchants::one)),
    action("/admin/v1/merchants/{number}", AdminToken, || post(api::merchants::change)),
    screen("/admin/v1/overview", AdminToken, None, || get(api::overview::overview)),
    screen("/admin/v1/ledger/accounts", AdminToken, None, || get(api::ledger::accounts)),
    screen("/admin/v1/ledger/trial_balance", AdminToken, None, || get(api::ledger::trial_balance)),
    screen("/admin/v1/ledger/statement", AdminToken, None, || get(api::ledger::statement)),
    screen("/admin/v1/ledger/verify", AdminToken, None, || get(api::ledger::verification)),
    action("/admin/v1/ledger/verify", AdminToken, || post(api::ledger::verify)),
    screen("/admin/v1/operation", AdminToken, None, || get(api::operation::operation)),
    screen("/admin/v1/stuck", AdminToken, None, || get(api::operation::stuck)),
    screen("/admin/v1/audit", AdminToken, None, || get(api::audit)),
    screen("/admin/v1/credentials", AdminToken, None, || get(api::credentials::list)),
    action("/admin/v1/credentials", AdminToken, || post(api::credentials::make)),
    screen("/admin/v1/credentials/{credential}", AdminToken, None, || get(api::credentials::show)),
    action("/admin/v1/credentials/{credential}", AdminToken, || post(api::credentials::change)),
    action("/admin/v1/credentials/{credential}/settings", AdminToken, || post(api::credentials::set)),
    action("/admin/v1/credentials/{credential}/password", AdminToken, || post(api::credentials::renew)),
    action("/admin/v1/credentials/{credential}/end", AdminToken, || post(api::credentials::end)),
    screen("/admin/v1/webhooks", AdminToken, None, || get(api::webhooks::list)),
    screen("/admin/v1/webhooks/receivers", AdminToken, None, || get(api::webhooks::receivers)),
    action("/admin/v1/webhooks/replay", AdminToken, || post(api::webhooks::replay)),
    action("/admin/v1/webhooks/secret", AdminToken, || post(api::webhooks::rotate)),
    screen("/admin/v1/webhooks/{event}", AdminToken, None, || get(api::webhooks::show)),
    action("/admin/v1/webhooks/{event}/replay", AdminToken, || post(api::webhooks::replay_one)),
    screen("/admin/v1/providers", AdminToken, None, || get(api::routing::providers)),
    action("/admin/v1/providers", AdminToken, || post(api::accounts::make)),
    screen("/admin/v1/providers/{provider}", AdminToken, None, || get(api::accounts::show)),
    action("/admin/v1/providers/{provider}", AdminToken, || post(api::accounts::change)),
    screen("/admin/v1/drivers", AdminToken, None, || get(api::accounts::drivers)),
    screen("/admin/v1/rules", AdminToken, None, || get(api::routing::rules)),
    action("/admin/v1/rules", AdminToken, || post(api::routing::put_rule)),
    action("/admin/v1/rules/try", AdminToken, || post(api::routing::try_rule)),
    action("/admin/v1/rules/{rule}/switch", AdminToken, || post(api::routing::switch_rule)),
    action("/admin/v1/branding", AdminToken, || post(api::routing::brand)),
];
