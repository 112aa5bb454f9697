//! Pages inside a merchant's page: whether a request comes from a frame, and which sites may hold one.

use axum::http::HeaderMap;
use florin_engine::directory::Directory;
use florin_kernel::payment::Mode;
use url::Url;

use super::subject::Subject;

#[cfg(test)]
mod tests;

/// Where a page is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seat {
    /// In a window of its own.
    Window,
    /// In a frame of the merchant's page.
    Frame,
}

impl Seat {
    /// Browsers say for what they fetch a page; one that does not say gets the page of a window.
    pub fn of(headers: &HeaderMap) -> Seat {
        let for_what = headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
        match for_what {
            Some("iframe" | "frame") => Seat::Frame,
            Some(_) | None => Seat::Window,
        }
    }
}

/// The sites that may frame the pages of a payment or withdrawal: those registered with the credential that made it, else the
/// one whose page holds ours, where its dialect notes that. `origins` is read here and not by the dialect because every dialect's pages may be framed and none may be named here.
pub fn origins<'a>(directory: &Directory, subject: impl Into<Subject<'a>>) -> Vec<String> {
    let subject = subject.into();
    let credential = subject.details.credential.and_then(|id| directory.credential(id));
    let listed = credential.and_then(|credential| credential.settings.get("origins")?.as_array());
    let texts = listed.into_iter().flatten().filter_map(|entry| entry.as_str());
    let registered: Vec<String> = texts.filter(|text| is_origin(text, subject.mode)).map(ToOwned::to_owned).collect();
    let holder = subject.details.hosted.iter().map(|hosted| hosted.framed_by.as_str());
    match registered.is_empty() {
        true => holder.filter(|text| is_origin(text, subject.mode)).map(ToOwned::to_owned).collect(),
        false => registered,
    }
}

/// Scheme, host and port, exactly. What else stands in the row must not reach a header.
pub fn is_origin(text: &str, mode: Mode) -> bool {
    if text == "http://localhost:*" {
        return mode == Mode::Dev;
    }
    let Ok(url) = Url::parse(text) else { return false };
    let secure = match (url.scheme(), mode) {
        ("https", _) | ("http", Mode::Dev) => true,
        (_, Mode::Dev | Mode::Live) => false,
    };
    // A star is a letter like any other to a URL, yet not to a policy.
    secure && !text.contains('*') && url.origin().ascii_serialization() == text
}
