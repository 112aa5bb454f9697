//! Against a small mail server on this machine, which keeps what it is told.

use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::mail::settings::MailSettings;

/// What a conversation came to.
#[derive(Clone, Default)]
struct Heard {
    commands: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// How the server is spoken to.
#[derive(Clone)]
enum Speech {
    Clear,
    StartTls(TlsAcceptor),
    Tls(TlsAcceptor),
}

/// A server in the clear that answers `RCPT TO` and the content as it is told to; returns its port.
async fn server(rcpt: &'static str, content: &'static str) -> (u16, Heard) {
    server_by(Speech::Clear, rcpt, content).await
}

async fn server_by(speech: Speech, rcpt: &'static str, content: &'static str) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = Heard::default();
    let told = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(serve(stream, speech.clone(), told.clone(), [rcpt, content]));
        }
    });
    (port, heard)
}

async fn serve(stream: TcpStream, speech: Speech, heard: Heard, answers: [&str; 2]) -> std::io::Result<()> {
    let secure = Talk { heard: heard.clone(), answers, offer: "250 AUTH PLAIN", prefix: "secure " };
    match speech {
        Speech::Clear => {
            Talk { heard, answers, offer: "250 HELP", prefix: "" }.begin(stream).await?;
        }
        Speech::Tls(acceptor) => {
            secure.begin(acceptor.accept(stream).await?).await?;
        }
        Speech::StartTls(acceptor) => {
            let clear = Talk { heard, answers, offer: "250 STARTTLS", prefix: "" };
            if let Some(stream) = clear.begin(stream).await? {
                secure.go_on(acceptor.accept(stream).await?).await?;
            }
        }
    }
    Ok(())
}

/// One side of a conversation.
struct Talk<'a> {
    heard: Heard,
    answers: [&'a str; 2],
    /// What `EHLO` is told besides.
    offer: &'a str,
    /// Put before the commands that are noted.
    prefix: &'a str,
}

impl Talk<'_> {
    async fn begin<S: AsyncRead + AsyncWrite + Unpin>(&self, mut stream: S) -> std::io::Result<Option<S>> {
        stream.write_all(b"220 sink ready\r\n").await?;
        stream.flush().await?;
        self.go_on(stream).await
    }

    /// Talks to the end, or until encryption is to begin: then the stream is given back.
    async fn go_on<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> std::io::Result<Option<S>> {
        let [rcpt, content] = self.answers;
        let greeting = format!("250-sink\r\n{}", self.offer);
        let mut lines = BufReader::new(stream);
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).await? > 0 {
            let command = String::from_utf8_lossy(&line).trim().to_owned();
            line.clear();
            self.heard.commands.lock().expect("no panic").push(format!("{}{command}", self.prefix));
            let answer = match command.split([' ', ':']).next().unwrap_or_default() {
                "EHLO" => greeting.as_str(),
                "STARTTLS" if self.offer.ends_with("STARTTLS") => {
                    lines.write_all(b"220 go on\r\n").await?;
                    lines.flush().await?;
                    return Ok(Some(lines.into_inner()));
                }
                "AUTH" => "235 welcome",
                "MAIL" => "250 fine",
                "RCPT" => rcpt,
                "NOOP" => "250 fine",
                "QUIT" => "221 bye",
                "DATA" => {
                    lines.write_all(b"354 go on\r\n").await?;
                    lines.flush().await?;
                    let mut mail = Vec::new();
                    while lines.read_until(b'\n', &mut line).await? > 0 && line != b".\r\n" {
                        // RFC 5321, 4.5.2: a dot was put before dots.
                        mail.extend(line.strip_prefix(b".").unwrap_or(&line));
                        line.clear();
                    }
                    line.clear();
                    self.heard.mails.lock().expect("no panic").push(mail);
                    content
                }
                _ => "502 unknown",
            };
            lines.write_all(format!("{answer}\r\n").as_bytes()).await?;
            lines.flush().await?;
        }
        Ok(None)
    }
}

/// An authority that only a test trusts, and a server with a certificate of it for this machine's address.
fn certified() -> (Certificate, TlsAcceptor) {
    let mut authority = CertificateParams::new(Vec::new()).expect("parameters");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let own = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("parameters");
    let own = own.signed_by(&key, &authority).expect("a certificate");
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let crypto = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(crypto).with_safe_default_protocol_versions().expect("versions");
    let config = config.with_no_client_auth().with_single_cert(vec![own.der().clone()], key).expect("a configuration");
    let authority = Certificate::from_der(authority.der().to_vec()).expect("a certificate");
    (authority, TlsAcceptor::from(Arc::new(config)))
}

fn smtp(url: &str) -> Smtp {
    trusting(url, None)
}

fn trusting(url: &str, authority: Option<Certificate>) -> Smtp {
    let settings = format!("url = {url:?}\nfrom = \"Florin <pay@shop.example>\"\nreply_to = \"help@shop.example\"");
    let settings: MailSettings =
        figment::Figment::from(<figment::providers::Toml as figment::providers::Format>::string(&settings))
            .extract()
            .expect("settings");
    Smtp::trusting(&settings.server().expect("fine").expect("a server"), authority).expect("a transport")
}

fn message() -> Message {
    Message {
        sender_name: "Shop".into(),
        name: "Jon Doe".into(),
        address: "jon.doe@example.com".into(),
        subject: "Invoice 1001 from Shop: 50.00 USD".into(),
        text: "Pay here:\n.hidden\nhttps://pay.example/x".into(),
        html: "<p>Pay</p>".into(),
    }
}

