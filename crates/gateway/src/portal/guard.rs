//! The door of every route: looks at the table's access before the handler runs, and at where a change comes from. Another site can
//! neither post a form (its origin is another, and it does not know the session's form token) nor read an answer.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use florin_engine::people::{Client, PeopleError, Visitor};
use florin_kernel::MerchantId;
use florin_kernel::user::{Level, Permission};

use super::answer::{Transport, protected, see_other};
use super::routes::{Access, Route, Verb};
use super::visit::{Admitted, AtMerchant, Fields, Guest, Visit, parse_mode};
use super::{Portal, api, cookie, refused};

/// The answer to who is not admitted.
struct Refusal(Box<Response>);

impl From<Response> for Refusal {
    fn from(answer: Response) -> Refusal {
        Refusal(Box::new(answer))
    }
}

/// Largest form.
const FORM_MAX_BYTES: usize = 64 * 1024;

/// Admits a request or answers it.
pub(super) async fn admit(
    State((portal, route)): State<(Arc<Portal>, &'static Route)>,
    request: Request,
    next: Next,
) -> Response {
    if route.access == Access::AdminToken {
        return match api::is_authorised(&portal, request.headers()) {
            true => pass_program(&portal, route, request, next).await,
            false => api::unauthorised(),
        };
    }
    let transport = if portal.is_secure() { Transport::Https } else { Transport::Http };
    let response = match admitted(portal, route, request).await {
        Ok(request) => next.run(request).await,
        Err(Refusal(answer)) => *answer,
    };
    protected(response, transport)
}

/// A program brings JSON and no cookie; its handlers read the body themselves.
async fn pass_program(portal: &Arc<Portal>, route: &'static Route, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let guest = guest(portal, route, &parts, Fields::default());
    parts.extensions.insert(Admitted::Guest(guest));
    next.run(Request::from_parts(parts, body)).await
}

async fn admitted(portal: Arc<Portal>, route: &'static Route, request: Request) -> Result<Request, Refusal> {
    let (mut parts, body) = request.into_parts();
    let form = match route.verb {
        Verb::Get => Fields::default(),
        Verb::Post => {
            if !is_from_here(&portal, &parts.headers) {
                return Err(refused::foreign_form().into());
            }
            let too_large =
                |_| Refusal::from((StatusCode::PAYLOAD_TOO_LARGE, "The form is too large\n").into_response());
            Fields::read(&to_bytes(body, FORM_MAX_BYTES).await.map_err(too_large)?)
        }
    };
    let guest = guest(&portal, route, &parts, form);
    let admitted = match route.access {
        Access::Anybody | Access::AdminToken => Admitted::Guest(guest),
        Access::HalfSignedIn => Admitted::Visit(visit(guest, Level::AwaitsCode).await?),
        Access::SignedIn => Admitted::Visit(visit(guest, Level::Full).await?),
        Access::Operator => {
            let visit = visit(guest, Level::Full).await?;
            match visit.visitor.user.is_operator() {
                true => Admitted::Visit(visit),
                false => return Err(refused::forbidden(&visit).into()),
            }
        }
        Access::Merchant(permission) => {
            Admitted::AtMerchant(at_merchant(visit(guest, Level::Full).await?, permission)?)
        }
    };
    parts.extensions.insert(admitted);
    Ok(Request::from_parts(parts, Body::empty()))
}

fn guest(portal: &Arc<Portal>, route: &'static Route, parts: &Parts, form: Fields) -> Guest {
    let peer = parts.extensions.get().map(|ConnectInfo(peer): &ConnectInfo<SocketAddr>| peer.ip());
    let address = portal.address(peer.unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED)), &parts.headers);
    let agent = parts.headers.get(header::USER_AGENT).and_then(|agent| agent.to_str().ok()).unwrap_or_default();
    Guest {
        portal: portal.clone(),
        route,
        client: Client::new(address, agent),
        token: cookie::token(portal, &parts.headers),
        path: parts.uri.path().to_owned(),
        parameters: parameters(route.path, parts.uri.path()),
        query: Fields::read(parts.uri.query().unwrap_or_default().as_bytes()),
        form,
    }
}

