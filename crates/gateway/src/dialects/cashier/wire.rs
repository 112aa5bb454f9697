//! The create calls' bodies, read into kernel types once (contract, sections 4 and 8). Everything that is wrong is said at once.

use std::net::IpAddr;

use florin_kernel::card::{Card, Cvc, Expiry, Pan};
use florin_kernel::payment::{AmountChoice, Links, Mode, Payer};
use florin_kernel::routing::{Method, ProviderId};
use florin_kernel::{Asset, Money};
use jiff::civil::Date;
use serde::Serialize;

use super::errors::{FieldError, Problem};
use super::fields::{Form, Section};
use super::json::{self, Json};
use super::limit::Limit;
use super::rules::{self, Message};
use super::settings::DobFormat;
use super::urls;

mod hosted;

/// Which create call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Straight to one provider's page.
    Direct,
    /// To our own page, where the payer chooses.
    Hosted,
    /// The merchant's own form collected the card.
    S2s,
    /// Money out, by the withdrawal cashier.
    Withdrawal,
}

/// What the rules need to know besides the body.
#[derive(Clone, Copy)]
pub struct Reading<'a> {
    /// The key's mode.
    pub mode: Mode,
    /// The UTC day by the merchant's clock.
    pub today: Date,
    /// How `NN/NN/YYYY` is read.
    pub dob_format: DobFormat,
    /// The merchant's own URL schemes.
    pub schemes: &'a [String],
}

/// A deposit as it was asked for, every value in its final form.
#[derive(Debug)]
pub struct Deposit {
    /// Which call.
    pub operation: Operation,
    /// The merchant's reference.
    pub tracking_id: String,
    /// How much.
    pub amount: Money,
    /// The most the payer may pay.
    pub limit: Option<Limit>,
    /// The provider or route, where one is named.
    pub provider: Option<ProviderId>,
    /// Under which field it was named.
    pub provider_field: &'static str,
    /// Who pays.
    pub payer: Payer,
    /// ISO 3166-1 alpha-2 of the payer's phone.
    pub phone_country: String,
    /// Where browser and events go, as far as the request says.
    pub links: Links,
    /// The card.
    pub card: Option<Card>,
    /// What our own page shows.
    pub hosted: Option<HostedPage>,
}

/// What only the hosted calls say.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct HostedPage {
    /// Who says how much is paid.
    pub amount: AmountChoice,
    /// The look, as far as it is one.
    pub theme: String,
    /// The methods to offer, in this order; empty: all.
    pub methods: Vec<Method>,
    /// The providers to offer; empty: all.
    pub providers: Vec<ProviderId>,
}

/// A body that was read, with what is wrong with it.
pub struct Draft {
    /// The reference, if it has the right form.
    pub tracking_id: Option<String>,
    form: Form,
    deposit: Option<Deposit>,
}

impl Draft {
    /// Notes a fault that the body alone does not show.
    pub fn refuse(&mut self, field: &'static str, message: impl Into<Message>) {
        self.form.fault_at(field, message);
    }

    /// Notes every provider to offer that is not known.
    pub fn refuse_strangers(&mut self, known: impl Fn(ProviderId) -> bool) {
        let Some(page) = self.deposit.as_ref().and_then(|deposit| deposit.hosted.as_ref()) else { return };
        for place in page.strangers(known) {
            self.form.fault_at(format!("request.settings.providers.{place}"), "is not one of your providers");
        }
    }

    /// The deposit.
    ///
    /// # Errors
    /// Everything that is wrong.
    pub fn finish(self) -> Result<Deposit, Problem> {
        let errors: Vec<FieldError> = self.form.into_errors();
        match self.deposit {
            Some(deposit) if errors.is_empty() => Ok(deposit),
            Some(_) | None => Err(Problem::Validation(errors)),
        }
    }
}

/// Reads a create call's body.
///
/// # Errors
/// [`Problem`] for what is checked before the single fields: form, wrapper, mode, missing reference.
pub fn read(body: &[u8], operation: Operation, reading: Reading<'_>) -> Result<Draft, Problem> {
    let body = json::read(body).map_err(|fault| Problem::field("body", fault.to_string()))?;
    let request = match body.get("request") {
        Some(Json::Object(request)) => Section::new(request, "request"),
        None | Some(Json::Null) => return Err(Problem::field("request", "is required")),
        Some(_) => return Err(Problem::field("request", "must be an object")),
    };
    let mut form = Form::default();
    if form.read(&request, "mode", mode).is_some_and(|mode| mode != reading.mode) {
        return Err(Problem::ModeMismatch);
    }
    if request.get("tracking_id").is_none() {
        return Err(Problem::TrackingIdMissing);
    }
    let card_details = match operation {
        Operation::Direct | Operation::Hosted | Operation::Withdrawal => None,
        Operation::S2s => Some(body.get("card_details").unwrap_or(&Json::Null)),
    };
    Ok(fields(form, request, card_details, operation, reading))
}

