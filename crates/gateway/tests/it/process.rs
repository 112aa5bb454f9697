//! The binary itself: what it prints, how it stops, and what works beside it.

use std::process::Stdio;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::world::SOON;

pub struct Florin {
    process: Child,
    ready: String,
    output: tokio::io::Lines<BufReader<tokio::process::ChildStdout>>,
}

pub fn command(data: &std::path::Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_florin"));
    command
        .arg("--data")
        .arg(data)
        .env_remove("FLORIN_CONFIG")
        .env_remove("FLORIN_DATABASE")
        .current_dir(data)
        .kill_on_drop(true);
    command
}

pub async fn serve(data: &std::path::Path, flags: &[&str]) -> Florin {
    serve_to(data, flags, Stdio::null()).await
}

/// As [`serve`], with its log in a new file.
pub async fn serve_logging(data: &std::path::Path, flags: &[&str], log: &std::path::Path) -> Florin {
    serve_to(data, flags, std::fs::File::create_new(log).expect("a log file").into()).await
}

async fn serve_to(data: &std::path::Path, flags: &[&str], log: Stdio) -> Florin {
    let mut command = command(data);
    command.arg("serve").args(flags).args(["--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).stderr(log);
    let mut process = command.spawn().expect("the binary starts");
    let mut output = BufReader::new(process.stdout.take().expect("piped")).lines();
    let ready = tokio::time::timeout(SOON, output.next_line()).await.expect("ready soon").expect("text");
    Florin { process, ready: ready.expect("a line"), output }
}

async fn get(url: String) -> reqwest::Result<reqwest::Response> {
    florin_providers::http::client().build().expect("a client").get(url).send().await
}

impl Florin {
    fn url(&self) -> &str {
        self.ready.strip_prefix("florin ready on ").unwrap_or_else(|| panic!("{} is no ready line", self.ready))
    }

    pub async fn end(mut self, signal: &str) -> Option<i32> {
        let id = self.process.id().expect("it runs").to_string();
        Command::new("kill").args(["-s", signal, &id]).status().await.expect("kill runs");
        let status = tokio::time::timeout(SOON, self.process.wait()).await.expect("it ends").expect("a status");
        status.code()
    }
}

/// The demo's secrets.
pub fn secrets(data: &std::path::Path) -> serde_json::Value {
    let text = std::fs::read_to_string(data.join("demo.json")).expect("demo.json");
    serde_json::from_str(&text).expect("JSON")
}

/// Lets time pass until nothing is pending.
pub async fn finish_pending(
    client: &reqwest::Client,
    demo: &serde_json::Value,
    references: impl Iterator<Item = &String> + Clone,
) {
    let base = demo["base_url"].as_str().expect("a URL");
    let key = demo["cashier"]["api_key"].as_str().expect("a key");
    let token = demo["admin"]["token"].as_str().expect("a token");
    let settled = async {
        loop {
            let clock = client
                .post(format!("{base}/admin/v1/clock"))
                .bearer_auth(token)
                .json(&serde_json::json!({"advance_s": 61}));
            assert_eq!(clock.send().await.expect("an answer").status(), 200);
            let mut pending = 0;
            for reference in references.clone() {
                let status = client.get(format!("{base}/v1/transactions/{reference}")).header("x-api-key", key);
                let status = status.send().await.expect("an answer").text().await.expect("text");
                pending += usize::from(status.contains("pending"));
            }
            if pending == 0 {
                return;
            }
        }
    };
    tokio::time::timeout(SOON * 3, settled).await.expect("everything ends");
}

#[tokio::test]
async fn it_prints_one_line_and_stops_when_told() {
    for signal in ["TERM", "INT"] {
        let data = tempfile::tempdir().expect("a folder");
        let mut florin = serve(data.path(), &[]).await;
        let health = get(format!("{}/healthz", florin.url())).await.expect("an answer");
        assert_eq!(health.status(), 200);
        let inbox = get(format!("{}/sim/inbox", florin.url())).await.expect("an answer");
        assert_eq!(inbox.status(), 404, "only the demo has an inbox");
        let process = florin.process.id().expect("it runs").to_string();
        Command::new("kill").args(["-s", signal, &process]).status().await.expect("kill runs");
        assert_eq!(florin.output.next_line().await.expect("text"), None, "nothing follows the ready line");
        let status = tokio::time::timeout(SOON, florin.process.wait()).await.expect("it ends").expect("a status");
        assert_eq!(status.code(), Some(0), "{signal}");
        assert!(!data.path().join("demo.json").exists());
    }
}

/// Output that cannot be written, because its reader is gone or the log's disk is full, stops nobody.
#[tokio::test]
async fn it_goes_on_when_nobody_reads_what_it_says() {
    let data = tempfile::tempdir().expect("a folder");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut command = command(data.path());
    command.args(["serve", "--demo", "--listen", "127.0.0.1:0"]);
    command.stdout(writer.try_clone().expect("a copy")).stderr(writer);
    let mut process = command.spawn().expect("the binary starts");
    drop(command);
    let demo = data.path().join("demo.json");
    let read = async {
        loop {
            // It is written whole or not at all.
            if let Ok(text) = std::fs::read_to_string(&demo) {
                return serde_json::from_str::<serde_json::Value>(&text).expect("JSON");
            }
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    };
    let demo = tokio::time::timeout(SOON, read).await.expect("demo.json soon");
    let (base, key) = (demo["base_url"].as_str().expect("a URL"), demo["cashier"]["api_key"].as_str().expect("a key"));
    // An answer of the provider that cannot be read is worth a line in the log.
    for (reference, amount, status) in [("warned", "9104.00", "pending"), ("after", "10.00", "successful")] {
        let body = crate::cashier_calls::S2S.replace("10.05", amount).replace("0d1b", reference);
        let pay = async || {
            let client = florin_providers::http::client().build().expect("a client");
            client.post(format!("{base}/v1/payments/s2s")).header("x-api-key", key).body(body.clone()).send().await
        };
        let answered = async {
            loop {
                // The folder is ready before the port.
                if let Ok(answer) = pay().await {
                    return answer.text().await.expect("text");
                }
            }
        };
        let answer = tokio::time::timeout(SOON, answered).await.expect("an answer");
        assert!(answer.contains(&format!("\"{status}\"")), "{answer}");
    }
    assert_eq!(process.try_wait().expect("a status"), None, "it still runs");
}

#[tokio::test]
async fn the_book_is_verified_beside_it() {
    let data = tempfile::tempdir().expect("a folder");
    let florin = serve(data.path(), &["--demo"]).await;
    for arguments in [&["ledger", "verify"][..], &["doctor"][..]] {
        let ran = command(data.path()).args(arguments).output().await.expect("it runs");
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let expected = if arguments[0] == "ledger" { "The book agrees." } else { "a server uses it" };
        assert!(said.contains(expected), "{arguments:?}: {said}{}", String::from_utf8_lossy(&ran.stderr));
    }
    assert_eq!(florin.end("TERM").await, Some(0));
    let migrated = command(data.path()).arg("migrate").output().await.expect("it runs");
    assert!(migrated.status.success());
}

#[tokio::test]
async fn what_is_wrong_is_said_in_a_sentence() {
    let data = tempfile::tempdir().expect("a folder");
    let check = async |arguments: &[&str], status: i32, sentence: &str| {
        let ran = command(data.path()).args(arguments).output().await.expect("it runs");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert!(said.contains(sentence), "{arguments:?}: {said}");
        assert!(!said.contains("hush"), "a password is printed nowhere: {said}");
        assert_eq!(ran.status.code(), Some(status), "{arguments:?}");
    };
    std::fs::write(data.path().join("florin.toml"), "lisen = \"127.0.0.1:1\"").expect("written");
    check(&["serve"], 2, "lisen").await;
    std::fs::remove_file(data.path().join("florin.toml")).expect("removed");
    check(&["serve", "--database", "mysql://db/florin"], 2, "only postgres:// URLs are understood").await;
    let no_sender = "[mail]\nurl = \"smtp://me:hush@mail.example\"";
    std::fs::write(data.path().join("florin.toml"), no_sender).expect("written");
    check(&["serve"], 2, "mail.from is missing").await;
    std::fs::remove_file(data.path().join("florin.toml")).expect("removed");
    let nobody = "postgres://florin:hush@127.0.0.1:9/florin";
    check(&["serve", "--database", nobody], 1, "the database 127.0.0.1:9/florin cannot be used").await;
    check(&["serve", "--config", "nowhere.toml"], 2, "nowhere.toml does not exist").await;
    check(&["ledger", "verify"], 1, "does not exist").await;
    check(&["migrate"], 1, "does not exist").await;
}

#[tokio::test]
async fn the_environment_mirrors_the_flags() {
    let data = tempfile::tempdir().expect("a folder");
    let mut command = command(data.path());
    command.arg("serve").env("FLORIN_LISTEN", "127.0.0.1:0").env("FLORIN_DEMO", "1").stderr(Stdio::null());
    let mut process = command.stdout(Stdio::piped()).spawn().expect("the binary starts");
    let mut output = BufReader::new(process.stdout.take().expect("piped")).lines();
    let ready = tokio::time::timeout(SOON, output.next_line()).await.expect("ready soon").expect("text");
    let florin = Florin { process, ready: ready.expect("a line"), output };
    let inbox = get(format!("{}/sim/inbox", florin.url())).await.expect("an answer");
    assert_eq!(inbox.status(), 200);
    assert_eq!(florin.end("TERM").await, Some(0));
}

#[tokio::test]
async fn a_backup_taken_beside_it_is_restored() {
    let data = tempfile::tempdir().expect("a folder");
    let florin = serve(data.path(), &["--demo"]).await;
    let copy = data.path().join("copy.db");
    let back_up = || command(data.path()).arg("backup").arg(&copy).output();
    let ran = back_up().await.expect("it runs");
    let said = String::from_utf8_lossy(&ran.stdout).into_owned();
    assert!(
        said.contains("holds the database as it was at the start"),
        "{said}{}",
        String::from_utf8_lossy(&ran.stderr)
    );
    let again = back_up().await.expect("it runs");
    assert!(String::from_utf8_lossy(&again.stderr).contains("a backup never replaces a file"));
    assert_eq!(florin.end("KILL").await, None);

    let restored = tempfile::tempdir().expect("a folder");
    std::fs::copy(&copy, restored.path().join("florin.db")).expect("copied");
    for key in ["master.key", "vault.key"] {
        std::fs::copy(data.path().join(key), restored.path().join(key)).expect("copied");
    }
    let verified = command(restored.path()).args(["ledger", "verify"]).output().await.expect("it runs");
    assert!(verified.status.success());
    let florin = serve(restored.path(), &[]).await;
    let health = get(format!("{}/readyz", florin.url())).await.expect("an answer");
    assert_eq!(health.status(), 200);
    assert_eq!(florin.end("TERM").await, Some(0));
}
