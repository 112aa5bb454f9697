//! The contract's examples of section 9.

use florin_kernel::Coin;
use florin_kernel::coin::Units;
use florin_kernel::ports::chain::{CoinOnNetwork, Family, Network};

use super::{PaymentText, image};

fn network(family: Family) -> Network {
    let contract = Some("0xdAC17F958D2ee523a2206206994597C13D831ec7".to_owned());
    let coins = vec![
        CoinOnNetwork { coin: Coin::Btc, contract: None },
        CoinOnNetwork { coin: Coin::Eth, contract: None },
        CoinOnNetwork { coin: Coin::Usdt, contract },
    ];
    Network { name: "n".into(), family, coins, is_test: false, history: 288 }
}

#[test]
fn texts_are_exact() {
    let eth = "0x9858EfFD232B4033E47d90003D41EC34EcaEda94";
    let btc = "bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk";
    let units = |text: &str, coin| Units::parse(text, coin).expect("an amount");
    let text = |family, coin, address: &str, amount: &str| {
        PaymentText::of(&network(family), coin, address, units(amount, coin), "http://127.0.0.1:8080").full
    };
    let main = Family::Ethereum { chain_id: 1 };
    assert_eq!(
        text(Family::Bitcoin, Coin::Btc, btc, "0.00079744"),
        "bitcoin:bcrt1q6rz28mcfaxtmd6v789l9rrlrusdprr9pz3cppk?amount=0.00079744"
    );
    assert_eq!(text(main, Coin::Eth, eth, "0.03355311"), format!("ethereum:{eth}@1?value=33553110000000000"));
    assert_eq!(
        text(main, Coin::Usdt, eth, "109.793589"),
        format!("ethereum:0xdAC17F958D2ee523a2206206994597C13D831ec7@1/transfer?address={eth}&uint256=109793589")
    );
    let token = "btc-0123456789abcdef0123456789abcdef";
    assert_eq!(
        text(Family::Bitcoin, Coin::Btc, token, "0.1"),
        format!("http://127.0.0.1:8080/sandbox/wallet?currency=BTC&address={token}&amount=0.10000000")
    );
    assert_eq!(
        image("http://127.0.0.1:8080", "bitcoin:a?amount=0.1"),
        "http://127.0.0.1:8080/api/qr/?d=bitcoin%3Aa%3Famount%3D0.1"
    );
}
