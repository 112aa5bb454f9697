//! How a merchant's program is connected: an API key and a password for webhook signatures (contract, sections 1 and 3).

use florin_engine::directory::{Credential, Permission};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde_json::{Value, json};

use super::settings::Settings;
use crate::dialects::connect::setting::{Setting, check};
use crate::dialects::connect::{
    Connection, Field, Login, Made, Order, Part, Password, Sample, Trial, Unfit, hint, letters, new_key, read,
};

mod table;

/// The dialect, as the portal knows it.
pub struct Cashier;

impl Connection for Cashier {
    fn dialect(&self) -> Dialect {
        Dialect::Cashier
    }

    fn name(&self) -> &'static str {
        "Cashier"
    }

    fn word(&self) -> &'static str {
        "cashier"
    }

    fn permissions(&self) -> &'static [Permission] {
        &[Permission::Deposits, Permission::S2sCards, Permission::Withdrawals, Permission::Approve, Permission::Read]
    }

    fn fields(&self) -> &'static [Field] {
        &[]
    }

    fn make(&self, order: &Order<'_>) -> Result<Made, Unfit> {
        let key = new_key(order.mode);
        Ok(Made {
            hint: hint(&key),
            login: vec![Part::new("api_key", "API key (header X-Api-Key)", key.clone())],
            key: Secret::new(key),
            other_keys: Vec::new(),
            settings: json!({}),
            signature_password: self.new_password(order.mode, order.slug),
        })
    }

    fn password(&self) -> Option<Password> {
        Some(Password {
            name: "signature_password",
            label: "Signature password (header x-signature of webhooks)",
            keeps_present_as: None,
        })
    }

    fn new_password(&self, mode: Mode, slug: &str) -> Secret {
        let mode = match mode {
            Mode::Dev => "test",
            Mode::Live => "live",
        };
        Secret::new(format!("spg_{mode}_{slug}{}", letters()))
    }

    fn known_as(&self, _credential: &Credential) -> String {
        String::new()
    }

    fn setting_table(&self) -> &'static [Setting] {
        table::TABLE
    }

    fn settings(&self, credential: &Credential) -> Value {
        let settings = Settings::of(credential);
        let mut written = serde_json::to_value(&*settings).unwrap_or_default();
        written["attempts_max"] = json!(settings.attempts_max);
        written
    }

    fn read_settings(&self, _credential: &Credential, given: &Value) -> Result<Value, Unfit> {
        let (_, written) = read::<Settings>(given)?;
        check(table::TABLE, &written)?;
        Ok(Value::Object(written))
    }

    fn trial(&self) -> Trial {
        Trial::None
    }

    fn samples(&self, base_url: &str, _credential: &Credential, login: &Login) -> Vec<Sample> {
        let key = login.part("api_key");
        let head = |path: &str| format!("curl -sS -w '\\n' {base_url}{path} -H 'X-Api-Key: {key}'");
        vec![
            Sample {
                title: "Open the cashier: the answer's token belongs behind /cashier/",
                command: format!(
                    r#"{} -d '{{
  "request":{{"user_id":"U123","tracking_id":"'"order-$(date +%s)"'","amount":10.05,"currency":"EUR"}}}}'"#,
                    head("/v1/payments/hosted")
                ),
            },
            Sample {
                title: "Pay by card, server to server",
                command: format!(
                    r#"{} -d '{{
  "request":{{"user_id":"U123","tracking_id":"'"order-$(date +%s)"'","ip":"127.34.125.54","amount":10.05,"currency":"EUR"}},
  "card_details":{{"holder_name":"John Doe","card_number":"4111111111111111","cvc":"444","exp_month":"05","exp_year":"2030"}}}}'"#,
                    head("/v1/payments/s2s")
                ),
            },
            Sample { title: "List today's transactions", command: head("/v1/transactions") },
        ]
    }
}
