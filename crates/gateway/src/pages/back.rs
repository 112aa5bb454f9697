//! The way back to the shop: where the payer's browser goes once a step is done. A hint for the payer; only webhook and status
//! call prove a payment (cashier contract, section 4).

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::Engine;
use florin_kernel::Kind;
use florin_kernel::payment::{Dialect, Links, Mode, Payment, Word};
use florin_kernel::public_id::Reference;
use florin_kernel::withdrawal::Withdrawal;
use url::Url;

use super::frame::Seat;
use super::subject::Subject;
use crate::dialects::v3::settings::ReturnMethod;
use crate::dialects::{transaction_services, v3};
use crate::pages::{Policy, Script, html_under, see_other};

/// What the payer is told of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Paid.
    Successful,
    /// Ended without money.
    Rejected,
    /// To be decided.
    Pending,
}

impl Standing {
    /// Where a payment stands for its payer.
    pub fn of(payment: &Payment) -> Standing {
        match payment.word() {
            Word::Created | Word::PendingPayer | Word::Pending | Word::Unknown | Word::Authorised => Standing::Pending,
            Word::PartiallyCaptured | Word::Captured | Word::PartiallyRefunded | Word::Refunded | Word::ChargedBack => {
                Standing::Successful
            }
            Word::Declined
            | Word::Failed
            | Word::Cancelled
            | Word::Expired
            | Word::Voided
            | Word::AuthorisationExpired => Standing::Rejected,
        }
    }

    /// Where a withdrawal stands for its payer.
    pub fn of_withdrawal(withdrawal: &Withdrawal) -> Standing {
        use florin_kernel::withdrawal::Word;
        match withdrawal.word() {
            Word::Created | Word::AwaitingApproval | Word::Approved | Word::Sent | Word::Unknown => Standing::Pending,
            Word::Paid | Word::Returned => Standing::Successful,
            Word::Declined | Word::Failed | Word::Rejected | Word::Cancelled | Word::Expired => Standing::Rejected,
        }
    }

    /// The basic status that tells it: in the shop's URL, and to the page's script.
    pub fn text(self) -> &'static str {
        match self {
            Standing::Successful => "successful",
            Standing::Rejected => "rejected",
            Standing::Pending => "pending",
        }
    }
}

/// What tokens of a page where the payer chooses are made for.
pub const CASHIER_PAGE: &str = "cashier";
/// What tokens of a receipt are made for.
pub const RECEIPT_PAGE: &str = "receipt";
/// What tokens of a withdrawal's page are made for.
pub const WITHDRAWAL_PAGE: &str = "withdrawal";

/// Where the payer goes: back to choose again while a session goes on, else the merchant's URL for this standing, else our
/// receipt. In a frame it is always our page, which tells the shop's page around it.
pub fn url<'a>(engine: &Engine, subject: impl Into<Subject<'a>>, seat: Seat) -> String {
    let subject = subject.into();
    let shop = if leaves(subject, seat) { shop_url(engine, subject) } else { None };
    shop.unwrap_or_else(|| format!("{}{}", engine.public_url(), own_path(engine, subject, seat)))
}

/// Whether the payer is done with our pages.
fn leaves(subject: Subject<'_>, seat: Seat) -> bool {
    let stays = match seat {
        Seat::Frame => subject.details.hosted.is_some(),
        Seat::Window => false,
    };
    !stays && !subject.chooses
}

/// Our page of a payment or withdrawal: where its payer chooses, and its receipt.
pub fn own_page<'a>(engine: &Engine, subject: impl Into<Subject<'a>>) -> String {
    format!("{}{}", engine.public_url(), own_path(engine, subject.into(), Seat::Window))
}

/// Where a page's script asks whether it is decided.
pub fn status_path<'a>(engine: &Engine, subject: impl Into<Subject<'a>>) -> String {
    let subject = subject.into();
    if let Some(path) = transaction_services::invoice_status_path(engine, subject.details) {
        return path;
    }
    format!("{}/status", own_path(engine, subject, Seat::Window))
}

fn own_path(engine: &Engine, subject: Subject<'_>, seat: Seat) -> String {
    let checkout = match subject.dialect {
        Dialect::V3 => v3::checkout_page(engine, subject.id, subject.details, seat),
        Dialect::TransactionServices => transaction_services::invoice_path(engine, subject.details).or_else(|| {
            subject.details.hosted.as_ref().map(|_| transaction_services::checkout_path(engine, subject.id))
        }),
        Dialect::Cashier | Dialect::Crypto => None,
    };
    checkout.unwrap_or_else(|| format!("/cashier/{}", own_token(engine, subject)))
}

