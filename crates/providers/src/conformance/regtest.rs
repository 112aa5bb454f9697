//! A bitcoin node of a test's own: a local chain in a folder that goes with it, on loopback at a port of its own. The program is the one
//! that `FLORIN_TEST_BITCOIND` names.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::coins::json_rpc::JsonRpc;

/// The environment variable with the path of the node's program.
const PROGRAM: &str = "FLORIN_TEST_BITCOIND";
/// How long a node may take to start on a busy machine.
const STARTS_WITHIN: Duration = Duration::from_secs(60);
/// The wallet that mines and pays.
const PAYER: &str = "payer";

/// A node with a chain of its own.
pub struct Regtest {
    program: PathBuf,
    arguments: Vec<String>,
    folder: TempDir,
    port: u16,
    child: Option<Child>,
    rpc: JsonRpc,
}

impl Regtest {
    /// A node whose payer has coins; `None`, with a word about it, where there is no program to test with.
    ///
    /// # Panics
    /// The node does not start.
    pub async fn start() -> Option<Regtest> {
        Regtest::with(&[]).await
    }

    /// As [`Regtest::start`], with arguments of the node's.
    ///
    /// # Panics
    /// The node does not start.
    pub async fn with(arguments: &[&str]) -> Option<Regtest> {
        let Ok(program) = std::env::var(PROGRAM) else {
            eprintln!("skipped: {PROGRAM} is not set; scripts/with-bitcoin installs a node and sets it");
            return None;
        };
        // A node writes to disk all the time; in memory that costs nothing.
        let memory = tempfile::Builder::new().prefix("florin-regtest.").tempdir_in("/dev/shm");
        let folder = memory.or_else(|_| tempfile::tempdir()).expect("a folder for the node");
        let mut node = Regtest {
            program: program.into(),
            arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
            rpc: JsonRpc::new("http://127.0.0.1:1", None, STARTS_WITHIN).expect("a client"),
            folder,
            port: 0,
            child: None,
        };
        node.launch().await;
        node.call("createwallet", json!([PAYER])).await;
        node.mine(101).await;
        Some(node)
    }

    /// Starts the program. A port is free until somebody takes it, so a start that fails is tried with another one.
    async fn launch(&mut self) {
        for _ in 0..5 {
            if self.port == 0 {
                let free = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
                self.port = free.local_addr().expect("an address").port();
            }
            let url = self.url();
            self.rpc = JsonRpc::new(&url, Some(&self.auth_file()), STARTS_WITHIN).expect("a client");
            let child = Command::new(&self.program)
                .arg(format!("-datadir={}", self.folder.path().display()))
                .arg(format!("-rpcport={}", self.port))
                .args(["-regtest", "-listen=0", "-dnsseed=0", "-connect=0", "-server=1", "-fallbackfee=0.0001"])
                .args(["-rpcbind=127.0.0.1", "-rpcallowip=127.0.0.1", "-printtoconsole=0"])
                .args(&self.arguments)
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn();
            self.child = Some(child.expect("the node's program runs"));
            if self.answers().await {
                return;
            }
            self.kill();
            self.port = 0;
        }
        panic!("the node does not start: see {}", self.folder.path().display());
    }

    /// Waits until it answers; false when it ended instead.
    async fn answers(&mut self) -> bool {
        let begun = tokio::time::Instant::now();
        while begun.elapsed() < STARTS_WITHIN {
            if self.rpc.call("getbestblockhash", json!([])).await.is_ok() {
                return true;
            }
            let ended = self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|status| status.is_some()));
            if ended {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        false
    }

    /// Where it answers.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The file with its login.
    pub fn auth_file(&self) -> PathBuf {
        self.folder.path().join("regtest").join(".cookie")
    }

