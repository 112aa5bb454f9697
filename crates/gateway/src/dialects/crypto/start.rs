//! StartPayment (contract, section 5.3): a payment and its address, one commit, then the answer.

use std::net::IpAddr;
use std::sync::Arc;

use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use florin_engine::{Answer, ClaimKind, ClaimRequest, CoinError, Engine, NewCoinPayment, order_claim};
use florin_kernel::coin::{CoinPayment, Derivation, Late, Over, ScreeningRule, State, Terms, Under};
use florin_kernel::payment::{Details, Dialect, Links, Mode, Payer};
use florin_kernel::ports::chain::{AddressStyle, Family};
use florin_kernel::secret::Secret;
use florin_kernel::{Coin, Timestamp};
use jiff::SignedDuration;
use serde_json::json;

use super::Profile;
use super::auth::Caller;
use super::echo::Echo;
use super::errors::Problem;
use super::params::Params;
use super::quote::{Ask, Offer, amount, coin, new_uuid};
use super::routes::CryptoState;
use super::settings::DevAddressStyle;
use super::view::started;
use super::wire;
use crate::dialects::request::idempotency_key;

/// What the same request again is compared by.
const COMPARED: [&str; 26] = [
    "reference_no",
    "accept_zero_confirmations",
    "require_kyt_for_confirmation",
    "network_processing_fee_paid_by",
    "auto_accept_underpayment",
    "auto_accept_underpayment_min",
    "auto_accept_overpayment",
    "auto_accept_overpayment_max",
    "auto_accept_late_payment",
    "webhook_url",
    "on_success_redirect_url",
    "on_failure_redirect_url",
    "item_name",
    "payer_id",
    "payer_email",
    "payer_ip_address",
    "payer_type",
    "payer_first_name",
    "payer_last_name",
    "payer_country",
    "payer_date_of_birth",
    "payer_country_of_birth",
    "payer_company",
    "payer_date_of_incorporation",
    "user",
    "sid",
];
/// What the payer tells about herself: kept sealed.
const PAYER: [&str; 8] = [
    "payer_type",
    "payer_first_name",
    "payer_last_name",
    "payer_country",
    "payer_date_of_birth",
    "payer_country_of_birth",
    "payer_company",
    "payer_date_of_incorporation",
];

/// The claim of a payment's id.
pub fn payment_claim(payment_id: &str) -> ClaimRequest {
    ClaimRequest::reference(payment_id)
}

/// A UUID of any letter case, in lower case.
///
/// # Errors
/// `invalid_parameter`.
pub fn uuid(name: &'static str, text: &str) -> Result<String, Problem> {
    let lower = text.to_ascii_lowercase();
    let groups: Vec<&str> = lower.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    let hex = |group: &&str| group.bytes().all(|byte| byte.is_ascii_hexdigit());
    match lengths == [8, 4, 4, 4, 12] && groups.iter().all(hex) {
        true => Ok(lower),
        false => Err(Problem::invalid(name, "it is not a UUID")),
    }
}

