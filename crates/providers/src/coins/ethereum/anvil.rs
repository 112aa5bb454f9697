//! A development node of its own for each test: anvil, on a port that the system chose, without blocks but those that are asked for.
//! `scripts/with-ethereum` installs it and tells where it is.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::rpc::{Node, Rpc};
use super::words::{Address, Bytes, hex, keccak, quantity};

/// Where the node's program is.
const PROGRAM: &str = "FLORIN_TEST_ANVIL";
/// Its accounts, each with ten thousand coins: of the sentence of eleven `test` and `junk`.
pub const ACCOUNTS: [&str; 3] = [
    "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266",
    "0x70997970C51812dc3A010C7d01b50e0d17dc79C8",
    "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC",
];
/// The account key of the public sentence of eleven `abandon` and `about`: none of its addresses is used by anybody else.
pub const ACCOUNT_KEY: &str =
    "xpub6DCoCpSuQZB2jawqnGMEPS63ePKWkwWPH4TU45Q7LPXWuNd8TMtVxRrgjtEshuqpK3mdhaWHPFsBngh5GFZaM6si3yZdUsT8ddYM3PwnATt";
/// EIP-155.
pub const CHAIN_ID: u64 = 31_337;

/// A running node. It ends with the value.
pub struct Anvil {
    process: Child,
    state: PathBuf,
    port: u16,
    rpc: Rpc,
}

impl Drop for Anvil {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Anvil {
    /// A new chain that remembers in a folder; nothing, where the tests run without the node's program.
    pub async fn start(folder: &Path) -> Option<Anvil> {
        let program = std::env::var_os(PROGRAM).filter(|program| !program.is_empty())?;
        Some(Anvil::run(Path::new(&program), folder.join("anvil.json"), 0))
    }

    fn run(program: &Path, state: PathBuf, port: u16) -> Anvil {
        let mut process = Command::new(program)
            .args(["--host", "127.0.0.1", "--no-mining", "--order", "fifo", "--port", &port.to_string(), "--state"])
            .arg(&state)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("anvil starts");
        let mut lines = BufReader::new(process.stdout.take().expect("its output")).lines();
        let port = lines.find_map(|line| line.ok()?.strip_prefix("Listening on 127.0.0.1:")?.trim().parse().ok());
        // What it says further is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        let port = port.expect("anvil tells where it listens");
        let node = Node { url: format!("http://127.0.0.1:{port}"), auth_file: None, timeout: Duration::from_secs(20) };
        Anvil { process, state, port, rpc: Rpc::new(&node).expect("a client") }
    }

    /// Stops, and starts again at the same place with what it remembers: blocks, not its pool.
    pub async fn restart(mut self) -> Anvil {
        // It remembers only when it is asked to end.
        let pid = self.process.id().to_string();
        Command::new("kill").args(["-INT", &pid]).status().expect("kill");
        self.process.wait().expect("it ends");
        let program = std::env::var_os(PROGRAM).expect("the program");
        Anvil::run(Path::new(&program), self.state.clone(), self.port)
    }