    /// Its folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Calls a method.
    ///
    /// # Panics
    /// It is refused.
    pub async fn call(&self, method: &str, params: Value) -> Value {
        self.rpc.call(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Calls a method of a wallet.
    ///
    /// # Panics
    /// It is refused.
    pub async fn wallet(&self, name: &str, method: &str, params: Value) -> Value {
        let answer = self.rpc.at(&format!("/wallet/{name}")).call(method, params).await;
        answer.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Mines blocks to the payer; the hash of the last.
    pub async fn mine(&self, blocks: u32) -> String {
        let address = self.wallet(PAYER, "getnewaddress", json!([])).await;
        let hashes = self.call("generatetoaddress", json!([blocks, address])).await;
        hashes.as_array().and_then(|hashes| hashes.last()).and_then(Value::as_str).expect("a hash").to_owned()
    }

    /// Mines a block with these transactions alone.
    pub async fn mine_only(&self, transactions: &[&str]) -> String {
        let address = self.wallet(PAYER, "getnewaddress", json!([])).await;
        let block = self.call("generateblock", json!([address, transactions])).await;
        block["hash"].as_str().expect("a hash").to_owned()
    }

    /// Pays an address out of the payer's wallet, at so many satoshi a virtual byte; the transaction's id.
    pub async fn pay(&self, address: &str, units: Units, rate: u32, replaceable: Replaceable) -> String {
        let params = json!({
            "address": address,
            "amount": units.decimal(Coin::Btc),
            "fee_rate": rate,
            "replaceable": replaceable == Replaceable::Yes,
        });
        // A wallet spends its change only when it has heard that the mempool holds it.
        self.call("syncwithvalidationinterfacequeue", json!([])).await;
        let id = self.wallet(PAYER, "sendtoaddress", params).await;
        id.as_str().expect("an id").to_owned()
    }

    /// Spends what a transaction of the payer's spends to the payer itself instead, at a higher fee; the new transaction's id.
    pub async fn double_spend(&self, txid: &str) -> String {
        let (raw, back) = self.double_spending(txid).await;
        let id = self.call("sendrawtransaction", json!([raw])).await;
        let id = id.as_str().expect("an id").to_owned();
        assert_ne!(id, txid, "{back}");
        id
    }

    /// The signed transaction of [`Regtest::double_spend`], not sent.
    pub async fn double_spending(&self, txid: &str) -> (String, String) {
        let told = self.wallet(PAYER, "gettransaction", json!([txid, true, true])).await;
        let inputs = told["decoded"]["vin"].as_array().expect("inputs").clone();
        let mut sum = Units::ZERO;
        for input in &inputs {
            let before = self.wallet(PAYER, "gettransaction", json!([input["txid"], true, true])).await;
            let output =
                &before["decoded"]["vout"][usize::try_from(input["vout"].as_u64().expect("a number")).expect("small")];
            sum = sum.plus(Units::parse(&output["value"].to_string(), Coin::Btc).expect("an amount"));
        }
        let spent: Vec<Value> = inputs.iter().map(|of| json!({"txid": of["txid"], "vout": of["vout"]})).collect();
        let back = self.wallet(PAYER, "getnewaddress", json!([])).await.as_str().expect("an address").to_owned();
        let left = sum.less(Units::new(100_000)).decimal(Coin::Btc);
        let raw = self.call("createrawtransaction", json!([spent, [{ back.as_str(): left }]])).await;
        let signed = self.wallet(PAYER, "signrawtransactionwithwallet", json!([raw])).await;
        (signed["hex"].as_str().expect("signed").to_owned(), back)
    }

    /// Lets a block, and all that came after it, not count any more.
    pub async fn invalidate(&self, block: &str) {
        self.call("invalidateblock", json!([block])).await;
    }

    /// Lets it count again.
    pub async fn reconsider(&self, block: &str) {
        self.call("reconsiderblock", json!([block])).await;
    }

    /// Ends the node as an operator would.
    pub async fn stop(&mut self) {
        self.call("stop", json!([])).await;
        if let Some(mut child) = self.child.take() {
            child.wait().expect("the node ends");
        }
    }

    /// Starts it again over the same folder.
    pub async fn start_again(&mut self) {
        self.launch().await;
        let loaded = self.call("listwallets", json!([])).await;
        if !loaded.as_array().is_some_and(|names| names.iter().any(|name| name == PAYER)) {
            self.call("loadwallet", json!([PAYER])).await;
        }
    }

    fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for Regtest {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether a transaction says that it may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaceable {
    /// It does.
    Yes,
    /// It does not.
    No,
}
