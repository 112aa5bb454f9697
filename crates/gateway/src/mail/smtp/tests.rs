//! Against a small mail server on this machine, which keeps what it is told.

use std::sync::{Arc, Mutex};

use mail_parser::MessageParser;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;
use crate::mail::settings::MailSettings;

/// What a conversation came to.
#[derive(Clone, Default)]
struct Heard {
    commands: Arc<Mutex<Vec<String>>>,
    mails: Arc<Mutex<Vec<Vec<u8>>>>,
}

/// A server that answers `RCPT TO` and the content as it is told to; returns its port.
async fn server(rcpt: &'static str, content: &'static str) -> (u16, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let heard = Heard::default();
    let told = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(talk(stream, told.clone(), rcpt, content));
        }
    });
    (port, heard)
}

async fn talk(stream: TcpStream, heard: Heard, rcpt: &str, content: &str) -> std::io::Result<()> {
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader);
    writer.write_all(b"220 sink ready\r\n").await?;
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).await? > 0 {
        let command = String::from_utf8_lossy(&line).trim().to_owned();
        line.clear();
        heard.commands.lock().expect("no panic").push(command.clone());
        let answer = match command.split([' ', ':']).next().unwrap_or_default() {
            "EHLO" => "250 sink",
            "MAIL" => "250 fine",
            "RCPT" => rcpt,
            "NOOP" => "250 fine",
            "QUIT" => "221 bye",
            "DATA" => {
                writer.write_all(b"354 go on\r\n").await?;
                let mut mail = Vec::new();
                while lines.read_until(b'\n', &mut line).await? > 0 && line != b".\r\n" {
                    // RFC 5321, 4.5.2: a dot was put before dots.
                    mail.extend(line.strip_prefix(b".").unwrap_or(&line));
                    line.clear();
                }
                line.clear();
                heard.mails.lock().expect("no panic").push(mail);
                content
            }
            _ => "502 unknown",
        };
        writer.write_all(format!("{answer}\r\n").as_bytes()).await?;
    }
    Ok(())
}

fn smtp(url: &str) -> Smtp {
    let settings = format!("url = {url:?}\nfrom = \"Florin <pay@shop.example>\"\nreply_to = \"help@shop.example\"");
    let settings: MailSettings =
        figment::Figment::from(<figment::providers::Toml as figment::providers::Format>::string(&settings))
            .extract()
            .expect("settings");
    Smtp::new(&settings.server().expect("fine").expect("a server")).expect("a transport")
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
