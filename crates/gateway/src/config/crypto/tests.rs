use super::{BitcoinChain, CryptoSettings, NetworkSettings};
use crate::config::tests::resolve;
use crate::config::{ConfigError, ServeFlags};
use crate::dialects::crypto::Profile;
use florin_kernel::Coin;

const RATES: &str = r#"
[[crypto.rates.sources]]
url = "https://rates.example/{coin}-{fiat}"
price = "/data/amount"
"#;

fn read(toml: &str) -> Result<CryptoSettings, String> {
    match resolve(toml, &ServeFlags::default()) {
        Ok(config) => Ok(config.crypto),
        Err(ConfigError::Crypto(sentence) | ConfigError::Invalid(sentence)) => Err(sentence),
        Err(other) => panic!("{other}"),
    }
}

fn network(lines: &str) -> Result<CryptoSettings, String> {
    read(&format!("[crypto.networks.bitcoin]\nkind = \"bitcoin\"\n{lines}\n{RATES}"))
}

#[test]
fn a_network_needs_little() {
    let settings = network("chain = \"regtest\"\nrpc = \"http://127.0.0.1:18443\"").expect("fine");
    let NetworkSettings::Bitcoin(bitcoin) = &settings.networks["bitcoin"] else { panic!("another kind") };
    assert_eq!(bitcoin.chain, BitcoinChain::Regtest);
    assert_eq!((bitcoin.timeout_ms, bitcoin.max_tip_age_s), (10_000, 5_400));
    assert_eq!(bitcoin.refund_fee_max().map(|units| units.number()), Ok(50_000));
    assert_eq!((settings.rates.max_age_s, settings.rates.min_sources), (60, 0));
    assert_eq!(read("").expect("fine"), CryptoSettings::default());
}

#[test]
fn what_cannot_be_right_is_said_in_a_sentence() {
    let rpc = "chain = \"main\"\nrpc = \"http://127.0.0.1:8332\"";
    let cases = [
        ("chain = \"main\"", "rpc"),
        ("chain = \"mainnet\"\nrpc = \"http://127.0.0.1:8332\"", "mainnet"),
        ("chain = \"main\"\nrpc = \"127.0.0.1:8332\"", "crypto"),
        ("chain = \"main\"\nrpc = \"ftp://127.0.0.1:8332\"", "crypto.networks.bitcoin.rpc: must be an http"),
        ("chain = \"main\"\nrpc = \"http://user:secret@127.0.0.1:8332\"", "leave the login out of the URL"),
        (&format!("{rpc}\nrefund_wallet = \"../other\""), "crypto.networks.bitcoin.refund_wallet"),
        (&format!("{rpc}\nrefund_fee_max = \"0.0001 BTC\""), "refund_fee_max"),
        (&format!("{rpc}\ntimeout_ms = 1"), "timeout_ms"),
        (
            &format!("{rpc}\nrefund_signer = {{ url = \"http://127.0.0.1:9\", secret_file = \"x\" }}"),
            "crypto.networks.bitcoin.refund_wallet is missing",
        ),
        (&format!("{rpc}\ntimeout = 1"), "timeout"),
        (&format!("{rpc}\nsecond = {{ rpc = \"http://a:b@c\" }}"), "crypto.networks.bitcoin.second.rpc"),
    ];
    for (lines, expected) in cases {
        let told = network(lines).expect_err(lines);
        assert!(told.contains(expected), "{lines}: {told}");
        assert!(!told.contains("secret"), "{told}");
    }
    let two = format!(
        "[crypto.networks.a]\nkind = \"bitcoin\"\n{rpc}\n[crypto.networks.b]\nkind = \"bitcoin\"\n{rpc}\n{RATES}"
    );
    let cases = [
        (two, "BTC is carried by crypto.networks.a already"),
        (format!("[crypto.networks.Bitcoin]\nkind = \"bitcoin\"\n{rpc}\n{RATES}"), "small letters"),
        (format!("[crypto.networks.a]\nkind = \"litecoin\"\n{rpc}\n{RATES}"), "litecoin"),
        (format!("[crypto.networks.a]\nkind = \"bitcoin\"\n{rpc}"), "crypto.rates.sources is missing"),
        (RATES.replace("{coin}", "{crypto}"), "to fill in"),
        (RATES.replace("/data", "data"), "JSON pointer"),
        (format!("[crypto.rates]\nmin_sources = 2\n{RATES}"), "only 1 sources"),
    ];
    for (toml, expected) in cases {
        let told = read(&toml).expect_err(&toml);
        assert!(told.contains(expected), "{toml}: {told}");
    }
}

#[test]
fn further_paths_belong_to_nobody_else() {
    let of = |prefix: &str| read(&format!("[crypto.extra_prefixes]\n{prefix:?} = \"B\""));
    assert_eq!(of("/api/v2").expect("fine").extra_prefixes["/api/v2"], Profile::B);
    for prefix in ["", "/", "api/v2", "/api/v2/", "/a//b", "/a/{b}", "/a/../b"] {
        let told = of(prefix).expect_err(prefix);
        assert!(told.contains("without a slash at its end"), "{told}");
    }
    for prefix in ["/v2", "/pay/v2", "/api/qr", "/gateway/v3", "/portal/x", "/static"] {
        let told = of(prefix).expect_err(prefix);
        assert!(told.contains("another part of Florin"), "{told}");
    }
    assert!(read("[crypto.extra_prefixes]\n\"/api/v2\" = \"C\"").is_err());
}

#[test]
fn an_ethereum_network_says_what_it_carries() {
    let of = |lines: &str| read(&format!("[crypto.networks.main]\nkind = \"ethereum\"\n{lines}\n{RATES}"));
    let rpc = "chain_id = 1\nrpc = \"http://127.0.0.1:8545\"";
    let usdt = "0xdAC17F958D2ee523a2206206994597C13D831ec7";
    let settings = of(&format!("{rpc}\ntokens = {{ USDT = \"{usdt}\" }}")).expect("fine");
    assert_eq!(settings.networks["main"].coins(), [Coin::Eth, Coin::Usdt]);
    assert_eq!(of(rpc).expect("fine").networks["main"].coins(), [Coin::Eth]);
    for (lines, expected) in [
        ("rpc = \"http://127.0.0.1:8545\"".to_owned(), "chain_id"),
        (format!("{rpc}\ntokens = {{ DOGE = \"{usdt}\" }}"), "crypto.networks.main.tokens.DOGE"),
        (format!("{rpc}\ntokens = {{ USDT = \"0x12\" }}"), "crypto.networks.main.tokens.USDT"),
        (format!("{rpc}\nrefund_wallet = \"hot\""), "crypto.networks.main.refund_wallet"),
        (format!("{rpc}\ntimeout_ms = 1"), "timeout_ms"),
        (format!("{rpc}\ntraces = \"sometimes\""), "sometimes"),
        (
            format!("{rpc}\nrefund_signer = {{ url = \"http://127.0.0.1:9\", secret_file = \"x\" }}"),
            "crypto.networks.main.refund_wallet is missing",
        ),
        (
            format!("{rpc}\n[crypto.networks.other]\nkind = \"ethereum\"\n{rpc}"),
            "ETH is carried by crypto.networks.main already",
        ),
    ] {
        let told = of(&lines).expect_err(&lines);
        assert!(told.contains(expected), "{lines}: {told}");
    }
}