/// `StartPayment`.
pub async fn start(
    state: &CryptoState,
    caller: &Caller,
    params: &Params,
    headers: &HeaderMap,
    profile: Profile,
) -> Result<Response, Problem> {
    let engine = state.engine();
    let ask = Ask::read(params, &caller.settings)?;
    let coin = coin(params.require("currency")?)?;
    let payment_id = params.get("payment_id").map(|text| uuid("payment_id", text)).transpose()?;
    let key = idempotency_key(headers).map_err(|why| Problem::invalid("Idempotency-Key", why))?;
    let asked = Asked::read(params, caller, engine, &ask)?;
    let id = payment_id.clone().unwrap_or_else(new_uuid);
    let mut claims = Vec::new();
    claims.extend(payment_id.as_deref().map(payment_claim));
    claims.extend(key.map(ClaimRequest::idempotency_key));
    let canonical = format!(
        "{}\n{}\n{}\n{}\n{}",
        ask.pos_id,
        ask.invoice,
        coin.code(),
        payment_id.as_deref().unwrap_or_default(),
        params.canonical(&COMPARED)
    );
    let digest = engine.digest(&[b"start payment", canonical.as_bytes()]);
    let now = engine.now(caller.lane);
    let offer = match state.quotes().take_up(caller, &id, &ask, coin, now) {
        Some(offer) => Ok(offer),
        None => state.offer(caller, &ask, coin).await,
    };
    let viewer = state.viewer(caller, profile);
    let render = {
        let viewer = viewer.clone();
        move |payment: &CoinPayment, offer: &Offer| Answer {
            status: 200,
            body: started(&viewer, payment, offer, now).to_string(),
        }
    };
    // An id that was used is answered as it was, also where no price could be made now.
    let offer = match offer {
        Ok(offer) => offer,
        Err(problem) => return earlier(state, caller, &claims, digest, problem).await,
    };
    if !claims.iter().any(|claim| claim.kind == ClaimKind::Reference) {
        claims.insert(0, payment_claim(&id));
    }
    if let Some(order) = &asked.order {
        claims.push(order_claim(order));
    }
    if let Err(problem) = in_sync(engine, caller, &offer.network).await {
        return earlier(state, caller, &claims, digest, problem).await;
    }
    let payment = asked.payment(caller, engine, &ask, &offer, id, now, profile);
    let style = address_style(caller, profile, engine, &offer.network);
    let new = NewCoinPayment {
        payment: Box::new(payment),
        account_key: account_key(caller, &offer.network, style),
        style,
        claims,
        digest,
        render: Arc::new(move |payment: &CoinPayment| render(payment, &offer)),
    };
    let reply = engine.begin_coin_payment(new).await.map_err(|error| match error {
        CoinError::NotOffered => Problem::currency(coin.code()),
        error => Problem::of(error, coin, ""),
    })?;
    let mut response = (wire::headers(), reply.answer.body).into_response();
    if reply.replayed {
        let replayed = axum::http::HeaderValue::from_static("true");
        response.headers_mut().insert("idempotency-replayed", replayed);
    }
    Ok(response)
}

/// Nobody may begin to pay where nobody sees what comes.
pub async fn in_sync(engine: &Arc<Engine>, caller: &Caller, network: &str) -> Result<(), Problem> {
    if engine.followed(network, caller.lane).is_some() {
        return Ok(());
    }
    engine.follow_chain(network, caller.lane).await.map(drop).map_err(|error| {
        tracing::warn!(network, %error, "a payment cannot begin");
        Problem::node()
    })
}

async fn earlier(
    state: &CryptoState,
    caller: &Caller,
    claims: &[ClaimRequest],
    digest: [u8; 16],
    problem: Problem,
) -> Result<Response, Problem> {
    match state.engine().earlier_coins(caller.owner(), claims, digest).await? {
        Some(Ok(answer)) => Ok((wire::headers(), answer.body).into_response()),
        Some(Err(kind)) => Err(kind.into()),
        None => Err(problem),
    }
}

/// The key that addresses come from. Test mode needs none.
pub fn account_key(caller: &Caller, network: &str, style: AddressStyle) -> String {
    let key = caller.settings.account_keys.get(network).cloned();
    key.unwrap_or_else(|| format!("test mode {}", style_name(style)))
}

/// A payment at the usual terms, for whoever starts one elsewhere than by StartPayment.
pub fn plain(caller: &Caller, engine: &Engine, ask: &Ask, offer: &Offer, now: Timestamp) -> CoinPayment {
    let asked = Asked {
        under: Under::Opened,
        over: Over::Opened,
        late: Late::Opened,
        order: None,
        details: Details::default(),
        echo: Echo::default(),
    };
    asked.payment(caller, engine, ask, offer, new_uuid(), now, Profile::A)
}

fn style_name(style: AddressStyle) -> &'static str {
    match style {
        AddressStyle::Native => "native",
        AddressStyle::Token => "token",
    }
}

/// How an address looks: native under LIVE; under DEV by setting, mount and coin (section 1).
pub fn address_style(caller: &Caller, profile: Profile, engine: &Engine, network: &str) -> AddressStyle {
    let chain = engine.chain(network, caller.lane);
    let bitcoin = chain.is_some_and(|chain| chain.network().family == Family::Bitcoin);
    match (caller.credential.mode, caller.settings.dev_address_style) {
        (Mode::Live, _) | (Mode::Dev, DevAddressStyle::Regtest) => AddressStyle::Native,
        (Mode::Dev, DevAddressStyle::Token) => AddressStyle::Token,
        (Mode::Dev, DevAddressStyle::Auto) if bitcoin && profile == Profile::A => AddressStyle::Native,
        (Mode::Dev, DevAddressStyle::Auto) => AddressStyle::Token,
    }
}

