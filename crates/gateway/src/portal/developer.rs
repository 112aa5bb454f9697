//! The developer's page: requests to paste with the merchant's own test credentials, what the simulator does, and the test clock.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::directory::Credential;
use florin_kernel::payment::Mode;
use florin_kernel::ports::Lane;
use jiff::SignedDuration;

use super::answer::{page as answer, see_other};
use super::credentials::title;
use super::refused;
use super::shell::Shell;
use super::visit::{AtMerchant, merchant_path};
use crate::dialects::connect::{Login, Sample};
use crate::dialects::connection;
use crate::pages::text;

mod triggers;

use triggers::{AMOUNTS, CARDS, Trigger};

/// The furthest the clock is advanced in one go: ten years, as by the admin API.
const ADVANCE_MAX_S: i64 = 10 * 365 * 24 * 3_600;

#[derive(Template)]
#[template(path = "portal/developer.html")]
struct DeveloperPage {
    shell: Shell,
    note: String,
    error: String,
    base: String,
    test: String,
    public_url: String,
    now: String,
    steps: &'static [Step],
    apis: Vec<ApiSamples>,
    credentials: String,
    may_make: bool,
    cards: &'static [Trigger],
    amounts: &'static [Trigger],
}

/// A step that the test clock takes.
struct Step {
    seconds: i64,
    label: &'static str,
}

const STEPS: &[Step] = &[
    Step { seconds: 60, label: "1 minute" },
    Step { seconds: 900, label: "15 minutes" },
    Step { seconds: 3_600, label: "1 hour" },
    Step { seconds: 86_400, label: "1 day" },
    Step { seconds: 604_800, label: "7 days" },
    Step { seconds: 2_592_000, label: "30 days" },
];

/// What can be pasted with a credential.
struct ApiSamples {
    name: String,
    api: &'static str,
    docs: &'static str,
    url: String,
    /// Empty where its secret is not known.
    samples: Vec<Sample>,
}

/// `GET …/developer`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let note = match at.query.text("note") {
        "clock" => "The test clock is advanced. What was due meanwhile is being done.".to_owned(),
        _ => String::new(),
    };
    show(&at, StatusCode::OK, note, String::new())
}

/// `POST …/developer/clock`.
pub(super) async fn advance(at: AtMerchant) -> Response {
    if at.mode == Mode::Live {
        return refused::not_found(&at);
    }
    let seconds = at.form.text("advance_s").parse().ok().filter(|seconds| (1..=ADVANCE_MAX_S).contains(seconds));
    let Some(seconds) = seconds else {
        let error = format!("The clock is advanced by 1 to {ADVANCE_MAX_S} seconds.");
        return show(&at, StatusCode::UNPROCESSABLE_ENTITY, String::new(), error);
    };
    let by = SignedDuration::from_secs(seconds);
    match at.engine().advance_clock_as(&at.who(), at.merchant.id, by).await {
        Ok(_) => see_other(&format!("{}?note=clock", at.path_to("developer"))),
        Err(error) => {
            tracing::warn!(%error, "a test clock cannot be advanced");
            refused::unavailable()
        }
    }
}

fn show(at: &AtMerchant, status: StatusCode, note: String, error: String) -> Response {
    let page = DeveloperPage {
        shell: at.shell("Developers"),
        note,
        error,
        base: at.path_to("developer"),
        test: match at.mode {
            Mode::Dev => String::new(),
            Mode::Live => merchant_path(at.merchant.id.number(), Mode::Dev, "/developer"),
        },
        public_url: at.engine().public_url().to_owned(),
        now: text::moment(at.engine().now(Lane::Dev(at.merchant.id))),
        steps: STEPS,
        apis: samples(at),
        credentials: at.path_to("credentials"),
        may_make: at.may_manage_credentials(),
        cards: CARDS,
        amounts: AMOUNTS,
    };
    answer(status, &page)
}

/// The requests of each test credential in force, the first made first.
fn samples(at: &AtMerchant) -> Vec<ApiSamples> {
    let directory = at.engine().directory();
    let now = at.engine().now(Lane::Dev(at.merchant.id));
    let in_force = |known: &&std::sync::Arc<Credential>| {
        (known.merchant, known.mode) == (at.merchant.id, Mode::Dev)
            && !known.revoked
            && known.expires_at.is_none_or(|ends| now < ends)
    };
    let mut own: Vec<_> = directory.credentials().filter(in_force).cloned().collect();
    own.sort_by_key(|credential| credential.id);
    let of = |credential: std::sync::Arc<Credential>| {
        let dialect = connection(credential.dialect);
        let login = Login::of(&credential);
        let samples = login.map(|login| dialect.samples(at.engine().public_url(), &credential, &login));
        ApiSamples {
            name: title(&credential, dialect),
            api: dialect.name(),
            docs: dialect.word(),
            url: at.path_to(&format!("credentials/{}", credential.id.number())),
            samples: samples.unwrap_or_default(),
        }
    };
    match at.mode {
        Mode::Dev => own.into_iter().map(of).collect(),
        // Nothing of a live one is kept, and nothing is to be tried with it.
        Mode::Live => Vec::new(),
    }
}