async fn carry(smtp: &Smtp) -> Attempted {
    smtp.carry("0123abcd", &message(), "2026-01-15T10:40:00Z".parse().expect("a time")).await
}

#[tokio::test]
async fn a_server_gets_the_bytes_that_were_meant() {
    let (port, heard) = server("250 fine", "250 taken").await;
    let smtp = smtp(&format!("smtp://127.0.0.1:{port}"));
    assert_eq!(carry(&smtp).await, Attempted::Sent);
    let mails = heard.mails.lock().expect("no panic").clone();
    let read = MessageParser::default().parse(&mails[0]).expect("an e-mail");
    assert_eq!(read.subject(), Some("Invoice 1001 from Shop: 50.00 USD"));
    assert_eq!(read.body_text(0).as_deref(), Some("Pay here:\r\n.hidden\r\nhttps://pay.example/x"));
    assert_eq!(read.from().and_then(|from| from.first()).and_then(|from| from.address()), Some("pay@shop.example"));
    let commands = heard.commands.lock().expect("no panic").clone();
    assert_eq!(commands[..3], ["EHLO shop.example", "MAIL FROM:<pay@shop.example>", "RCPT TO:<jon.doe@example.com>"]);
    smtp.check().await.expect("it answers");
}

#[tokio::test]
async fn a_refused_address_is_given_up_and_a_busy_server_tried_again() {
    for (rcpt, content, never) in [
        ("550 no such user", "250 taken", true),
        ("250 fine", "554 we think it is spam", true),
        ("451 greylisted, come back later", "250 taken", false),
        ("530 authentication required", "250 taken", false),
        ("250 fine", "452 disk full", false),
    ] {
        let (port, _) = server(rcpt, content).await;
        match carry(&smtp(&format!("smtp://127.0.0.1:{port}"))).await {
            Attempted::Never(trouble) => assert!(never, "{rcpt}, {content}: {trouble}"),
            Attempted::NotNow(trouble) => assert!(!never, "{rcpt}, {content}: {trouble}"),
            Attempted::Sent => panic!("{rcpt}, {content}: sent"),
        }
    }
    let free = TcpListener::bind("127.0.0.1:0").await.expect("a port").local_addr().expect("an address").port();
    assert!(matches!(carry(&smtp(&format!("smtp://127.0.0.1:{free}"))).await, Attempted::NotNow(_)), "nobody listens");
}

/// A server that offers no encryption gets neither the password nor the letter where encryption is asked for.
#[tokio::test]
async fn nothing_goes_in_the_clear_where_it_may_not() {
    let (port, heard) = server("250 fine", "250 taken").await;
    let smtp = smtp(&format!("smtp://me:hush@127.0.0.1:{port}?tls=required"));
    let attempted = carry(&smtp).await;
    assert!(!matches!(attempted, Attempted::Sent), "{attempted:?}");
    assert!(heard.mails.lock().expect("no panic").is_empty());
    let commands = heard.commands.lock().expect("no panic").clone();
    assert!(
        commands.iter().all(|command| command == "EHLO shop.example" || command == "QUIT" || command == "STARTTLS"),
        "{commands:?}"
    );
    smtp.check().await.expect_err("it offers no encryption");
}

/// By STARTTLS and by TLS from the first byte: the password and the letter go encrypted, to whom the certificate names.
#[tokio::test]
async fn password_and_letter_go_encrypted() {
    let (authority, acceptor) = certified();
    for (scheme, options, speech) in
        [("smtp", "?tls=required", Speech::StartTls(acceptor.clone())), ("smtps", "", Speech::Tls(acceptor))]
    {
        let (port, heard) = server_by(speech, "250 fine", "250 taken").await;
        let url = format!("{scheme}://me:hush@127.0.0.1:{port}{options}");
        // An authority that nobody trusts: nothing is said that matters.
        let attempted = carry(&smtp(&url)).await;
        assert!(matches!(attempted, Attempted::NotNow(_)), "{scheme}: {attempted:?}");
        assert!(heard.mails.lock().expect("no panic").is_empty());
        let said = heard.commands.lock().expect("no panic").clone();
        assert!(said.iter().all(|command| ["EHLO shop.example", "STARTTLS"].contains(&command.as_str())), "{said:?}");

        let trusting = trusting(&url, Some(authority.clone()));
        trusting.check().await.expect("it answers");
        assert_eq!(carry(&trusting).await, Attempted::Sent, "{scheme}");
        assert_eq!(heard.mails.lock().expect("no panic").len(), 1);
        let said = heard.commands.lock().expect("no panic").split_off(said.len());
        for command in ["AUTH PLAIN", "MAIL FROM", "RCPT TO", "DATA"] {
            let so_far = |part: &str| said.iter().filter(|said| said.starts_with(part)).count();
            assert!(so_far(&format!("secure {command}")) > 0, "{scheme} {command}: {said:?}");
            assert_eq!(so_far(command), 0, "{scheme} {command}: {said:?}");
        }
    }
}

/// A certificate for another place is no better than none.
#[tokio::test]
async fn a_certificate_of_another_place_is_not_believed() {
    let (authority, acceptor) = certified();
    let (port, heard) = server_by(Speech::Tls(acceptor), "250 fine", "250 taken").await;
    let elsewhere = trusting(&format!("smtps://me:hush@localhost:{port}"), Some(authority));
    assert!(matches!(carry(&elsewhere).await, Attempted::NotNow(_)));
    assert!(heard.commands.lock().expect("no panic").is_empty());
}