/// The parameters of a path by the names that its pattern gives them.
fn parameters(pattern: &str, path: &str) -> Vec<(String, String)> {
    let name = |segment: &str| segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).map(str::to_owned);
    let pairs = pattern.split('/').zip(path.split('/'));
    pairs.filter_map(|(segment, value)| Some((name(segment)?, value.to_owned()))).collect()
}

/// Her session, and that her form is hers.
async fn visit(guest: Guest, level: Level) -> Result<Visit, Refusal> {
    let found = match &guest.token {
        None => Ok(None),
        Some(token) => guest.engine().people().visitor(token.expose(), level, guest.client.address).await,
    };
    let visitor: Visitor = match found {
        Ok(Some(visitor)) => visitor,
        Ok(None) => return Err(to_sign_in(&guest).into()),
        Err(error) => return Err(unavailable(&error).into()),
    };
    let visit = Visit { guest, visitor };
    if visit.route.verb == Verb::Post && !is_equal(visit.form.text("csrf"), &visit.form_token()) {
        return Err(refused::foreign_form().into());
    }
    Ok(visit)
}

/// Compares in a time that says nothing about where texts differ.
fn is_equal(given: &str, expected: &str) -> bool {
    bool::from(subtle::ConstantTimeEq::ct_eq(given.as_bytes(), expected.as_bytes()))
}

fn at_merchant(visit: Visit, permission: Permission) -> Result<AtMerchant, Refusal> {
    let id = visit.parameter("merchant").parse().ok().map(MerchantId::from_number);
    let id = id.filter(|id| visit.visitor.user.sees(*id));
    let merchant = id.and_then(|id| visit.engine().directory().merchant(id).cloned());
    let (Some(merchant), Some(mode)) = (merchant, parse_mode(visit.parameter("mode"))) else {
        return Err(refused::not_found(&visit).into());
    };
    match visit.visitor.user.may(merchant.id, permission) {
        true => Ok(AtMerchant { visit, merchant, mode }),
        false => Err(refused::forbidden(&visit).into()),
    }
}

/// Signing in comes first, then what was asked for, if that only shows something.
fn to_sign_in(guest: &Guest) -> Response {
    let shows = guest.route.verb == Verb::Get && guest.route.access != Access::HalfSignedIn && guest.path != "/portal";
    match shows {
        true => {
            let next: String = url::form_urlencoded::byte_serialize(guest.path.as_bytes()).collect();
            see_other(&format!("/portal/sign-in?next={next}"))
        }
        false => see_other("/portal/sign-in"),
    }
}

/// Whether a change comes from a page of ours: the browser says so, or tells our origin. What says nothing is no browser of today.
fn is_from_here(portal: &Portal, headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (text("sec-fetch-site"), text("origin")) {
        (Some(site), _) => site == "same-origin",
        (None, Some(origin)) => {
            let ours = url::Url::parse(portal.engine.public_url()).map(|url| url.origin().ascii_serialization());
            let host = origin.split_once("://").map(|(_, host)| host);
            ours.is_ok_and(|ours| ours == origin) || (host.is_some() && host == text("host"))
        }
        (None, None) => false,
    }
}

/// The store cannot answer.
pub(super) fn unavailable(error: &PeopleError) -> Response {
    tracing::warn!(%error, "a page of the portal cannot be made");
    refused::unavailable()
}

#[cfg(test)]
mod tests {
    use super::parameters;

    #[test]
    fn parameters_are_read_by_the_pattern() {
        let read = |pattern, path| {
            let pairs = parameters(pattern, path);
            pairs.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(
            read("/portal/m/{merchant}/{mode}/users/{user}/role", "/portal/m/1/dev/users/7/role"),
            "merchant=1 mode=dev user=7"
        );
        assert_eq!(read("/portal/sign-in", "/portal/sign-in"), "");
    }
}