/// What is asked for beside price and coin.
struct Asked {
    under: Under,
    over: Over,
    late: Late,
    order: Option<String>,
    details: Details,
    echo: Echo,
}

impl Asked {
    fn read(params: &Params, caller: &Caller, engine: &Engine, ask: &Ask) -> Result<Asked, Problem> {
        let fiat = ask.invoice.asset();
        let bound = |name: &'static str| -> Result<Option<florin_kernel::Money>, Problem> {
            // Zero means no bound (amendment 3).
            let zero = |text: &str| text.bytes().all(|byte| byte == b'0' || byte == b'.');
            params.get(name).filter(|text| !zero(text)).map(|text| amount(name, text, fiat)).transpose()
        };
        let (least, most) = (bound("auto_accept_underpayment_min")?, bound("auto_accept_overpayment_max")?);
        let under = match (params.truth("auto_accept_underpayment")?.unwrap_or(false), least) {
            (false, _) => Under::Opened,
            (true, Some(least)) => Under::From(least),
            (true, None) => Under::AtDeadline,
        };
        let over = match (params.truth("auto_accept_overpayment")?.unwrap_or(false), most) {
            (false, _) => Over::Opened,
            (true, Some(most)) => Over::UpTo(most),
            (true, None) => Over::Any,
        };
        let late = params.truth("auto_accept_late_payment")?.unwrap_or(false);
        let payer_id = params.text("payer_id", 128)?;
        if payer_id.is_none() && caller.settings.require_payer_id {
            return Err(Problem::payer_id_required());
        }
        let ip = payer_ip(params, caller.settings.reject_private_payer_ip)?;
        let reference = params.text("reference_no", 128)?.unwrap_or_default();
        let mode = caller.credential.mode;
        let webhook = match params.text("webhook_url", 2048)? {
            Some(url) => Some(webhook_url(&url, mode).ok_or_else(Problem::webhook_url)?),
            None => caller.settings.pos.get(&ask.pos_id).cloned().flatten().or(caller.settings.webhook_url.clone()),
        };
        let redirect = |name: &'static str| -> Result<String, Problem> {
            match params.text(name, 2048)? {
                Some(url) => webhook_url(&url, mode).ok_or_else(|| Problem::invalid(name, "it is not an https URL")),
                None => Ok(String::new()),
            }
        };
        let mut told = serde_json::Map::new();
        for name in PAYER {
            if let Some(value) = params.text(name, 128)? {
                told.insert(name.to_owned(), value.into());
            }
        }
        let sealed = match told.is_empty() {
            true => String::new(),
            false => engine.keyring().seal(&Secret::new(json!(told).to_string())),
        };
        let details = Details {
            credential: Some(caller.credential.id),
            reference: reference.clone(),
            payer: Payer {
                user_id: payer_id.clone().unwrap_or_default(),
                email: params.text("payer_email", 254)?.unwrap_or_default(),
                ip,
                ..Payer::default()
            },
            links: Links {
                success: redirect("on_success_redirect_url")?,
                failure: redirect("on_failure_redirect_url")?,
                webhook: webhook.unwrap_or_default(),
                locale: params.get("locale").map(locale).unwrap_or_default(),
                ..Links::default()
            },
            ..Details::default()
        };
        params.text("payer_user_agent", 512)?;
        params.text("wallet_app_id", 128)?;
        params.text("payer_kyc_pin", 128)?;
        let echo = Echo {
            pos_id: ask.pos_id.clone(),
            profile: Profile::A,
            sid: ask.sid.clone(),
            user: params.text("user", 64)?,
            item_name: params.text("item_name", 255)?,
            payer_id,
            accept_zero_confirmations: ask.zero_confirmations,
            require_kyt_for_confirmation: ask.require_kyt,
            stats_token: format!("st_{}", &new_uuid()[..6]),
            payer_sealed: sealed,
        };
        Ok(Asked {
            under,
            over,
            late: if late { Late::ByRule } else { Late::Opened },
            order: (!reference.is_empty()).then(|| format!("{}\n{reference}", ask.pos_id)),
            details,
            echo,
        })
    }

    #[allow(clippy::too_many_arguments)] // Each is one of the parts that a payment is made of.
    fn payment(
        self,
        caller: &Caller,
        engine: &Engine,
        ask: &Ask,
        offer: &Offer,
        public_id: String,
        now: Timestamp,
        profile: Profile,
    ) -> CoinPayment {
        let settings = &caller.settings;
        let coin = offer.price.coin;
        let echo = Echo { profile, ..self.echo };
        CoinPayment {
            id: engine.new_payment_id(),
            merchant: caller.credential.merchant,
            mode: caller.credential.mode,
            dialect: Dialect::Crypto,
            created_at: now,
            public_id,
            order: self.order,
            price: offer.price.clone(),
            network: offer.network.clone(),
            address: String::new(),
            derived: Derivation { account: String::new(), index: 0 },
            terms: Terms {
                grace_s: settings.expiry_grace,
                top_up_s: settings.topup_window,
                tolerance_bps: settings.tolerance_bps.min(10_000),
                under: self.under,
                over: self.over,
                late: self.late,
                screening: if ask.require_kyt { ScreeningRule::Required } else { ScreeningRule::Heeded },
                requirements: offer.requirements.clone(),
                zero_confirmation: offer.zero_confirmation,
                refund_minimum: settings.refund_minimum(coin),
                refund_confirmations: match coin {
                    Coin::Btc => 2,
                    Coin::Eth | Coin::Usdt | Coin::Usdc => 32,
                },
                simulated_refusal: simulated_refusal(caller.credential.mode, &ask.invoice.decimal()),
            },
            deadline: now + SignedDuration::from_secs(i64::from(settings.payment_window.clamp(60, 86_400))),
            topped_up: false,
            deadline_over: false,
            state: State::Waiting,
            acceptance: None,
            deposits: Vec::new(),
            refunds: Vec::new(),
            alert: None,
            tip: None,
            final_height: None,
            confirmed_at: None,
            recheck_at: None,
            announced: None,
            details: Details { echo: echo.text(), ..self.details },
        }
    }
}