    /// Where it listens.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// One call.
    pub async fn call<T: DeserializeOwned>(&self, method: &'static str, params: Value) -> T {
        self.rpc.call(method, params).await.unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    /// Makes blocks; the first takes what is in the pool.
    pub async fn mine(&self, blocks: u64) {
        for block in 0..blocks {
            let _: Value = match block {
                0 => self.call("evm_mine", json!([])).await,
                _ => self.call("anvil_mine", json!([quantity((blocks - 1).into())])).await,
            };
            if block > 0 {
                break;
            }
        }
    }

    /// Replaces the last blocks by as many empty ones. What was in them is nowhere then.
    pub async fn reorganise(&self, depth: u64) {
        let _: Value = self.call("anvil_reorg", json!([depth, []])).await;
    }

    /// A transaction from an account into the pool; its id.
    pub async fn send(&self, transaction: Value) -> String {
        self.call("eth_sendTransaction", json!([transaction])).await
    }

    /// Coins from an account.
    pub async fn pay(&self, from: &str, to: &str, wei: u128) -> String {
        self.send(json!({ "from": from, "to": to, "value": quantity(wei) })).await
    }

    /// A transaction's signed bytes.
    pub async fn raw(&self, txid: &str) -> String {
        self.call("eth_getRawTransactionByHash", json!([txid])).await
    }

    /// Signed bytes into the pool.
    pub async fn send_raw(&self, raw: &str) -> String {
        self.call("eth_sendRawTransaction", json!([raw])).await
    }

    /// Coins of an account.
    pub async fn balance(&self, address: &str) -> u128 {
        let text: String = self.call("eth_getBalance", json!([address, "latest"])).await;
        u128::from_str_radix(text.trim_start_matches("0x"), 16).expect("a number")
    }

    /// A contract of `tests/ethereum/contracts`, in a block of its own.
    pub async fn deploy(&self, name: &str) -> Contract {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/ethereum/contracts/contracts.json");
        let text = std::fs::read_to_string(path).expect("the contracts");
        let contracts: Value = serde_json::from_str(&text).expect("JSON");
        let code = contracts[name]["code"].as_str().expect("a contract of this name");
        let txid = self.send(json!({ "from": ACCOUNTS[0], "data": code, "gas": "0x200000" })).await;
        self.mine(1).await;
        let receipt: Value = self.call("eth_getTransactionReceipt", json!([txid])).await;
        let address = receipt["contractAddress"].as_str().and_then(Address::read).expect("an address");
        Contract { address: address.to_string() }
    }
}

/// A contract on the chain.
#[derive(Clone, Debug)]
pub struct Contract {
    /// Where it is.
    pub address: String,
}

/// A value that a contract is called with.
pub enum Value256<'a> {
    /// A number.
    Number(u128),
    /// The largest there is.
    Largest,
    /// An address.
    Address(&'a str),
    /// Addresses, after everything else.
    Addresses(&'a [&'a str]),
}

impl Contract {
    /// Calls it from an account, with a signature such as `transfer(address,uint256)` and coins; the transaction's id. It may fail.
    pub async fn call(&self, node: &Anvil, from: &str, signature: &str, values: &[Value256<'_>], wei: u128) -> String {
        let data = hex(&encode(signature, values));
        let call = json!({ "from": from, "to": self.address, "data": data, "value": quantity(wei), "gas": "0x80000" });
        node.send(call).await
    }

    /// What an account has of a token.
    pub async fn balance(&self, node: &Anvil, account: &str) -> u128 {
        let data = hex(&encode("balanceOf(address)", &[Value256::Address(account)]));
        let told: Bytes = node.call("eth_call", json!([{ "to": self.address, "data": data }, "latest"])).await;
        super::words::Wide(told.0.try_into().expect("a word")).number().expect("a number")
    }
}

/// A call as contracts read it.
fn encode(signature: &str, values: &[Value256<'_>]) -> Vec<u8> {
    let mut data = keccak(signature.as_bytes())[..4].to_vec();
    let mut tail = Vec::new();
    let word = |bytes: &[u8]| {
        let mut word = [0; 32];
        word[32 - bytes.len()..].copy_from_slice(bytes);
        word
    };
    let address = |text: &str| word(&Address::read(text).expect("an address").0);
    for value in values {
        match value {
            Value256::Number(number) => data.extend(word(&number.to_be_bytes())),
            Value256::Largest => data.extend([255; 32]),
            Value256::Address(text) => data.extend(address(text)),
            Value256::Addresses(texts) => {
                data.extend(word(&(32 * values.len() + tail.len()).to_be_bytes()));
                tail.extend(word(&texts.len().to_be_bytes()));
                tail.extend(texts.iter().flat_map(|text| address(text)));
            }
        }
    }
    data.extend(tail);
    data
}
