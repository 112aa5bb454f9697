//! How a merchant's program is connected: a member of a partner, with its login, its key and a terminal (contract, section 2). Merchants
//! who move bring their numbers, login and key with them.

use florin_engine::directory::{Credential, Permission};
use florin_kernel::payment::{Dialect, Mode};
use florin_kernel::secret::Secret;
use serde_json::{Value, json};

use super::auth;
use super::settings::{Partner, Settings};
use crate::dialects::connect::setting::{Setting, check};
use crate::dialects::connect::{
    Connection, Field, Login, Made, Order, Part, Password, Sample, Trial, Unfit, digits, letters, read,
};

mod table;

/// The dialect, as the portal knows it.
pub struct TransactionServices;

/// What identifies a member or must stay as it is: no settings for people.
const OWN: [&str; 4] = ["member_id", "partner_id", "username", "previous_key"];
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 16..=100;
const NAME_LENGTH_MAX: usize = 100;

impl Connection for TransactionServices {
    fn dialect(&self) -> Dialect {
        Dialect::TransactionServices
    }

    fn name(&self) -> &'static str {
        "Transaction services"
    }

    fn word(&self) -> &'static str {
        "transaction_services"
    }

    fn permissions(&self) -> &'static [Permission] {
        &[Permission::Deposits, Permission::S2sCards, Permission::Withdrawals, Permission::Read]
    }

    fn fields(&self) -> &'static [Field] {
        &[
            Field { name: "partner_id", label: "Partner id", hint: "Up to 10 digits. Empty: a new one." },
            Field { name: "member_id", label: "Member id", hint: "Up to 10 digits. Empty: a new one." },
            Field { name: "username", label: "Login name", hint: "As authToken takes it. Empty: a new one." },
            Field {
                name: "secret_key",
                label: "Member key",
                hint: "16 to 100 characters; signs checksums. Bring the one you have, or leave it empty for a new one.",
            },
            Field { name: "terminal_id", label: "Terminal id", hint: "Up to 6 digits. Empty: a new one." },
        ]
    }

    fn make(&self, order: &Order<'_>) -> Result<Made, Unfit> {
        let number = |name: &'static str, most: usize, drawn: u32| match order.text(name) {
            None => Ok(digits(drawn)),
            Some(text) if text.len() <= most && text.bytes().all(|byte| byte.is_ascii_digit()) => Ok(text),
            Some(_) => Err(Unfit::new(name, format!("must be up to {most} digits"))),
        };
        let (partner_id, member_id) = (number("partner_id", 10, 6)?, number("member_id", 10, 8)?);
        let terminal_id = number("terminal_id", 6, 5)?;
        let username = order.text("username").unwrap_or_else(|| format!("{}{}", order.slug, digits(6)));
        if username.chars().count() > NAME_LENGTH_MAX || username.contains(char::is_control) {
            return Err(Unfit::new("username", "must be 100 characters at most"));
        }
        let key = order.text("secret_key").unwrap_or_else(letters);
        if !KEY_LENGTHS.contains(&key.len()) || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Unfit::new("secret_key", "must be 16 to 100 visible ASCII characters"));
        }
        Ok(Made {
            key: Secret::new(auth::member_key(&member_id)),
            other_keys: vec![Secret::new(auth::login_key(&partner_id, &username))],
            settings: json!({
                "member_id": member_id, "partner_id": partner_id, "username": username,
                "terminals": [{"terminal_id": terminal_id, "default": true}]
            }),
            signature_password: Secret::new(key),
            hint: String::new(),
            login: vec![
                Part::new("partner_id", "Partner id (authentication.partnerId)", partner_id),
                Part::new("member_id", "Member id (authentication.memberId)", member_id),
                Part::new("username", "Login name (merchant.username)", username),
                Part::new("terminal_id", "Terminal id (authentication.terminalId)", terminal_id),
            ],
        })
    }

    fn password(&self) -> Option<Password> {
        Some(Password {
            name: "secret_key",
            label: "Member key (sKey, signs checksums)",
            keeps_present_as: Some("previous_key"),
        })
    }

    fn new_password(&self, _mode: Mode, _slug: &str) -> Secret {
        Secret::new(letters())
    }

    fn known_as(&self, credential: &Credential) -> String {
        match Partner::of(credential) {
            Some(partner) => format!("Partner {}", partner.partner_id),
            None => {
                let settings = Settings::of(credential);
                format!("Member {}, partner {}", settings.member_id, settings.partner_id)
            }
        }
    }

    fn setting_table(&self) -> &'static [Setting] {
        table::TABLE
    }

    fn settings(&self, credential: &Credential) -> Value {
        if Partner::of(credential).is_some() {
            return Value::Null;
        }
        let mut written = serde_json::to_value(Settings::of(credential)).unwrap_or_default();
        if let Some(written) = written.as_object_mut() {
            written.retain(|name, _| !OWN.contains(&name.as_str()));
        }
        written
    }

    fn read_settings(&self, credential: &Credential, given: &Value) -> Result<Value, Unfit> {
        let own = given.as_object().and_then(|given| given.keys().find(|name| OWN.contains(&name.as_str())));
        if let Some(own) = own {
            return Err(Unfit::new(own, "stays as it was made; make another credential instead"));
        }
        if Partner::of(credential).is_some() {
            return Err(Unfit::new("settings", "of a partner: there are none"));
        }
        let (settings, mut written) = read::<Settings>(given)?;
        check(table::TABLE, &written)?;
        let is_number = |id: &str| (1..=6).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_digit());
        if settings.terminals.is_empty() || !settings.terminals.iter().all(|terminal| is_number(&terminal.terminal_id))
        {
            return Err(Unfit::new("terminals", "must name one at least, each with a terminal_id of up to 6 digits"));
        }
        for name in OWN {
            match credential.settings.get(name) {
                Some(own) => written.insert(name.to_owned(), own.clone()),
                None => written.remove(name),
            };
        }
        Ok(Value::Object(written))
    }

    fn trial(&self) -> Trial {
        Trial::None
    }

    fn samples(&self, base_url: &str, credential: &Credential, _login: &Login) -> Vec<Sample> {
        let key = credential.signature_password.expose();
        let services = format!("{base_url}/transactionServices/REST/v1");
        if let Some(Partner { partner_id, username, .. }) = Partner::of(credential) {
            let command = format!(
                "curl -sS -w '\\n' {services}/partnerAuthToken -d 'authentication.partnerId={partner_id}' \\\n  \
                 -d 'partner.userName={username}' -d 'authentication.sKey={key}'"
            );
            return vec![Sample { title: "Log in as the partner, for any of its members", command }];
        }
        let Settings { partner_id, member_id, username, .. } = Settings::of(credential);
        let login = format!(
            "TOKEN=$(curl -sS {services}/authToken -d 'authentication.partnerId={partner_id}' \\\n  \
             -d 'merchant.username={username}' -d 'authentication.sKey={key}' | sed 's/.*\"AuthToken\":\"\\([^\"]*\\)\".*/\\1/')"
        );
        vec![
            Sample {
                title: "Log in, sign and pay by card",
                command: format!(
                    "{login}\nORDER=\"order-$(date +%s)\"\nSUM=$(printf %s \"{member_id}|{key}|$ORDER|50.00\" | md5sum | cut -d' ' -f1)\n\
                     curl -sS -w '\\n' {services}/payments -H \"AuthToken: $TOKEN\" \\\n  -d 'authentication.memberId={member_id}' \
                     -d \"authentication.checksum=$SUM\" -d \"merchantTransactionId=$ORDER\" \\\n  -d 'amount=50.00' -d 'currency=USD' \
                     -d 'paymentType=DB' -d 'paymentMode=CC' -d 'paymentBrand=VISA' \\\n  -d 'card.number=4000000000000051' \
                     -d 'card.expiryMonth=07' -d 'card.expiryYear=2030' -d 'card.cvv=745'"
                ),
            },
            Sample { title: "Log in: the token is good for an hour", command: format!("{login}\necho \"$TOKEN\"") },
        ]
    }
}