fn fields(
    mut form: Form,
    request: Section<'_>,
    card_details: Option<&Json<'_>>,
    operation: Operation,
    reading: Reading<'_>,
) -> Draft {
    let links = links(&mut form, &request, reading);
    let user_id = form.require_id(&request, "user_id", rules::user_id);
    let tracking_id = form.require_id(&request, "tracking_id", rules::tracking_id);
    let ip = match operation {
        Operation::Direct | Operation::Hosted | Operation::Withdrawal => form.read(&request, "ip", rules::ip),
        Operation::S2s => form.require(&request, "ip", rules::ip),
    };
    let amount = amount(&mut form, &request);
    let provider_fields = match operation {
        Operation::Direct | Operation::Hosted | Operation::Withdrawal => ["provider_id", "routing_id"],
        Operation::S2s => ["routing_id", "provider_id"],
    };
    let named = provider_fields.into_iter().find(|name| request.get(name).is_some());
    let provider_field = named.unwrap_or(provider_fields[0]);
    let provider = match operation {
        // The page offers what the rules allow; settings.providers narrows it.
        Operation::Hosted => None,
        Operation::Direct => form.require(&request, provider_field, rules::provider_id),
        Operation::S2s => form.read(&request, provider_field, rules::provider_id),
        // The rules choose when the payer confirms.
        Operation::Withdrawal => None,
    };
    let customer = form.section(&request, "customer", "request.customer");
    let limit = match operation {
        Operation::Direct | Operation::Hosted | Operation::S2s => {
            form.read(&customer, "max_deposit_limit", Limit::read)
        }
        Operation::Withdrawal => None,
    };
    let (payer, phone_country) = payer(&mut form, &customer, ip, user_id.unwrap_or_default(), reading);
    let card = card_details.and_then(|details| card(&mut form, details, reading));
    let hosted = match operation {
        Operation::Hosted => Some(hosted::read(&mut form, &request)),
        Operation::Withdrawal => Some(hosted::read_withdrawal(&mut form, &request)),
        Operation::Direct | Operation::S2s => None,
    };
    let deposit = tracking_id.clone().zip(amount).map(|(tracking_id, amount)| Deposit {
        operation,
        tracking_id,
        amount,
        limit,
        provider,
        provider_field,
        payer,
        phone_country,
        links,
        card,
        hosted,
    });
    Draft { tracking_id, form, deposit }
}

fn mode(value: &Json<'_>) -> Result<Mode, Message> {
    match rules::trimmed(value)?.to_ascii_lowercase().as_str() {
        "test" | "dev" | "sandbox" => Ok(Mode::Dev),
        "live" | "prod" | "production" => Ok(Mode::Live),
        _ => Err("must be test or live".into()),
    }
}

fn links(form: &mut Form, request: &Section<'_>, reading: Reading<'_>) -> Links {
    let settings = form.section(request, "settings", "request.settings");
    let mut page = |name| {
        form.read(&settings, name, |value| urls::return_url(value, reading.mode, reading.schemes)).unwrap_or_default()
    };
    let (success, failure, pending) = (page("success_url"), page("failure_url"), page("pending_url"));
    let webhook = form.read(&settings, "webhook_url", |value| urls::webhook_url(value, reading.mode));
    let locale = form.read(&settings, "locale", urls::locale);
    Links { success, failure, pending, webhook: webhook.unwrap_or_default(), locale: locale.unwrap_or_default() }
}

fn amount(form: &mut Form, request: &Section<'_>) -> Option<Money> {
    let text = form.require(request, "amount", rules::amount_text);
    let currency: Option<Asset> = form.require(request, "currency", rules::currency);
    let amount = rules::amount(text?, currency?);
    amount.map_err(|message| form.fault(request, "amount", message)).ok()
}

fn payer(
    form: &mut Form,
    customer: &Section<'_>,
    ip: Option<IpAddr>,
    user_id: String,
    reading: Reading<'_>,
) -> (Payer, String) {
    let mut text =
        |name, length_max| form.read(customer, name, |value| rules::text(value, length_max)).unwrap_or_default();
    let (first_name, last_name) = (text("first_name", 100), text("last_name", 100));
    let (address, city) = (text("address", 200), text("city", 100));
    let zip_code = form.read(customer, "zip_code", rules::zip_code).unwrap_or_default();
    let email = form.read(customer, "email", rules::email).unwrap_or_default();
    let kyc_status = form.read(customer, "kyc_status", rules::kyc_status).unwrap_or_default();
    let dob = |value| rules::dob(value, reading.dob_format, reading.today);
    let dob = form.read(customer, "dob", dob).unwrap_or_default();
    let country = form.read(customer, "country_code", rules::country).unwrap_or_default();
    let (phone_country, phone) = phone(form, customer);
    let tags = tags(form, customer);
    let payer = Payer {
        user_id,
        first_name,
        last_name,
        email,
        address,
        city,
        zip_code,
        country,
        dob,
        phone,
        kyc_status,
        tags,
        ip,
    };
    (payer, phone_country)
}

