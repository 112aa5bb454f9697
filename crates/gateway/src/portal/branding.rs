//! How a merchant's payers' pages look: its name, its colour, its logo.

use askama::Template;
use axum::http::StatusCode;
use axum::response::Response;
use florin_engine::Engine;
use florin_engine::audit::{ConfigureError, Who};
use florin_engine::directory::Brand;
use florin_engine::merchants::{MerchantChange, MerchantRefusal};
use florin_kernel::MerchantId;

use super::answer::{page as answer, see_other};
use super::refused;
use super::shell::Shell;
use super::visit::{AtMerchant, Fields};
use crate::dialects::connect::Unfit;
use crate::pages::brand;

#[derive(Template)]
#[template(path = "portal/branding.html")]
struct BrandingPage {
    shell: Shell,
    note: &'static str,
    error: String,
    base: String,
    name: String,
    accent: String,
    logo: String,
    /// The logo that pages show now; empty: none.
    shown_logo: String,
    /// Colour and ink of buttons, in light and in dark.
    light: (String, String),
    dark: (String, String),
}

/// Why the look is not changed.
#[derive(Debug)]
pub(super) enum Refused {
    /// A field is not as it must be.
    Unfit(Unfit),
    /// There is no such merchant.
    NotFound,
    /// The database does not answer.
    Unavailable(String),
}

/// `GET …/branding`.
pub(super) async fn page(at: AtMerchant) -> Response {
    let note = match at.query.text("note") {
        "saved" => "The look is saved. Pages show it from now on.",
        _ => "",
    };
    show(&at, StatusCode::OK, note, String::new())
}

/// `POST …/branding`.
pub(super) async fn save(at: AtMerchant) -> Response {
    match change(at.engine(), &at.who(), at.merchant.id, &at.merchant.brand, &at.form).await {
        Ok(()) => see_other(&format!("{}?note=saved", at.path_to("branding"))),
        Err(Refused::NotFound) => refused::not_found(&at),
        Err(Refused::Unfit(unfit)) => {
            let text = super::credentials::capital(&format!("{} {}.", unfit.field, unfit.message));
            show(&at, StatusCode::UNPROCESSABLE_ENTITY, "", text)
        }
        Err(Refused::Unavailable(reason)) => {
            tracing::warn!(reason, "a look cannot be saved");
            refused::unavailable()
        }
    }
}

/// Changes what is named. The screen and the admin API share it.
pub(super) async fn change(
    engine: &Engine,
    who: &Who,
    merchant: MerchantId,
    present: &Brand,
    fields: &Fields,
) -> Result<(), Refused> {
    let mut look = present.clone();
    if fields.has("accent") {
        look.accent = fields.text("accent").to_ascii_lowercase();
        if !look.accent.is_empty() && brand::style(&look).is_empty() {
            return Err(Refused::Unfit(Unfit::new("accent", "must be a colour such as #1b4f8a, or empty")));
        }
    }
    if fields.has("logo") {
        // Texts of this length are wrapped when they are pasted.
        look.logo = fields.text("logo").split_whitespace().collect();
        if !look.logo.is_empty() && brand::logo(&look).is_empty() {
            let message =
                "must be an image as data:image/…;base64,… (PNG, JPEG, WebP or SVG) of 24 KiB at most, or empty";
            return Err(Refused::Unfit(Unfit::new("logo", message)));
        }
    }
    let change = MerchantChange {
        name: fields.has("name").then(|| fields.text("name").to_owned()),
        brand: Some(look),
        withdrawals: None,
    };
    engine.change_merchant(who, merchant, &change).await.map_err(|error| match error {
        ConfigureError::Refused(MerchantRefusal::NotFound) => Refused::NotFound,
        ConfigureError::Refused(MerchantRefusal::Invalid(field)) => {
            Refused::Unfit(Unfit::new(field, "must be 1 to 60 characters on one line"))
        }
        ConfigureError::Refused(MerchantRefusal::SlugTaken) => Refused::Unfit(Unfit::new("slug", "is taken")),
        ConfigureError::Unavailable(reason) => Refused::Unavailable(reason),
    })
}

fn show(at: &AtMerchant, status: StatusCode, note: &'static str, error: String) -> Response {
    // Of what is wrong the page keeps what was typed, and shows what is in force.
    let typed = |name: &str, present: &str| match at.form.has(name) {
        true => at.form.text(name).to_owned(),
        false => present.to_owned(),
    };
    let present = &at.merchant.brand;
    let accents = brand::accents(present);
    let page = BrandingPage {
        shell: at.shell("Branding"),
        note,
        error,
        base: at.path_to("branding"),
        name: typed("name", &at.merchant.name),
        accent: typed("accent", &present.accent),
        logo: typed("logo", &present.logo),
        shown_logo: brand::logo(present).to_owned(),
        light: accents.light,
        dark: accents.dark,
    };
    answer(status, &page)
}
