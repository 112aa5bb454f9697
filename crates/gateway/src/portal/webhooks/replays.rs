//! Telling merchants' receivers again: one event, or a range of them after saying how many that is.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::office::{ReplayOrder, Replayable};

use super::{Shown, event_id, filter, list, unavailable};
use crate::portal::answer::{page as answer, see_other};
use crate::portal::refused;
use crate::portal::shell::Shell;
use crate::portal::visit::{AtMerchant, Fields};

#[derive(Template)]
#[template(path = "portal/webhooks_replay.html")]
struct ReplayPage {
    shell: Shell,
    /// Why it is asked again; empty: it is the first time.
    error: &'static str,
    base: String,
    filter: Shown,
    count: u64,
    /// Whether others may fit as well.
    more: bool,
    /// Names what would be sent, so that a page sent twice orders it once.
    newest: String,
    back: String,
}

/// `GET …/webhooks/replay`: how many it would be, before anything is done.
pub(in crate::portal) async fn ask(at: AtMerchant) -> Response {
    let filter = match filter(&at.query) {
        Ok(filter) => filter,
        Err(_) => return list(&at, StatusCode::UNPROCESSABLE_ENTITY, String::new(), String::new()).await,
    };
    match at.engine().office_replayable(at.scope(), &filter).await {
        Ok(replayable) => asks(&at, replayable, &at.query, ""),
        Err(error) => unavailable(&error),
    }
}

/// The question, with why it is asked again.
fn asks(
    at: &AtMerchant,
    Replayable { count, more, newest }: Replayable,
    fields: &Fields,
    error: &'static str,
) -> Response {
    let query = fields.as_query(&["before", "newest", "csrf"]);
    let page = ReplayPage {
        shell: at.shell("Send again"),
        error,
        base: at.path_to("webhooks"),
        back: format!("{}?{query}", at.path_to("webhooks")),
        filter: Shown::of(fields),
        count,
        more,
        newest: newest.map(|newest| newest.number().to_string()).unwrap_or_default(),
    };
    answer(if error.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT }, &page)
}

/// `POST …/webhooks/replay`: sends a range again.
pub(in crate::portal) async fn replay(at: AtMerchant) -> Response {
    let filter = match filter(&at.form) {
        Ok(filter) => filter,
        Err(unfit) => {
            let error = format!("The filter\u{2019}s {} {}.", unfit.field, unfit.message);
            return list(&at, StatusCode::UNPROCESSABLE_ENTITY, String::new(), error).await;
        }
    };
    // Sent twice, the second time would reach the next ones.
    match at.engine().office_replayable(at.scope(), &filter).await {
        Ok(found) if at.form.has("newest") && event_id(at.form.text("newest")) != found.newest => {
            return asks(&at, found, &at.form, "Other events fit by now, so nothing was ordered. Look again.");
        }
        Ok(_) => {}
        Err(error) => return unavailable(&error),
    }
    let order = ReplayOrder { filter, who: at.who() };
    match at.engine().office_replay(at.scope(), &order).await {
        Ok(Replayable { count, more, newest: _ }) => {
            let more = if more { "&more=yes" } else { "" };
            see_other(&format!("{}?note=replayed&count={count}{more}", at.path_to("webhooks")))
        }
        Err(error) => unavailable(&error),
    }
}

/// `POST …/webhooks/{event}/replay`: sends one again.
pub(in crate::portal) async fn replay_one(at: AtMerchant) -> Response {
    let Some(id) = event_id(at.parameter("event")) else { return refused::not_found(&at) };
    let path = at.path_to(&format!("webhooks/{}", id.number()));
    let known = at.engine().office_event(at.scope(), id).await;
    let sent = match known {
        Ok(None) => return refused::not_found(&at),
        Ok(Some(_)) => at.engine().office_replay_one(at.scope(), id, &at.who()).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(true) => see_other(&format!("{path}?note=replayed")),
        Ok(false) => see_other(&format!("{path}?note=waits")),
        Err(error) => unavailable(&error),
    }
}

/// What an order to send events again came to.
pub(super) fn replayed(count: &str, more: &str) -> String {
    let more = match more {
        "yes" => " They are the newest that fit, and there may be more: narrow the range to reach the others.",
        _ => "",
    };
    format!("{} to be sent again.{more}", events(count.parse().unwrap_or(0)))
}

fn events(count: u64) -> String {
    match count {
        0 => "No event is".to_owned(),
        1 => "1 event is".to_owned(),
        count => format!("{count} events are"),
    }
}
