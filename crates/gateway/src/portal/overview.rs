//! A merchant's overview: what one looks at first.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;

use super::answer::page as answer;
use super::shell::Shell;
use super::visit::AtMerchant;

#[derive(Template)]
#[template(path = "portal/overview.html")]
struct OverviewPage {
    shell: Shell,
    merchant: String,
    /// Credentials of the merchant that are in force in this mode.
    credentials: usize,
    docs: &'static str,
}

/// `GET /portal/m/{merchant}/{mode}`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let (directory, now) = (at.engine().directory(), at.engine().wall());
    let of_owner = directory.credentials().filter(|known| (known.merchant, known.mode) == (at.merchant.id, at.mode));
    let in_force = of_owner.filter(|known| !known.revoked && known.expires_at.is_none_or(|ends| now < ends));
    let page = OverviewPage {
        shell: at.shell("Overview"),
        merchant: at.merchant.name.clone(),
        credentials: in_force.count(),
        docs: "/docs",
    };
    answer(StatusCode::OK, &page)
}