fn phone(form: &mut Form, customer: &Section<'_>) -> (String, String) {
    let phone = form.section(customer, "phone", "request.customer.phone");
    let country = form.read(&phone, "country", rules::country).unwrap_or_default();
    let prefix = form.read(&phone, "prefix", rules::phone_digits).unwrap_or_default();
    let number = form.read(&phone, "number", rules::phone_digits).unwrap_or_default();
    if prefix.len() + number.len() > 15 {
        form.fault(&phone, "number", "must be digits, together with the prefix at most 15".into());
    }
    (country, prefix + &number)
}

fn tags(form: &mut Form, customer: &Section<'_>) -> Vec<String> {
    let tags = match customer.get("tags") {
        None => return Vec::new(),
        Some(Json::Array(tags)) if tags.len() <= 20 => tags,
        Some(_) => {
            form.fault(customer, "tags", "must be an array of at most 20 strings".into());
            return Vec::new();
        }
    };
    let mut read = Vec::with_capacity(tags.len());
    for (place, tag) in tags.iter().enumerate() {
        match rules::text(tag, 32) {
            Ok(tag) if !tag.is_empty() => read.push(tag),
            Ok(_) | Err(_) => {
                form.fault(customer, &format!("tags.{place}"), "must be a string of 1 to 32 characters".into());
            }
        }
    }
    read
}

fn card(form: &mut Form, details: &Json<'_>, reading: Reading<'_>) -> Option<Card> {
    let object = match details {
        Json::Object(object) => object,
        Json::Null => {
            form.fault_at("card_details", "is required");
            return None;
        }
        Json::Bool(_) | Json::Number(_) | Json::Text(_) | Json::Array(_) => {
            form.fault_at("card_details", "must be an object");
            return None;
        }
    };
    let details = Section::new(object, "card_details");
    let holder = form.require(&details, "holder_name", rules::holder_name);
    let pan = form.require(&details, "card_number", |value| {
        Pan::parse(rules::trimmed(value)?).map_err(|error| error.to_string().into())
    });
    let cvc = form.require(&details, "cvc", |value| rules::cvc(value, pan.as_ref().map(Pan::brand)));
    let month = form.require(&details, "exp_month", rules::expiry_month);
    let year = form.require(&details, "exp_year", rules::expiry_year);
    let expiry = Expiry { month: month?, year: year? };
    if reading.mode == Mode::Live && is_past(expiry, reading.today) {
        let field = if i32::from(expiry.year) < i32::from(reading.today.year()) { "exp_year" } else { "exp_month" };
        form.fault(&details, field, "must not be in the past".into());
    }
    let cvc: Cvc = cvc?;
    Some(Card { holder: holder?, pan: pan?, cvc: Some(cvc), expiry, cryptogram: None })
}

fn is_past(expiry: Expiry, today: Date) -> bool {
    let this_month = (i32::from(today.year()), i32::from(today.month()));
    (i32::from(expiry.year), i32::from(expiry.month)) < this_month
}

impl Deposit {
    /// What makes two requests the same one (contract, section 5), for a keyed digest: all known fields after normalising,
    /// the card without its security code. The card's parts are borrowed, so that no copy of the number is made.
    pub fn content(&self) -> (String, Vec<&[u8]>) {
        #[derive(Serialize)]
        struct Content<'a> {
            operation: Operation,
            tracking_id: &'a str,
            amount: Money,
            limit: Option<String>,
            provider: Option<ProviderId>,
            payer: &'a Payer,
            phone_country: &'a str,
            links: &'a Links,
            expiry: Option<Expiry>,
            #[serde(skip_serializing_if = "Option::is_none")]
            hosted: Option<&'a HostedPage>,
        }
        let content = Content {
            operation: self.operation,
            tracking_id: &self.tracking_id,
            amount: self.amount,
            limit: self.limit.as_ref().map(Limit::canonical),
            provider: self.provider,
            payer: &self.payer,
            phone_country: &self.phone_country,
            links: &self.links,
            expiry: self.card.as_ref().map(|card| card.expiry),
            hosted: self.hosted.as_ref(),
        };
        let content = serde_json::to_string(&content).expect("a deposit has string keys and plain values only");
        let card = self.card.iter().flat_map(|card| [card.pan.expose().as_bytes(), card.holder.as_bytes()]);
        (content, card.collect())
    }
}
