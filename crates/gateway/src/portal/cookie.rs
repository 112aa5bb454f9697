//! The cookie that holds a session's token. By https its name begins with `__Host-`, so that no other host can set it.

use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use florin_kernel::secret::Secret;

use super::Portal;

const NAME: &str = "florin_portal";

fn name(portal: &Portal) -> String {
    match portal.is_secure() {
        true => format!("__Host-{NAME}"),
        false => NAME.to_owned(),
    }
}

/// The token that a browser sends.
pub(super) fn token(portal: &Portal, headers: &HeaderMap) -> Option<Secret> {
    let name = name(portal);
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, token)| Secret::new(token.to_owned()))
}

/// The answer, telling the browser to keep a token for as long as it runs.
pub(super) fn keep(portal: &Portal, token: &Secret, response: Response) -> Response {
    set(portal, token.expose(), "", response)
}

/// The answer, telling the browser to forget its token.
pub(super) fn forget(portal: &Portal, response: Response) -> Response {
    set(portal, "", "; Max-Age=0", response)
}

fn set(portal: &Portal, token: &str, more: &str, mut response: Response) -> Response {
    let secure = if portal.is_secure() { "; Secure" } else { "" };
    let line = format!("{}={token}; Path=/; HttpOnly; SameSite=Lax{secure}{more}", name(portal));
    if let Ok(line) = HeaderValue::try_from(line) {
        response.headers_mut().append(header::SET_COOKIE, line);
    }
    response
}
