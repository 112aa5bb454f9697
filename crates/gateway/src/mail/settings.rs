//! `[mail]` of the configuration: which mail server, and in whose name.

use lettre::message::Mailbox;
use serde::{Deserialize, Serialize};
use url::Url;

/// The settings as they are written.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct MailSettings {
    /// `smtp://USER:PASSWORD@HOST:587` (STARTTLS; outside this machine never without) or `smtps://…` (TLS from the first byte);
    /// absent: live e-mails are disabled.
    pub url: Option<MailUrl>,
    /// The address that e-mails come from, `NAME <ADDRESS>` or an address alone. The name shown is the merchant's.
    pub from: Option<String>,
    /// Where answers go, where that is another address.
    pub reply_to: Option<String>,
}

/// A mail server's URL, which may hold a password: it is printed nowhere.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MailUrl(String);

impl std::fmt::Debug for MailUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailUrl(…)")
    }
}

/// The address that e-mails come from, and where answers go.
#[derive(Clone, Debug)]
pub struct Sender {
    /// From.
    pub from: Mailbox,
    /// Answers.
    pub reply_to: Option<Mailbox>,
}

impl Default for Sender {
    /// Of e-mails that nobody receives, where none is set.
    fn default() -> Sender {
        Sender { from: "Florin <florin@localhost>".parse().expect("an address"), reply_to: None }
    }
}

/// How a mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// In the clear, which is for this machine only.
    None,
    /// From the command `STARTTLS` on.
    StartTls,
    /// From the first byte.
    Tls,
}

impl std::fmt::Display for Encryption {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Encryption::None => "no encryption, on this machine",
            Encryption::StartTls => "STARTTLS",
            Encryption::Tls => "TLS",
        })
    }
}

/// A mail server, checked.
#[derive(Clone, Debug)]
pub struct MailServer {
    /// With user and password; `tls=required` where they may not go in the clear.
    pub(super) url: MailUrl,
    /// Whose certificate it must show.
    pub(super) host: String,
    /// `HOST:PORT`, for people.
    pub place: String,
    /// How it is spoken to.
    pub encryption: Encryption,
    /// In whose name.
    pub sender: Sender,
}

impl MailUrl {
    pub(super) fn expose(&self) -> &str {
        &self.0
    }
}

impl MailSettings {
    /// The mail server, if one is set.
    ///
    /// # Errors
    /// A sentence that names the setting that is wrong, never with the password.
    pub fn server(&self) -> Result<Option<MailServer>, String> {
        let sender = self.sender()?;
        let Some(url) = &self.url else {
            return match sender {
                Some(_) => {
                    Err("mail.url is missing: which mail server? Such as smtp://USER:PASSWORD@HOST:587".to_owned())
                }
                None => Ok(None),
            };
        };
        let sender = sender
            .ok_or("mail.from is missing: which address do e-mails come from? Such as Florin <pay@shop.example>")?;
        let (url, [host, place], encryption) = read_url(url)?;
        Ok(Some(MailServer { url, host, place, encryption, sender }))
    }

    fn sender(&self) -> Result<Option<Sender>, String> {
        let read = |name: &str, text: &String| {
            text.parse::<Mailbox>().map_err(|error| format!("mail.{name} {text:?} is no e-mail address: {error}"))
        };
        let reply_to = self.reply_to.as_ref().map(|text| read("reply_to", text)).transpose()?;
        match &self.from {
            Some(text) => Ok(Some(Sender { from: read("from", text)?, reply_to })),
            None if reply_to.is_some() => Err("mail.from is missing beside mail.reply_to".to_owned()),
            None => Ok(None),
        }
    }
}

/// The URL, the host with its place, and how it is spoken to.
fn read_url(given: &MailUrl) -> Result<(MailUrl, [String; 2], Encryption), String> {
    let mut url = Url::parse(given.expose()).map_err(|error| format!("mail.url cannot be read: {error}"))?;
    let host = url.host_str().unwrap_or_default().to_owned();
    if host.is_empty() {
        return Err("mail.url names no host".to_owned());
    }
    let tls = match url.query_pairs().collect::<Vec<_>>().as_slice() {
        [] => None,
        [(name, value)] if name == "tls" && value == "required" => Some(()),
        _ => return Err("mail.url: the only option is tls=required".to_owned()),
    };
    let (port, encryption) = match url.scheme() {
        "smtps" => (465, Encryption::Tls),
        "smtp" if tls.is_some() || !is_loopback(&host) => {
            url.set_query(Some("tls=required"));
            (587, Encryption::StartTls)
        }
        "smtp" => (25, Encryption::None),
        other => return Err(format!("mail.url begins with {other}://; smtp:// and smtps:// are understood")),
    };
    if !url.username().is_empty() && url.password().is_none() {
        return Err("mail.url has a user and no password".to_owned());
    }
    let place = format!("{host}:{}", url.port().unwrap_or(port));
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    Ok((MailUrl(url.into()), [host, place], encryption))
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(url: &str, from: &str, reply_to: &str) -> MailSettings {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        MailSettings { url: some(url).map(MailUrl), from: some(from), reply_to: some(reply_to) }
    }

    #[test]
    fn secrets_leave_the_machine_encrypted_only() {
        let check = |url: &str, place: &str, encryption: &str| {
            let server = settings(url, "Pay <pay@shop.example>", "").server().expect(url).expect("a server");
            assert_eq!((server.place.as_str(), server.encryption.to_string().as_str()), (place, encryption), "{url}");
        };
        check("smtp://me:hush@mail.example", "mail.example:587", "STARTTLS");
        check("smtp://mail.example:2525", "mail.example:2525", "STARTTLS");
        check("smtps://me:hush@mail.example", "mail.example:465", "TLS");
        check("smtp://127.0.0.1:1025", "127.0.0.1:1025", "no encryption, on this machine");
        check("smtp://localhost", "localhost:25", "no encryption, on this machine");
        check("smtp://[::1]:26", "[::1]:26", "no encryption, on this machine");
        check("smtp://127.0.0.1:1025?tls=required", "127.0.0.1:1025", "STARTTLS");
    }

    #[test]
    fn what_is_wrong_is_named_and_no_password_printed() {
        let check = |url: &str, from: &str, reply_to: &str, part: &str| {
            let settings = settings(url, from, reply_to);
            let said = settings.server().expect_err(part);
            assert!(said.contains(part), "{said}");
            assert!(!said.contains("hush") && !format!("{settings:?}").contains("hush"), "{said}");
        };
        let from = "pay@shop.example";
        check("http://me:hush@mail.example", from, "", "http://; smtp:// and smtps://");
        check("mail.example:587", from, "", "mail.url");
        check("smtp://me:hush@mail.example?tls=opportunistic", from, "", "tls=required");
        check("smtp://me@mail.example", from, "", "no password");
        check("smtp://me:hush@mail.example", "", "", "mail.from is missing");
        check("smtp://me:hush@mail.example", "shop", "", "mail.from \"shop\"");
        check("smtp://me:hush@mail.example", from, "nobody", "mail.reply_to \"nobody\"");
        check("", from, "", "mail.url is missing");
        check("", "", from, "mail.from is missing");
    }

    #[test]
    fn without_any_setting_there_is_no_server() {
        assert!(MailSettings::default().server().expect("fine").is_none());
    }
}