/// The token of our page.
pub fn own_token<'a>(engine: &Engine, subject: impl Into<Subject<'a>>) -> String {
    let subject = subject.into();
    let purpose = match (subject.kind, &subject.details.hosted) {
        (Kind::Withdrawal, _) => WITHDRAWAL_PAGE,
        (Kind::Payment | Kind::Verification | Kind::Coin, Some(_)) => CASHIER_PAGE,
        (Kind::Payment | Kind::Verification | Kind::Coin, None) => RECEIPT_PAGE,
    };
    engine.page_token(purpose, Reference { payment: subject.id, sequence: 0 })
}

/// The payer's browser on its way back: sent to [`url`], or with a form where the merchant wants one.
pub fn response(engine: &Engine, payment: &Payment, seat: Seat) -> Response {
    let leads_to_shop = leaves(payment.into(), seat) && !payment.details.links.success.is_empty();
    match form_fields(engine, payment).filter(|_| leads_to_shop) {
        None => see_other(&url(engine, payment, seat)),
        Some(fields) => {
            let page = ReturnPage { test_mode: payment.mode == Mode::Dev, url: &payment.details.links.success, fields };
            html_under(StatusCode::OK, &page, &Policy { script: Script::Ours, ..Policy::default() })
        }
    }
}

/// What a payer brings back by a form, where the merchant wants one.
fn form_fields(engine: &Engine, payment: &Payment) -> Option<Vec<(&'static str, String)>> {
    match payment.dialect {
        Dialect::V3 => (v3::return_method(&engine.directory(), payment) == ReturnMethod::Post)
            .then(|| v3::return_fields(engine, payment.id, &payment.details)),
        Dialect::TransactionServices => {
            let method = transaction_services::return_method(&payment.details);
            (method == transaction_services::ReturnMethod::Post)
                .then(|| transaction_services::return_fields(engine, payment))
        }
        Dialect::Cashier | Dialect::Crypto => None,
    }
}

/// A form that goes to the shop by itself, or with a button where there is no script.
#[derive(Template)]
#[template(path = "return.html")]
struct ReturnPage<'a> {
    test_mode: bool,
    url: &'a str,
    fields: Vec<(&'static str, String)>,
}

/// The merchant's URL for where it stands, if there is one.
pub fn shop_url<'a>(engine: &Engine, subject: impl Into<Subject<'a>>) -> Option<String> {
    let Subject { id, dialect, details, standing, payment, .. } = subject.into();
    if let (Dialect::TransactionServices, Some(payment)) = (dialect, payment) {
        return transaction_services::way_back(engine, payment);
    }
    let link = match standing {
        Standing::Successful => &details.links.success,
        Standing::Rejected => &details.links.failure,
        Standing::Pending => &details.links.pending,
    };
    let fields = match dialect {
        Dialect::V3 => v3::return_fields(engine, id, details),
        Dialect::Cashier | Dialect::Crypto | Dialect::TransactionServices => vec![
            ("transaction_id", engine.codec().base36(Reference { payment: id, sequence: 0 })),
            ("tracking_id", details.reference.clone()),
            ("status", standing.text().to_owned()),
        ],
    };
    append(link, &fields)
}

/// The scheme of the merchant's app, where one of the links leads to an app.
pub fn app_scheme(links: &Links) -> Option<String> {
    let schemes = [&links.success, &links.failure, &links.pending].into_iter().filter_map(|link| Url::parse(link).ok());
    schemes.map(|url| url.scheme().to_owned()).find(|scheme| !matches!(scheme.as_str(), "http" | "https"))
}

/// Adds to a URL's query; what it has, and its fragment, stay. `None` where there is no URL.
pub fn append(link: &str, pairs: &[(&'static str, String)]) -> Option<String> {
    let mut url = Url::parse(link).ok()?;
    url.query_pairs_mut().extend_pairs(pairs);
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use super::append;

    #[test]
    fn what_a_link_has_is_kept() {
        let check = |link: &str, expected: Option<&str>| {
            assert_eq!(
                append(link, &[("status", "successful".into()), ("tracking_id", "a b&c".into())]).as_deref(),
                expected,
                "{link}"
            );
        };
        check("https://shop.example/ok", Some("https://shop.example/ok?status=successful&tracking_id=a+b%26c"));
        check(
            "https://shop.example/ok?x=%20y&z#part",
            Some("https://shop.example/ok?x=%20y&z&status=successful&tracking_id=a+b%26c#part"),
        );
        check("shopapp://back", Some("shopapp://back?status=successful&tracking_id=a+b%26c"));
        check("", None);
    }
}
