//! How a merchant's program is connected: an access token, the entities it acts for, and a key for notifications (contract, sections 1, 3
//! and 12). Merchants who move bring their entity and token with them.

use florin_engine::directory::{Credential, Permission};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde_json::{Value, json};

use super::auth;
use super::settings::Settings;
use crate::dialects::connect::setting::{Setting, check};
use crate::dialects::connect::{
    Connection, Field, Login, Made, Order, Part, Password, Sample, Trial, Unfit, digits, hex, hint, letters, new_key,
    read,
};

mod table;

/// The dialect, as the portal knows it.
pub struct V3;

const ENTITY: &str = "must be 8 to 32 letters and digits";
const TOKEN_LENGTHS: std::ops::RangeInclusive<usize> = 32..=2_048;

impl Connection for V3 {
    fn dialect(&self) -> Dialect {
        Dialect::V3
    }

    fn name(&self) -> &'static str {
        "Payments v3"
    }

    fn word(&self) -> &'static str {
        "v3"
    }

    fn permissions(&self) -> &'static [Permission] {
        &[Permission::Deposits, Permission::S2sCards, Permission::Withdrawals, Permission::Read]
    }

    fn fields(&self) -> &'static [Field] {
        &[
            Field {
                name: "entity_id",
                label: "Entity id",
                hint: "8 to 32 letters and digits. Bring the one you have, or leave it empty for a new one.",
            },
            Field {
                name: "access_token",
                label: "Access token",
                hint: "32 to 2,048 characters. Bring the one you have, or leave it empty for a new one.",
            },
        ]
    }

    fn make(&self, order: &Order<'_>) -> Result<Made, Unfit> {
        let entity = order.text("entity_id").unwrap_or_else(|| format!("EB{}", digits(10)));
        if !is_entity(&entity) {
            return Err(Unfit::new("entity_id", ENTITY));
        }
        let token = order.text("access_token").unwrap_or_else(|| new_key(order.mode));
        let is_plain = token.bytes().all(|byte| byte.is_ascii_graphic());
        if !TOKEN_LENGTHS.contains(&token.len()) || !is_plain {
            return Err(Unfit::new("access_token", "must be 32 to 2,048 visible ASCII characters"));
        }
        let (user, password) = (hex::<16>(), letters());
        Ok(Made {
            hint: hint(&token),
            other_keys: vec![Secret::new(auth::legacy_key(&user, &password, &entity))],
            settings: json!({ "entity_ids": [entity] }),
            signature_password: self.new_password(order.mode, order.slug),
            login: vec![
                Part::new("entity_id", "Entity id (entityId)", entity),
                Part::new("access_token", "Access token (Authorization: Bearer)", token.clone()),
                Part::new("legacy_user_id", "Older login: user (authentication.userId)", user),
                Part::new("legacy_password", "Older login: password (authentication.password)", password),
            ],
            key: Secret::new(token),
        })
    }

    fn password(&self) -> Option<Password> {
        Some(Password {
            name: "notification_key",
            label: "Notification key (encrypted notifications)",
            keeps_present_as: None,
        })
    }

    fn new_password(&self, _mode: Mode, _slug: &str) -> Secret {
        Secret::new(hex::<32>())
    }

    fn known_as(&self, credential: &Credential) -> String {
        Settings::of(credential).entity_ids.join(", ")
    }

    fn setting_table(&self) -> &'static [Setting] {
        table::TABLE
    }

    fn settings(&self, credential: &Credential) -> Value {
        let settings = Settings::of(credential);
        let mut written = serde_json::to_value(&*settings).unwrap_or_default();
        // What is not set differs by mount, so it is shown as not set.
        written["decline_status"] = json!(settings.decline_status);
        written["authorization_days"] = json!(settings.authorization_days);
        written["checkout_minutes"] = json!(settings.checkout_minutes);
        written["checkout_attempts"] = json!(settings.checkout_attempts);
        written["origins"] = json!(settings.origins);
        written
    }

    fn read_settings(&self, _credential: &Credential, given: &Value) -> Result<Value, Unfit> {
        let (settings, written) = read::<Settings>(given)?;
        if settings.entity_ids.is_empty() || !settings.entity_ids.iter().all(|entity| is_entity(entity)) {
            return Err(Unfit::new("entity_ids", format!("must name one at least; each {ENTITY}")));
        }
        check(table::TABLE, &written)?;
        Ok(Value::Object(written))
    }

    fn trial(&self) -> Trial {
        Trial::ToSetting("notification_url")
    }

    fn samples(&self, base_url: &str, credential: &Credential, login: &Login) -> Vec<Sample> {
        let token = login.part("access_token");
        let settings = Settings::of(credential);
        let known = settings.entity_ids.iter().find(|entity| *entity == login.part("entity_id"));
        let entity = known.or(settings.entity_ids.first()).cloned().unwrap_or_default();
        let head = |path: &str| format!("curl -sS -w '\\n' {base_url}{path} -H 'Authorization: Bearer {token}'");
        vec![
            Sample {
                title: "Pay by card; /oppwa/v1/payments takes the same",
                command: format!(
                    "{} -d 'entityId={entity}' -d 'amount=92.00' \\\n  -d 'currency=EUR' -d 'paymentType=DB' \
                     -d 'card.number=4200000000000000' -d 'card.holder=Jane Jones' \\\n  -d 'card.expiryMonth=05' \
                     -d 'card.expiryYear=2034' -d 'card.cvv=123' -d 'shopperResultUrl={base_url}/'",
                    head("/v3/payments")
                ),
            },
            Sample {
                title: "Prepare a checkout: the answer's id belongs into the payment form",
                command: format!(
                    "{} -d 'entityId={entity}' -d 'amount=92.00' -d 'currency=EUR' -d 'paymentType=DB'",
                    head("/v3/checkouts")
                ),
            },
            Sample {
                title: "Ask about a payment (put its id in place of PAYMENT)",
                command: head(&format!("/v3/payments/PAYMENT?entityId={entity}")),
            },
        ]
    }
}

fn is_entity(text: &str) -> bool {
    (8..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
