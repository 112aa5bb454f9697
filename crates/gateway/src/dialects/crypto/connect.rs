//! How a merchant's program is connected: an API user and its key, by HTTP Basic (contract, sections 2 and 15).

use florin_engine::directory::{Credential, Permission};
use florin_kernel::Coin;
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde_json::{Value, json};

use super::auth;
use super::quote::new_uuid;
use super::settings::Settings;
use crate::dialects::connect::setting::{Setting, check};
use crate::dialects::connect::{
    Connection, Field, Login, Made, Order, Part, Password, Sample, Trial, Unfit, hint, new_key, read,
};

mod table;

/// The dialect, as the portal knows it.
pub struct Crypto;

impl Connection for Crypto {
    fn dialect(&self) -> Dialect {
        Dialect::Crypto
    }

    fn name(&self) -> &'static str {
        "Crypto point of sale"
    }

    fn word(&self) -> &'static str {
        "crypto"
    }

    fn permissions(&self) -> &'static [Permission] {
        &[]
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn make(&self, order: &Order<'_>) -> Result<Made, Unfit> {
        let (user, key) = (new_uuid(), new_key(order.mode));
        Ok(Made {
            hint: format!("{}\u{2026}, {}", &user[..8], hint(&key)),
            key: Secret::new(auth::key(&user, &key)),
            other_keys: Vec::new(),
            settings: json!({}),
            signature_password: Secret::new(String::new()),
            login: vec![
                Part::new("user", "API user (HTTP Basic user)", user),
                Part::new("api_key", "API key (HTTP Basic password)", key),
            ],
        })
    }

    fn password(&self) -> Option<Password> {
        None
    }

    fn new_password(&self, _mode: Mode, _slug: &str) -> Secret {
        Secret::new(String::new())
    }

    fn known_as(&self, _credential: &Credential) -> String {
        String::new()
    }

    fn setting_table(&self) -> &'static [Setting] {
        table::TABLE
    }

    fn settings(&self, credential: &Credential) -> Value {
        serde_json::to_value(Settings::of(credential)).unwrap_or_default()
    }

    fn read_settings(&self, _credential: &Credential, given: &Value) -> Result<Value, Unfit> {
        let (settings, written) = read::<Settings>(given)?;
        check(table::TABLE, &written)?;
        if settings.cashier_coins.iter().any(|code| Coin::from_code(code).is_none()) {
            return Err(Unfit::new("cashier_coins", "must be a list of coins such as BTC"));
        }
        Ok(Value::Object(written))
    }

    fn trial(&self) -> Trial {
        Trial::None
    }

    fn samples(&self, base_url: &str, _credential: &Credential, login: &Login) -> Vec<Sample> {
        let (user, key) = (login.part("user"), login.part("api_key"));
        let head = |path: &str| format!("curl -sS -w '\\n' -u '{user}:{key}' {base_url}{path}");
        vec![
            Sample {
                title: "What a coin costs now",
                command: format!(
                    "{} -d pos_id=POS1 -d invoice_currency=EUR \\\n  -d invoice_amount=48.25 -d currency=BTC",
                    head("/v2/GetRate/")
                ),
            },
            Sample {
                title: "Start a payment, then open \u{201c}sandbox_wallet_url\u{201d} of the answer and pay",
                command: format!(
                    "{} -d pos_id=POS1 -d invoice_currency=EUR \\\n  -d invoice_amount=48.25 -d currency=BTC",
                    head("/v2/StartPayment/")
                ),
            },
            Sample {
                title: "Ask about a payment (put its payment_id in place of PAYMENT)",
                command: format!("{} -d pos_id=POS1 -d currency=BTC -d payment_id=PAYMENT", head("/v2/CheckPayment/")),
            },
        ]
    }
}