/// What an amount makes a simulated payer refuse with: `90NN.00` but for those that mean something else (section 14).
fn simulated_refusal(mode: Mode, amount: &str) -> Option<String> {
    let whole = amount.strip_suffix(".00").unwrap_or(amount);
    let code = whole.strip_prefix("90").filter(|code| code.len() == 2 && mode == Mode::Dev)?;
    (code.bytes().all(|byte| byte.is_ascii_digit()) && !["00", "51"].contains(&code)).then(|| code.to_owned())
}

/// The payer's address: of a comma list the first.
fn payer_ip(params: &Params, reject_private: bool) -> Result<Option<IpAddr>, Problem> {
    let Some(text) = params.get("payer_ip_address") else { return Ok(None) };
    let first = text.split(',').next().unwrap_or_default().trim();
    let address: IpAddr =
        first.parse().map_err(|_| Problem::invalid("payer_ip_address", "it is not an IPv4 or IPv6 address"))?;
    let private = match address.to_canonical() {
        IpAddr::V4(address) => address.is_private() || address.is_loopback() || address.is_link_local(),
        IpAddr::V6(address) => address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local(),
    };
    match private && reject_private {
        true => Err(Problem::invalid("payer_ip_address", "it is a private address")),
        false => Ok(Some(address)),
    }
}

/// A URL of the merchant's: `https`, under DEV also `http`.
pub fn webhook_url(text: &str, mode: Mode) -> Option<String> {
    let url = url::Url::parse(text).ok().filter(|url| url.has_host())?;
    let good = matches!((url.scheme(), mode), ("https", _) | ("http", Mode::Dev));
    let clean = !text.chars().any(|character| character.is_control() || character.is_whitespace());
    (good && clean).then(|| text.to_owned())
}

/// A language in any form; an unknown one is none (amendment 3).
fn locale(text: &str) -> String {
    let language = text.split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase();
    let good = (2..=3).contains(&language.len()) && language.bytes().all(|byte| byte.is_ascii_lowercase());
    if good { language } else { String::new() }
}
